package gauge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
)

// lateReview is 22 November 2026: of the third quarter's reviews, due on 30 October, eleven were done in time and billing's
// on 9 November, ten days late.
func lateReview() Facts {
	f := reviews("2026-11-22")
	f.Instances = quarter(f.Instances, "2026-Q3", "2026-10-30", "2026-10-20")
	for i := range f.Instances {
		if f.Instances[i].Key == "billing/2026-Q3" {
			f.Instances[i].Done = on("2026-11-09")
		}
	}
	f.Deviations = []Deviation{{Control: "IAM-04", Key: "billing/2026-Q3", Member: day("2026-10-30"), Ended: on("2026-11-09"), Attributes: []string{"D"}, Late: true}}
	return f
}

// TestAccessReviewLate is the worked example of a late access review, figure for figure.
func TestAccessReviewLate(t *testing.T) {
	t.Parallel()
	got := foresee(t, lateReview())

	// Two quarters fall due in the period, of twelve systems each; one review of the 24 is a deviation.
	c := got.Controls[0]
	if c.ItemsDue != 24 || c.Deviations != 1 || c.Rate != "4.2 %" {
		t.Errorf("%d instances due, %d deviations, %s; want 24, 1, 4.2 %%", c.ItemsDue, c.Deviations, c.Rate)
	}
	if diff := cmp.Diff([]Part{{"billing", 2, 1}}, c.Parts); diff != "" {
		t.Errorf("by system (-want +got):\n%s", diff)
	}

	// A period starts after it: strictly on 31 October, conservatively on 10 November, six months to 9 May 2027.
	six := got.EarliestClean[1]
	if six.Months != 6 || six.Strict == nil || six.Strict.From != day("2026-10-31") {
		t.Errorf("strict: %d months, %v; want 6 from 2026-10-31", six.Months, six.Strict)
	}
	if want := span("2026-11-10", "2027-05-09"); six.Conservative == nil || *six.Conservative != want {
		t.Errorf("conservative: %v; want %s", six.Conservative, want)
	}

	// A quarterly control acts once in three months, which is less than its minimum of two.
	if three := got.EarliestClean[0]; three.Months != 3 || three.Conservative != nil || len(three.Why) == 0 {
		t.Errorf("three months: %+v; want none, with the reason", three)
	}

	options := map[string]Option{}
	for _, o := range got.Options {
		options[o.ID] = o
	}
	// (A) Keep the period: the exception is disclosed beside its denominator, and the completion does not erase it.
	keep := options["keep"]
	if want := []string{"IAM-04: 1 of 24 (4.2 %) deviate: billing/2026-Q3, done 10 days after it was due"}; !cmp.Equal(keep.Discloses, want) {
		t.Errorf("keep discloses %q, want %q", keep.Discloses, want)
	}
	if keep.Gap != 0 || len(keep.Warnings) > 0 || keep.Chance.NoException != (Range{0, 0}) {
		t.Errorf("keep: gap %d, warnings %q, chance without exception %v; want none, none, none", keep.Gap, keep.Warnings, keep.Chance.NoException)
	}
	// Fieldwork takes two to six weeks after 31 December, reporting two to four.
	if want := [2]string{"2027-01-28", "2027-03-11"}; keep.ReportReady != want {
		t.Errorf("keep: the report is ready %v, want %v", keep.ReportReady, want)
	}
	// (B) Start after it: four months later, and a gap since the last report, which ended on 30 June.
	restart := options["restart"]
	if restart.Period == nil || restart.Period.From != day("2026-11-10") || restart.Period.To != day("2027-05-09") {
		t.Errorf("restart: %v, want 2026-11-10 to 2027-05-09", restart.Period)
	}
	if restart.Strict == nil || restart.Strict.From != day("2026-10-31") {
		t.Errorf("restart, strict: %v, want from 2026-10-31", restart.Strict)
	}
	if !strings.Contains(restart.Cost, "129 days later") || !strings.Contains(restart.Cost, "4 months") {
		t.Errorf("restart costs %q, want 129 days, about 4 months", restart.Cost)
	}
	if restart.Gap != 132 || !strings.Contains(strings.Join(restart.Warnings, "\n"), "132 days are in no report after the last report, which ended on 2026-06-30") {
		t.Errorf("restart: gap %d, warnings %q; want 132 days since 30 June", restart.Gap, restart.Warnings)
	}
	// (C) Extend to 31 March 2027: the fourth quarter, due on 30 January, dilutes it to 1 of 36 and never deletes it.
	extend := options["extend"]
	if extend.Period == nil || extend.Period.To != day("2027-03-31") || extend.Period.From != day("2026-07-01") {
		t.Errorf("extend: %v, want 2026-07-01 to 2027-03-31", extend.Period)
	}
	if len(extend.Discloses) != 1 || !strings.HasPrefix(extend.Discloses[0], "IAM-04: 1 of 36 (2.8 %) deviate") {
		t.Errorf("extend discloses %q, want 1 of 36 (2.8 %%)", extend.Discloses)
	}
	// (D) A Type 1 on 30 November as an interim.
	if o := options["type1"]; o.AsOf == nil || *o.AsOf != day("2026-11-30") || o.Period != nil {
		t.Errorf("type1: %+v, want as of 2026-11-30", o)
	}

	// The old way: a sample of two of the four quarters of a year sees the one that was late half of the time.
	if p := 1 - SampleMisses(4, 1, 2); p != 0.5 {
		t.Errorf("a sample of 2 of 4 sees one late with %v, want 0.5", p)
	}

	// The chain: this period starts the day after the last one ended, and the next the day after this one.
	if len(got.Chain) != 1 || got.Chain[0].Gap != 0 || got.Chain[0].Overlap != 0 {
		t.Errorf("chain %+v, want no gap and no overlap", got.Chain)
	}
	if want := span("2027-01-01", "2027-06-30"); got.Next == nil || *got.Next != want {
		t.Errorf("next period %v, want %s", got.Next, want)
	}
}

// TestAccessReviewLateIsAmber: one of 24 is within what is tolerable of a detective control. It is disclosed; the readiness
// report names its lateness and does not take it for a failure of the control.
func TestAccessReviewLateIsAmber(t *testing.T) {
	t.Parallel()
	f := lateReview()
	r := tested("IAM-04")
	r.Shape, r.Population, r.Passed, r.Deviating = assure.Schedule, 24, 23, 1
	f.Results = []assure.TestResult{r}
	f.Evidence = []Evidence{{Control: "IAM-04", Instances: 24}}
	got := ready(t, f)
	var rules []string
	for _, g := range got.Gaps {
		rules = append(rules, g.Rule+" "+g.Severity.String()+" "+g.What)
	}
	if want := []string{"G08 amber 1 of 24 (4.2 %) done late: billing/2026-Q3"}; !cmp.Equal(rules, want) {
		t.Errorf("gaps %q, want %q", rules, want)
	}
	if got.Status != "at_risk" {
		t.Errorf("status %s, want at_risk", got.Status)
	}
}

// TestAccessReviewBeforeItsDeadline: the same review nine days before it is due.
func TestAccessReviewBeforeItsDeadline(t *testing.T) {
	t.Parallel()
	f := reviews("2026-10-21")
	f.Instances = quarter(f.Instances, "2026-Q3", "2026-10-30", "")
	got := foresee(t, f)
	if c := got.Controls[0]; c.ItemsDue != 12 || c.Deviations != 0 {
		t.Errorf("%d of %d, want 0 of 12", c.Deviations, c.ItemsDue)
	}
	if len(got.DueSoon) != 1 {
		t.Fatalf("%d rows fall due soon, want 1: the twelve reviews of one day", len(got.DueSoon))
	}
	d := got.DueSoon[0]
	if d.InDays != 9 || d.Due != day("2026-10-30") || len(d.Instances) != 12 || !strings.Contains(d.Owner, "owner of billing") {
		t.Errorf("due soon %+v, want 12 in 9 days, with their owners", d)
	}
	want := "0 of 24 -> 1 of 24; the earliest clean 6 months move from 2026-07-01..2026-12-31 to 2026-11-01..2027-04-30, and by a day for each further day late"
	if d.IfMissed != want {
		t.Errorf("if missed:\n%s, want\n%s", d.IfMissed, want)
	}
}

// TestSupposeMakesTheWorkedExample: the review is not late yet; supposing that it is gives the forecast of the day it was.
func TestSupposeMakesTheWorkedExample(t *testing.T) {
	t.Parallel()
	x, err := ParseIf("IAM-04/billing/2026-Q3=late:10d")
	if err != nil {
		t.Fatal(err)
	}
	before := reviews("2026-10-21")
	before.Instances = quarter(before.Instances, "2026-Q3", "2026-10-30", "")
	withTest := before
	r := tested("IAM-04")
	r.Shape, r.Population, r.Passed, r.InProgress = assure.Schedule, 12, 12, 12
	withTest.Results = []assure.TestResult{r}
	allDone := reviews("2026-11-22")
	allDone.Instances = quarter(allDone.Instances, "2026-Q3", "2026-10-30", "2026-10-20")
	for name, f := range map[string]Facts{"before the deadline": before, "before the deadline, with a test": withTest, "after it, done in time": allDone} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			supposed, err := f.Suppose(x)
			if err != nil {
				t.Fatal(err)
			}
			got, was := foresee(t, supposed), foresee(t, f)
			if c := got.Controls[0]; c.ItemsDue != 24 || c.Deviations != 1 {
				t.Errorf("%d of %d, want 1 of 24", c.Deviations, c.ItemsDue)
			}
			if six := got.EarliestClean[1]; six.Conservative == nil || *six.Conservative != span("2026-11-10", "2027-05-09") {
				t.Errorf("conservative %v, want 2026-11-10 to 2027-05-09", six.Conservative)
			}
			if was.Controls[0].Deviations != 0 || was.EarliestClean[1].Conservative.From != day("2026-07-01") {
				t.Errorf("the facts given were changed: %+v", was.Controls[0])
			}
			want := "IAM-04/billing/2026-Q3=late:10d"
			if name == "after it, done in time" {
				want += " (the records say otherwise: done on 2026-10-20, in time)"
			}
			if len(got.If) != 1 || got.If[0] != want {
				t.Errorf("if %q, want %q", got.If, want)
			}
		})
	}
}

// TestSupposeDone: the late review supposed in time leaves nothing to disclose; one never done lasts until the next is due.
func TestSupposeDone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what       string
		deviations int
		from       string
	}{
		{"IAM-04/billing/2026-Q3=done", 0, "2026-07-01"},
		{"IAM-04/billing/2026-Q3=late:1d", 1, "2026-11-01"},
		{"IAM-04/billing/2026-Q3=missed", 1, "2027-01-31"},
		{"IAM-04/billing/2026-Q2=late:3d", 2, "2026-11-10"},
	} {
		x, err := ParseIf(c.what)
		if err != nil {
			t.Fatal(err)
		}
		f, err := lateReview().Suppose(x)
		if err != nil {
			t.Fatal(err)
		}
		got := foresee(t, f)
		if got.Controls[0].Deviations != c.deviations || got.EarliestClean[1].Conservative.From != day(c.from) {
			t.Errorf("%s: %d deviations, clean from %s; want %d from %s", c.what, got.Controls[0].Deviations, got.EarliestClean[1].Conservative.From, c.deviations, c.from)
		}
	}
}
