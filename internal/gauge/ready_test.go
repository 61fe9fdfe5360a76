package gauge

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
)

// colours prints a control's gates as one text, such as "D green, I red".
func colours(c ControlStatus) string {
	var out []string
	for _, g := range c.Gates {
		out = append(out, string(g.Gate)+" "+g.Status.String())
	}
	return strings.Join(out, ", ")
}

func TestGates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   string
		status string
	}{
		{"clean", func(*Facts) {}, "D green, I green, P green, O green, E green, F green", "ready"},
		{"a deficiency", func(f *Facts) {
			f.Deficiencies = []Deficiency{{ID: "D", Control: "IAM-01", Severity: "high", Opened: day("2026-08-01")}}
		}, "D green, I green, P green, O green, E green, F red", "not_ready"},
		{"the test is blocked", func(f *Facts) {
			f.Results[0] = assure.TestResult{Control: "IAM-01", Test: "IAM-01", Outcome: assure.Blocked, Blocked: "no register"}
			f.Evidence = nil
		}, "D green, I green, P red, O amber, E green, F green", "not_ready"},
		{"a gap is red", func(f *Facts) {
			r := &f.Results[0]
			r.Outcome, r.Population, r.Passed = assure.Gap, 0, 0
			f.Evidence = nil
		}, "D green, I green, P red, O amber, E green, F green", "not_ready"},
		{"nothing occurred, proven: neither pass nor failure", func(f *Facts) {
			r := &f.Results[0]
			r.Outcome, r.Population, r.Passed = assure.NoOccurrence, 0, 0
			f.Evidence = nil
		}, "D green, I green, P green, O green, E green, F green", "ready"},
		{"nothing is known of operation", func(f *Facts) {
			f.Results, f.Evidence, f.Controls[0].Population = nil, nil, nil
		}, "D green, I green, P red, O amber, E green, F green", "not_ready"},
		{"nothing is known of the control but its name", func(f *Facts) {
			f.Results, f.Evidence = nil, nil
			f.Controls = []Control{{Control: assure.Control{ID: "IAM-01", Criteria: []string{"CC6.2"}}}}
		}, "D red, I red, P red, O amber, E green, F green", "not_ready"},
		{"self-declared reviews", func(f *Facts) {
			f.Results, f.Evidence = nil, nil
			reviewsOf(f, "2026-07-30", "2026-10-30")
		}, "D green, I green, P red, O amber, E amber, F green", "not_ready"},
		{"before the period begins", func(f *Facts) {
			f.Today, f.Results, f.Evidence = day("2026-06-30"), nil, nil
		}, "D green, I green, P green, O green, E green, F green", "ready"},
		{"a Type 1 asks four gates", func(f *Facts) { *f = asType1(*f, "2026-11-30") }, "D green, I green, E green, F green", "ready"},
		{"a Type 1 is not about operation", func(f *Facts) {
			deviate(f, 30)
			r, d := f.Results, f.Deviations
			*f = asType1(*f, "2026-11-30")
			f.Results, f.Deviations = r, d
			f.Evidence = []Evidence{{Control: "IAM-01", Instances: 1}}
		}, "D green, I green, E green, F green", "ready"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := clean()
			c.change(&f)
			got := ready(t, f)
			if s := colours(got.Controls[0]); s != c.want || got.Status != c.status {
				t.Errorf("%s, %s; want %s, %s\n%+v", s, got.Status, c.want, c.status, got.Controls[0].Why)
			}
		})
	}
}

// TestBasisKeepsKindsApart: a full test is exact and carries no confidence, a sample carries its bound, people's word is
// called that.
func TestBasisKeepsKindsApart(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Controls = append(f.Controls, sound("IAM-02"), sound("IAM-03"), sound("IAM-04"))
	f.Samples = []Sample{{"IAM-02", 2400, 60, 0}}
	f.Instances = []Instance{{Control: "IAM-03", Key: "a", Due: day("2026-08-01"), Done: on("2026-08-01")}}
	var got []string
	for _, c := range ready(t, f).Controls {
		got = append(got, c.Basis)
	}
	want := []string{
		"tested all: 0 of 100 (0.0 %) deviate", "tested 60 of 2400: 0 deviate, at most 4.9 % at 95 % confidence",
		"self-declared: no test ran", "not known: no test ran",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestThreeChecksAreThreeCounts: an instance is ready only if all three checks hold, and each has its own count.
func TestThreeChecksAreThreeCounts(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Evidence = []Evidence{{Control: "IAM-01", Instances: 10, Lacks: []Lack{
		{Key: "a", Complete: No, Time: Yes, Link: Yes}, {Key: "b", Complete: Yes, Time: No, Link: No},
		{Key: "c", Count: 2, Complete: Yes, Time: Yes, Link: Unknown},
	}}}
	got := ready(t, f).Controls[0].Checks
	if want := (Checks{10, Tally{9, 1, 0}, Tally{9, 1, 0}, Tally{7, 1, 2}, 6}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// compensatedFacts has a control that fails beyond what is tolerable, and one that may make up for it.
func compensatedFacts() Facts {
	f := clean()
	deviate(&f, 15)
	by := sound("IAM-05")
	by.Criteria, by.Supporting = nil, []string{"CC6.2"}
	f.Controls, f.Results = append(f.Controls, by), append(f.Results, tested("IAM-05"))
	f.Evidence = append(f.Evidence, Evidence{Control: "IAM-05", Instances: 100})
	f.Compensations = []Compensation{{Control: "IAM-01", By: "IAM-05", Described: true}}
	return f
}

// TestOnlyATestedCompensatingControlLifts: to amber, never to green; and only when it was there, described and whole.
func TestOnlyATestedCompensatingControlLifts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   Status
	}{
		{"tested, described, in force", func(*Facts) {}, Amber},
		{"not tested", func(f *Facts) { f.Results = f.Results[:1] }, Red},
		{"failing itself", func(f *Facts) { f.Results[1].Deviating, f.Results[1].Passed = 50, 50 }, Red},
		{"named, and put in place afterwards", func(f *Facts) {
			f.Controls[1].Spans, f.Controls[1].Implemented = []Span{span("2026-09-01", "2200-01-01")}, on("2026-09-01")
		}, Red},
		{"not in the description", func(f *Facts) { f.Compensations[0].Described = false }, Red},
		{"for some systems only", func(f *Facts) { f.Compensations[0].Partial = "billing" }, Red},
		{"for another criterion", func(f *Facts) { f.Compensations[0].Criterion = "CC6.3" }, Red},
		{"of no control in scope", func(f *Facts) { f.Compensations[0].By = "IAM-09" }, Red},
		{"the criterion has a gap of its own", func(f *Facts) {
			s := vendor()
			s.CSOCs = nil
			f.Subservice = []Subservice{s}
		}, Red},
		{"nothing to lift", func(f *Facts) { f.Results[0].Deviating, f.Results[0].Passed, f.Deviations = 0, 100, nil }, Green},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := compensatedFacts()
			c.change(&f)
			if got := ready(t, f).Criteria[0]; got.Status != c.want || c.want == Amber && !slices.Equal(got.Lifted, []string{"IAM-01 by IAM-05"}) {
				t.Errorf("criterion %s, lifted %q; want %s", got.Status, got.Lifted, c.want)
			}
		})
	}
}

// TestWorstOfUpTheHouse: a category has the criteria that apply to all in it, the report is the worst, the counts are three.
func TestWorstOfUpTheHouse(t *testing.T) {
	t.Parallel()
	f := clean()
	backup, rest := sound("AVL-02"), sound("IAM-03")
	backup.Criteria, backup.Walkthroughs = []string{"A1.2"}, nil
	rest.Criteria = []string{"CC6.3", "C1.1"}
	f.Controls = append(f.Controls, backup, rest)
	f.Results = append(f.Results, tested("AVL-02"), tested("IAM-03"))
	f.Evidence = append(f.Evidence, Evidence{Control: "AVL-02", Instances: 9}, Evidence{Control: "IAM-03", Instances: 9})
	f.Criteria = append(f.Criteria, assure.Criterion{ID: "CC6.3", Category: "security", Common: true},
		assure.Criterion{ID: "A1.2", Category: "availability"}, assure.Criterion{ID: "C1.1", Category: "confidentiality"},
		assure.Criterion{ID: "P1.1", Category: "privacy"})
	f.NotRelevant = map[string]string{"P1.1": "no personal data"}
	got := ready(t, f)
	want := []CategoryStatus{{"security", Green}, {"availability", Amber}, {"confidentiality", Green}}
	if diff := cmp.Diff(want, got.Categories); diff != "" || got.Counts != (Counts{Amber: 1, Green: 3}) || got.Status != "at_risk" {
		t.Errorf("%s, %+v, categories (-want +got):\n%s", got.Status, got.Counts, diff)
	}
	if len(got.NotRelevant) != 1 || got.NotRelevant[0].Reason != "no personal data" {
		t.Errorf("not relevant %+v, want P1.1 with its reason", got.NotRelevant)
	}
	f.Deficiencies = []Deficiency{{ID: "D", Control: "IAM-01", Severity: "high", Opened: day("2026-08-01")}}
	got = ready(t, f)
	want = []CategoryStatus{{"security", Red}, {"availability", Red}, {"confidentiality", Red}}
	if diff := cmp.Diff(want, got.Categories); diff != "" || got.Status != "not_ready" || got.ControlCounts != (Counts{1, 1, 1}) {
		t.Errorf("a red common criterion: %s, %+v, categories (-want +got):\n%s", got.Status, got.ControlCounts, diff)
	}
}

// TestReportsOwnGapCounts: a gap that belongs to no criterion still makes the report what it is.
func TestReportsOwnGapCounts(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Claims = []Claim{{Text: "We scan every night."}}
	if got := ready(t, f); got.Status != "not_ready" || got.Own != Red || got.Counts != (Counts{Green: 1}) {
		t.Errorf("%s, itself %s, %+v; want not_ready, red, one green", got.Status, got.Own, got.Counts)
	}
}

// TestTasksAreDatedBeforeFieldwork: by weight from today, before fieldwork, before a source forgets; after fieldwork began, late.
func TestTasksAreDatedBeforeFieldwork(t *testing.T) {
	t.Parallel()
	task := func(f Facts, rule string) Task {
		r := ready(t, f)
		i := slices.IndexFunc(r.Gaps, func(g Gap) bool { return g.Rule == rule })
		return *r.Gaps[i].Task
	}
	f := clean()
	f.Controls[0].Walkthroughs = nil
	if got := task(f, "G04"); got.Due != day("2026-12-22") || got.Owner != "ann" || got.Late {
		t.Errorf("amber: %+v, want ann by 2026-12-22, 30 days from today", got)
	}
	f.Today = day("2026-12-20")
	if got := task(f, "G04"); got.Due != day("2026-12-31") || got.Late {
		t.Errorf("near the end: %+v, want 2026-12-31, the day before fieldwork", got)
	}
	f.Fieldwork = on("2027-01-11")
	if got := task(f, "G04"); got.Due != day("2027-01-10") {
		t.Errorf("fieldwork on 11 January: %+v, want 2027-01-10", got)
	}
	f.Today = day("2027-01-11")
	if got := task(f, "G04"); got.Due != day("2027-01-11") || !got.Late {
		t.Errorf("fieldwork has begun: %+v, want late", got)
	}
	f = clean()
	f.Controls[0].Population.Retention, f.Today = 90, day("2026-09-26")
	if got := task(f, "G05"); got.Due != day("2026-09-29") {
		t.Errorf("the source forgets 1 July on 29 September: %+v, want by then", got)
	}
}

// TestEffortIsApart: work done is counted, labelled as effort, and changes no status.
func TestEffortIsApart(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Controls[0].Implemented = nil
	f.TasksDone = 97
	got := ready(t, f)
	if got.Effort.Done != 97 || got.Effort.Total != 98 || !strings.Contains(got.Effort.Label, "not readiness") || got.Status != "not_ready" {
		t.Errorf("%+v, %s; want 97 of 98, labelled, and not_ready", got.Effort, got.Status)
	}
}

func TestJourney(t *testing.T) {
	t.Parallel()
	done := func(f Facts) string {
		var out []string
		for _, s := range ready(t, f).Journey {
			mark := "open"
			if s.Done {
				mark = "done"
			}
			out = append(out, mark)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   string
	}{
		{"clean", func(*Facts) {}, "done done done done done done"},
		{"no boundary is recorded", func(f *Facts) { f.Boundary = nil }, "done open done done done done"},
		{"papers disagree", func(f *Facts) { f.Papers = []Paper{{Name: "cover", Report: "soc3"}} }, "open done done done done open"},
		{"no mapping", func(f *Facts) { f.Controls[0].Criteria = nil }, "done done open open done open"},
		{"no owner", func(f *Facts) { f.Controls[0].Owner, f.Controls[0].Owners = "", nil }, "done done done open done open"},
		{"not in place", func(f *Facts) { f.Controls[0].Implemented = nil }, "done done done done open open"},
		{"no walkthrough", func(f *Facts) { f.Controls[0].Walkthroughs = nil }, "done done done done done open"},
		{"before the period", func(f *Facts) { f.Today, f.Results, f.Evidence = day("2026-06-30"), nil, nil }, "done done done done open done"},
		{"an amber gap once fieldwork began", func(f *Facts) {
			f.Changes = []Change{{What: "x", On: day("2026-08-01")}}
			f.Today = day("2027-01-01")
		}, "done open done done done open"},
		{"a Type 1", func(f *Facts) { *f = asType1(*f, "2026-11-30") }, "done done done done done done"},
		{"nothing yet", func(f *Facts) { *f = Facts{Term: f.Term, Today: f.Today} }, "open open open open open open"},
	} {
		f := clean()
		c.change(&f)
		if got := done(f); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestDays draws a short period day by day.
func TestDays(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Term, f.Today = type2("2026-11-01", "2026-11-30"), day("2026-11-22")
	c := &f.Controls[0]
	c.Implemented, c.Spans = on("2026-11-03"), []Span{span("2020-01-01", "2026-11-20")}
	other := sound("IAM-02")
	other.Implemented = on("2026-11-02")
	f.Controls = append(f.Controls, other, sound("IAM-03"))
	r := &f.Results[0]
	r.Undecided, r.Deviating, r.Passed = 2, 2, 96
	r.Findings = []assure.Finding{
		{Key: "u1", Verdict: assure.Undecided, EventTime: "2026-11-05"}, {Key: "u2", Verdict: assure.Undecided, EventTime: "2026-11-10T23:30:00Z"},
		{Key: "d1", Verdict: assure.Deviation, EventTime: "2026-11-08"},
	}
	f.Results[0].From, f.Results[0].To = day("2026-11-01"), day("2026-11-30")
	second := tested("IAM-02")
	second.From, second.To = day("2026-11-01"), day("2026-11-15")
	f.Results = append(f.Results, second)
	f.Deviations = []Deviation{
		{Control: "IAM-01", Key: "d1", Member: day("2026-11-08"), Ended: on("2026-11-09")},
		{Control: "IAM-01", Key: "d2", Member: day("2026-11-18"), Began: on("2026-11-17")},
	}
	got := ready(t, f)
	//       123456789 123456789 123456789
	want := []Days{
		"nnccocc" + "bb" + "o" + "cccccc" + "bbbbbb" + "ffffffff", // it lasts to this day, also after it was retired
		"nccccccccccccccooooooo" + "ffffffff",                     // only tested to the 15th
		"oooooooooooooooooooooo" + "ffffffff",                     // never tested
	}
	for i, w := range want {
		if got.Controls[i].Days != w {
			t.Errorf("%s: %s, want %s", got.Controls[i].ID, got.Controls[i].Days, w)
		}
	}
	if w := Days("ooooooo" + "bb" + "ooooooo" + "bbbbbb" + "ffffffff"); got.Criteria[0].Days != w || got.Days != w {
		t.Errorf("criterion %s, report %s, want %s", got.Criteria[0].Days, got.Days, w)
	}
	if got.Days.At(7) != DayBad || got.Days.At(29) != DayFuture {
		t.Errorf("8 November is %c, 30 November %c", got.Days.At(7), got.Days.At(29))
	}
}

// TestCriterionWithAHole: a day on which no primary control is in force is absent, which is worse than open.
func TestCriterionWithAHole(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Term, f.Today = type2("2026-11-01", "2026-11-10"), day("2026-11-10")
	f.Controls[0].Spans = []Span{span("2020-01-01", "2026-11-04"), span("2026-11-07", "2200-01-01")}
	if got := ready(t, f).Days; got != "ccccnncccc" {
		t.Errorf("report %s, want ccccnncccc", got)
	}
}

func TestContradictionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   string
	}{
		{"no term", func(f *Facts) { f.Term = nil }, "no date and no period"},
		{"a period that ends first", func(f *Facts) { f.Term = type2("2026-12-31", "2026-07-01") }, "before it starts"},
		{"no today", func(f *Facts) { f.Today = 0 }, "today is missing"},
		{"a control twice", func(f *Facts) { f.Controls = append(f.Controls, f.Controls[0]) }, `"IAM-01" has no name or stands twice`},
		{"a version that ends first", func(f *Facts) { f.Controls[0].Spans = []Span{span("2026-02-01", "2026-01-01")} }, "in force from"},
		{"a tolerable rate over all", func(f *Facts) { n := 10001; f.Controls[0].Tolerable = &n }, "10001 basis points"},
		{"a deviation that ends first", func(f *Facts) {
			f.Deviations = []Deviation{{Control: "IAM-01", Key: "x", Member: day("2026-08-02"), Ended: on("2026-08-01")}}
		}, "IAM-01/x: its condition ended on 2026-08-01, before"},
		{"counts that do not add up", func(f *Facts) { f.Results[0].Passed = 99 }, "do not add up"},
		{"a sample larger than all", func(f *Facts) { f.Samples = []Sample{{"IAM-01", 4, 5, 0}} }, "a sample of 5 of 4"},
		{"more lacking than there is", func(f *Facts) { f.Evidence = []Evidence{{"IAM-01", 1, []Lack{{Count: 2}}}} }, "lacking for 2 instances of 1"},
	} {
		f := clean()
		c.change(&f)
		if _, err := Ready(f, Defaults()); !refused(err, c.want) {
			t.Errorf("%s: Ready = %v, want a refusal with %q", c.name, err, c.want)
		}
		if _, err := Foresee(f, Defaults()); !refused(err, c.want) {
			t.Errorf("%s: Foresee = %v, want a refusal with %q", c.name, err, c.want)
		}
	}
}

// TestInForceForAPart: a clean test of a part of the period does not make the control green; gate I says why.
func TestInForceForAPart(t *testing.T) {
	t.Parallel()
	f := clean()
	c := sound("IAM-02")
	c.Spans = []Span{span("2020-01-01", "2026-07-02")}
	f.Controls = append(f.Controls, c)
	r := tested("IAM-02")
	r.To = day("2026-07-02")
	f.Results, f.Evidence = append(f.Results, r), append(f.Evidence, Evidence{Control: "IAM-02", Instances: 100})
	got := ready(t, f)
	gate, _ := got.Controls[1].Gates.Of(Implemented)
	if gate.Status != Red || !strings.HasPrefix(gate.Why, "in force on 2 of 184 days of the period") {
		t.Errorf("gate I is %s: %s; want red, in force on 2 of 184 days", gate.Status, gate.Why)
	}
	if got.Controls[0].Status != Green {
		t.Errorf("the other control is %s, want green", got.Controls[0].Status)
	}
}
