package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/web/shell"
)

// timeline sets the planned period, the days within deviations and the clean periods on one axis of equal months.
type timeline struct {
	from   civil.Date // the first day of a month
	months int
	today  civil.Date
	bad    []gauge.Span
	Lines  []timed
	Before int // intervals that ended before the axis begins
}

// timed is one line: bars of days, each with the class that draws it.
type timed struct {
	Name, When string
	bars       []bar
}

type bar struct {
	class    string
	from, to civil.Date
}

// monthOf is the first day of the month of a day.
func monthOf(d civil.Date) civil.Date {
	y, m, _ := d.Parts()
	return civil.NewDate(y, m, 1)
}

// timeline draws a forecast of a period. A report about one date has none.
func (d forecastData) timeline(ctx context.Context) (timeline, bool) {
	f := d.F
	if f.Period == nil {
		return timeline{}, false
	}
	t := timeline{today: f.Today}
	first, last := min(f.Period.From, f.Start.On, f.Today), max(f.Period.To, f.Today)
	plan := timed{Name: shell.T(ctx, "As planned"), When: shell.T(ctx, "%s to %s", f.Period.From, f.Period.To), bars: []bar{{"plan", f.Period.From, f.Period.To}}}
	add := func(l *timed, end civil.Date, ready []string) {
		if len(ready) != 2 {
			return
		}
		if to, err := civil.ParseDate(ready[1]); err == nil && to > end {
			l.bars = append(l.bars, bar{"work", end + 1, to})
			last = max(last, to)
		}
	}
	ready := d.plan().ReportReady
	add(&plan, f.Period.To, ready[:])
	lines := []timed{plan}
	for _, c := range f.EarliestClean {
		if c.Conservative == nil {
			continue
		}
		l := timed{Name: shell.N(ctx, c.Months, "%d clean month", "%d clean months"), When: spanWords(ctx, c.Conservative), bars: []bar{{"clean", c.Conservative.From, c.Conservative.To}}}
		last = max(last, c.Conservative.To)
		add(&l, c.Conservative.To, c.ReportReady)
		lines = append(lines, l)
	}
	bad := timed{Name: shell.T(ctx, "Within a deviation"), When: shell.N(ctx, daysOf(f.Bad.Conservative), "%d day in all", "%d days in all")}
	for _, s := range f.Bad.Conservative {
		if s.To < monthOf(first) {
			t.Before++
			continue
		}
		t.bad = append(t.bad, s)
		bad.bars = append(bad.bars, bar{"bad", s.From, s.To})
	}
	t.Lines = slices.Insert(lines, 1, bad)
	t.axis(first, last)
	return t, true
}

// axis makes the axis whole quarters, halves or years, so that its labels stand under equal lengths.
func (t *timeline) axis(first, last civil.Date) {
	t.from = monthOf(first)
	_, m, _ := t.from.Parts()
	t.from = t.from.AddMonths(-((int(m) - 1) % 3))
	for t.months = 3; t.from.AddMonths(t.months) <= last; {
		t.months += 3
	}
	step := t.step()
	t.months = (t.months + step - 1) / step * step
}

// step is how many months lie between two labels.
func (t timeline) step() int {
	switch {
	case t.months <= 24:
		return 3
	case t.months <= 48:
		return 6
	}
	return 12
}

type label struct{ Month, Year string }

func (t timeline) labels(ctx context.Context) []label {
	var out []label
	for i := 0; i < t.months; i += t.step() {
		y, m, _ := t.from.AddMonths(i).Parts()
		name, year, _ := strings.Cut(shell.From(ctx).Lang.MonthShort(y, m), " ")
		l := label{name, year}
		if i > 0 && m != time.January && t.step() < 12 && (t.step() != 6 || m > time.June) {
			l.Year = ""
		}
		out = append(out, l)
	}
	return out
}

// at places the start of a day on the axis, a hundred to the month.
func (t timeline) at(d civil.Date) int {
	y, m, day := d.Parts()
	fy, fm, _ := t.from.Parts()
	n := ((y-fy)*12+int(m)-int(fm))*100 + (day-1)*100/d.MonthLength()
	return max(0, min(n, t.months*100))
}

// svg draws a line, with the days within deviations behind it and today across it.
func (t timeline) svg(l timed) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="timeline" viewBox="0 0 %d 20" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="ground" width="%d" height="20"/>`, t.months*100, t.months*100)
	for _, s := range t.bad {
		t.rect(&b, bar{"stain", s.From, s.To}, 0, 20)
	}
	for i := 0; i <= t.months; i += t.step() {
		fmt.Fprintf(&b, `<path class="tick" d="M%d 0v20"/>`, i*100)
	}
	for _, x := range l.bars {
		t.rect(&b, x, 5, 10)
	}
	fmt.Fprintf(&b, `<path class="today" d="M%d 0v20"/></svg>`, t.at(t.today+1))
	return b.String()
}

// rect draws days, never so few that they cannot be seen.
func (t timeline) rect(b *strings.Builder, x bar, y, h int) {
	from, to := t.at(x.from), t.at(x.to+1)
	if to-from < 5 && from < t.months*100 {
		to = from + 5
	}
	if to > from {
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%d" height="%d"/>`, x.class, from, y, to-from, h)
	}
}
