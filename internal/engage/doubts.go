package engage

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Doubt is a reason why a piece of evidence cannot support a conclusion by itself.
type Doubt struct {
	ID    string // what Reliance names
	About string // a test or a file
	Say   string
}

// Doubts are those about the evidence of a control that no reason of the auditor answers. Two standards hold: the events of a period are complete
// only after it has ended, and a configuration seen after it has ended says nothing of what it was before.
func (e *Engagement) Doubts(control string) []Doubt {
	var out []Doubt
	zone, err := civil.ParseZone(e.Terms.Zone)
	if err != nil {
		return []Doubt{{"zone", e.Terms.Zone, err.Error()}}
	}
	end := zone.End(e.Terms.End())
	add := func(id, about, format string, args ...any) {
		if p := e.Papers[control]; p != nil {
			if _, ok := p.Relied[id]; ok {
				return
			}
		}
		if !slices.ContainsFunc(out, func(d Doubt) bool { return d.ID == id }) {
			out = append(out, Doubt{id, about, fmt.Sprintf(format, args...)})
		}
	}
	for _, f := range e.Frozen {
		if now, _ := e.FrozenOf(f.Test); f.Control != control || now.Version != f.Version {
			continue
		}
		if at, err := civil.ParseInstant(f.KnownAt); err != nil || at < end {
			add(fmt.Sprintf("early:%s@%d", f.Test, f.Version), f.Test, "the population of %s was frozen as known at %s, before the period had ended: what happened after it is not in it", f.Test, f.KnownAt)
		}
	}
	if p := e.Papers[control]; p != nil {
		for _, test := range p.Order {
			if from, to, gap := e.uncovered(test); gap {
				add(fmt.Sprintf("uncovered:%s:%s:%s", test, from, to), test, "no population of %s reaches the days from %s to %s: the report would speak of days that nobody looked at", test, from.Long(), to.Long())
			}
		}
	}
	for _, ev := range e.given(control) {
		if ev.Standard != "configuration" {
			continue
		}
		if at, err := civil.ParseInstant(ev.Received); err != nil || at >= end {
			add("late:"+ev.SHA256, ev.Name, "the configuration %s was captured after the period had ended: it does not say what it was before", ev.Name)
		}
	}
	return out
}

// given is the evidence that bears on a control: of its requests, its assessment and the answers to its deviations.
func (e *Engagement) given(control string) []Evidence {
	var out []Evidence
	for _, r := range e.Requests {
		if r.Control == control {
			for _, s := range r.Says {
				for _, ev := range s.Evidence {
					if r.Wants == "configuration" { // whatever whoever gives it calls it
						ev.Standard = r.Wants
					}
					out = append(out, ev)
				}
			}
		}
	}
	for _, d := range e.Deviations {
		if d.Control == control {
			for _, r := range d.Responses {
				out = append(out, r.Evidence...)
			}
		}
	}
	if p := e.Papers[control]; p != nil && p.Assessed != nil {
		out = append(out, p.Assessed.Evidence...)
	}
	return out
}

// supported says what keeps a control from being concluded to have operated effectively.
func (e *Engagement) supported(control string) error {
	p := e.Papers[control]
	if p == nil || len(p.Order) == 0 {
		return fault.Refuse("%s: no test of operation is on the paper", control)
	}
	for _, name := range p.Order {
		if err := p.Tests[name].Planned(); err != nil {
			return err
		}
	}
	if d := e.Doubts(control); len(d) > 0 {
		return fault.Refuse("%s: %s", control, d[0].Say).WithHint("get other evidence, or say why you rely on it")
	}
	if t, bad := p.missing(); bad {
		return e.incomplete(control, t)
	}
	if c, bad := p.failed(); bad {
		return fault.Refuse("%s: the check %s of the population of %s failed", control, c.Check, c.Test)
	}
	if err := p.undecidedMark(); err != nil {
		return err
	}
	for _, name := range p.Order {
		if err := e.populated(p, name); err != nil {
			return err
		}
		if p.Tests[name].Extent == report.Whole {
			if n := len(p.Tests[name].Reperformed); n == 0 || !p.Tests[name].Reperformed[n-1].Same() {
				return fault.Refuse("%s: the whole population of %s was tested by the client's rule, and the auditor has not run it again with the same result", control, name)
			}
		}
	}
	return nil
}
