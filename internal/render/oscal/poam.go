package oscal

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// POAM is the plan of action and milestones: an item for each exception of an examination, for each test of the auditor that found
// deviations of which no exception tells, for each matter that the auditor concluded is not achieved, and for each test of the program with
// deviations, but where an exception tells of the same test; of a date, for each walkthrough that saw something else than is described.
// Responses and plans are management's; it holds none that management did not give. due are the days on which management means to be done
// with what it answered to deviations, in the zone of the report: the milestones. POAM refuses facts in which nothing stands, because OSCAL
// knows no plan without an item.
func POAM(f report.Facts, due map[report.ItemRef]civil.Date) (*Document, error) {
	b, err := newBuilder(f)
	if err != nil {
		return nil, err
	}
	r, err := newResults(b)
	if err != nil {
		return nil, err
	}
	ssp, err := b.sspResource()
	if err != nil {
		return nil, err
	}
	a := &actions{results: r, due: due}
	a.own()
	if f.Examination != nil {
		r.out.UUID = uuid("examination", r.out.UUID, f.Examination.Firm.Name)
		a.examined()
	}
	if len(a.items) == 0 {
		return nil, fault.Refuse("a plan of action and milestones needs at least one exception or deviation that stands, and there is none")
	}
	m := b.metadata("Plan of action and milestones")
	b.withFirm(m)
	m.Remarks = "DRAFT. Responses and plans are management's and were not examined."
	d := &Document{ActionPlan: &ActionPlan{Metadata: m, ImportSSP: &Import{Href: "#" + ssp.UUID},
		SystemID:         &SystemID{IdentifierType: "http://ietf.org/rfc/rfc4122", ID: uuid("this-system", b.f.Organization, b.f.System)},
		LocalDefinitions: b.local(), Observations: r.out.Observations, Risks: r.out.Risks, Findings: r.out.Findings, Items: a.items,
		BackMatter: &BackMatter{Resources: []Resource{ssp, b.criteria()}}}}
	d.ActionPlan.UUID, err = identity(d)
	return d, err
}

// actions is a plan of action while it is built.
type actions struct {
	*results
	due   map[report.ItemRef]civil.Date
	items []ActionItem
}

// itself is management as the one who found or answered something.
func (a *actions) itself() []Origin {
	return []Origin{{Actors: []Actor{{Type: "party", UUID: party(a.f.Organization)}}}}
}

// own adds an item for each test of the program with deviations.
func (a *actions) own() {
	if a.dated() {
		a.walked() // of a date no operation is tested
		return
	}
	for _, c := range a.f.Controls {
		for _, t := range a.f.Results.Controls {
			if t.Control != c.ID || t.Deviating == 0 || a.told(t) {
				continue
			}
			id := a.named(t)
			related := a.observe(t, a.itself())
			title := "Deviations of " + markup(t.Test) + ", version " + strconv.Itoa(t.Version)
			risk := Risk{UUID: id("risk"), Title: title, Description: says(t), Props: figures(t), Status: "open", Statement: a.answered(t), Related: related,
				Remediation: a.remediations(t, id)}
			a.out.Risks = append(a.out.Risks, risk)
			a.items = append(a.items, ActionItem{UUID: id("item-of-plan"), Title: title, Description: says(t), Origins: a.itself(), Related: related,
				Props: join(prop("found-by", "management"), prop("control", t.Control), prop("test", t.Test), count("deviating", t.Deviating)),
				Risks: []RelatedRisk{{UUID: risk.UUID}}, Remarks: a.answered(t)})
		}
	}
}

// walked adds an item for each walkthrough that saw something else than is described.
func (a *actions) walked() {
	if a.f.Examination != nil {
		return // what the auditor saw decides
	}
	for _, c := range a.f.Controls {
		w := a.f.Walked[c.ID]
		if w.Differs == "" {
			continue
		}
		o := Observation{UUID: uuid("walkthrough", a.out.UUID, c.ID), Title: "Walkthrough of " + markup(c.ID), Description: markup(w.Differs), Props: join(prop("control", c.ID), prop("item", w.Item)),
			Methods: []string{"EXAMINE"}, Types: []string{"finding"}, Origins: a.itself(), Subjects: []Subject{{UUID: a.component(c.ID), Type: "component"}}, Collected: a.zone().Start(w.On).In(a.zone())}
		a.out.Observations = append(a.out.Observations, o)
		a.items = append(a.items, ActionItem{UUID: uuid("item-of-plan", o.UUID), Title: o.Title, Description: "What was seen differs from what is described: " + o.Description,
			Props: join(prop("found-by", "management"), prop("control", c.ID)), Origins: a.itself(), Related: []Related{{UUID: o.UUID}}, Remarks: "No response of management is recorded."})
	}
}

// told reports whether an exception of the auditor tells of a test's deviations.
func (a *actions) told(t assure.TestResult) bool {
	e := a.f.Examination
	return e != nil && slices.ContainsFunc(e.Exceptions, func(x report.Exception) bool {
		return x.Control == t.Control && (x.Test == "" || x.Test == t.Test)
	})
}

// remediations are management's answers with a day on which what they say is done: each once, with the items that it answers.
func (a *actions) remediations(t assure.TestResult, id func(string, ...string) string) []Response {
	type key struct {
		report.Answer
		due civil.Date
	}
	items := map[key][]string{}
	for _, f := range t.Findings {
		ref := report.ItemRef{Test: t.Test, Item: f.Key}
		answer, due := a.f.Answers[ref], a.due[ref]
		if f.Verdict == assure.Deviation && answer.Text != "" && due != 0 {
			k := key{answer, due}
			items[k] = append(items[k], f.Key)
		}
	}
	order := slices.SortedFunc(maps.Keys(items), func(x, y key) int {
		return cmp.Or(cmp.Compare(x.due, y.due), strings.Compare(x.Text, y.Text), strings.Compare(x.Cause, y.Cause), strings.Compare(x.Extent, y.Extent))
	})
	var out []Response
	for _, k := range order {
		of := []string{k.Text, k.Cause, k.Extent, k.due.String()}
		r := Response{UUID: id("remediation", of...), Lifecycle: "planned", Title: "Management's response", Description: markup(k.Text), Origins: a.itself(),
			Props: join(prop("cause", k.Cause), prop("extent", k.Extent)), Remarks: "Management's words, which were not examined."}
		for _, item := range items[k] {
			r.Props = append(r.Props, prop("item", item)...)
		}
		r.Tasks = []Task{{UUID: id("milestone", of...), Type: "milestone", Title: "Done by " + k.due.Long(), Timing: &Timing{OnDate: &OnDate{Date: a.zone().Start(k.due).In(a.zone())}}}}
		out = append(out, r)
	}
	return out
}

// zone is that of the report.
func (b *builder) zone() civil.Zone {
	switch w := b.f.When.(type) {
	case report.Throughout:
		return w.Zone
	case report.AsOf:
		return w.Zone
	}
	return civil.Zone{}
}

// examined adds the items that a service auditor's work asks for.
func (a *actions) examined() {
	e := a.f.Examination
	for i, x := range e.Exceptions {
		o, risk := a.exception(i)
		if x.Plan != "" {
			risk.Remediation = []Response{{UUID: uuid("plan", risk.UUID), Lifecycle: "planned", Title: "Management's plan", Description: markup(x.Plan), Origins: a.itself(),
				Props: prop("given-by", x.ResponseBy), Remarks: "Management's words, which were not examined. No date is recorded."}}
		}
		item := ActionItem{UUID: uuid("item-of-plan", o.UUID), Title: o.Title, Description: o.Description, Origins: a.found(""), Related: []Related{{UUID: o.UUID}},
			Props: join(prop("found-by", "service-auditor"), o.Props), Risks: []RelatedRisk{{UUID: risk.UUID}}, Remarks: "No response of management is recorded."}
		if x.Response != "" {
			item.Remarks = "Management's response: " + markup(x.Response) + " (Management's words, which were not examined.)"
		}
		a.out.Observations, a.out.Risks, a.items = append(a.out.Observations, o), append(a.out.Risks, risk), append(a.items, item)
	}
	for _, p := range a.planned() {
		if t := *p.tested; t.Deviating == 0 || slices.ContainsFunc(e.Exceptions, func(x report.Exception) bool { return tells(x, t) }) {
			continue
		}
		o := a.tested(p)
		o.Origins = a.found("")
		a.out.Observations = append(a.out.Observations, o)
		a.items = append(a.items, ActionItem{UUID: uuid("item-of-plan", o.UUID), Title: "Deviations: " + o.Title, Description: o.Description, Origins: a.found(""), Related: []Related{{UUID: o.UUID}},
			Props: join(prop("found-by", "service-auditor"), o.Props), Remarks: "No exception tells of these deviations, and no response of management is recorded."})
	}
	a.unachieved()
}

// unachieved adds an item for each matter that is not achieved.
func (a *actions) unachieved() {
	s := a.scope()
	for _, el := range s.Elements() {
		for i, m := range report.MattersOf(*a.f.Examination, s, el) {
			if m.Conclusion != report.NotAchieved {
				continue
			}
			f := a.matter(m, i)
			a.out.Findings = append(a.out.Findings, f)
			a.items = append(a.items, ActionItem{UUID: uuid("item-of-plan", f.UUID), Title: f.Title, Description: f.Description, Origins: a.found(""), Findings: []RelatedFinding{{UUID: f.UUID}},
				Props: join(prop("found-by", "service-auditor"), f.Props), Remarks: "Management's responses stand with the exceptions, where there are any."})
		}
	}
}
