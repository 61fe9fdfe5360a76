package gauge

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// view is the facts put in order once, so that every rule finds what it asks for beside its control.
type view struct {
	*Facts
	set      Settings
	type1    bool
	period   Span       // of a Type 1: the year up to its date, in which operation is looked at for the forecast alone
	all      Span       // the days for which due dates are laid out
	upTo     civil.Date // the last day of the period of which anything can be known
	zone     civil.Zone
	controls []*subject
	byID     map[string]*subject
	criteria []*crit
	gaps     []Gap
	own      []int // gaps of the report as such
	notes    []string
}

// subject is a control with all that was said of it.
type subject struct {
	*Control
	results      []*assure.TestResult
	samples      []Sample
	bad          []bout
	instances    []*Instance
	evidence     *Evidence
	self         []SelfApproval
	deficiencies []Deficiency
	waivers      []Waiver

	serves  []*crit     // criteria in scope that it is primary to
	started *civil.Date // from when it is in place; nil: nobody knows of any operation
	due     series
	tally
	checks Checks
	gaps   []int // into view.gaps
	gates  Gates
	status Status
	dates  *schedule // of due dates, made when asked for
}

// bout is one deviation as intervals see it.
type bout struct {
	key               string
	member, from, end civil.Date // end is civil.MaxDate while it lasts
	late, supposed    bool
	guess             bool // nobody dated its end
}

// tally counts what a control did in the period up to today.
type tally struct {
	items, deviating, undecided int
	rateK, rateN                int // of the worst of its tests
	late, missing               []string
	tested                      bool
}

type series struct{ next, last *civil.Date } // coming due date, last act

// crit is a criterion in scope.
type crit struct {
	assure.Criterion
	primary, supporting []*subject
	gaps                []int
	status              Status
	lifted              []string
}

func newView(f *Facts, s Settings) *view {
	v := &view{Facts: f, set: s, byID: make(map[string]*subject, len(f.Controls))}
	switch t := f.Term.(type) {
	case Type1:
		v.type1, v.zone, v.period = true, t.Zone, Span{t.AsOf.AddMonths(-12) + 1, t.AsOf}
	case Type2:
		v.zone, v.period = t.Period.Zone, Span{t.Period.From, t.Period.To}
	}
	v.upTo = min(f.Today, v.period.To)
	v.all = Span{v.examined(), max(f.Today, v.period.To).AddMonths(2 * s.Horizon)}
	for i := range f.Controls {
		c := &subject{Control: &f.Controls[i]}
		v.controls = append(v.controls, c)
		v.byID[c.ID] = c
	}
	v.gather()
	v.gatherDeviations()
	for _, c := range v.controls {
		v.start(c)
		v.count(c)
	}
	v.mapCriteria()
	return v
}

// examined is the first day of which it is known what deviated.
func (v *view) examined() civil.Date {
	if v.Examined != nil {
		return min(*v.Examined, v.period.From)
	}
	return v.period.From
}

// gather puts each fact beside its control. Facts about controls that are not looked at are left out.
func (v *view) gather() {
	for i := range v.Results {
		if c := v.byID[v.Results[i].Control]; c != nil {
			c.results = append(c.results, &v.Results[i])
		}
	}
	c := (*subject)(nil)
	for i := range v.Instances {
		x := &v.Instances[i]
		if c == nil || c.ID != x.Control {
			c = v.byID[x.Control]
		}
		if c == nil {
			continue
		}
		c.instances = append(c.instances, x)
		if x.Due > v.Today && (x.Done == nil || *x.Done > v.Today) && (c.due.next == nil || x.Due < *c.due.next) {
			c.due.next = &x.Due
		}
		if x.Done != nil && *x.Done <= v.Today && (c.due.last == nil || *x.Done > *c.due.last) {
			c.due.last = x.Done
		}
	}
	for i := range v.Evidence {
		if c := v.byID[v.Evidence[i].Control]; c != nil {
			c.evidence = &v.Evidence[i]
		}
	}
	for _, x := range v.Samples {
		if c := v.byID[x.Control]; c != nil {
			c.samples = append(c.samples, x)
		}
	}
	for _, x := range v.SelfApproved {
		if c := v.byID[x.Control]; c != nil {
			c.self = append(c.self, x)
		}
	}
	for _, x := range v.Deficiencies {
		if c := v.byID[x.Control]; c != nil {
			c.deficiencies = append(c.deficiencies, x)
		}
	}
	for _, x := range v.Waivers {
		if c := v.byID[x.Control]; c != nil {
			c.waivers = append(c.waivers, x)
		}
	}
}

// gatherDeviations puts the dated deviations beside their controls, and takes those that a test found and nobody
// dated to last: without a date nothing shows that it is over.
func (v *view) gatherDeviations() {
	last := (*subject)(nil)
	for i := range v.Deviations {
		d := &v.Deviations[i]
		if last == nil || last.ID != d.Control {
			last = v.byID[d.Control]
		}
		if last == nil {
			continue
		}
		b := bout{key: d.Key, member: d.Member, from: min(d.began(), d.Member), end: civil.MaxDate, late: d.Late, supposed: d.supposed}
		if d.Ended != nil {
			b.end = max(*d.Ended, d.Member)
		}
		last.bad = append(last.bad, b)
	}
	for _, c := range v.controls {
		v.undated(c)
		v.unlisted(c)
	}
}

// undated adds what the tests of a control found beyond the dated deviations.
func (v *view) undated(c *subject) {
	found := 0
	for _, r := range c.results {
		found += r.Deviating
	}
	if found == 0 || len(c.bad) >= found && v.inPeriod(c.bad) >= found {
		return
	}
	dated := make(map[string]bool, len(c.bad))
	for _, b := range c.bad {
		dated[b.key] = true
	}
	for _, r := range c.results {
		for i := range r.Findings {
			x := &r.Findings[i]
			if x.Verdict != assure.Deviation || dated[x.Key] {
				continue
			}
			b := bout{key: x.Key, member: min(r.To, v.Today), from: r.From, end: civil.MaxDate, guess: true}
			if d, ok := v.dateOf(x.EventTime); ok {
				b.member, b.from = d, d
			}
			c.bad = append(c.bad, b)
		}
	}
}

// within says whether a day belongs to the period to date; a supposed one may lie ahead.
func (v *view) within(d civil.Date, supposed bool) bool {
	return d >= v.period.From && (d <= v.upTo || supposed && d <= v.period.To)
}

func (v *view) inPeriod(list []bout) int {
	n := 0
	for _, b := range list {
		if v.within(b.member, b.supposed) {
			n++
		}
	}
	return n
}

// dateOf reads the event time of a finding: a civil date, or an instant that is a day in the report's zone.
func (v *view) dateOf(s string) (civil.Date, bool) {
	if len(s) == len("2006-01-02") {
		d, err := civil.ParseDate(s)
		return d, err == nil
	}
	i, err := civil.ParseInstant(s)
	if err != nil {
		return 0, false
	}
	return v.zone.DateOf(i), true
}

// start finds the day from which the control is in place: its implementation, else its first known act.
func (v *view) start(c *subject) {
	if c.LastOperated != nil && (c.due.last == nil || *c.LastOperated > *c.due.last) {
		c.due.last = c.LastOperated
	}
	switch {
	case c.Implemented != nil:
		c.started = c.Implemented
		return
	case c.FirstOperated != nil:
		c.started = c.FirstOperated
		return
	}
	for _, x := range c.instances {
		if x.Done != nil && *x.Done <= v.Today && (c.started == nil || *x.Done < *c.started) {
			c.started = x.Done
		}
	}
	if c.started != nil {
		return
	}
	for _, r := range c.results {
		for _, m := range r.Months {
			if d, err := civil.ParseDate(m.Month + "-01"); err == nil && m.Population > m.Deviating+m.Undecided {
				// The month is known and not the day: the end of the month claims no day too many.
				d = min(d+civil.Date(d.MonthLength())-1, v.Today)
				if c.started == nil || d < *c.started {
					c.started = &d
				}
				break
			}
		}
	}
}

// count adds up the items of the period to date. Items that did not need the control do not count.
func (v *view) count(c *subject) {
	for _, r := range c.results {
		n := r.Passed + r.Deviating + r.Undecided
		c.tested = c.tested || r.Outcome == assure.Tested && n > 0
		c.items, c.deviating, c.undecided = c.items+n, c.deviating+r.Deviating, c.undecided+r.Undecided
		if r.Deviating*max(c.rateN, 1) > c.rateK*n || c.rateN == 0 {
			c.rateK, c.rateN = r.Deviating, n
		}
	}
	if len(c.results) > 0 {
		return
	}
	for _, x := range c.instances {
		if !v.within(x.Due, x.supposed) {
			continue
		}
		c.items++
		if x.Done == nil || *x.Done > x.Due {
			c.deviating++
		}
	}
	if c.items == 0 {
		c.items = v.inPeriod(c.bad)
		c.deviating = c.items
	}
	c.rateK, c.rateN = c.deviating, c.items
}

// lateAndMissing lists the instances of the period that were done after their due date, and those not done though
// the days of grace are over.
func (v *view) lateAndMissing(c *subject) (late, missing []string) {
	seen := map[string]bool{}
	for _, x := range c.instances {
		if !v.within(x.Due, x.supposed) {
			continue
		}
		seen[x.Key] = true
		done := x.Done != nil && (*x.Done <= v.Today || x.supposed)
		switch {
		case done && *x.Done > x.Due:
			late = append(late, x.Key)
		case !done && (x.Due+civil.Date(v.set.Grace) <= v.Today || x.supposed):
			missing = append(missing, x.Key)
		}
	}
	for _, b := range c.bad {
		if !b.late || seen[b.key] || !v.within(b.member, b.supposed) {
			continue
		}
		if b.end <= v.Today {
			late = append(late, b.key)
		} else if b.member+civil.Date(v.set.Grace) <= v.Today {
			missing = append(missing, b.key)
		}
	}
	return late, missing
}

// mapCriteria links each criterion in scope with the controls that say they serve it.
func (v *view) mapCriteria() {
	byID := make(map[string]*crit, len(v.Criteria))
	for _, x := range v.Criteria {
		cr := &crit{Criterion: x}
		v.criteria = append(v.criteria, cr)
		byID[x.ID] = cr
	}
	for _, c := range v.controls {
		for _, list := range [][]string{c.Criteria, c.ISO27001, c.Objectives} {
			for _, id := range list {
				if cr := byID[id]; cr != nil && !slices.Contains(c.serves, cr) && !slices.Contains(c.Supporting, id) {
					cr.primary = append(cr.primary, c)
					c.serves = append(c.serves, cr)
				}
			}
		}
		for _, id := range c.Supporting {
			if cr := byID[id]; cr != nil {
				cr.supporting = append(cr.supporting, c)
			}
		}
	}
}

// inForce says whether a version of the control was in force and in place on the day.
func (c *subject) inForce(d civil.Date) bool {
	if c.started == nil || d < *c.started {
		return false
	}
	return c.defined(d)
}

// defined says whether some version of the control covered the day.
func (c *subject) defined(d civil.Date) bool {
	return len(c.Spans) == 0 || slices.ContainsFunc(c.Spans, func(s Span) bool { return s.From <= d && d <= s.To })
}

// retired says that no version is in force on the day or after it.
func (c *subject) retired(d civil.Date) bool {
	return len(c.Spans) > 0 && !slices.ContainsFunc(c.Spans, func(s Span) bool { return s.To >= d })
}

// tolerable is the share of items, in basis points, that may deviate before the control is not relied upon.
func (v *view) tolerable(c *subject) int {
	if c.Tolerable != nil {
		return *c.Tolerable
	}
	security := slices.ContainsFunc(c.serves, func(cr *crit) bool {
		return cr.Common || cr.Category == "security" || cr.Category == "itgc" || cr.Framework == "iso27001"
	})
	if c.Key && strings.EqualFold(c.Type, "preventive") && security {
		return v.set.TolerableKey
	}
	return v.set.Tolerable
}

// above says whether k of n is more than so many basis points, in whole numbers.
func above(k, n, bp int) bool { return k*10000 > bp*n }
