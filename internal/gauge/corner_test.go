package gauge

import (
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
)

// TestUnprovenDaysAreOpen: days are clean only where the population is shown to be whole and everything in it is decided.
func TestUnprovenDaysAreOpen(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*assure.TestResult){
		"completeness not shown":            func(r *assure.TestResult) { r.Completeness = nil },
		"undecided items that nobody lists": func(r *assure.TestResult) { r.Passed, r.Undecided = 99, 1 },
		"an undecided item without a time": func(r *assure.TestResult) {
			r.Passed, r.Undecided, r.Findings = 99, 1, []assure.Finding{{Key: "u", Verdict: assure.Undecided}}
		},
	} {
		f := clean()
		change(&f.Results[0])
		if got := ready(t, f).Days; strings.Trim(string(got), "of") != "" || got.At(0) != DayOpen {
			t.Errorf("%s: %s, want every day open", name, got)
		}
	}
}

// TestUndecidedCountsAgainstTheChances: an item that stays undecided is a deviation in the end.
func TestUndecidedCountsAgainstTheChances(t *testing.T) {
	t.Parallel()
	f := clean()
	sure := foresee(t, f).Chance
	f.Results[0].Passed, f.Results[0].Undecided = 92, 8
	open := foresee(t, f).Chance
	if open.NoException[0] != 0 || open.NoException[1] != sure.NoException[1] {
		t.Errorf("no exception: %v, want from 0 to %v", open.NoException, sure.NoException[1])
	}
	if open.NoQualification[0] >= sure.NoQualification[0]-0.1 {
		t.Errorf("no qualification: from %v, and from %v with everything decided", open.NoQualification[0], sure.NoQualification[0])
	}
	// The bound on what is to come follows too, also for a period that starts after what is undecided.
	v := newView(&f, Defaults())
	if fresh := v.chance(span("2026-11-23", "2027-05-22"), true); fresh.NoException[0] > NoDeviation(Upper(8, 100, 0.95), 100) {
		t.Errorf("a new period: from %v, which leaves out what is undecided", fresh.NoException[0])
	}
}

// TestComingItems: the due dates that are told may be only the open ones; the quarter before shows how many there are. Of
// a control without told dates the test shows how many fall on each of the calendar's.
func TestComingItems(t *testing.T) {
	t.Parallel()
	f := lateReview()
	f.Instances = append(f.Instances, Instance{Control: "IAM-04", Key: "billing/2026-Q4", Due: day("2027-01-30")})
	v := newView(&f, Defaults())
	if n := v.coming(v.controls[0], span("2027-01-01", "2027-03-31")); n != 12 {
		t.Errorf("%d reviews in the next quarter, want 12 as in the one before", n)
	}
	g := clean()
	g.Controls[0].Frequency = assure.Monthly // four month ends lie behind, with 100 items
	v = newView(&g, Defaults())
	if n := v.coming(v.controls[0], span("2026-12-01", "2026-12-31")); n != 25 {
		t.Errorf("%d items on the next month's end, want 25 as on each of the four before", n)
	}
	g.Controls[0].Spans = []Span{span("2020-01-01", "2026-11-30")}
	v = newView(&g, Defaults())
	if n := v.coming(v.controls[0], span("2026-12-01", "2026-12-31")); n != 0 {
		t.Errorf("%d items of a control that is retired, want none", n)
	}
}

// TestLastActIsNoHistory: that a yearly control acted in a year says nothing of the years before.
func TestLastActIsNoHistory(t *testing.T) {
	t.Parallel()
	f := clean()
	annual(&f, "2026-09-01")
	f.Examined = on("2024-01-01")
	f.Controls[0].Implemented = on("2024-01-01")
	v := newView(&f, Defaults())
	if got := v.dueDates(v.controls[0]).dates[0]; got != day("2026-09-01") {
		t.Errorf("the first act is on %s, want 2026-09-01", got)
	}
	// A period that is over cannot have an act brought forward into it.
	six := foresee(t, f).EarliestClean[1]
	if six.Conservative == nil || six.Conservative.To < day("2026-09-01") || six.Sooner != nil {
		t.Errorf("%v, sooner %v; want a period with the act in it, and none sooner", six.Conservative, six.Sooner)
	}
}

// TestSilenceCompensatesNothing: a control that never had to act was not tested, however green it is.
func TestSilenceCompensatesNothing(t *testing.T) {
	t.Parallel()
	f := compensatedFacts()
	r := &f.Results[1]
	r.Outcome, r.Population, r.Passed = assure.NoOccurrence, 0, 0
	f.Evidence = f.Evidence[:1]
	got := ready(t, f)
	if got.Controls[1].Status != Green || got.Criteria[0].Status != Red {
		t.Errorf("the compensating control %s, the criterion %s; want green, red", got.Controls[1].Status, got.Criteria[0].Status)
	}
}

// TestWatchedVendorCarriesTheCriterion: met through a vendor alone, a criterion stands as the control that watches it.
func TestWatchedVendorCarriesTheCriterion(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Controls[0].Criteria, f.Subservice = nil, []Subservice{vendor()}
	f.Controls[0].Walkthroughs = nil
	got := ready(t, f)
	if got.Criteria[0].Status != Amber || got.Criteria[0].Days != got.Controls[0].Days {
		t.Errorf("%s, %s; want amber and the days of IAM-01", got.Criteria[0].Status, got.Criteria[0].Days)
	}
}

// TestGapFindsItsPlace: a vendor's gap about criteria out of scope is the report's own.
func TestGapFindsItsPlace(t *testing.T) {
	t.Parallel()
	f := clean()
	s := vendor()
	s.Criteria, s.CSOCs = []string{"A1.2"}, nil
	f.Subservice = []Subservice{s}
	if got := ready(t, f); got.Own != Red || got.Criteria[0].Status != Green || got.Status != "not_ready" {
		t.Errorf("report itself %s, criterion %s, %s; want red, green, not_ready", got.Own, got.Criteria[0].Status, got.Status)
	}
}

// TestDueSoonLeavesOutWhatIsOver: today is over, what was done is done, and a day too far is not soon; one of the next
// period is said to be that.
func TestDueSoonLeavesOutWhatIsOver(t *testing.T) {
	t.Parallel()
	f := reviews("2026-12-15")
	for i, due := range []string{"2026-12-15", "2026-12-16", "2027-01-14", "2027-01-15"} {
		f.Instances = append(f.Instances, Instance{Control: "IAM-04", Key: string(rune('a' + i)), Due: day(due)})
	}
	f.Instances = append(f.Instances, Instance{Control: "IAM-04", Key: "early", Due: day("2026-12-17"), Done: on("2026-12-01")})
	got := foresee(t, f).DueSoon
	var keys []string
	for _, d := range got {
		keys = append(keys, d.Instances...)
	}
	if !slices.Equal(keys, []string{"b", "c"}) || !strings.HasPrefix(got[1].IfMissed, "an exception in the next period") {
		t.Errorf("due soon %+v, want b, and c in the next period", got)
	}
	// Due on 15 December and not done: of 13 that fell due one deviates, and the next would be the second of 14, one more being due on the 16th.
	if !strings.HasPrefix(got[0].IfMissed, "1 of 14 -> 2 of 14; ") {
		t.Errorf("if missed %q, want 1 of 14 -> 2 of 14", got[0].IfMissed)
	}
}

// TestRestartTakesTheSoonerPeriod: with the yearly act brought forward, and says so.
func TestRestartTakesTheSoonerPeriod(t *testing.T) {
	t.Parallel()
	f := clean()
	deviate(&f, 1)
	f.Deviations[0].Member, f.Deviations[0].Ended = day("2026-09-30"), on("2026-09-30")
	c := sound("GOV-05")
	c.Frequency, c.LastOperated = assure.Annual, on("2026-06-10")
	f.Controls = append(f.Controls, c)
	o := foresee(t, f).Options[1]
	if o.ID != "restart" || o.Period.From != day("2026-10-01") || !strings.Contains(strings.Join(o.Warnings, "\n"), "GOV-05 must act before 2027-03-31") {
		t.Errorf("%+v, want from 2026-10-01 with GOV-05 brought forward", o)
	}
}

// TestUnknownCompletenessIsAGap: evidence of which nobody says whether it is complete is not taken to be.
func TestUnknownCompletenessIsAGap(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Evidence[0].Lacks = []Lack{{Key: "x", Complete: Unknown, Time: Yes, Link: Yes}}
	got := ready(t, f)
	if e, _ := got.Controls[0].Gates.Of(EvidenceOK); e.Status != Amber || !strings.Contains(e.Why, "is not known for 1 instance") {
		t.Errorf("E is %s: %s; want amber, not known", e.Status, e.Why)
	}
}

// TestImplementedFromTheFirstDay: a version that began long ago does not excuse a late implementation.
func TestImplementedFromTheFirstDay(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Controls[0].Spans, f.Controls[0].Implemented = []Span{span("1970-01-01", "2200-01-01")}, on("2026-07-01")
	if got := ready(t, f); got.Status != "ready" {
		t.Errorf("%s with %+v, want ready: in place on the first day", got.Status, got.Gaps)
	}
}

// TestUndecidedOnTopOfDeviations: together they are above what is tolerable, though neither is alone.
func TestUndecidedOnTopOfDeviations(t *testing.T) {
	t.Parallel()
	f := clean()
	deviate(&f, 6)
	f.Results[0].Passed, f.Results[0].Undecided = 88, 6
	for _, g := range ready(t, f).Gaps {
		if g.Rule == "G07" && g.Severity == Block {
			return
		}
	}
	t.Error("6 of 100 deviate and 6 are undecided, tolerable is 10 %: G07 is not red")
}

// TestGatesHaveTitles: every gate is named.
func TestGatesHaveTitles(t *testing.T) {
	t.Parallel()
	for _, g := range gates {
		if strings.Contains(g.Title(), `"`) {
			t.Errorf("gate %s has no title", g)
		}
	}
}
