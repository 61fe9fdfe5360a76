package gauge

import (
	"slices"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// Day is what is known of one civil day of the period.
type Day byte

// The days. They are letters so that a whole period is one short text.
const (
	DayClean  Day = 'c' // in force, tested, and nothing bad
	DayBad    Day = 'b' // within the conservative interval of a deviation
	DayOpen   Day = 'o' // not decided, not tested, or the population is not shown to be whole
	DayAbsent Day = 'n' // not in force, or not in place
	DayFuture Day = 'f'
)

// Days is a period, a letter for each of its days.
type Days string

// At is one day of the strip, counted from 0 on the first day of the period.
func (d Days) At(i int) Day { return Day(d[i]) }

// rank orders days from best to worst: on a day that was bad nothing else matters.
func rank(d byte) int {
	switch Day(d) {
	case DayBad:
		return 3
	case DayAbsent:
		return 2
	case DayOpen:
		return 1
	}
	return 0
}

type strips struct {
	controls, criteria []Days
	report             Days
}

// strips draws the period day by day. A Type 1 has none.
func (v *view) strips() *strips {
	if v.type1 {
		return nil
	}
	out := &strips{}
	lines := make(map[*subject][]byte, len(v.controls))
	for _, c := range v.controls {
		lines[c] = v.strip(c)
		out.controls = append(out.controls, Days(lines[c]))
	}
	report := v.blank(DayClean)
	if len(v.criteria) == 0 {
		report = v.blank(DayAbsent)
	}
	for _, cr := range v.criteria {
		line := v.criterionStrip(cr, lines)
		out.criteria = append(out.criteria, Days(line))
		if v.Facts.NotRelevant[cr.ID] == "" {
			worsen(report, line)
		}
	}
	out.report = Days(report)
	return out
}

// blank is the period with one letter up to today and the future after it.
func (v *view) blank(d Day) []byte {
	out := slices.Repeat([]byte{byte(d)}, v.period.Days())
	for i := max(0, int(v.Today-v.period.From)+1); i < len(out); i++ {
		out[i] = byte(DayFuture)
	}
	return out
}

func worsen(line, by []byte) {
	for i := range line {
		if rank(by[i]) > rank(line[i]) {
			line[i] = by[i]
		}
	}
}

// strip draws one control.
func (v *view) strip(c *subject) []byte {
	line := v.blank(DayClean)
	mark := func(s Span, d Day) {
		for i := max(s.From, v.period.From); i <= min(s.To, v.upTo); i++ {
			if at := i - v.period.From; rank(byte(d)) > rank(line[at]) {
				line[at] = byte(d)
			}
		}
	}
	v.markOpen(c, mark)
	for i := range line {
		if line[i] != byte(DayFuture) && !c.inForce(v.period.From+civil.Date(i)) {
			line[i] = byte(DayAbsent)
		}
	}
	for _, s := range v.badDays([]*subject{c}, conservative) {
		mark(s, DayBad)
	}
	return line
}

// markOpen marks what no test settled: days of a version that was not tested or whose population is not shown whole, and the
// days of undecided items.
func (v *view) markOpen(c *subject, mark func(Span, Day)) {
	if len(c.results) == 0 {
		mark(v.period, DayOpen)
	}
	var tested []Span
	for _, r := range c.results {
		all := Span{r.From, r.To}
		tested = append(tested, all)
		if r.Outcome == assure.Blocked || r.Outcome == assure.Gap || !r.Complete() {
			mark(all, DayOpen)
		}
		listed := 0
		for i := range r.Findings {
			if r.Findings[i].Verdict != assure.Undecided {
				continue
			}
			listed++
			if d, ok := v.dateOf(r.Findings[i].EventTime); ok {
				mark(Span{d, d}, DayOpen)
			} else {
				mark(all, DayOpen)
			}
		}
		if listed < r.Undecided {
			mark(all, DayOpen)
		}
	}
	next := v.period.From
	for _, s := range union(tested) {
		mark(Span{next, s.From - 1}, DayOpen)
		next = max(next, s.To+1)
	}
	mark(Span{next, v.period.To}, DayOpen)
}

// criterionStrip is the worst of the primary controls that were in force. A day on which none was is absent: others
// being in force, a control that is not leaves no hole.
func (v *view) criterionStrip(cr *crit, lines map[*subject][]byte) []byte {
	by := cr.primary
	if len(by) == 0 {
		by = v.watched(cr)
	}
	line := v.blank(DayAbsent)
	for i := range line {
		if line[i] == byte(DayFuture) {
			continue
		}
		worst := byte(0)
		for _, c := range by {
			d := lines[c][i]
			if d != byte(DayAbsent) && (worst == 0 || rank(d) > rank(worst)) {
				worst = d
			}
		}
		if worst != 0 {
			line[i] = worst
		}
	}
	return line
}
