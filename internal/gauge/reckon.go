package gauge

import (
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// reckoning is a control over one interval: the items known in it, what of them deviates, and how many are still to come.
type reckoning struct {
	items, deviating, undecided int
	coming                      int
	bad                         []*bout // of the interval
}

// total is every item of the interval, those to come among them.
func (r *reckoning) total() int { return r.items + r.coming }

// reckon counts a control over an interval that starts with the planned period and may reach beyond it. Each item is
// counted once: what is supposed of a day ahead is known, and no longer to come.
func (v *view) reckon(c *subject, w Span) reckoning {
	out := reckoning{items: c.items, deviating: c.deviating, undecided: c.undecided}
	told := map[string]bool{}
	after := 0 // known items beyond the planned period
	instances := c.instances
	if w.To <= v.period.To {
		instances = nil
	}
	for _, x := range instances {
		if x.Due <= v.period.To || x.Due > w.To || x.Due > v.Today && !x.supposed {
			continue
		}
		told[x.Key] = true
		after++
		if x.Done == nil || *x.Done > x.Due {
			out.deviating++
		}
	}
	for i := range c.bad {
		b := &c.bad[i]
		if b.member < w.From || b.member > w.To || b.member > v.Today && !b.supposed {
			continue
		}
		out.bad = append(out.bad, b)
		if b.member > v.period.To && !told[b.key] {
			after++
			out.deviating++
		}
	}
	out.items += after
	out.coming = max(0, v.estimate(c, Span{max(w.From, v.upTo+1), w.To})-v.ahead(c)-after)
	return out
}

// ahead counts the items of the planned period that are supposed, lie ahead, and are counted as known.
func (v *view) ahead(c *subject) int {
	if len(v.supposed) == 0 {
		return 0
	}
	n := 0
	for _, x := range c.instances {
		if x.supposed && x.Due > v.upTo && v.within(x.Due, true) && v.counts(c, x.Due) {
			n++
		}
	}
	return n
}

// counts says whether an item of the day is among those counted: where tests ran, one of them must hold the day.
func (v *view) counts(c *subject, d civil.Date) bool {
	for _, r := range c.results {
		if r.From <= d && d <= r.To {
			return true
		}
	}
	return len(c.results) == 0
}

// unlisted adds the instances that fell due and were not done in time, of which no deviation tells: of the period where
// nothing tested it, and of the days since. What is not done lasts.
func (v *view) unlisted(c *subject) {
	var known map[string]bool
	for _, x := range c.instances {
		if x.Due < v.period.From || x.Due <= v.upTo && len(c.results) > 0 || x.Due > v.Today || x.Done != nil && *x.Done <= x.Due {
			continue
		}
		if known == nil {
			known = make(map[string]bool, len(c.bad))
			for i := range c.bad {
				known[c.bad[i].key] = true
			}
		}
		if known[x.Key] {
			continue
		}
		b := bout{key: x.Key, member: x.Due, from: x.Due, end: civil.MaxDate, late: true, supposed: x.supposed}
		if x.Done != nil && *x.Done <= v.Today {
			b.end = *x.Done
		}
		c.bad = append(c.bad, b)
	}
}

// undecided words the items that cannot be decided yet and may belong to an interval: "3 items of 2 controls cannot be
// decided yet"; empty where there is none. An item that nobody dated may belong to each day that its test looked at.
func (v *view) undecided(w Span) string {
	items, controls := 0, 0
	for _, c := range v.controls {
		n := 0
		for _, r := range c.results {
			n += v.openIn(r, w)
		}
		if n > 0 {
			items, controls = items+n, controls+1
		}
	}
	if items == 0 {
		return ""
	}
	return count(items, "item", "items") + " of " + count(controls, "control", "controls") + " cannot be decided yet"
}

// openIn counts the undecided items of a test that may belong to an interval.
func (v *view) openIn(r *assure.TestResult, w Span) int {
	if r.Undecided == 0 || r.To < w.From || min(r.From, v.Today) > w.To || w.From > v.Today {
		return 0
	}
	n := r.Undecided
	for i := range r.Findings {
		x := &r.Findings[i]
		if d, ok := v.dateOf(x.EventTime); ok && x.Verdict == assure.Undecided && (d < w.From || d > w.To) {
			n--
		}
	}
	return max(0, n)
}
