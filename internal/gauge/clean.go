package gauge

import (
	"cmp"
	"slices"
	"sort"

	"github.com/assayhq/assay/internal/civil"
)

// union joins intervals that touch or overlap, in order. It sorts the list it is given.
func union(list []Span) []Span {
	slices.SortFunc(list, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	var out []Span
	for _, s := range list {
		if n := len(out); n > 0 && s.From <= out[n-1].To+1 {
			out[n-1].To = max(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}

// reading says how long a deviation stains the days.
type reading bool

const (
	conservative reading = false // from its due date or event to the day its condition ended
	strict       reading = true  // the day by which it belongs to a period, and no other
)

// badDays is the union of what the deviations of some controls stain. What lasts, lasts to the end of today.
func (v *view) badDays(controls []*subject, r reading) []Span {
	n := 0
	for _, c := range controls {
		n += len(c.bad)
	}
	list := make([]Span, 0, n)
	for _, c := range controls {
		for i := range c.bad {
			b := &c.bad[i]
			if r == strict {
				list = append(list, Span{b.member, b.member})
				continue
			}
			end := b.end
			if end == civil.MaxDate {
				end = max(v.Today, b.member)
			}
			list = append(list, Span{b.from, end})
		}
	}
	return union(list)
}

// earliest is the first period of so many months, from the first day on and not after the last, that holds no bad
// day and all that it needs. It jumps from each reason against a day to the first day against which that reason
// no longer speaks.
func earliest(days Span, bad []Span, months int, needs []need) (Span, bool) {
	for d := days.From; d <= days.To; {
		w := window(d, months)
		if i := sort.Search(len(bad), func(i int) bool { return bad[i].To >= d }); i < len(bad) && bad[i].From <= w.To {
			d = bad[i].To + 1
			continue
		}
		next := d
		for i := range needs {
			to, ok := needs[i].after(w, months)
			if !ok {
				return Span{}, false
			}
			next = max(next, to)
		}
		if next == d {
			return w, true
		}
		d = next
	}
	return Span{}, false
}

// after is the first day on which a period may start that the need does not rule out for a reason seen from here: the
// period's own first day when the need is met. It is false when no later period can meet it.
func (n *need) after(w Span, months int) (civil.Date, bool) {
	i := sort.Search(len(n.dates), func(i int) bool { return n.dates[i] >= w.From })
	last := i + n.min - 1
	if last >= len(n.dates) {
		return 0, false
	}
	if n.dates[last] <= w.To {
		return w.From, true
	}
	// A period that starts so many months before that date, or earlier, ends before it.
	return max(w.From, n.dates[last].AddMonths(-months)) + 1, true
}

// Clean is the earliest period of a length in which nothing known would be disclosed.
type Clean struct {
	Months       int   `json:"months"`
	Conservative *Span `json:"conservative"` // null: none in sight
	Strict       *Span `json:"strict"`
	// Sooner is a conservative period that starts before, if the controls named act inside it although their
	// yearly date does not fall into it.
	Sooner       *Span    `json:"sooner,omitempty"`
	BringForward []string `json:"bring_forward,omitempty"`
	ReportReady  []string `json:"report_ready,omitempty"`
	Why          []string `json:"why,omitempty"` // why there is none
}

// search is what the search for clean periods rests on.
type search struct {
	days         Span // on which a period may start
	conservative []Span
	strict       []Span
	needs        []need
}

// clean finds the earliest periods of a length.
func (v *view) clean(s search, months int) Clean {
	out := Clean{Months: months}
	if w, ok := earliest(s.days, s.conservative, months, s.needs); ok {
		out.Conservative = &w
		r := v.ready(w.To)
		out.ReportReady = r[:]
	}
	if w, ok := earliest(s.days, s.strict, months, s.needs); ok {
		out.Strict = &w
	}
	v.sooner(s, &out)
	if out.Conservative != nil {
		return out
	}
	for i := range s.needs {
		n := &s.needs[i]
		if _, ok := earliest(s.days, nil, months, s.needs[i:i+1]); !ok {
			out.Why = append(out.Why, n.control+" acts fewer than "+count(n.min, "time", "times")+" in any such period")
		}
	}
	if len(out.Why) == 0 {
		out.Why = append(out.Why, "no period that starts by "+s.days.To.String()+" is free of what is known and holds an act of every control")
	}
	return out
}

// sooner asks what the period would be if yearly controls acted earlier than their date.
func (v *view) sooner(s search, out *Clean) {
	var rest []need
	for _, n := range s.needs {
		if !n.yearly {
			rest = append(rest, n)
		}
	}
	w, ok := earliest(s.days, s.conservative, out.Months, rest)
	if !ok || len(rest) == len(s.needs) || out.Conservative != nil && out.Conservative.From <= w.From || w.To <= v.Today {
		return
	}
	out.Sooner = &w
	for i := range v.controls {
		c := v.controls[i]
		if v.set.Minimum[c.Frequency] == 0 || c.Frequency != "annual" || c.retired(v.Today) {
			continue
		}
		if dates, _ := v.dueDates(c).between(w); dates == 0 && len(c.dates.dates) > 0 {
			out.BringForward = append(out.BringForward, c.ID)
		}
	}
}

// ready is when the report of a period that ends on the day can be had, at the earliest and at the latest: after
// fieldwork and reporting. Fieldwork that has not begun begins today at the earliest, however long the period is over.
func (v *view) ready(end civil.Date) [2]string {
	end = max(end, v.Today)
	at := func(i int) string { return (end + civil.Date(7*(v.set.Fieldwork[i]+v.set.Reporting[i]))).String() }
	return [2]string{at(0), at(1)}
}
