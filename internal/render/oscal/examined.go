package oscal

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// examined are a service auditor's findings: an observation for each test and each exception, a risk for each exception, and a finding for
// each matter that was concluded. A matter on which somebody still has to conclude has none.
func (r *results) examined() error {
	e := r.f.Examination
	r.out.UUID = uuid("examination", r.out.UUID, e.Firm.Name)
	r.out.Title = "Examination by " + markup(e.Firm.Name) + ", " + r.f.When.Words()
	r.out.Description = "What the service auditor tested and concluded. An exception is disclosed whether or not it modifies an opinion."
	r.out.ReviewedControls = r.reviewing(func(string) bool { return true }, "The criteria in scope that are relevant to the system.")
	tests := map[string][]Related{} // by control
	for _, p := range r.planned() {
		o := r.tested(p)
		r.out.Observations = append(r.out.Observations, o)
		tests[p.tested.Control] = append(tests[p.tested.Control], Related{UUID: o.UUID})
	}
	exceptions := make([]Related, len(e.Exceptions))
	for i := range e.Exceptions {
		o, risk := r.exception(i)
		r.out.Observations, r.out.Risks = append(r.out.Observations, o), append(r.out.Risks, risk)
		exceptions[i] = Related{UUID: o.UUID}
	}
	open := r.concluded(tests, exceptions)
	r.out.Props = join(count("controls", len(r.f.Controls)), count("tests", len(e.Tests)), count("exceptions", len(e.Exceptions)), count("matters-not-concluded", len(open)))
	if len(open) > 0 {
		r.out.Remarks = "Not concluded yet: " + markup(strings.Join(open, "; ")) + "."
	}
	if e.Issued {
		return r.attest(open)
	}
	return nil
}

// tested is the observation of a test.
func (r *results) tested(p planned) Observation {
	t := p.tested
	o := Observation{UUID: uuid("observation", r.out.UUID, p.task), Title: p.activity.Title, Types: []string{"control-objective"}, Origins: r.found(p.task),
		Subjects: []Subject{{UUID: r.component(t.Control), Type: "component"}}, Collected: r.modified,
		Props: join(prop("control", t.Control), prop("test", t.Test), prop("outcome", string(t.Outcome)))}
	for _, x := range t.Procedures {
		if m := method(x.Kind); !slices.Contains(o.Methods, m) {
			o.Methods = append(o.Methods, m)
		}
	}
	if len(o.Methods) == 0 {
		o.Methods = []string{"UNKNOWN"}
	}
	switch t.Outcome {
	case report.DidNotOccur:
		o.Description = "The event did not occur, so the operation of the control was not tested. This is no failure. " + markup(t.Why)
	case report.NotTested:
		o.Description = "Not tested. " + markup(t.Why)
	default:
		n := t.Extent.Tested - t.Exempt
		o.Description = report.Count(t.Deviating) + " of " + report.Plural(n, "item", "items") + " tested deviate. " + extent(t.Extent)
		o.Props = join(o.Props, p.subject.Props, count("not_applicable", t.Exempt), count("deviating", t.Deviating))
	}
	var more []string
	for _, a := range t.Attributes {
		if t.Outcome == report.TestRun {
			more = append(more, "Attribute "+markup(a.ID)+", "+markup(a.Text)+": "+report.Plural(a.Deviating, "deviation", "deviations")+".")
		}
	}
	for _, x := range t.Reservations {
		s := "Reservation: " + markup(x.Text)
		if x.Reason != "" {
			s += " The conclusion rests on it nevertheless: " + markup(x.Reason)
		}
		more = append(more, s)
	}
	for _, n := range t.Notes {
		more = append(more, markup(n))
	}
	o.Remarks = strings.Join(more, "\n\n")
	return o
}

// exception is the observation and the risk of the i-th exception.
func (r *results) exception(i int) (Observation, Risk) {
	x := r.f.Examination.Exceptions[i]
	id := func(kind string) string { return uuid(kind, r.out.UUID, x.ID, strconv.Itoa(i)) }
	figures := join(prop("exception", x.ID), prop("control", x.Control), prop("test", x.Test), count("deviating", x.Deviating), count("tested", x.Tested),
		prop("cause", x.Cause), prop("spread", x.Spread), prop("affects", strings.Join(x.Affects, ", ")))
	o := Observation{UUID: id("exception"), Title: "Exception " + markup(x.ID) + " of " + markup(x.Control), Description: markup(x.Text), Props: figures,
		Methods: r.methodsOf(x), Types: []string{"finding"}, Origins: r.found(""), Subjects: []Subject{{UUID: r.component(x.Control), Type: "component"}}, Collected: r.modified}
	risk := Risk{UUID: id("risk"), Title: o.Title, Description: markup(x.Text), Statement: "The nature of the deviations is not stated.", Props: figures, Status: "open", Related: []Related{{UUID: o.UUID}}}
	if x.Nature != "" {
		risk.Statement = markup(x.Nature)
	}
	if c := x.Compensating; c.Counts() && r.knows(c.Control) {
		text := markup(c.Control) + " was tested, was in force when the deviations happened, and is described."
		if c.Text != "" {
			text += " " + markup(c.Text)
		}
		if c.FallsShort != "" {
			text += " It falls short: " + markup(c.FallsShort)
		}
		risk.Mitigating = []Mitigating{{UUID: id("compensating"), Description: text, Props: prop("control", c.Control), Subjects: []Subject{{UUID: r.component(c.Control), Type: "component"}}}}
	}
	return o, risk
}

// methodsOf are those of the tests that found an exception.
func (b *builder) methodsOf(x report.Exception) []string {
	var out []string
	for _, t := range b.f.Examination.Tests {
		if !tells(x, t) {
			continue
		}
		for _, p := range t.Procedures {
			if m := method(p.Kind); !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	if len(out) == 0 {
		return []string{"UNKNOWN"}
	}
	return out
}

// tells reports whether an exception tells of what a test found. One that names no test is of any of its control, and so is a test
// without a name.
func tells(x report.Exception, t report.TestedControl) bool {
	return x.Control == t.Control && t.Deviating > 0 && (x.Test == t.Test || x.Test == "" || t.Test == "")
}

// concluded adds a finding for each matter of each element that was concluded, and returns the others.
func (r *results) concluded(tests map[string][]Related, exceptions []Related) (open []string) {
	e, scope := *r.f.Examination, r.scope()
	for _, el := range scope.Elements() {
		for i, m := range report.MattersOf(e, scope, el) {
			if m.Conclusion == "" {
				open = append(open, m.ID+" ("+string(el)+")")
				continue
			}
			f := r.matter(m, i)
			for _, k := range scope.Matters {
				for _, c := range k.Controls {
					if k.ID == m.ID && el != report.TheDescription {
						f.Related = append(f.Related, tests[c]...)
					}
				}
			}
			for i, x := range e.Exceptions {
				if el == report.Operation && slices.Contains(x.Affects, m.ID) {
					f.Related = append(f.Related, exceptions[i])
					f.Risks = append(f.Risks, RelatedRisk{UUID: r.out.Risks[i].UUID})
				}
			}
			r.out.Findings = append(r.out.Findings, f)
		}
	}
	return open
}

// matter is the finding on one matter, without what it rests on.
func (r *results) matter(m report.MatterConclusion, i int) Finding {
	basis, s := "follows-from-controls", matterStatus(m)
	if slices.ContainsFunc(r.f.Examination.Matters, func(x report.MatterConclusion) bool { return x.Element == m.Element && x.ID == m.ID }) {
		basis = "concluded"
	} else {
		s.Remarks = "Nobody concluded on it itself; this follows from the service auditor's conclusions on its controls: " + markup(strings.Join(m.Reasons, "; ")) + "."
	}
	return Finding{UUID: uuid("finding", r.out.UUID, string(m.Element), m.ID, strconv.Itoa(i)), Title: markup(m.ID) + ": " + report.ElementWords(m.Element), Description: s.Remarks,
		Props:  join(prop("matter", m.ID), prop("element", string(m.Element)), prop("conclusion", string(m.Conclusion)), prop("basis", basis), prop("pervasive", pervasive(m))),
		Target: &Target{Type: "objective-id", ID: objective(m.Element, m.ID), Title: markup(m.ID), Props: join(prop("matter", m.ID), prop("element", string(m.Element))), Status: s}}
}

func pervasive(m report.MatterConclusion) string {
	if m.Pervasive && m.Conclusion != report.Achieved {
		return "true"
	}
	return ""
}

// matterStatus is what OSCAL can say of a conclusion. Only what was achieved is satisfied; that nothing occurred, or that evidence could
// not be got, is told apart from a failure by the reason and the remarks.
func matterStatus(m report.MatterConclusion) *Status {
	because := ""
	if len(m.Reasons) > 0 {
		because = " " + markup(strings.Join(m.Reasons, "; "))
	}
	switch m.Conclusion {
	case report.Achieved:
		return &Status{State: "satisfied", Reason: "pass", Remarks: "The service auditor concluded that it is achieved."}
	case report.NotAchieved:
		return &Status{State: "not-satisfied", Reason: "fail", Remarks: "The service auditor concluded that it is not achieved." + because}
	case report.NoneOccurred:
		return &Status{State: "not-satisfied", Reason: "other", Remarks: "The controls that serve it had nothing to do, so their operation was not tested. This is no failure." + because}
	}
	return &Status{State: "not-satisfied", Reason: "other", Remarks: "Evidence could not be got, so it could not be determined whether it is achieved." + because}
}

// attest adds the opinions of a report that was issued. It refuses one that is not whole, or that is milder than its conclusions.
func (r *results) attest(open []string) error {
	e := r.f.Examination
	switch {
	case e.ReportDate == 0:
		return fault.Refuse("an issued report has a date, and this one has none")
	case len(e.Elements) == 0:
		return fault.Refuse("an issued report holds an opinion, and this one holds none")
	case len(open) > 0:
		return fault.Refuse("the report is issued, and %s is not concluded", open[0])
	}
	a := Attestation{Responsible: []ResponsibleParty{{RoleID: "assessor", PartyUUIDs: []string{party(e.Firm.Name)}}}}
	for _, o := range e.Elements {
		for _, f := range r.out.Findings {
			if r := f.Target.Status.Reason; !o.Opinion.Modified() && find(f.Props, "element") == string(o.Element) && failed(find(f.Props, "conclusion")) {
				return fault.Refuse("the opinion on %s is unqualified, and %s is not achieved (%s)", report.ElementWords(o.Element), find(f.Props, "matter"), r)
			}
		}
		prose := []string{"Opinion on " + report.ElementWords(o.Element) + ": " + string(o.Opinion) + "."}
		for _, x := range o.Basis {
			prose = append(prose, markup(x))
		}
		a.Parts = append(a.Parts, Part{Name: "opinion", Title: report.ElementWords(o.Element), Prose: strings.Join(prose, "\n\n"),
			Props: join(prop("element", string(o.Element)), prop("opinion", string(o.Opinion)), prop("affected", strings.Join(o.Affected, ", ")))})
	}
	r.out.Attestations = []Attestation{a}
	return nil
}

func failed(conclusion string) bool {
	return conclusion == string(report.NotAchieved) || conclusion == string(report.NotDeterminable)
}

// find returns the value of one of our properties.
func find(ps []Property, name string) string {
	for _, p := range ps {
		if p.Name == name && p.NS == Namespace {
			return p.Value
		}
	}
	return ""
}
