package engage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Examination is what the engagement amounts to for the report: what was tested, what was found, what was concluded.
func (e *Engagement) Examination() report.Examination {
	x := report.Examination{
		Firm:      report.Firm{Name: e.Firm.Name, City: e.Profile.City, Region: e.Profile.Region, Licence: e.Profile.Licence},
		Addressee: "the management of " + e.Client.Name, Exceptions: slices.Clone(e.Exceptions), Matters: slices.Clone(e.Matters), Limits: slices.Clone(e.Limits),
		Emphasis: slices.Clone(e.Emphasis), Events: slices.Clone(e.Events),
	}
	for i := range x.Exceptions {
		e.answered(&x.Exceptions[i])
	}
	for _, c := range e.Controls {
		x.Controls = append(x.Controls, c)
	}
	slices.SortFunc(x.Controls, func(a, b report.ControlConclusion) int { return cmp.Compare(a.Control, b.Control) })
	for _, el := range []report.Element{report.TheDescription, report.Design, report.Operation, report.TheAssertion} {
		if o, ok := e.Elements[el]; ok {
			x.Elements = append(x.Elements, o)
		}
	}
	for _, p := range e.Included {
		x.Inclusive = append(x.Inclusive, p.InclusiveParty)
	}
	x.Wording, x.Unmodified = e.Wording, e.Unmodified
	if r := e.Represented; r != nil && r.Declined {
		x.RepresentationRefused = r.Why
	} else if r != nil {
		x.Represented = r.Dated
	}
	for _, m := range e.Members {
		if m.Out == nil && m.Part == Partner {
			x.Partner = m.Name
		}
	}
	for _, p := range []Part{Partner, Quality} {
		if s, ok := e.Signs[p]; ok {
			x.Signs = append(x.Signs, report.SignOff{Part: string(p), Name: s.Name, On: s.On})
		}
	}
	return x
}

// answered puts management's latest answer beside an exception.
func (e *Engagement) answered(x *report.Exception) {
	for _, d := range e.Deviations {
		if d.Control != x.Control || d.Test != x.Test || len(d.Responses) == 0 {
			continue
		}
		r := d.Responses[len(d.Responses)-1]
		x.Response, x.Plan, x.ResponseBy = r.Text, r.Plan, r.Name
	}
}

// Scope is what the engagement concludes on, as it was planned.
func (e *Engagement) Scope() report.Scope {
	s := report.Scope{TypeTwo: e.Terms.TypeTwo(), OfAssertion: e.Terms.Report == "soc3"}
	if e.Planned != nil {
		s.Matters = e.Planned.Matters
	}
	return s
}

// InScope lists the controls that serve a matter in scope, each once, in order.
func (e *Engagement) InScope() []string {
	var out []string
	for _, m := range e.Scope().Matters {
		for _, c := range m.Controls {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Proposals are the opinions that the conclusions so far ask for.
func (e *Engagement) Proposals() []report.Proposal { return report.Propose(e.Examination(), e.Scope()) }

// Standing are the deviations of a control that stand.
func (e *Engagement) Standing(control string) []*Deviation {
	var out []*Deviation
	for _, d := range e.Deviations {
		if d.Control == control && d.Stands() {
			out = append(out, d)
		}
	}
	return out
}

// Tolerable is the rate that the plan tolerates of a control, in basis points.
func (e *Engagement) Tolerable(control string) int {
	if e.Planned == nil {
		return 0
	}
	if t, ok := e.Planned.Tolerable[control]; ok {
		return t
	}
	return e.Planned.Ordinary
}

// Suggestion is what the facts of a control ask for, with the reasons. A person concludes.
type Suggestion struct {
	Conclusion report.Conclusion
	Reasons    []string
}

// Suggest weighs a control (handbook 4.8, step 4): intent and harm outweigh any rate, and a compensating control lifts only what it covers.
// Tested and deviating are items.
func (e *Engagement) Suggest(control string, tested, deviating int) Suggestion {
	var s Suggestion
	add := func(format string, args ...any) { s.Reasons = append(s.Reasons, fmt.Sprintf(format, args...)) }
	intentional, compensated := false, true
	for _, d := range e.Standing(control) {
		if d.Analysis != nil && d.Analysis.Cause == "intentional" {
			intentional = true
			add("%s is by intent: that can sink a control at any rate", d.ID)
		}
		full := slices.ContainsFunc(d.Compensating, func(c report.Compensating) bool { return c.Counts() && c.FallsShort == "" })
		for _, c := range d.Compensating {
			switch {
			case !c.Counts():
				add("%s does not count against %s: %s", c.Control, d.ID, short(c))
			case c.FallsShort != "":
				add("%s lifts only a part of %s: %s", c.Control, d.ID, c.FallsShort)
			default:
				add("%s compensates for %s", c.Control, d.ID)
			}
		}
		compensated = compensated && full
	}
	switch {
	case tested == 0 && deviating == 0:
		s.Conclusion = report.NoneOccurred
		add("no item needed the control")
	case deviating == 0:
		s.Conclusion = report.Effective
		add("none of %d items deviates", tested)
	case intentional:
		s.Conclusion = report.NotEffective
	case deviating*10_000 <= e.Tolerable(control)*tested:
		s.Conclusion = report.Effective
		add("%d of %d items deviate, within the tolerable %s; it is disclosed all the same", deviating, tested, percent(e.Tolerable(control)))
	case compensated:
		s.Conclusion = report.NotEffective
		add("%d of %d items deviate, above the tolerable %s; whether the objective is achieved rests on the compensating controls", deviating, tested, percent(e.Tolerable(control)))
	default:
		s.Conclusion = report.NotEffective
		add("%d of %d items deviate, above the tolerable %s", deviating, tested, percent(e.Tolerable(control)))
	}
	return s
}

func short(c report.Compensating) string {
	switch {
	case !c.Tested:
		return "it was not tested itself"
	case !c.InForce:
		return "it was not in force when the deviations happened"
	}
	return "it does not stand in the description"
}

func percent(basis int) string { return fmt.Sprintf("%d.%02d %%", basis/100, basis%100) }

// designed holds what is said of a control's design against its paper. A control that is not there, or that would not do if it operated, is not
// saved by operating.
func (e *Engagement) designed(b report.ControlConclusion) error {
	p := e.Papers[b.Control]
	switch {
	case b.Design == report.Untested && b.Operation == report.Effective:
		return fault.Refuse("%s: a control whose design was not assessed is not concluded to operate effectively", b.Control)
	case b.Design == report.Untested:
		return nil
	case p == nil || p.Assessed == nil:
		return fault.Refuse("%s: design and implementation are not assessed", b.Control)
	case b.Design == report.Effective && p.Assessed.Design != report.Effective:
		return fault.Refuse("%s: the paper says that the design is not suitable", b.Control)
	case b.Design == report.Effective && !p.Assessed.Implemented:
		return fault.Refuse("%s: the paper says that the control is not implemented", b.Control)
	case b.Design == report.NotEffective && b.Operation == report.Effective:
		return fault.Refuse("%s: its design is not suitable; operating as designed does not help", b.Control)
	}
	return nil
}

// carried refuses a matter as achieved that nothing carries: at least one control that serves it is effective, or the deviations of one are
// compensated in full by a control that was tested itself (handbook 4.8, steps 5 and 7).
func (e *Engagement) carried(b report.MatterConclusion) error {
	i := slices.IndexFunc(e.Scope().Matters, func(m report.Matter) bool { return m.ID == b.ID })
	if i < 0 || b.Element == report.TheDescription {
		if b.Conclusion == report.NoneOccurred {
			return fault.Refuse("%s: what did not occur is said of operation only", b.ID)
		}
		return nil
	}
	of := func(c string) report.Conclusion {
		if b.Element == report.Design {
			return e.Controls[c].Design
		}
		return e.Controls[c].Operation
	}
	controls := e.Scope().Matters[i].Controls
	rests := e.Scope().Matters[i].Criteria
	switch b.Conclusion {
	case report.Achieved:
		if len(rests) > 0 && !e.someAchieved(rests, b.Element) {
			return fault.Refuse("%s: none of the criteria on which it rests (%s) is achieved: nothing achieves it", b.ID, strings.Join(rests, ", "))
		}
		if slices.ContainsFunc(controls, func(c string) bool {
			return of(c) == report.Effective || b.Element == report.Operation && e.compensated(c)
		}) {
			return nil
		}
		return fault.Refuse("%s: no control that serves it is concluded to be effective, and none is compensated for in full: nothing achieves it", b.ID)
	case report.NoneOccurred:
		if b.Element != report.Operation || slices.ContainsFunc(controls, func(c string) bool { return of(c) != report.NoneOccurred }) {
			return fault.Refuse("%s: not all controls that serve it had nothing to do", b.ID)
		}
	}
	return nil
}

// conclusionOf is what is concluded on a matter, by a person or by what it rests on; empty where nothing is.
func (e *Engagement) conclusionOf(matter string, el report.Element) report.Conclusion {
	list := report.MattersOf(e.Examination(), e.Scope(), el)
	if i := slices.IndexFunc(list, func(m report.MatterConclusion) bool { return m.ID == matter }); i >= 0 {
		return list[i].Conclusion
	}
	return ""
}

// rejudge takes back what was concluded on the service commitments that rest on a criterion: who judged them did so by another conclusion on it.
func (e *Engagement) rejudge(criterion string, el report.Element) {
	for _, m := range e.Scope().Matters {
		if slices.Contains(m.Criteria, criterion) {
			e.Matters = slices.DeleteFunc(e.Matters, func(c report.MatterConclusion) bool { return c.ID == m.ID && c.Element == el })
		}
	}
}

// someAchieved reports whether one of the criteria is achieved.
func (e *Engagement) someAchieved(criteria []string, el report.Element) bool {
	return slices.ContainsFunc(report.MattersOf(e.Examination(), e.Scope(), el), func(m report.MatterConclusion) bool {
		return slices.Contains(criteria, m.ID) && m.Conclusion == report.Achieved
	})
}

// compensated reports whether each deviation of a control that stands is compensated for in full by one that is effective now.
func (e *Engagement) compensated(control string) bool {
	list := e.Standing(control)
	for _, d := range list {
		if !slices.ContainsFunc(d.Compensating, func(c report.Compensating) bool {
			return c.Counts() && c.FallsShort == "" && e.Controls[c.Control].Operation == report.Effective
		}) {
			return false
		}
	}
	return len(list) > 0
}

// fits refuses an opinion that the facts cannot give (handbook 2.4): none is modified without a matter that modifies it, none unqualified over one,
// none adverse where nothing is known to have failed, and none disclaimed where all could be seen.
func (e *Engagement) fits(o report.Opinion, p report.Proposal) error {
	hint := "conclude on the matters first: they, and not the opinion, are what is judged"
	failed := slices.ContainsFunc(report.MattersOf(e.Examination(), e.Scope(), p.Element), func(m report.MatterConclusion) bool { return m.Conclusion == report.NotAchieved })
	switch {
	case o == report.Unqualified && p.Opinion.Modified():
		return fault.Refuse("the opinion on %s cannot be unqualified: %s", p.Element, p.Reasons[0]).WithHint("%s", hint)
	case o.Modified() && !p.Opinion.Modified():
		return fault.Refuse("the opinion on %s cannot be %s: nothing on record modifies it", p.Element, o).WithHint("%s", hint)
	case o == report.Adverse && !failed:
		return fault.Refuse("the opinion on %s cannot be adverse: nothing is known to have failed; what could not be seen is a limitation", p.Element).WithHint("%s", hint)
	case o == report.Disclaimer && !p.ScopeLimitation:
		return fault.Refuse("the opinion on %s cannot be disclaimed: all evidence could be got", p.Element).WithHint("%s", hint)
	}
	return nil
}

// stands says why an opinion that was decided does not follow any more from what is concluded now.
func (e *Engagement) stands(o report.ElementOpinion, p report.Proposal) error {
	if len(p.Open) > 0 {
		return fault.Refuse("on %s something is still to be concluded: %s", o.Element, p.Open[0])
	}
	if err := e.fits(o.Opinion, p); err != nil {
		return err
	}
	if !slices.Equal(o.Affected, p.Affected) || o.ScopeLimitation != p.ScopeLimitation || o.Pervasive != p.Pervasive {
		return fault.Refuse("the opinion on %s rests on other conclusions than stand now; it is to be decided again", o.Element)
	}
	return nil
}

var concluding = []kind{
	act("conclude_control", Firm, func(e *Engagement, a Act, b report.ControlConclusion) error {
		if e.Planned == nil || !slices.Contains(e.InScope(), b.Control) {
			return fault.Refuse("%s serves nothing in scope", b.Control)
		}
		if err := one("design", string(b.Design), string(report.Effective), string(report.NotEffective), string(report.Untested)); err != nil {
			return err
		}
		if e.Terms.TypeTwo() {
			if err := one("operation", string(b.Operation), string(report.Effective), string(report.NotEffective), string(report.NoneOccurred), string(report.Untested)); err != nil {
				return err
			}
		} else if b.Operation != "" {
			return fault.Refuse("a Type 1 concludes nothing on operation")
		}
		if err := said("reason", b.Reason); err != nil {
			return err
		}
		if err := e.designed(b); err != nil {
			return err
		}
		for _, d := range e.Deviations {
			if d.Control == b.Control {
				if err := d.Ready(); err != nil {
					return err
				}
			}
		}
		if b.Operation == report.Effective {
			if err := e.supported(b.Control); err != nil {
				return err
			}
		}
		if b.Deviating < 0 || b.Deviating > b.Tested {
			return fault.Refuse("%d of %d items deviate; expected no more than were tested", b.Deviating, b.Tested)
		}
		if n := e.items(b.Control); b.Deviating < n {
			return fault.Refuse("%d items deviate, and the deviations that stand are of %d", b.Deviating, n)
		}
		if b.Operation == report.NoneOccurred {
			if b.Tested > 0 {
				return fault.Refuse("%d items were tested: the control had something to do", b.Tested)
			}
			if err := e.zero(b.Control); err != nil {
				return err
			}
		}
		e.reopen(b.Control)
		b.Tolerable, b.Judged = e.Tolerable(b.Control), report.Judged{By: a.By, At: a.At}
		e.Controls[b.Control] = b
		return nil
	}).by(Partner, Manager).in(Fieldwork, WrapUp, Review),

	act("disclose", Firm, func(e *Engagement, _ Act, b report.Exception) error {
		standing := e.Standing(b.Control)
		if len(standing) == 0 {
			return fault.Refuse("%s has no deviation that stands; an exception discloses deviations", b.Control)
		}
		if err := said("text", b.Text); err != nil {
			return err
		}
		if b.ID == "" || b.Deviating < 1 || b.Tested < b.Deviating {
			return fault.Refuse("an exception says how many of how many items deviate")
		}
		i := slices.IndexFunc(e.Exceptions, func(x report.Exception) bool { return x.ID == b.ID })
		if i >= 0 {
			e.Exceptions[i] = b
			return nil
		}
		e.Exceptions = append(e.Exceptions, b)
		return nil
	}).by(Partner, Manager).in(Fieldwork, WrapUp, Review),

	act("conclude_matter", Firm, func(e *Engagement, a Act, b report.MatterConclusion) error {
		if err := one("conclusion", string(b.Conclusion), string(report.Achieved), string(report.NotAchieved), string(report.NotDeterminable), string(report.NoneOccurred)); err != nil {
			return err
		}
		if b.Element != report.TheDescription && !slices.ContainsFunc(e.Scope().Matters, func(m report.Matter) bool { return m.ID == b.ID }) {
			return fault.Refuse("%s is not in scope", b.ID)
		}
		if !slices.Contains(e.Scope().MatterElements(), b.Element) {
			return fault.Refuse("the report has no conclusion on %s", b.Element)
		}
		if len(b.Reasons) == 0 {
			return fault.Refuse("%s: no reason is given; expected why", b.ID)
		}
		if err := e.carried(b); err != nil {
			return err
		}
		for _, r := range b.Reasons {
			if err := said("reason", r); err != nil {
				return err
			}
		}
		b.Judged = report.Judged{By: a.By, At: a.At}
		was := e.conclusionOf(b.ID, b.Element)
		e.Matters = slices.DeleteFunc(e.Matters, func(m report.MatterConclusion) bool { return m.ID == b.ID && m.Element == b.Element })
		e.Matters = append(e.Matters, b)
		if was != b.Conclusion {
			e.rejudge(b.ID, b.Element)
		}
		delete(e.Elements, b.Element)
		return nil
	}).by(Partner, Manager).in(Fieldwork, WrapUp, Review),

	act("limit", Firm, func(e *Engagement, _ Act, b report.Limit) error {
		if !slices.Contains(e.Scope().MatterElements(), b.Element) {
			return fault.Refuse("the report has no conclusion on %s", b.Element)
		}
		if err := said("text", b.Text); err != nil {
			return err
		}
		e.Limits = append(e.Limits, b)
		delete(e.Elements, b.Element)
		return nil
	}).by(Partner, Manager).in(Fieldwork, WrapUp, Review),

	act("conclude_element", Firm, func(e *Engagement, a Act, b report.ElementOpinion) error {
		i := slices.IndexFunc(e.Proposals(), func(p report.Proposal) bool { return p.Element == b.Element })
		if i < 0 {
			return fault.Refuse("the report has no conclusion on %s", b.Element)
		}
		if e.Planned == nil {
			return fault.Refuse("nothing is planned: expected the objectives or criteria in scope")
		}
		p := e.Proposals()[i]
		if len(p.Open) > 0 {
			return fault.Refuse("on %s something is still to be concluded: %s", b.Element, p.Open[0])
		}
		if err := one("conclusion", string(b.Opinion), string(report.Unqualified), string(report.Qualified), string(report.Adverse), string(report.Disclaimer)); err != nil {
			return err
		}
		if err := e.fits(b.Opinion, p); err != nil {
			return err
		}
		if b.Opinion != p.Opinion && len(b.Rationale) < 20 {
			return fault.Refuse("the facts ask for %s; another opinion needs a rationale", p.Opinion)
		}
		if b.Opinion.Modified() && len(b.Basis) == 0 {
			return fault.Refuse("a modified opinion has a basis; expected the matters that give rise to it")
		}
		b.Affected, b.ScopeLimitation, b.Pervasive = p.Affected, p.ScopeLimitation, p.Pervasive
		b.Judged = report.Judged{By: a.By, At: a.At}
		e.Elements[b.Element] = b
		return nil
	}).by(Partner).in(WrapUp, Review).proven(),

	act("include", Firm, func(e *Engagement, _ Act, b Included) error { return e.take(b) }).by(Partner, Manager).in(Fieldwork, WrapUp, Review),

	act("emphasize", Firm, func(e *Engagement, _ Act, b Because) error {
		if err := said("words", b.Words); err != nil {
			return err
		}
		e.Emphasis = append(e.Emphasis, b.Words)
		return nil
	}).by(Partner).in(Fieldwork, WrapUp, Review),

	act("word", Firm, func(e *Engagement, _ Act, b report.Wording) error {
		if err := b.Check(); err != nil {
			return err
		}
		e.Wording = b
		return nil
	}).by(Partner, Manager).in(Planning, Fieldwork, WrapUp, Review),

	act("accept_unmodified", Firm, func(e *Engagement, _ Act, b Because) error {
		if err := said("words", b.Words); err != nil {
			return err
		}
		e.Unmodified = b.Words
		return nil
	}).by(Partner).in(WrapUp, Review),

	act("subsequent_event", Firm, func(e *Engagement, _ Act, b report.Event) error {
		if err := said("text", b.Text); err != nil {
			return err
		}
		if b.On <= e.Terms.End() {
			return fault.Refuse("%s is not after %s; what happened in the report's time is part of it", b.On.Long(), e.Terms.End().Long())
		}
		e.Events = append(e.Events, b)
		return nil
	}).by(Partner, Manager).in(Fieldwork, WrapUp, Review),
}
