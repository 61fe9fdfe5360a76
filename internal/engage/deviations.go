package engage

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Deviation is a fact about one or several items of a test that have one cause, on its way to a conclusion (handbook 4.8). It is no
// exception before the auditor says so, and never a qualification by itself.
type Deviation struct {
	ID           string                `json:"id"`
	Control      string                `json:"control"`
	Test         string                `json:"test"`
	Items        []string              `json:"items"`
	Attributes   []string              `json:"attributes"`
	What         string                `json:"what"`
	Detected     string                `json:"detected,omitempty"` // by the client itself before the examination, in words (handbook E80)
	Raised       civil.Instant         `json:"-"`
	By           string                `json:"-"`
	Responses    []Response            `json:"-"`
	Analysis     *Analysis             `json:"-"`
	Compensating []report.Compensating `json:"-"`
	Resolution   *Resolution           `json:"-"`
}

// Response is the owner's answer with facts.
type Response struct {
	Deviation string        `json:"deviation"`
	Position  string        `json:"position"` // agree, operated, not_applicable
	Text      string        `json:"text"`
	Evidence  []Evidence    `json:"evidence,omitempty"`
	Plan      string        `json:"plan,omitempty"` // what management means to do; never examined
	By        string        `json:"-"`
	Name      string        `json:"-"`
	At        civil.Instant `json:"-"`
}

// Analysis is cause, extent and impact of a deviation.
type Analysis struct {
	Deviation string `json:"deviation"`
	Cause     string `json:"cause"`            // human_error, system_error, intentional, unclear_rule, evidence_lost
	Spread    string `json:"spread"`           // isolated, systemic
	Cluster   string `json:"cluster"`          // by person, system or time: what was looked at
	Nature    string `json:"nature,omitempty"` // whether it defeated what the control is for
	Impact    string `json:"impact"`           // whether the risk came true: it informs severity and erases nothing
}

// Resolution says what a flagged item turned out to be.
type Resolution struct {
	Deviation string `json:"deviation"`
	Outcome   string `json:"outcome"` // deviation, false_positive, population_error
	Reason    string `json:"reason"`
	Proof     string `json:"independent_proof,omitempty"` // what proves it from outside, where the evidence came only after it was asked for
}

// Compensation names a compensating control against a deviation, as the auditor found it.
type Compensation struct {
	Deviation string `json:"deviation"`
	report.Compensating
}

// Stands reports whether the deviation is one, as far as the auditor has decided.
func (d *Deviation) Stands() bool { return d.Resolution == nil || d.Resolution.Outcome == "deviation" }

// Ready says what the deviation still lacks before a control can be concluded on.
func (d *Deviation) Ready() error {
	switch {
	case d.Resolution == nil:
		return fault.Refuse("%s: nobody has decided whether it is a deviation", d.ID)
	case !d.Stands():
		return nil
	case d.Analysis == nil:
		return fault.Refuse("%s: cause, extent and impact are not on paper", d.ID)
	case len(d.Responses) == 0:
		return fault.Refuse("%s: management has not answered", d.ID)
	}
	return nil
}

// Deviation finds a deviation.
func (e *Engagement) Deviation(id string) *Deviation {
	for _, d := range e.Deviations {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// onto makes an act that is about one deviation.
func onto[T any](name string, side Side, id func(T) string, do func(e *Engagement, d *Deviation, a Act, b T) error) kind {
	return act(name, side, func(e *Engagement, a Act, b T) error {
		d := e.Deviation(id(b))
		if d == nil {
			return &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no deviation %q", id(b))}
		}
		return do(e, d, a, b)
	}).in(Fieldwork, WrapUp)
}

var deviating = []kind{
	act("raise", Firm, func(e *Engagement, a Act, b Deviation) error {
		if b.ID == "" || e.Deviation(b.ID) != nil {
			return fault.Refuse("the deviation %q is there already", b.ID)
		}
		if b.Control == "" || b.Test == "" || len(b.Items) == 0 {
			return fault.Refuse("a deviation is about items of a test of a control; expected all three")
		}
		if err := said("what", b.What); err != nil {
			return err
		}
		for _, d := range e.Deviations {
			if d.Test != b.Test {
				continue
			}
			for _, x := range b.Items {
				if slices.Contains(d.Items, x) {
					return fault.Refuse("%s is in the deviation %s already", x, d.ID)
				}
			}
		}
		b.Raised, b.By, b.Responses, b.Analysis, b.Compensating, b.Resolution = a.At, a.By, nil, nil, nil, nil
		e.Deviations = append(e.Deviations, &b)
		e.reopen(b.Control) // what was concluded did not know of it
		return nil
	}).by(Partner, Manager, Staff).in(Fieldwork, WrapUp).sent(),

	onto("respond", Client, func(b Response) string { return b.Deviation }, func(_ *Engagement, d *Deviation, a Act, b Response) error {
		if err := one("position", b.Position, "agree", "operated", "not_applicable"); err != nil {
			return err
		}
		if err := said("text", b.Text); err != nil {
			return err
		}
		if b.Position == "operated" && len(b.Evidence) == 0 {
			return fault.Refuse("that the control operated is shown by evidence; expected at least one piece from the ledger")
		}
		if err := located(b.Evidence); err != nil {
			return err
		}
		b.By, b.Name, b.At = a.By, a.Name, a.At
		d.Responses = append(d.Responses, b)
		return nil
	}).role(access.Lead, access.Owner, access.Executive).sent(),

	onto("analyse", Firm, func(b Analysis) string { return b.Deviation }, func(e *Engagement, d *Deviation, _ Act, b Analysis) error {
		if err := one("cause", b.Cause, "human_error", "system_error", "intentional", "unclear_rule", "evidence_lost"); err != nil {
			return err
		}
		if err := one("spread", b.Spread, "isolated", "systemic"); err != nil {
			return err
		}
		for _, f := range []struct{ name, text string }{{"cluster", b.Cluster}, {"impact", b.Impact}} {
			if err := said(f.name, f.text); err != nil {
				return err
			}
		}
		d.Analysis = &b
		e.reopen(d.Control)
		return nil
	}).by(Partner, Manager, Staff),

	onto("compensate", Firm, func(b Compensation) string { return b.Deviation }, func(e *Engagement, d *Deviation, _ Act, b Compensation) error {
		if b.Control == "" || b.Control == d.Control {
			return fault.Refuse("a control does not compensate for itself; expected another one")
		}
		if b.Tested {
			if c, ok := e.Controls[b.Control]; !ok || c.Operation != report.Effective && e.Terms.TypeTwo() {
				return fault.Refuse("%s is not concluded to operate effectively; a compensating control is tested itself", b.Control)
			}
		}
		d.Compensating = append(d.Compensating, b.Compensating)
		e.reopen(d.Control)
		return nil
	}).by(Partner, Manager),

	onto("resolve", Firm, func(b Resolution) string { return b.Deviation }, func(e *Engagement, d *Deviation, _ Act, b Resolution) error {
		if err := one("outcome", b.Outcome, "deviation", "false_positive", "population_error"); err != nil {
			return err
		}
		if err := said("reason", b.Reason); err != nil {
			return err
		}
		if b.Outcome == "false_positive" && b.Proof == "" && !d.provenBefore() {
			return fault.Refuse("%s: no evidence of the client is older than the question; what came after it proves nothing by itself", d.ID).WithHint("say what proves it independently, or let the deviation stand")
		}
		d.Resolution = &b
		e.reopen(d.Control)
		if len(e.Standing(d.Control)) == 0 {
			e.Exceptions = slices.DeleteFunc(e.Exceptions, func(x report.Exception) bool { return x.Control == d.Control })
		}
		return nil
	}).by(Partner, Manager),
}

// reopen takes back what was concluded of a control, and of the matters and elements that rest on it.
func (e *Engagement) reopen(control string) {
	delete(e.Controls, control)
	for _, m := range e.Scope().Matters {
		if !slices.Contains(m.Controls, control) {
			continue
		}
		e.Matters = slices.DeleteFunc(e.Matters, func(c report.MatterConclusion) bool { return c.ID == m.ID && c.Element != report.TheDescription })
	}
	delete(e.Elements, report.Design)
	delete(e.Elements, report.Operation)
}

// provenBefore reports whether a piece of the client's evidence was in its ledger before the auditor asked.
func (d *Deviation) provenBefore() bool {
	for _, r := range d.Responses {
		for _, ev := range r.Evidence {
			if at, err := civil.ParseInstant(ev.Received); err == nil && at < d.Raised {
				return true
			}
		}
	}
	return false
}
