package examine

import (
	"sort"
	"time"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/rule"
)

// tally counts a population as it streams by and keeps only what was found.
type tally struct {
	plan    *rule.Plan
	world   rule.World
	keep    bool
	Counts  Counts
	found   []rule.Answered
	known   []assure.Finding // of an earlier run, still true
	same    bool             // all of it is an earlier run's
	longest *time.Duration   // between two snapshots, once it is known
	items   []assure.Item
	edges   []int64 // where each month of the period begins, in the unit of At
	names   []string
}

// Counts are the numbers of a tested population. They add up: two runs over disjoint items can
// be joined, and a run over changed items can be taken off and put back.
type Counts struct {
	Population, NotApplicable, Passed, Deviating, Undecided, InProgress int
	AttrDeviations, AttrUndecided                                       []int
	Months                                                              []assure.MonthCount
}

func newTally(p *rule.Plan, w rule.World, keep bool) *tally {
	t := &tally{plan: p, world: w, keep: keep}
	t.Counts.AttrDeviations = make([]int, len(p.Checks))
	t.Counts.AttrUndecided = make([]int, len(p.Checks))
	for d := w.Period.From; d <= w.Period.To; {
		y, m, dom := d.Parts()
		edge := int64(d)
		if p.When == nil || p.When.Type() != rule.Date {
			edge = int64(w.Period.Zone.Start(d))
		}
		t.edges = append(t.edges, edge)
		t.names = append(t.names, civil.NewDate(y, m, 1).String()[:7])
		d += civil.Date(d.MonthLength() - dom + 1)
	}
	t.Counts.Months = make([]assure.MonthCount, len(t.names))
	for i, n := range t.names {
		t.Counts.Months[i].Month = n
	}
	return t
}

// add counts an item once (sign 1) or takes it off again (sign -1).
func (t *tally) add(a rule.Answered, sign int) {
	c := &t.Counts
	if a.InProgress {
		c.InProgress += sign
		return
	}
	v := a.Verdict()
	c.Population += sign
	month := &assure.MonthCount{}
	if a.At != nil {
		// A state may have begun long before the period: it is counted in the first month.
		i := sort.Search(len(t.edges), func(i int) bool { return t.edges[i] > *a.At })
		month = &c.Months[max(i-1, 0)]
	}
	month.Population += sign
	switch v {
	case assure.NotApplicable:
		c.NotApplicable += sign
	case assure.Pass:
		c.Passed += sign
	case assure.Deviation:
		c.Deviating += sign
		month.Deviating += sign
	case assure.Undecided:
		c.Undecided += sign
		month.Undecided += sign
	}
	for i, x := range a.Verdicts {
		switch x {
		case assure.Deviation:
			c.AttrDeviations[i] += sign
		case assure.Undecided:
			c.AttrUndecided[i] += sign
		}
	}
}

// take counts an item and keeps it when something was found.
func (t *tally) take(a rule.Answered) {
	t.add(a, 1)
	if a.InProgress {
		return
	}
	v := a.Verdict()
	if v == assure.Deviation || v == assure.Undecided {
		t.found = append(t.found, a)
	}
	if t.keep {
		item := assure.Item{Key: a.Key, Verdict: v, Attributes: map[string]assure.Verdict{}, EventTime: EventTime(t.plan, t.world, a.At)}
		for i, c := range t.plan.Checks {
			item.Attributes[c.ID] = a.Verdicts[i]
		}
		t.items = append(t.items, item)
	}
}

func (t *tally) fill(r *assure.TestResult) {
	c := t.Counts
	r.Population, r.NotApplicable, r.Passed = c.Population, c.NotApplicable, c.Passed
	r.Deviating, r.Undecided, r.InProgress = c.Deviating, c.Undecided, c.InProgress
	for i := range r.Attributes {
		r.Attributes[i].Deviations, r.Attributes[i].Undecided = c.AttrDeviations[i], c.AttrUndecided[i]
	}
	r.Months = c.Months
	sort.Slice(t.items, func(i, j int) bool { return t.items[i].Key < t.items[j].Key })
	r.Items = t.items
}
