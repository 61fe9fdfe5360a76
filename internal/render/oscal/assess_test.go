package oscal

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// answered is what management answered to two deviations of CHG-01.
func answered(f *report.Facts) {
	f.Answers = map[report.ItemRef]report.Answer{
		{Test: "CHG-01", Item: f.Results.Controls[0].Findings[0].Key}: {Cause: "human_error", Text: "It was missed, and the rule is mended.", Extent: "isolated"},
		{Test: "CHG-01", Item: f.Results.Controls[0].Findings[1].Key}: {Cause: "human_error", Text: "It was missed, and the rule is mended.", Extent: "isolated"},
	}
}

// examined are the example company's facts with the work of the firm that the report of internal/report/testdata/issued-soc2-type2.json names.
func examined(f *report.Facts) {
	f.Controls = slices.DeleteFunc(f.Controls, func(c assure.Control) bool {
		return !slices.Contains([]string{"CHG-01", "CHG-03", "IAM-02", "IAM-06"}, c.ID)
	})
	inspect := []report.Procedure{{Kind: report.Inquiry, Text: "Asked the owner how the control is carried out."}, {Kind: report.Inspection, Text: "Inspected the records of each item."}}
	e := &report.Examination{Firm: report.Firm{Name: "Alder & Finch LLP", City: "Providence"}, Addressee: "the management of Harborline, Inc.", ReportDate: civil.NewDate(2026, 8, 28)}
	e.Tests = []report.TestedControl{
		{Control: "CHG-01", Outcome: report.TestRun, Extent: report.Extent{Kind: report.Whole, Tested: 1204, Population: 1204, Completely: "The count agrees with that of the deploy tool."}, Exempt: 31, Deviating: 12,
			Procedures: append(slices.Clone(inspect), report.Procedure{Kind: report.Reperformance, Text: "Reperformed the join of deployments, merges and approvals over the whole population."}),
			Attributes: []report.TestedAttribute{{ID: "A", Text: "approved by another person", Deviating: 7}, {ID: "B", Text: "approved before the deployment", Deviating: 5}}},
		{Control: "CHG-03", Outcome: report.DidNotOccur, Why: "The deploy tool counts no bypass in the period.", Procedures: inspect},
		{Control: "IAM-02", Outcome: report.TestRun, Extent: report.Extent{Kind: report.Sampled, Tested: 25, Population: 46, Method: "simple random selection, from a seed committed to before the population was frozen"}, Procedures: inspect},
		{Control: "IAM-06", Outcome: report.TestRun, Extent: report.Extent{Kind: report.Instance, Tested: 1, Population: 1, Reason: "the setting is automated, and its changes went through change management"}, Procedures: inspect},
	}
	for _, t := range e.Tests {
		c := report.ControlConclusion{Control: t.Control, Design: report.Effective, Operation: report.Effective, Reason: "as the work papers say"}
		if t.Outcome == report.DidNotOccur {
			c.Operation = report.NoneOccurred
		}
		e.Controls = append(e.Controls, c)
	}
	e.Exceptions = []report.Exception{{ID: "E1", Control: "CHG-01", Text: "Twelve changes went to production without an approval by another person before the deployment, between July 2025 and June 2026.",
		Cause: "human_error", Spread: "isolated", Nature: "The changes were reviewed afterwards and none was reverted.", Deviating: 12, Tested: 1173, Affects: []string{"CC8.1"},
		Compensating: &report.Compensating{Control: "IAM-06", Tested: true, InForce: true, Described: true, FallsShort: "It does not stop a deployment."},
		Response:     "The branch rule now refuses a merge without an approval.", Plan: "The rule will cover configuration by the end of the year.", ResponseBy: "Dana Whitfield"}}
	e.Matters = []report.MatterConclusion{{ID: "The description", Element: report.TheDescription, Conclusion: report.Achieved, Judged: report.Judged{By: "Ruth Alder"}}}
	f.Examination = e
}

// issued is the same work with everything concluded, and the report gone out.
func issued(f *report.Facts) {
	examined(f)
	e := f.Examination
	for _, cr := range f.Criteria {
		for _, el := range []report.Element{report.Design, report.Operation} {
			e.Matters = append(e.Matters, report.MatterConclusion{ID: cr.ID, Element: el, Conclusion: report.Achieved})
		}
	}
	for _, el := range []report.Element{report.TheDescription, report.Design, report.Operation} {
		e.Elements = append(e.Elements, report.ElementOpinion{Element: el, Opinion: report.Unqualified})
	}
	e.Issued = true
}

// resolves checks that what a document refers to is there: in it or, of a subject of a plan, in the system security plan, and of a task, in
// the assessment plan.
func resolves(t *testing.T, f report.Facts, doc []byte) {
	t.Helper()
	have, tasks := map[string]bool{}, map[string]bool{}
	names(value(t, doc), have)
	if bytes.Contains(doc, []byte(`"assessment-plan"`)) {
		ssp, err := SSP(f)
		if err != nil {
			t.Fatal(err)
		}
		names(value(t, text(t, ssp)), have)
	}
	if bytes.Contains(doc, []byte(`"task-uuid"`)) {
		plan, err := AssessmentPlan(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range plan.AssessmentPlan.Tasks {
			tasks[x.UUID] = true
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case []any:
			for _, e := range x {
				walk(e)
			}
		case map[string]any:
			for k, e := range x {
				s, _ := e.(string)
				switch {
				case k == "task-uuid" && !tasks[s]:
					t.Errorf("the task %s is not in the plan", s)
				case k != "task-uuid" && strings.HasSuffix(k, "-uuid") && !have[s]:
					t.Errorf("%s %s names nothing", k, s)
				case k == "href" && strings.HasPrefix(s, "#") && !have[s[1:]]:
					t.Errorf("%s leads nowhere", s)
				}
				walk(e)
			}
		}
	}
	walk(value(t, doc))
}

func names(v any, into map[string]bool) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			names(e, into)
		}
	case map[string]any:
		if id, ok := x["uuid"].(string); ok {
			into[id] = true
		}
		for _, e := range x {
			names(e, into)
		}
	}
}

// TestFixtureIsTheReports: the examination of these tests passes the report's own checks, and tells what the issued report tells.
func TestFixtureIsTheReports(t *testing.T) {
	t.Parallel()
	f := facts(t)
	examined(&f)
	if _, err := report.Build("soc2-type2", f); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("../../report/testdata/issued-soc2-type2.json")
	if err != nil {
		t.Fatal(err)
	}
	x := f.Examination.Exceptions[0]
	name, err := json.Marshal(f.Examination.Firm.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{strings.Trim(string(name), `"`), x.Text, x.Plan, x.Response, f.Examination.Tests[2].Extent.Method} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("the issued report does not say %q", want)
		}
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	f := facts(t)
	examined(&f)
	d, err := AssessmentPlan(f)
	if err != nil {
		t.Fatal(err)
	}
	p := d.AssessmentPlan
	var got []string
	for _, x := range p.Tasks {
		s := x.Activities[0].Subjects[0]
		i := slices.IndexFunc(p.LocalDefinitions.Activities, func(a Activity) bool { return a.UUID == x.Activities[0].ActivityUUID })
		if i < 0 {
			t.Fatalf("the activity of %s is missing", x.Title)
		}
		steps := ""
		for _, st := range p.LocalDefinitions.Activities[i].Steps {
			steps += " " + find(st.Props, "method") + find(st.Props, "attribute")
		}
		got = append(got, strings.Join([]string{x.Title, find(s.Props, "extent"), find(s.Props, "items"), find(s.Props, "population")}, "|")+steps)
	}
	slices.Sort(got)
	want := []string{"Test of CHG-01|whole|1204|1204 INTERVIEW EXAMINE TEST A B", "Test of CHG-03||| INTERVIEW EXAMINE", "Test of IAM-02|sample|25|46 INTERVIEW EXAMINE", "Test of IAM-06|instance|1|1 INTERVIEW EXAMINE"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	ssp, err := SSP(f)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.BackMatter.Resources[0]; p.ImportSSP.Href != "#"+r.UUID || r.DocumentIDs[0].Identifier != ssp.SystemSecurityPlan.UUID {
		t.Errorf("import-ssp is %s of %+v, want the document %s", p.ImportSSP.Href, r, ssp.SystemSecurityPlan.UUID)
	}
	for _, part := range []string{"assessment-inclusions", "assessment-exclusions", "methodology", "results-delivery"} {
		if !slices.ContainsFunc(p.Terms.Parts, func(x Part) bool { return x.Name == part }) {
			t.Errorf("the terms have no %s", part)
		}
	}
	// A plan tells nothing of what was found, and who signs off concludes nothing here.
	f.Examination.Tests[0].Deviating, f.Examination.Exceptions, f.Examination.Controls = 3, nil, nil
	again, err := AssessmentPlan(f)
	if err != nil || !bytes.Equal(text(t, d), text(t, again)) {
		t.Errorf("what was found changed the plan: %v", err)
	}
}

// TestPlanWithoutAuditor: the program's own tests of a period, and walkthroughs of a date.
func TestPlanWithoutAuditor(t *testing.T) {
	t.Parallel()
	s := schema(t)
	f := facts(t)
	d, err := AssessmentPlan(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(d.AssessmentPlan.Tasks), len(f.Results.Controls); got != want {
		t.Errorf("%d tasks of a period, want %d", got, want)
	}
	f.When = report.AsOf{Date: civil.NewDate(2026, 6, 30), Zone: f.Results.Period.Zone}
	f.Walked = map[string]report.Walk{"CHG-01": {On: civil.NewDate(2026, 6, 1), Item: "pr-1", Differs: "Nobody *else* approved."}}
	if d, err = AssessmentPlan(f); err != nil {
		t.Fatal(err)
	}
	validate(t, s, text(t, d))
	if got, want := len(d.AssessmentPlan.Tasks), len(f.Controls); got != want {
		t.Errorf("%d tasks of a date, want %d", got, want)
	}
	if d, err = POAM(f, nil); err != nil {
		t.Fatal(err)
	}
	validate(t, s, text(t, d))
	resolves(t, f, text(t, d))
	if x := d.ActionPlan.Items; len(x) != 1 || find(x[0].Props, "control") != "CHG-01" {
		t.Errorf("items of a date = %+v, want the walkthrough of CHG-01", x)
	}
}

// TestConclusions: what the auditor concluded is the status of each matter, and nothing that nobody concluded is told.
func TestConclusions(t *testing.T) {
	t.Parallel()
	for c, want := range map[report.Conclusion]string{report.Achieved: "satisfied pass", report.NotAchieved: "not-satisfied fail", report.NotDeterminable: "not-satisfied other",
		report.NoneOccurred: "not-satisfied other", "": "none"} {
		f := facts(t)
		examined(&f)
		for i := range f.Examination.Controls { // nothing follows from controls
			f.Examination.Controls[i].Operation = ""
		}
		f.Examination.Matters = append(f.Examination.Matters, report.MatterConclusion{ID: "CC8.1", Element: report.Operation, Conclusion: c, Reasons: []string{"because <so>"}})
		d, err := AssessmentResults(f)
		if err != nil {
			t.Fatal(err)
		}
		r := d.AssessmentResults.Results[0]
		got := "none"
		for _, x := range r.Findings {
			if find(x.Props, "matter") == "CC8.1" && find(x.Props, "element") == "operation" {
				got = x.Target.Status.State + " " + x.Target.Status.Reason
				if len(x.Risks) != 1 || len(x.Related) < 2 {
					t.Errorf("%s: the finding rests on %d observations and %d risks", c, len(x.Related), len(x.Risks))
				}
				if x.Target.ID != "CC8.1_operation" {
					t.Errorf("%s: the target is %s", c, x.Target.ID)
				}
			}
		}
		if got != want {
			t.Errorf("CC8.1 concluded %q is %q, want %q", c, got, want)
		}
		for _, x := range r.Findings {
			said := strings.Contains(x.Description, "The service auditor concluded")
			if find(x.Props, "basis") == "follows-from-controls" && (said || !strings.Contains(x.Description, "Nobody concluded on it itself")) {
				t.Errorf("%s %s is told as concluded, and nobody concluded: %s", find(x.Props, "matter"), find(x.Props, "element"), x.Description)
			}
		}
		if c == "" && !strings.Contains(r.Remarks, "CC8.1 (operation)") {
			t.Errorf("the results do not say that CC8.1 is open: %s", r.Remarks)
		}
		if strings.Contains(string(text(t, d)), "work papers") || strings.Contains(string(text(t, d)), "Ruth Alder") {
			t.Error("the results tell what stands in work papers only")
		}
		plan, err := AssessmentPlan(f)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := d.AssessmentResults.BackMatter.Resources[0].DocumentIDs[0].Identifier, plan.AssessmentPlan.UUID; got != want {
			t.Errorf("the results import the plan %s, want %s", got, want)
		}
	}
}

// TestOpinions: opinions are told only of a report that was issued, and never one milder than its conclusions.
func TestOpinions(t *testing.T) {
	t.Parallel()
	f := facts(t)
	examined(&f)
	f.Examination.Elements = []report.ElementOpinion{{Element: report.Design, Opinion: report.Unqualified}}
	d, err := AssessmentResults(f)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(text(t, d)); strings.Contains(s, "unqualified") || !strings.Contains(s, "DRAFT") {
		t.Error("a draft tells an opinion, or does not say that it is one")
	}
	f = facts(t)
	issued(&f)
	if d, err = AssessmentResults(f); err != nil {
		t.Fatal(err)
	}
	if s := string(text(t, d)); strings.Contains(s, "DRAFT") || len(d.AssessmentResults.Results[0].Attestations[0].Parts) != 3 {
		t.Error("the issued report's results are a draft, or tell not three opinions")
	}
	for want, change := range map[string]func(*report.Examination){
		"has a date":       func(e *report.Examination) { e.ReportDate = 0 },
		"holds an opinion": func(e *report.Examination) { e.Elements = nil },
		"is not concluded": func(e *report.Examination) { e.Matters[3].Conclusion = "" },
		"is unqualified":   func(e *report.Examination) { e.Matters[3].Conclusion = report.NotAchieved },
		"no control of this name": func(e *report.Examination) {
			e.Tests[0].Control = "X-1"
		},
		"holds no control": func(e *report.Examination) { e.Exceptions[0].Control = "X-1" },
		"has no firm":      func(e *report.Examination) { e.Firm.Name = "" },
	} {
		f := facts(t)
		issued(&f)
		change(f.Examination)
		if _, err := AssessmentResults(f); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("AssessmentResults = %v, want a refusal with %q", err, want)
		}
	}
}

// TestActions: what stands is an item, with the words that management gave and no others.
func TestActions(t *testing.T) {
	t.Parallel()
	f := facts(t)
	answered(&f)
	deviate := 0
	for _, x := range f.Results.Controls {
		if x.Deviating > 0 {
			deviate++
		}
	}
	for name, due := range map[string]map[report.ItemRef]civil.Date{"no day": nil, "a day of one": {{Test: "CHG-01", Item: f.Results.Controls[0].Findings[0].Key}: civil.NewDate(2026, 9, 30)}} {
		d, err := POAM(f, due)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.ActionPlan.Items) != deviate || len(d.ActionPlan.Risks) != deviate {
			t.Errorf("%s: %d items and %d risks, want %d", name, len(d.ActionPlan.Items), len(d.ActionPlan.Risks), deviate)
		}
		var days []string
		for _, r := range d.ActionPlan.Risks {
			for _, x := range r.Remediation {
				days = append(days, x.Description+" "+x.Tasks[0].Timing.OnDate.Date)
			}
		}
		var want []string
		if due != nil {
			want = []string{"It was missed, and the rule is mended. 2026-09-30T00:00:00-04:00"}
		}
		if diff := cmp.Diff(want, days); diff != "" {
			t.Errorf("%s: milestones (-want +got):\n%s", name, diff)
		}
		if s := string(text(t, d)); strings.Count(s, "Management's response: It was missed") != 2 || !strings.Contains(s, "Management responded to 2 of 12 deviations.") {
			t.Errorf("%s: the responses are not told with their deviations", name)
		}
	}
}

// TestActionsExamined: the auditor's exceptions stand beside what only the program found.
func TestActionsExamined(t *testing.T) {
	t.Parallel()
	f := facts(t)
	examined(&f)
	f.Examination.Tests[2].Deviating = 1 // nobody raised an exception
	f.Examination.Matters = append(f.Examination.Matters, report.MatterConclusion{ID: "CC6.2", Element: report.Design, Conclusion: report.NotAchieved, Reasons: []string{"nothing removes access"}})
	d, err := POAM(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range d.ActionPlan.Items {
		got = append(got, find(x.Props, "found-by")+" "+x.Title)
	}
	want := []string{"management Deviations of IAM-02, version 1", "service-auditor Exception E1 of CHG-01", "service-auditor Deviations: Test of IAM-02",
		"service-auditor CC6.2: the suitability of the design of controls"}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	i := slices.IndexFunc(d.ActionPlan.Risks, func(r Risk) bool { return find(r.Props, "exception") == "E1" })
	r := d.ActionPlan.Risks[i]
	if len(r.Remediation) != 1 || r.Remediation[0].Description != f.Examination.Exceptions[0].Plan || len(r.Remediation[0].Tasks) != 0 || len(r.Mitigating) != 1 {
		t.Errorf("the risk of E1 is %+v, want its plan without a milestone and the compensating control", r)
	}
	f.Examination.Exceptions[0].Plan, f.Examination.Exceptions[0].Response, f.Examination.Exceptions[0].Compensating.Tested = "", "", false
	if d, err = POAM(f, nil); err != nil {
		t.Fatal(err)
	}
	r = d.ActionPlan.Risks[i]
	if len(r.Remediation)+len(r.Mitigating) != 0 || !strings.Contains(string(text(t, d)), "No response of management is recorded.") {
		t.Errorf("the risk of E1 is %+v, want nothing that management did not give", r)
	}
}

// TestDated: an examination as of a date concludes on design only.
func TestDated(t *testing.T) {
	t.Parallel()
	f := facts(t)
	examined(&f)
	f.When = report.AsOf{Date: civil.NewDate(2026, 6, 30), Zone: f.Results.Period.Zone}
	e := f.Examination
	e.Tests, e.Exceptions = e.Tests[3:], nil
	for i := range e.Controls {
		e.Controls[i].Operation = ""
	}
	d, err := AssessmentResults(f)
	if err != nil {
		t.Fatal(err)
	}
	validate(t, schema(t), text(t, d))
	r := d.AssessmentResults.Results[0]
	if r.Start != "2026-06-30T00:00:00-04:00" || r.End != "2026-07-01T00:00:00-04:00" || len(r.Findings) == 0 || strings.Contains(string(text(t, d)), "operating effectiveness") {
		t.Errorf("the result is of %s to %s, with %d findings", r.Start, r.End, len(r.Findings))
	}
}
