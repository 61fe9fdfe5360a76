package xlsx

import (
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/report"
)

// sheet is a table of the workbook: its first row is a head that stays in sight and can be filtered.
type sheet struct {
	name   string
	heads  []string
	widths []float64 // in letters
	count  int       // of rows
	rows   iter.Seq[[]any]
}

func (b *book) sheets() []sheet {
	out := []sheet{b.summary(), b.populations()}
	out = append(out, b.exceptions()...)
	return append(out, b.months())
}

// sheet writes one table row by row.
func (b *book) sheet(s sheet) error {
	last, err := excelize.CoordinatesToCellName(len(s.heads), s.count+1)
	if err != nil {
		return err
	}
	if err := b.f.AutoFilter(s.name, "A1:"+last, nil); err != nil {
		return err
	}
	if err := b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + s.name + "'!$1:$1", Scope: s.name}); err != nil {
		return err
	}
	if err := b.page(s.name); err != nil {
		return err
	}
	w, err := b.f.NewStreamWriter(s.name)
	if err != nil {
		return err
	}
	for i, width := range s.widths {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(s.heads))
	for i, h := range s.heads {
		head[i] = excelize.Cell{StyleID: b.look.head, Value: h}
	}
	if err := w.SetRow("A1", head); err != nil {
		return err
	}
	n := 1
	for row := range s.rows {
		n++
		if err := w.SetRow("A"+strconv.Itoa(n), row, height(row, s.widths)...); err != nil {
			return err
		}
	}
	return w.Flush()
}

// height makes room for texts that need several lines: not every program does so by itself.
func height(row []any, widths []float64) []excelize.RowOpts {
	most := 1
	for i, c := range row {
		cell, _ := c.(excelize.Cell)
		text, _ := cell.Value.(string)
		n := 0
		for part := range strings.SplitSeq(text, "\n") {
			n += 1 + utf8.RuneCountInString(part)/int(widths[i])
		}
		most = max(most, n)
	}
	if most == 1 {
		return nil
	}
	return []excelize.RowOpts{{Height: min(float64(15*most), 405)}} // the highest row that programs allow is 409
}

// page sets how a sheet is printed: across, as wide as the paper, with DRAFT in its head.
func (b *book) page(name string) error {
	landscape, fit, tall := "landscape", 1, 0
	if err := b.f.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &landscape, FitToWidth: &fit, FitToHeight: &tall}); err != nil {
		return err
	}
	yes := true
	if err := b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes}); err != nil {
		return err
	}
	return b.f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{
		OddHeader: "&L" + plain(b.res.Organization, 60) + "&C" + plain(b.o.Watermark, 80) + "&RDRAFT", OddFooter: "&L&A&RPage &P of &N"})
}

// plain makes a text safe in the head of a page, where an ampersand begins a command.
func plain(s string, most int) string {
	rs := []rune(strings.ReplaceAll(clean(s), "\n", " "))
	if len(rs) > most {
		rs = append(rs[:most:most], '…')
	}
	return strings.ReplaceAll(string(rs), "&", "&&")
}

func (b *book) summary() sheet {
	cell := func(name string, value any) []any {
		return []any{excelize.Cell{StyleID: b.look.strong, Value: name}, value}
	}
	p := b.res.Period
	tested := map[string]bool{}
	deviating, undecided := 0, 0
	for _, t := range b.tests {
		tested[t.Control] = true
		deviating += t.Deviating
		undecided += t.Undecided
	}
	untested := 0
	for _, c := range b.controls {
		if !tested[c.ID] {
			untested++
		}
	}
	rows := [][]any{
		cell("State", b.text("DRAFT. No opinion has been issued.")),
		cell("Organization", b.text(b.res.Organization)),
		cell("Period, first day", b.moment(p.From.String())), cell("Period, last day", b.moment(p.To.String())), cell("Zone", b.text(p.Zone.String())),
		cell("Known at", b.text(report.Moment(b.res.KnownAt, b.zone))),
		cell("Ledger checkpoint, records", excelize.Cell{StyleID: b.look.number, Value: b.res.Checkpoint.Size}), cell("Ledger checkpoint, root", b.text(b.res.Checkpoint.Root)),
		cell("Records later than the last anchored checkpoint", excelize.Cell{StyleID: b.look.number, Value: b.res.Unanchored}),
		cell("Controls", b.number(len(b.controls))), cell("Controls without a test for the period", b.number(untested)), cell("Tests", b.number(len(b.tests))),
		cell("Deviating items, over all tests", b.number(deviating)), cell("Undecided items, over all tests", b.number(undecided)),
		cell("How to read this", b.text("Management's own tests of whole populations. A deviation is a fact about one item; what follows from it is concluded by the service auditor. Times are local times of the zone above.")),
	}
	if b.o.Watermark != "" {
		rows = append(rows, cell("This copy", b.text(b.o.Watermark)))
	}
	if n := b.findings(); n > b.limit {
		rows = append(rows, cell("Exceptions", b.text(report.Count(n)+" findings, more than one sheet holds: they go on in the sheets Exceptions 2 and following.")))
	}
	return table("Summary", []string{"Subject", "Value"}, []float64{48, 90}, rows)
}

// table is a sheet of rows that are all there.
func table(name string, heads []string, widths []float64, rows [][]any) sheet {
	return sheet{name, heads, widths, len(rows), func(yield func([]any) bool) {
		for _, r := range rows {
			if !yield(r) {
				return
			}
		}
	}}
}

func (b *book) populations() sheet {
	var rows [][]any
	done := map[string]bool{}
	for _, t := range b.tests {
		done[t.Control] = true
		rows = append(rows, []any{b.text(t.Control), b.text(b.title(t.Control)), b.text(t.Test), b.number(t.Version), b.moment(t.From.String()), b.moment(t.To.String()),
			b.text(report.ShapeWords(t.Shape)), b.text(standing(t)), b.number(t.Population), b.number(t.NotApplicable), b.number(t.Population - t.NotApplicable),
			b.number(t.Passed), b.number(t.Deviating), b.number(t.Undecided), b.number(t.InProgress), b.text(completeness(t)), b.text(checks(t)), b.text(t.Digest)})
	}
	for _, c := range b.controls {
		if !done[c.ID] {
			rows = append(rows, []any{b.text(c.ID), b.text(c.Title), nil, nil, nil, nil, b.text(report.ShapeWords(c.Shape)), b.text("Not tested")})
		}
	}
	return table("Populations", []string{"Control", "Title", "Test", "Version", "From", "To", "Shape", "Result", "Population", "Not applicable", "Items tested",
		"Passed", "Deviating", "Undecided", "In progress", "Completeness", "Checks", "Digest"},
		[]float64{12, 36, 12, 9, 12, 12, 24, 24, 12, 12, 12, 12, 12, 12, 12, 14, 50, 20}, rows)
}

func completeness(t assure.TestResult) string {
	if t.Complete() {
		return "Shown"
	}
	return "Not shown"
}

// checks lists every completeness and accuracy check, those that are missing included.
func checks(t assure.TestResult) string {
	var out []string
	for _, c := range t.Completeness {
		out = append(out, strings.TrimSpace(c.Check+" "+c.Register)+": "+report.CheckWord(c.Status))
	}
	return strings.Join(out, "\n")
}

func (b *book) findings() (n int) {
	for _, t := range b.tests {
		n += len(t.Findings)
	}
	return n
}

// exceptions are all findings, deviating and undecided, in as many sheets as they need.
func (b *book) exceptions() []sheet {
	total := b.findings()
	var out []sheet
	for first := 0; first == 0 || first < total; first += b.limit {
		name := "Exceptions"
		if first > 0 {
			name += " " + strconv.Itoa(first/b.limit+1)
		}
		out = append(out, sheet{name, []string{"Control", "Test", "Version", "Verdict", "Item", "Attributes", "Reason", "Records", "Event time"},
			[]float64{12, 12, 9, 12, 32, 11, 60, 44, 20}, min(b.limit, total-first), b.part(first)})
	}
	return out
}

// part yields the findings of one sheet.
func (b *book) part(first int) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		n := 0
		for _, t := range b.tests {
			if n+len(t.Findings) <= first {
				n += len(t.Findings)
				continue
			}
			for _, f := range t.Findings {
				if n++; n <= first {
					continue
				}
				if n > first+b.limit || !yield([]any{b.text(t.Control), b.text(t.Test), b.number(t.Version), b.text(report.VerdictWord(f.Verdict)), b.text(f.Key),
					b.text(strings.Join(f.Attributes, ", ")), b.text(f.Reason), b.text(strings.Join(f.Records, "\n")), b.moment(f.EventTime)}) {
					return
				}
			}
		}
	}
}

func (b *book) months() sheet {
	var rows [][]any
	for _, t := range b.tests {
		for _, m := range t.Months {
			rows = append(rows, []any{b.text(t.Control), b.text(t.Test), b.number(t.Version), b.month(m.Month), b.number(m.Population), b.number(m.Deviating), b.number(m.Undecided)})
		}
	}
	return table("Months", []string{"Control", "Test", "Version", "Month", "Population", "Deviating", "Undecided"}, []float64{12, 12, 9, 12, 12, 12, 12}, rows)
}
