package engage

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Consent is the quality reviewer's to terms that leave out a part of what was to be examined.
type Consent struct {
	Terms    Terms
	Reason   string
	By, Name string
	At       civil.Instant
}

// Included is a subservice organization that is presented by the inclusive method: it asserts and represents for itself. One that drops out in
// the period stays for its part of it, and is carved out from then on only (handbook E55).
type Included struct {
	report.InclusiveParty
	Until civil.Date `json:"until,omitzero"` // the last day on which it was included; zero: to the end
	Why   string     `json:"why,omitempty"`  // it dropped out
}

// take puts an included party on record. What was concluded of the description was of another boundary, and is to be concluded again.
func (e *Engagement) take(b Included) error {
	if err := said("name", b.Name); err != nil {
		return err
	}
	if b.Asserted != 0 {
		if err := said("asserted_by", b.AssertedBy); err != nil {
			return err
		}
	}
	i := slices.IndexFunc(e.Included, func(x Included) bool { return x.Name == b.Name })
	switch {
	case b.Until == 0 && i >= 0 && e.Included[i].Until != 0:
		return fault.Refuse("%s dropped out on %s; it does not come back by leaving that out", b.Name, e.Included[i].Until.Long())
	case b.Until == 0:
	case !e.Terms.TypeTwo() || b.Until < e.Terms.From || b.Until >= e.Terms.To:
		return fault.Refuse("%s is not inside of the period, before its last day", b.Until.Long())
	default:
		if err := said("why", b.Why); err != nil {
			return err
		}
	}
	if i < 0 || e.Included[i].Until != b.Until {
		e.Matters = slices.DeleteFunc(e.Matters, func(m report.MatterConclusion) bool { return m.Element == report.TheDescription })
		delete(e.Elements, report.TheDescription)
	}
	if i >= 0 {
		e.Included[i] = b
		return nil
	}
	e.Included = append(e.Included, b)
	return nil
}

func (t Terms) same(u Terms) bool {
	return t.Report == u.Report && t.System == u.System && !t.moved(u) && len(t.lacks(u)) == 0 && len(u.lacks(t)) == 0
}

// moved reports whether the terms speak of another time.
func (t Terms) moved(u Terms) bool {
	return t.From != u.From || t.To != u.To || t.AsOf != u.AsOf || t.Zone != u.Zone
}

// lacks are the categories of other terms that these do not have.
func (t Terms) lacks(u Terms) []string {
	var out []string
	for _, c := range u.Categories {
		if !slices.Contains(t.Categories, c) {
			out = append(out, c)
		}
	}
	return out
}

// mayNarrow refuses terms that leave out days or categories after something deviated, unless the quality reviewer too has agreed to
// just these terms (handbook E57): a failure is not hidden by looking elsewhere. No deviation goes away with the days.
func (e *Engagement) mayNarrow(a Act, to Terms) error {
	narrower := to.From > e.Terms.From || to.To < e.Terms.To || to.AsOf != e.Terms.AsOf || len(to.lacks(e.Terms)) > 0
	if !e.own(a) || !narrower || !slices.ContainsFunc(e.Deviations, (*Deviation).Stands) {
		return nil
	}
	if e.Consent == nil || !e.Consent.Terms.same(to) {
		return denied("deviations stand, and these terms leave out a part of what was to be examined: expected the consent of the quality reviewer to just these terms")
	}
	return nil
}

// retermed takes other terms over. What was concluded, relied upon, asserted and represented was of other terms and ends; what was done and
// found stays: deviations, samples, frozen populations, marks (handbook E56). Other categories ask for another plan (E74).
func (e *Engagement) retermed(to Terms) {
	was := e.Terms
	e.Terms, e.Consent = to, nil
	other := len(to.lacks(was)) > 0 || len(was.lacks(to)) > 0
	if !other && !to.moved(was) {
		return
	}
	clear(e.Controls)
	clear(e.Elements)
	e.Matters, e.Drafts, e.Asserted, e.Represented = nil, nil, nil, nil
	for _, p := range e.Papers {
		p.changed()
		clear(p.Relied)
	}
	if other {
		e.Planned = nil
	}
	if e.State == WrapUp {
		e.State = Fieldwork
	}
}

// uncovered are the first days of the period that no frozen population of a test reaches; ok is false where all are reached, or where nothing
// is frozen.
func (e *Engagement) uncovered(test string) (from, to civil.Date, ok bool) {
	var list []Frozen
	for _, f := range e.Frozen {
		if f.Test == test {
			list = append(list, f)
		}
	}
	if len(list) == 0 || !e.Terms.TypeTwo() {
		return 0, 0, false
	}
	slices.SortStableFunc(list, func(a, b Frozen) int { return int(a.From - b.From) })
	next := e.Terms.From
	for _, f := range list {
		if f.From > next {
			return next, min(f.From-1, e.Terms.To), true
		}
		next = max(next, f.To+1)
		if next > e.Terms.To {
			return 0, 0, false
		}
	}
	return next, e.Terms.To, true
}

// undrawn is a frozen population of a test that has items, of which none was drawn, and whose days no later one covers.
func (e *Engagement) undrawn(test string) (Frozen, bool) {
	for _, f := range e.Frozen {
		if f.Test != test || f.Count == 0 {
			continue
		}
		later := slices.ContainsFunc(e.Frozen, func(g Frozen) bool {
			return g.Test == test && g.Version > f.Version && g.From <= f.From && g.To >= f.To
		})
		drawn := slices.ContainsFunc(e.Samples, func(s Sample) bool {
			return s.Test == test && s.ofOperation() && (s.Population == f.Hash || s.Commitment != "" && s.Commitment == f.Commitment)
		})
		if !later && !drawn {
			return f, true
		}
	}
	return Frozen{}, false
}

// ofOperation reports whether the sample is one of what operated, and not of what the client's rule passed or could not decide.
func (s Sample) ofOperation() bool {
	return s.Purpose == "operation" || s.Purpose == "rollforward" || s.Purpose == "extension"
}

// populated says what the population of a test still lacks before anything can be concluded from it: work of the auditor's own on completeness
// and on accuracy (handbook 4.4), and of a sample that it was drawn, from each version that was frozen.
func (e *Engagement) populated(p *Paper, test string) error {
	t := p.Tests[test]
	if t.Extent == report.Instance {
		return nil
	}
	for _, letter := range []struct{ first, of string }{{"C", "completeness"}, {"A", "accuracy"}} {
		if !e.checked(p, test, letter.first) {
			return fault.Refuse("%s: no check of the %s of the population of %s has passed on it as it stands", p.Control, letter.of, test)
		}
	}
	if t.Extent != report.Sampled {
		return nil
	}
	f, ok := e.FrozenOf(test)
	if !ok {
		return fault.Refuse("%s: the population of %s is not frozen", p.Control, test)
	}
	if f, open := e.undrawn(test); open {
		return fault.Refuse("%s: nothing was drawn from version %d of the population of %s, %d items of %s to %s", p.Control, f.Version, test, f.Count, f.From.Long(), f.To.Long())
	}
	if f.Count == 0 && !slices.ContainsFunc(e.Frozen, func(f Frozen) bool { return f.Test == test && f.Count > 0 }) {
		return fault.Refuse("%s: the population of %s is empty: nothing operated", p.Control, test).WithHint("conclude that nothing occurred")
	}
	return nil
}

// checked reports whether a check of completeness (C) or accuracy (A) has passed on the population as it is frozen now.
func (e *Engagement) checked(p *Paper, test, letter string) bool {
	now, _ := e.FrozenOf(test)
	return slices.ContainsFunc(p.Checks, func(c PopulationCheck) bool {
		return c.Test == test && c.Check[:1] == letter && c.Passed && c.Version == now.Version
	})
}

// failed is the first check of a paper whose latest outcome is that it failed.
func (p *Paper) failed() (PopulationCheck, bool) {
	for i, c := range p.Checks {
		again := slices.ContainsFunc(p.Checks[i+1:], func(x PopulationCheck) bool { return x.Test == c.Test && x.Check == c.Check })
		if !c.Passed && !again {
			return c, true
		}
	}
	return PopulationCheck{}, false
}

// missing is the first item that was traced into a population and is still not found there.
func (p *Paper) missing() (Trace, bool) {
	for i, t := range p.Traces {
		again := slices.ContainsFunc(p.Traces[i+1:], func(x Trace) bool { return x.Test == t.Test && x.Item == t.Item })
		if !t.Found && !again {
			return t, true
		}
	}
	return Trace{}, false
}

// zero says what is lacking to say that nothing occurred (handbook E16, E18): an empty list proves nothing by itself.
func (e *Engagement) zero(control string) error {
	p := e.Papers[control]
	if p == nil || len(p.Order) == 0 {
		return fault.Refuse("%s: no test of operation is on the paper", control)
	}
	if t, bad := p.missing(); bad {
		return e.incomplete(control, t)
	}
	for _, name := range p.Order {
		if f, ok := e.FrozenOf(name); ok && f.Count > 0 {
			return fault.Refuse("%s: the population of %s holds %d items: the control had something to do", control, name, f.Count)
		}
		if !e.checked(p, name, "C") {
			return fault.Refuse("%s: no check of completeness of %s has passed: an empty list does not show that nothing occurred", control, name)
		}
	}
	return nil
}

func (e *Engagement) incomplete(control string, t Trace) error {
	return fault.Refuse("%s: %s was found outside of the population of %s: it is not complete", control, t.Item, t.Test).WithHint("have the population mended and frozen again, and trace the item into it")
}

// raised says which item that somebody marked as deviating is in no deviation.
func (e *Engagement) raised(p *Paper) error {
	for _, name := range p.Order {
		t := p.Tests[name]
		for _, key := range sortedKeys(t.Marks) {
			deviates := false
			for _, m := range t.Marks[key] {
				deviates = deviates || m.Result == "deviation"
			}
			if deviates && !slices.ContainsFunc(e.Deviations, func(d *Deviation) bool { return d.Test == name && slices.Contains(d.Items, key) }) {
				return fault.Refuse("%s: %s is marked as deviating, and no deviation is raised of it", p.Control, key)
			}
		}
	}
	return nil
}

// undecidedMark finds an item whose result somebody left open.
func (p *Paper) undecidedMark() error {
	for _, name := range p.Order {
		t := p.Tests[name]
		for _, key := range sortedKeys(t.Marks) {
			for _, attribute := range sortedKeys(t.Marks[key]) {
				if t.Marks[key][attribute].Result == "undecided" {
					return fault.Refuse("%s: %s is still undecided in %s, attribute %s", p.Control, key, name, attribute)
				}
			}
		}
	}
	return nil
}

// items counts the items of a control's deviations that stand, each once.
func (e *Engagement) items(control string) int {
	seen := map[string]bool{}
	for _, d := range e.Standing(control) {
		for _, x := range d.Items {
			seen[fmt.Sprintf("%s\x00%s", d.Test, x)] = true
		}
	}
	return len(seen)
}
