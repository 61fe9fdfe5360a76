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

// AssessmentResults are the tests of the period: an observation for each test and for each item that
// deviates or could not be decided, a finding for each test, a risk for each test with deviations. It
// refuses an as-of date, for which no test of operation exists.
func AssessmentResults(f report.Facts) (*Document, error) {
	b, err := newBuilder(f)
	if err != nil {
		return nil, err
	}
	through, ok := f.When.(report.Throughout)
	if !ok {
		return nil, fault.Refuse("assessment results need a period: no operation of controls is tested as of a date")
	}
	p := civil.Period(through)
	plan := Resource{UUID: uuid("tests", b.f.Organization), Title: "Tests of the program",
		Description: "There is no separate assessment plan: each observation holds the sentence of its test, which was run over its whole population by the service organization."}
	r := &results{b, &Result{UUID: uuid("result", b.f.Organization, p.From.String(), p.To.String(), p.Zone.String()),
		Title: "Tests " + b.f.When.Words(), Start: p.Start().In(p.Zone), End: p.End().In(p.Zone),
		Description:      "Management's own tests of whole populations. A deviation is a fact about one item; what follows from it is concluded by the service auditor, who has not reperformed these tests.",
		ReviewedControls: b.reviewed()}}
	tested := 0
	local := &LocalDefinitions{}
	for _, c := range b.f.Controls {
		x := b.control(c)
		x.Status = &Status{State: "other", Remarks: "The program does not record an operating status."}
		local.Components = append(local.Components, x)
		ran := false
		for _, t := range b.f.Results.Controls {
			if t.Control == c.ID {
				r.test(t)
				ran = true
			}
		}
		if ran {
			tested++
		}
	}
	if len(local.Components) > 0 {
		r.out.LocalDefinitions = local
	}
	r.out.Props = join(count("controls", len(b.f.Controls)), count("controls-with-a-result", tested))
	d := &Document{AssessmentResults: &Assessment{Metadata: b.metadata("Assessment results"), ImportAP: &Import{Href: "#" + plan.UUID},
		Results: []Result{*r.out}, BackMatter: &BackMatter{Resources: []Resource{plan, b.criteria()}}}}
	d.AssessmentResults.UUID, err = identity(d)
	return d, err
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

func (r *results) test(t assure.TestResult) {
	name := []string{r.f.Organization, r.out.UUID, t.Control, t.Test, strconv.Itoa(t.Version)}
	id := func(kind string, more ...string) string {
		return uuid(slices.Concat([]string{kind}, name, more)...)
	}
	o := Observation{UUID: id("observation"), Title: markup(t.Test + ", version " + strconv.Itoa(t.Version)), Description: markup(t.Sentence),
		Props:   join(figures(t), prop("control", t.Control), prop("test", t.Test), count("version", t.Version), prop("from", t.From.String()), prop("to", t.To.String()), prop("digest", t.Digest)),
		Methods: []string{"TEST"}, Types: []string{"control-objective"}, Subjects: []Subject{{UUID: r.component(t.Control), Type: "component"}},
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
	f := Finding{UUID: id("finding"), Title: markup(t.Control + " " + t.Title), Description: says(t), Props: figures(t), Related: related,
		Target: &Target{Type: "objective-id", ID: token(t.Test), Title: markup(t.Title), Props: prop("test", t.Test), Status: status(t)}}
	if t.Deviating > 0 {
		risk := Risk{UUID: id("risk"), Title: "Deviations of " + markup(t.Test), Description: says(t), Props: figures(t), Status: "open",
			Statement: "Causes and management's responses are not recorded.", Related: related}
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
		for _, rec := range f.Records {
			o.Props = append(o.Props, prop("record", rec)...)
		}
		out = append(out, o)
	}
	return out
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
