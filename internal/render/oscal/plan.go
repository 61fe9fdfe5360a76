package oscal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// AssessmentPlan says what is tested, how, and of what: the service auditor's tests where the facts hold an examination, else the
// program's own over whole populations or, of a date, a walkthrough of each control. It holds no result. It refuses facts without a
// criterion or a time, and an examination that speaks of controls which the facts do not hold.
func AssessmentPlan(f report.Facts) (*Document, error) {
	b, err := newBuilder(f)
	if err != nil {
		return nil, err
	}
	return b.plan()
}

func (b *builder) plan() (*Document, error) {
	if err := b.testable(); err != nil {
		return nil, err
	}
	if len(b.f.Criteria) == 0 {
		return nil, fault.Refuse("an assessment plan needs at least one criterion in scope").WithHint("choose the categories of the report")
	}
	ssp, err := b.sspResource()
	if err != nil {
		return nil, err
	}
	p := &AssessPlan{Metadata: b.auditors("Assessment plan"), ImportSSP: &Import{Href: "#" + ssp.UUID}, Terms: b.terms(),
		ReviewedControls: b.reviewing(func(string) bool { return true }, "The criteria in scope that are relevant to the system."),
		Assets:           b.assets(), BackMatter: &BackMatter{Resources: []Resource{ssp, b.criteria()}}}
	def := &PlanDefinitions{Objectives: b.objectives()}
	all := AssessmentSubject{Type: "component", Description: "The controls that are tested. Of which items, each task says."}
	for _, x := range b.planned() {
		def.Activities = append(def.Activities, x.activity)
		p.Tasks = append(p.Tasks, Task{UUID: x.task, Type: "action", Title: x.activity.Title,
			Activities: []AssociatedActivity{{ActivityUUID: x.activity.UUID, Subjects: []AssessmentSubject{x.subject}}}})
		for _, s := range x.subject.Include {
			if !slices.ContainsFunc(all.Include, func(have Subject) bool { return have.UUID == s.UUID }) {
				all.Include = append(all.Include, s)
			}
		}
	}
	if len(def.Objectives)+len(def.Activities) > 0 {
		p.LocalDefinitions = def
	}
	if len(all.Include) > 0 {
		p.Subjects = []AssessmentSubject{all}
	}
	d := &Document{AssessmentPlan: p}
	p.UUID, err = identity(d)
	return d, err
}

// testable refuses what no document about tests can be written of.
func (b *builder) testable() error {
	switch b.f.When.(type) {
	case report.Throughout, report.AsOf:
	default:
		return fault.Refuse("an assessment needs a period or an as-of date")
	}
	e := b.f.Examination
	if e == nil {
		return nil
	}
	if strings.TrimSpace(e.Firm.Name) == "" {
		return fault.Refuse("the examination has no firm; expected the name of the service auditor")
	}
	for _, t := range e.Tests {
		if !b.knows(t.Control) {
			return fault.Refuse("the test of %s: the program holds no control of this name", t.Control)
		}
	}
	for _, x := range e.Exceptions {
		if !b.knows(x.Control) {
			return fault.Refuse("exception %s: the program holds no control %q", x.ID, x.Control)
		}
	}
	return nil
}

func (b *builder) knows(control string) bool {
	return slices.ContainsFunc(b.f.Controls, func(c assure.Control) bool { return c.ID == control })
}

// sspResource stands for the system security plan of the same facts.
func (b *builder) sspResource() (Resource, error) {
	r := Resource{UUID: uuid("ssp", b.f.Organization, b.f.System), Title: "System security plan",
		Description: "The system security plan of the same facts, which the format oscal-ssp writes."}
	if len(b.f.Criteria) == 0 {
		r.Description = "No criterion is in scope, so that no system security plan can be written."
		return r, nil
	}
	d, err := SSP(b.f)
	if err != nil {
		return r, err
	}
	r.DocumentIDs = []DocumentID{{Identifier: d.SystemSecurityPlan.UUID}}
	return r, nil
}

// serves reports whether a control is held against a criterion or an objective.
func serves(c assure.Control, id string) bool {
	return slices.Contains(c.Criteria, id) || slices.Contains(c.Supporting, id) || slices.Contains(c.Objectives, id)
}

// reviewing selects criteria in scope that are relevant to the system and, of an examination, what is concluded of each.
func (b *builder) reviewing(want func(criterion string) bool, description string) *Reviewed {
	s := Selection{Description: description}
	o := ObjectiveSelection{Description: "What is concluded of each criterion."}
	for _, m := range b.scope().Matters {
		if !want(m.ID) {
			continue
		}
		s.IncludeControls = append(s.IncludeControls, Control{ID: token(m.ID)})
		if b.f.Examination != nil {
			for _, el := range b.elements() {
				o.Include = append(o.Include, Objective{ID: objective(el, m.ID)})
			}
		}
	}
	if len(s.IncludeControls) == 0 {
		s.Description = "No criterion is selected."
	}
	r := &Reviewed{Selections: []Selection{s}}
	if len(o.Include) > 0 {
		r.Objectives = []ObjectiveSelection{o}
	}
	return r
}

// scope is what a service auditor concludes on.
func (b *builder) scope() report.Scope {
	_, two := b.f.When.(report.Throughout)
	s := report.Scope{TypeTwo: two}
	for _, cr := range b.f.Criteria {
		if b.f.Reasons[cr.ID] != "" {
			continue
		}
		m := report.Matter{ID: cr.ID}
		for _, c := range b.f.Controls {
			if serves(c, cr.ID) {
				m.Controls = append(m.Controls, c.ID)
			}
		}
		s.Matters = append(s.Matters, m)
	}
	return s
}

// elements are those on which each criterion is concluded.
func (b *builder) elements() []report.Element {
	return slices.DeleteFunc(b.scope().Elements(), func(el report.Element) bool { return el == report.TheDescription })
}

// objective is the identifier of what is concluded of a matter.
func objective(el report.Element, matter string) string { return token(matter + "_" + string(el)) }

// objectives are defined here, because the criteria belong to their publisher and define none.
func (b *builder) objectives() []LocalObjective {
	if b.f.Examination == nil {
		return nil
	}
	var out []LocalObjective
	for _, m := range b.scope().Matters {
		o := LocalObjective{ControlID: token(m.ID)}
		for _, el := range b.elements() {
			o.Parts = append(o.Parts, Part{ID: objective(el, m.ID), Name: "assessment-objective", Props: join(prop("matter", m.ID), prop("element", string(el))),
				Prose: "Conclude on " + report.ElementWords(el) + " that serve " + markup(m.ID) + "."})
		}
		out = append(out, o)
	}
	return out
}

// planned is one test that is to be done.
type planned struct {
	task     string // the task's UUID
	activity Activity
	subject  AssessmentSubject
	tested   *report.TestedControl // of a service auditor
}

// planned are the tests in the order of the controls.
func (b *builder) planned() []planned {
	var out []planned
	for _, c := range b.f.Controls {
		switch {
		case b.f.Examination != nil:
			n := 0
			for i := range b.f.Examination.Tests {
				if t := &b.f.Examination.Tests[i]; t.Control == c.ID {
					n++
					out = append(out, b.auditorsTest(c, t, n))
				}
			}
		case b.dated():
			p := b.test(c, "walkthrough", "Walkthrough of "+c.ID+" "+c.Title, "One instance of the control is walked through, to see that it is in place.")
			p.subject.Description = "One instance of the control."
			out = append(out, p)
		default:
			for i := range b.f.Results.Controls {
				if t := &b.f.Results.Controls[i]; t.Control == c.ID {
					out = append(out, b.ownTest(c, t))
				}
			}
		}
	}
	return out
}

func (b *builder) dated() bool {
	_, ok := b.f.When.(report.AsOf)
	return ok
}

// test is what all tests of a control have.
func (b *builder) test(c assure.Control, key, title, description string) planned {
	p := planned{task: b.task(c.ID, key), subject: AssessmentSubject{Type: "component", Include: []Subject{{UUID: b.component(c.ID), Type: "component"}}}}
	p.activity = Activity{UUID: uuid("activity", p.task), Title: markup(strings.TrimSpace(title)), Description: markup(description), Props: prop("control", c.ID)}
	related := b.reviewing(func(id string) bool { return serves(c, id) }, "The criteria in scope that the control serves.")
	if len(related.Selections[0].IncludeControls) > 0 {
		p.activity.Related = related
	}
	return p
}

// task is the name of the task of a test, in the plan and wherever its results speak of it.
func (b *builder) task(control, key string) string {
	firm := ""
	if e := b.f.Examination; e != nil {
		firm = e.Firm.Name
	}
	return uuid("task", b.f.Organization, firm, b.when(), control, key)
}

func ownKey(t assure.TestResult) string { return t.Test + "\n" + strconv.Itoa(t.Version) }

// ownTest is a test that the program runs over a whole population.
func (b *builder) ownTest(c assure.Control, t *assure.TestResult) planned {
	p := b.test(c, ownKey(*t), t.Test+", version "+strconv.Itoa(t.Version), t.Sentence)
	p.activity.Props = join(p.activity.Props, prop("test", t.Test), count("version", t.Version), prop("from", t.From.String()), prop("to", t.To.String()), prop("method", "TEST"))
	for i, a := range t.Attributes {
		p.activity.Steps = append(p.activity.Steps, Step{UUID: uuid("step", p.task, strconv.Itoa(i), a.ID), Title: "Attribute " + markup(a.ID), Description: markup(a.Text), Props: prop("attribute", a.ID)})
	}
	p.subject.Description = "Every item of the population"
	if c.Unit != "" {
		p.subject.Description += ": " + markup(c.Unit)
	}
	p.subject.Props = join(prop("extent", string(report.Whole)), count("population", t.Population), prop("registers", strings.Join(t.Registers, ", ")))
	return p
}

// auditorsTest is the n-th test of a control by a service auditor.
func (b *builder) auditorsTest(c assure.Control, t *report.TestedControl, n int) planned {
	title := "Test of " + c.ID + " " + t.Test
	if t.Version > 0 {
		title = strings.TrimSpace(title) + ", version " + strconv.Itoa(t.Version)
	}
	p := b.test(c, t.Test+"\n"+strconv.Itoa(t.Version)+"\n"+strconv.Itoa(n), title, c.Statement)
	p.tested = t
	p.activity.Props = join(p.activity.Props, prop("test", t.Test))
	if t.Version > 0 {
		p.activity.Props = append(p.activity.Props, count("version", t.Version)...)
	}
	if t.From != 0 && t.To != 0 {
		p.activity.Props = join(p.activity.Props, prop("from", t.From.String()), prop("to", t.To.String()))
	}
	for i, x := range t.Procedures {
		p.activity.Steps = append(p.activity.Steps, Step{UUID: uuid("step", p.task, strconv.Itoa(i), string(x.Kind)), Title: markup(report.ProcedureWord(x.Kind)), Description: markup(x.Text),
			Props: join(prop("procedure", string(x.Kind)), prop("method", method(x.Kind)))})
	}
	for i, a := range t.Attributes {
		p.activity.Steps = append(p.activity.Steps, Step{UUID: uuid("step", p.task, "attribute", strconv.Itoa(i), a.ID), Title: "Attribute " + markup(a.ID), Description: markup(a.Text), Props: prop("attribute", a.ID)})
	}
	p.subject.Description = "No extent is recorded."
	if t.Outcome == report.TestRun {
		p.subject.Description = extent(t.Extent)
		p.subject.Props = join(prop("extent", string(t.Extent.Kind)), count("items", t.Extent.Tested), count("population", t.Extent.Population), prop("selection", t.Extent.Method))
		if t.Extent.Completely != "" {
			p.subject.Remarks = markup(t.Extent.Completely)
		}
	}
	return p
}

// method is a procedure in OSCAL's words.
func method(k report.ProcedureKind) string {
	switch k {
	case report.Inquiry:
		return "INTERVIEW"
	case report.Observation, report.Inspection:
		return "EXAMINE"
	case report.Reperformance:
		return "TEST"
	}
	return "UNKNOWN"
}

// extent says of how many items of how many.
func extent(x report.Extent) string {
	switch x.Kind {
	case report.Whole:
		return "The whole population: " + report.Plural(x.Population, "item", "items") + "."
	case report.Sampled:
		return fmt.Sprintf("A selection: %s of %s, by %s.", report.Count(x.Tested), report.Plural(x.Population, "item", "items"), markup(x.Method))
	case report.Instance:
		if x.Reason != "" {
			return "One instance: " + markup(x.Reason)
		}
	}
	return "One instance."
}
