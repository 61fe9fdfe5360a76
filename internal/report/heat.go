package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// The measures of a heat map, in points.
const (
	heatWidth = 460.0
	heatHead  = 16.0
	heatRow   = 13.0
	heatLabel = 150.0
)

// heat is a cell of a criterion and a month: what its controls' tests found then.
type heat struct {
	items, deviating, undecided int
	gap                         bool // a test could not be run, or its empty population is not shown to be empty
}

// heatMap shows where and when items deviated, by criterion and month. It counts; it does not judge.
func (b *builder) heatMap() {
	months := b.months()
	if len(months) == 0 {
		return
	}
	rows, cells := b.cells(months)
	if len(rows) == 0 {
		return
	}
	d := heatDrawing(rows, months, cells)
	d.ID = "heat-map"
	d.Caption = Runs{say("Deviating items by criterion and month. A number counts items of all controls that serve the criterion; a dash says that a test is blocked or its empty population not explained.")}
	b.para(ref(d.ID), say(" counts the items that deviate, by criterion and month."))
	b.add(Block{Drawing: d})
}

// months lists the months of the tests, in order.
func (b *builder) months() []string {
	var out []string
	for _, t := range b.f.Results.Controls {
		for _, m := range t.Months {
			if !slices.Contains(out, m.Month) {
				out = append(out, m.Month)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (b *builder) cells(months []string) (rows []assure.Criterion, cells [][]heat) {
	for _, cr := range b.f.Criteria {
		line := make([]heat, len(months))
		served := false
		for _, c := range b.f.Controls {
			if !slices.Contains(c.Criteria, cr.ID) {
				continue
			}
			for _, t := range b.resultsOf(c.ID) {
				served = true
				for i := range line {
					line[i].gap = line[i].gap || t.Outcome == assure.Blocked || t.Outcome == assure.Gap
				}
				for _, m := range t.Months {
					h := &line[slices.Index(months, m.Month)]
					h.items, h.deviating, h.undecided = h.items+m.Population, h.deviating+m.Deviating, h.undecided+m.Undecided
				}
			}
		}
		if served {
			rows, cells = append(rows, cr), append(cells, line)
		}
	}
	return rows, cells
}

func heatDrawing(rows []assure.Criterion, months []string, cells [][]heat) *Drawing {
	d := &Drawing{Width: heatWidth, Height: heatHead + heatRow*float64(len(rows)) + 18}
	step := (heatWidth - heatLabel) / float64(len(months))
	text := func(x, y float64, s string, a Anchor, ink Ink, strong bool, most float64) {
		d.Shapes = append(d.Shapes, Shape{Label: &Label{X: x, Y: y, Text: s, Size: 7, Anchor: a, Color: ink, Strong: strong, Max: most}})
	}
	for i, m := range months {
		text(heatLabel+(float64(i)+0.5)*step, heatHead-5, strings.Fields(MonthName(m))[0], Middle, InkQuiet, false, 0)
	}
	var said []string
	for r, cr := range rows {
		y := heatHead + float64(r)*heatRow
		text(0, y+heatRow-4, cr.ID, Start, InkText, true, 0)
		text(30, y+heatRow-4, cr.Title, Start, InkQuiet, false, heatLabel-36)
		var bad []string
		for i, h := range cells[r] {
			fill, word, ink := h.look()
			x := heatLabel + float64(i)*step
			d.Shapes = append(d.Shapes, Shape{Box: &Box{X: x + 1, Y: y + 1, W: step - 2, H: heatRow - 2, Radius: 2, Fill: fill}})
			if word != "" {
				text(x+step/2, y+heatRow-4, word, Middle, ink, true, step-2)
			}
			if h.deviating > 0 {
				bad = append(bad, fmt.Sprintf("%d in %s", h.deviating, MonthName(months[i])))
			}
		}
		if len(bad) > 0 {
			said = append(said, cr.ID+": "+strings.Join(bad, ", "))
		}
	}
	d.legend(heatHead + heatRow*float64(len(rows)) + 12)
	d.Alt = "Deviating items. " + strings.Join(said, "; ") + "."
	if len(said) == 0 {
		d.Alt = "No item of any criterion deviates in any month."
	}
	return d
}

// look is how a cell is drawn: its fill, its word and the ink of that.
func (h heat) look() (Ink, string, Ink) {
	switch {
	case h.deviating > 0:
		return InkWarn, Count(h.deviating), InkText
	case h.gap:
		return InkSunken, "–", InkText
	case h.undecided > 0:
		return InkSoft, "?", InkText
	case h.items > 0:
		return InkGood, "", InkText
	}
	return InkSunken, "", InkText
}

func (d *Drawing) legend(y float64) {
	x := heatLabel
	for _, l := range []struct {
		ink  Ink
		word string
	}{{InkGood, "No deviation"}, {InkWarn, "Deviations"}, {InkSoft, "Undecided (?)"}, {InkSunken, "No item, or not tested (–)"}} {
		d.Shapes = append(d.Shapes, Shape{Box: &Box{X: x, Y: y - 6, W: 7, H: 7, Radius: 1.5, Fill: l.ink, Stroke: InkLine}},
			Shape{Label: &Label{X: x + 11, Y: y, Text: l.word, Size: 7, Anchor: Start, Color: InkQuiet}})
		x += 17 + 3.7*float64(len(l.word)) + 8
	}
}

// overTime is a bar for each month: all items of all tests, and those that deviate.
func (b *builder) overTime() {
	months := b.months()
	if len(months) == 0 {
		return
	}
	c := &Chart{ID: "over-time"}
	all, bad := 0, 0
	for _, m := range months {
		bar := Bar{Month: m}
		for _, t := range b.f.Results.Controls {
			for _, x := range t.Months {
				if x.Month == m {
					bar.Total, bar.Deviating, bar.Undecided = bar.Total+x.Population, bar.Deviating+x.Deviating, bar.Undecided+x.Undecided
				}
			}
		}
		all, bad = all+bar.Total, bad+bar.Deviating
		c.Bars = append(c.Bars, bar)
	}
	c.Caption = Runs{say("Items of all tests by month: "), figureOf(bad, all, "results-table"), say(" deviate. An item of two tests counts in both.")}
	b.add(Block{Chart: c})
}
