package gauge

import (
	"fmt"
	"slices"
	"sort"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// schedule is when a control is due: the dates in order, and how many items fall due on each.
type schedule struct {
	dates []civil.Date
	items []int
	known bool // some date was told, rather than taken from the calendar alone
}

// between counts the due dates of an interval, and the items due on them.
func (s *schedule) between(w Span) (dates, items int) {
	i := sort.Search(len(s.dates), func(i int) bool { return s.dates[i] >= w.From })
	for ; i < len(s.dates) && s.dates[i] <= w.To; i++ {
		dates, items = dates+1, items+s.items[i]
	}
	return dates, items
}

// step is the time between two acts of a control that a calendar drives: months or days, both 0 for one that
// events drive.
func step(f assure.Frequency) (months, days int) {
	switch f {
	case assure.Daily:
		return 0, 1
	case assure.Weekly:
		return 0, 7
	case assure.Monthly:
		return 1, 0
	case assure.Quarterly:
		return 3, 0
	case assure.Semiannual:
		return 6, 0
	case assure.Annual:
		return 12, 0
	}
	return 0, 0
}

// dueDates are the due dates of a control over the days that are looked at: those that were told, and beyond them the
// calendar's, a step of the frequency apart. Told dates win: a due date is the program's to set. It is nil where
// nothing can be said: events, and a yearly control of which neither an act nor a date is known.
func (v *view) dueDates(c *subject) *schedule {
	if c.dates != nil {
		return c.dates
	}
	c.dates = &schedule{}
	months, days := step(c.Frequency)
	if months+days == 0 {
		return c.dates
	}
	told := map[civil.Date]int{}
	for _, x := range c.instances {
		told[x.Due]++
	}
	c.dates.known = len(told) > 0
	if months == 12 && c.due.last != nil && len(told) == 0 {
		// Nobody told when it is due: a year after it was last done, and that act counts for itself.
		told[*c.due.last] = 1
		c.dates.known = true
	}
	back := v.all.From
	if len(c.instances) == 0 {
		back = civil.MaxDate // that it acted in the years before nobody said
	}
	dates := project(told, months, days, Span{back, v.all.To})
	if len(told) == 0 {
		dates = calendar(months, days, v.all)
	}
	each := 1
	if len(told) == 0 && c.items > 0 {
		passed := 0
		for d := range dates {
			if d >= v.period.From && d <= v.upTo {
				passed++
			}
		}
		each = max(1, c.items/max(passed, 1))
	}
	for d := range dates {
		c.dates.dates = append(c.dates.dates, d)
	}
	slices.Sort(c.dates.dates)
	for _, d := range c.dates.dates {
		c.dates.items = append(c.dates.items, max(each, dates[d]))
	}
	return c.dates
}

// project repeats the last step of told dates into the future, and the first one into the past.
func project(told map[civil.Date]int, months, days int, all Span) map[civil.Date]int {
	out := map[civil.Date]int{}
	if len(told) == 0 {
		return out
	}
	first, last := civil.MaxDate, civil.Date(-1<<31)
	for d, n := range told {
		out[d] = n
		first, last = min(first, d), max(last, d)
	}
	move := func(d civil.Date, k int) civil.Date { return d.AddMonths(k*months) + civil.Date(k*days) }
	for d, n := range told {
		if d > move(last, -1) {
			// Of the coming dates only what is open may be told: the act before shows how many there are.
			n = max(n, told[move(d, -1)])
			out[d] = n
			for k := 1; move(d, k) <= all.To; k++ {
				out[move(d, k)] += n
			}
		}
		if d < move(first, 1) {
			for k := -1; move(d, k) >= all.From; k-- {
				out[move(d, k)] += n
			}
		}
	}
	return out
}

// calendar is the ends of months, quarters and halves, or every so many days. A year has no date of its own.
func calendar(months, days int, all Span) map[civil.Date]int {
	out := map[civil.Date]int{}
	if months == 12 {
		return out
	}
	if days > 0 {
		for d := all.From; d <= all.To; d += civil.Date(days) {
			out[d] = 1
		}
		return out
	}
	y, m, _ := all.From.Parts()
	unit := civil.NewDate(y, m, 1).AddMonths(-((int(m) - 1) % months))
	for ; unit <= all.To; unit = unit.AddMonths(months) {
		if end := unit.AddMonths(months) - 1; end >= all.From && end <= all.To {
			out[end] = 1
		}
	}
	return out
}

// coming estimates how many items of a control fall into the part of an interval that lies ahead.
func (v *view) coming(c *subject, w Span) int {
	return v.estimate(c, Span{max(w.From, v.Today+1), w.To})
}

// estimate is how many items of a control fall into an interval of which not everything is known: by its due dates, or
// by how many there were a day so far.
func (v *view) estimate(c *subject, w Span) int {
	if w.To < w.From || c.retired(w.From) {
		return 0
	}
	if months, days := step(c.Frequency); months+days > 0 {
		if _, items := v.dueDates(c).between(w); items > 0 || months > 0 && c.dates.known {
			return items
		}
	}
	elapsed := Span{v.period.From, v.upTo}.Days()
	n := c.items - v.ahead(c)
	if elapsed < 1 || n < 1 {
		return 0
	}
	return (2*n*w.Days() + elapsed) / (2 * elapsed)
}

// need is what a period must hold before anybody concludes on a control.
type need struct {
	control string
	dates   []civil.Date
	min     int
	yearly  bool
}

// needs lists what each control in place asks of a period: its minimum of operations, and of a yearly one that an
// instance falls inside. Controls that ask the same are asked once. A yearly control without any known date asks
// nothing and is noted: nothing is known that could be held against a period.
func (v *view) needs() []need {
	var out []need
	for _, c := range v.controls {
		least := v.set.Minimum[c.Frequency]
		if months, days := step(c.Frequency); least == 0 || months+days == 0 || c.retired(v.Today) {
			continue
		}
		s := v.dueDates(c)
		yearly := c.Frequency == assure.Annual
		if yearly && len(s.dates) == 0 {
			v.note("%s acts once a year, and nothing says when it last did or is due: whether an act falls into a period is not known", c.ID)
			continue
		}
		if !slices.ContainsFunc(out, func(n need) bool { return n.min == least && slices.Equal(n.dates, s.dates) }) {
			out = append(out, need{c.ID, s.dates, least, yearly})
		}
	}
	return out
}

func (v *view) note(format string, args ...any) {
	v.notes = append(v.notes, fmt.Sprintf(format, args...))
}
