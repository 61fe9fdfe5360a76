package oscal

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// results are built test by test.
type results struct {
	*builder
	out *Result
}

// AssessmentResults are what was found: where the facts hold an examination, the service auditor's findings on each matter; else the
// program's own tests of the period, with an observation for each test and for each item that deviates or could not be decided, a finding
// for each test, and a risk for each test with deviations. Without an examination it refuses an as-of date, for which no test of operation
// exists.
func AssessmentResults(f report.Facts) (*Document, error) {
	b, err := newBuilder(f)
	if err != nil {
		return nil, err
	}
	r, err := newResults(b)
	if err != nil {
		return nil, err
	}
	if b.dated() && f.Examination == nil {
		return nil, fault.Refuse("assessment results need a period: no operation of controls is tested as of a date")
	}
	plan, err := b.planResource()
	if err != nil {
		return nil, err
	}
	r.out.LocalDefinitions = b.local()
	if f.Examination != nil {
		err = r.examined()
	} else {
		r.own()
	}
	if err != nil {
		return nil, err
	}
	d := &Document{AssessmentResults: &Assessment{Metadata: b.auditors("Assessment results"), ImportAP: &Import{Href: "#" + plan.UUID},
		Results: []Result{*r.out}, BackMatter: &BackMatter{Resources: []Resource{plan, b.criteria()}}}}
	d.AssessmentResults.UUID, err = identity(d)
	return d, err
}

// newResults begins results of a time.
func newResults(b *builder) (*results, error) {
	if err := b.testable(); err != nil {
		return nil, err
	}
	r := &results{b, &Result{Title: "Tests " + b.f.When.Words()}}
	switch w := b.f.When.(type) {
	case report.Throughout:
		p := civil.Period(w)
		r.out.UUID = uuid("result", b.f.Organization, p.From.String(), p.To.String(), p.Zone.String())
		r.out.Start, r.out.End = p.Start().In(p.Zone), p.End().In(p.Zone)
	case report.AsOf:
		r.out.UUID = uuid("result", b.f.Organization, w.Date.String(), w.Zone.String())
		r.out.Start, r.out.End = w.Zone.Start(w.Date).In(w.Zone), w.Until().In(w.Zone)
	}
	return r, nil
}

// own are the program's tests.
func (r *results) own() {
	r.out.Description = "Management's own tests of whole populations. A deviation is a fact about one item; what follows from it is concluded by the service auditor, who has not reperformed these tests."
	r.out.ReviewedControls = r.reviewed()
	tested := 0
	for _, c := range r.f.Controls {
		ran := false
		for _, t := range r.f.Results.Controls {
			if t.Control == c.ID {
				r.test(t)
				ran = true
			}
		}
		if ran {
			tested++
		}
	}
	r.out.Props = join(count("controls", len(r.f.Controls)), count("controls-with-a-result", tested))
}

// local are the controls as components, which observations name.
func (b *builder) local() *LocalDefinitions {
	local := &LocalDefinitions{}
	for _, c := range b.f.Controls {
		x := b.control(c)
		x.Status = &Status{State: "other", Remarks: "The program does not record an operating status."}
		local.Components = append(local.Components, x)
	}
	if len(local.Components) == 0 {
		return nil
	}
	return local
}

// planResource stands for the assessment plan of the same facts.
func (b *builder) planResource() (Resource, error) {
	r := Resource{UUID: uuid("tests", b.f.Organization), Title: "Assessment plan", Description: "The assessment plan of the same facts, which the format oscal-plan writes."}
	if len(b.f.Criteria) == 0 {
		r.Description = "No criterion is in scope, so that no assessment plan can be written: each observation holds the sentence of its test."
		return r, nil
	}
	d, err := b.plan()
	if err != nil {
		return r, err
	}
	r.DocumentIDs = []DocumentID{{Identifier: d.AssessmentPlan.UUID}}
	return r, nil
}

// reviewed lists the criteria in scope that a tested control serves.
func (b *builder) reviewed() *Reviewed {
	s := Selection{Description: "The criteria in scope that a tested control serves."}
	for _, cr := range b.f.Criteria {
		if slices.ContainsFunc(b.f.Controls, func(c assure.Control) bool {
			serves := slices.Contains(c.Criteria, cr.ID) || slices.Contains(c.Supporting, cr.ID)
			return serves && slices.ContainsFunc(b.f.Results.Controls, func(t assure.TestResult) bool { return t.Control == c.ID })
		}) {
			s.IncludeControls = append(s.IncludeControls, Control{ID: token(cr.ID)})
		}
	}
	if len(s.IncludeControls) == 0 {
		s.Description = "No criterion in scope is served by a tested control."
	}
	return &Reviewed{Selections: []Selection{s}}
}

// figures are a test's counts, under the names that results.json has for them.
func figures(t assure.TestResult) []Property {
	complete := "not shown"
	if t.Complete() {
		complete = "shown"
	}
	return join(count("population", t.Population), count("not_applicable", t.NotApplicable), count("passed", t.Passed), count("deviating", t.Deviating),
		count("undecided", t.Undecided), count("in_progress", t.InProgress), prop("completeness", complete), prop("outcome", string(t.Outcome)))
}

// named names what is said of a test.
func (r *results) named(t assure.TestResult) func(kind string, more ...string) string {
	name := []string{r.f.Organization, r.out.UUID, t.Control, t.Test, strconv.Itoa(t.Version)}
	return func(kind string, more ...string) string { return uuid(slices.Concat([]string{kind}, name, more)...) }
}

// observe adds the observations of a test: of itself, then of its items. A task of the plan is named only where there is one.
func (r *results) observe(t assure.TestResult, by []Origin) []Related {
	id := r.named(t)
	o := Observation{UUID: id("observation"), Title: markup(t.Test + ", version " + strconv.Itoa(t.Version)), Description: markup(t.Sentence),
		Props:   join(figures(t), prop("control", t.Control), prop("test", t.Test), count("version", t.Version), prop("from", t.From.String()), prop("to", t.To.String()), prop("digest", t.Digest)),
		Methods: []string{"TEST"}, Types: []string{"control-objective"}, Origins: by, Subjects: []Subject{{UUID: r.component(t.Control), Type: "component"}},
		Collected: r.modified, Remarks: remarks(t)}
	related := []Related{{UUID: o.UUID}}
	shown := r.items(t, id)
	if len(t.Findings) > len(shown) {
		o.Remarks += " The first " + report.Count(len(shown)) + " of " + report.Count(len(t.Findings)) + " items are observations of their own; the linked file has all."
		o.Links = []Link{{Href: target(r.f.Findings(t)), Rel: "reference", Text: "All findings of the test"}}
	}
	r.out.Observations = append(r.out.Observations, o)
	for _, x := range shown {
		related = append(related, Related{UUID: x.UUID})
	}
	r.out.Observations = append(r.out.Observations, shown...)
	return related
}

func (r *results) test(t assure.TestResult) {
	id := r.named(t)
	var by []Origin
	if len(r.f.Criteria) > 0 {
		by = r.found(r.task(t.Control, ownKey(t)))
	}
	related := r.observe(t, by)
	f := Finding{UUID: id("finding"), Title: markup(t.Control + " " + t.Title), Description: says(t), Props: figures(t), Related: related,
		Target: &Target{Type: "objective-id", ID: token(t.Test), Title: markup(t.Title), Props: prop("test", t.Test), Status: status(t)}}
	if t.Deviating > 0 {
		risk := Risk{UUID: id("risk"), Title: "Deviations of " + markup(t.Test), Description: says(t), Props: figures(t), Status: "open",
			Statement: r.answered(t), Related: related}
		r.out.Risks = append(r.out.Risks, risk)
		f.Risks = []RelatedRisk{{UUID: risk.UUID}}
	}
	r.out.Findings = append(r.out.Findings, f)
}

// items are the deviating and the undecided items, as many as a report shows of one test.
func (r *results) items(t assure.TestResult, id func(string, ...string) string) []Observation {
	var out []Observation
	for i, f := range t.Findings {
		if i == r.f.Rows {
			break
		}
		o := Observation{UUID: id("item", f.Key, string(f.Verdict), strconv.Itoa(i)), Title: markup(report.VerdictWord(f.Verdict) + ": " + f.Key), Description: markup(f.Reason),
			Props:   join(prop("verdict", string(f.Verdict)), prop("key", f.Key), prop("attributes", strings.Join(f.Attributes, ", ")), prop("event_time", f.EventTime)),
			Methods: []string{"TEST"}, Types: []string{"finding"}, Subjects: []Subject{{UUID: r.component(t.Control), Type: "component"}}, Collected: r.modified}
		if a := r.f.Answers[report.ItemRef{Test: t.Test, Item: f.Key}]; f.Verdict == assure.Deviation && a.Text != "" {
			o.Props = join(o.Props, prop("cause", a.Cause), prop("extent", a.Extent))
			o.Remarks = "Management's response: " + markup(a.Text)
		}
		for _, rec := range f.Records {
			o.Props = append(o.Props, prop("record", rec)...)
		}
		out = append(out, o)
	}
	return out
}

// answered says to how many deviations of a test management has responded.
func (b *builder) answered(t assure.TestResult) string {
	n := 0
	for _, f := range t.Findings {
		if f.Verdict == assure.Deviation && b.f.Answers[report.ItemRef{Test: t.Test, Item: f.Key}].Text != "" {
			n++
		}
	}
	return "Management responded to " + report.Count(n) + " of " + report.Plural(t.Deviating, "deviation", "deviations") + ". Its responses were not examined."
}

// says is a test's figures in words.
func says(t assure.TestResult) string {
	n := t.Population - t.NotApplicable
	return report.Count(t.Deviating) + " of " + report.Count(n) + " items tested deviate, " + report.Count(t.Undecided) + " could not be decided, " +
		report.Count(t.Passed) + " passed. The population holds " + report.Plural(t.Population, "item", "items") + ", of which " + report.Count(t.NotApplicable) + " did not need the control."
}

func remarks(t assure.TestResult) string {
	s := "Run by the service organization over every item of its population."
	if t.Blocked != "" {
		s += " Blocked: " + markup(t.Blocked)
	}
	if t.Resolution != "" {
		s += " Resolution: " + markup(t.Resolution)
	}
	return s
}

// status is what OSCAL can say of a test: satisfied or not. Only a test in which every item passed and
// whose population is shown whole is satisfied; the other states are told apart by their remarks and by
// the counts, because none of them is a conclusion that an objective failed.
func status(t assure.TestResult) *Status {
	s := report.StandingOf(t)
	if s == report.Clean {
		return &Status{State: "satisfied", Reason: "pass", Remarks: "Every item passed in management's own test. No opinion has been issued."}
	}
	why := map[report.Standing]string{
		report.NoOccurrence: "The event did not occur, so the operation of the control was not tested. This is no failure.",
		report.Unproven:     "No item deviates, but nothing shows that the population is whole.",
		report.HasUndecided: "No item deviates, but some could not be decided.",
		report.Gap:          "The population is empty and nothing shows that it should be.",
		report.Blocked:      "The test could not be run.",
		report.Deviates:     "At least one item deviates. Whether an exception follows is concluded by the service auditor.",
	}[s]
	return &Status{State: "not-satisfied", Reason: "other", Remarks: s.Word() + ". " + why}
}
