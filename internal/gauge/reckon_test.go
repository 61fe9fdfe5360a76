package gauge

import (
	"math"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
)

// supposing changes facts by suppositions, each in the form it is written in.
func supposing(t testing.TB, f Facts, list ...string) Facts {
	t.Helper()
	for _, s := range list {
		x, err := ParseIf(s)
		if err != nil {
			t.Fatal(err)
		}
		if f, err = f.Suppose(x); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// way is the option of that name.
func way(t testing.TB, f Forecast, id string) Option {
	t.Helper()
	for _, o := range f.Options {
		if o.ID == id {
			return o
		}
	}
	t.Fatalf("no option %s among %+v", id, f.Options)
	return Option{}
}

// TestSupposedCountsOnce: what is supposed of a day ahead is known, and is not to come as well.
func TestSupposedCountsOnce(t *testing.T) {
	t.Parallel()
	open := reviews("2026-10-22")
	open.Instances = quarter(open.Instances, "2026-Q3", "2026-10-30", "")
	withTest := open
	r := tested("IAM-04")
	r.Shape, r.Population, r.Passed, r.InProgress = "schedule", 12, 12, 12
	withTest.Results = append(withTest.Results, r)
	for name, f := range map[string]Facts{"without a test": open, "with one": withTest} {
		f = supposing(t, f, "IAM-04/billing/2026-Q3=late:10d")
		got := way(t, foresee(t, f), "extend")
		if len(got.Discloses) != 1 || !strings.HasPrefix(got.Discloses[0], "IAM-04: 1 of 36 (2.8 %) deviate") {
			t.Errorf("%s: extend discloses %q, want 1 of 36 (2.8 %%)", name, got.Discloses)
		}
		// Of the planned period nothing is left to come: one of 24 is within what is tolerable, for sure.
		if c := foresee(t, f).Chance; c.NoQualification != (Range{1, 1}) || c.NoException != (Range{}) {
			t.Errorf("%s: chance %+v, want a sure exception and no qualification", name, *c)
		}
		v := newView(&f, Defaults())
		if r := v.reckon(v.controls[0], v.period); r.items != 24 || r.coming != 0 {
			t.Errorf("%s: %+v, want 24 items and none to come", name, r)
		}
	}
	done := supposing(t, open, "IAM-04/billing/2026-Q3=done")
	if c := foresee(t, done).Chance; math.Abs(c.NoException[0]-1) > 1e-12 {
		t.Errorf("no exception %v, want sure: every item of the period is known", c.NoException)
	}
}

// TestOptionsCountTheirOwnWindow: a deviation behind the planned period belongs to the longer one, and to no other.
func TestOptionsCountTheirOwnWindow(t *testing.T) {
	t.Parallel()
	next := func(today, done string) Facts {
		f := lateReview()
		f.Today = day(today)
		f.Instances = quarter(f.Instances, "2026-Q4", "2027-01-30", done)
		return f
	}
	undone := next("2027-02-10", "2027-01-20")
	for i := range undone.Instances {
		if undone.Instances[i].Key == "billing/2026-Q4" {
			undone.Instances[i].Done = nil
		}
	}
	dated := next("2027-02-10", "2027-01-20")
	dated.Deviations = append(dated.Deviations, Deviation{Control: "IAM-04", Key: "billing/2026-Q4", Member: day("2027-01-30"), Ended: on("2027-02-04"), Late: true})
	for i := range dated.Instances {
		if dated.Instances[i].Key == "billing/2026-Q4" {
			dated.Instances[i].Done = on("2027-02-04")
		}
	}
	for _, c := range []struct {
		name, clean string
		f           Facts
		words       string
	}{
		{"supposed", "2027-02-10", supposing(t, next("2026-11-22", ""), "IAM-04/billing/2026-Q4=late:10d"), "billing/2026-Q4, done 10 days after it was due"},
		{"recorded since the end", "2027-02-05", dated, "billing/2026-Q4, done 5 days after it was due"},
		{"due since the end and not done", "2027-02-11", undone, "billing/2026-Q4, not done"},
	} {
		got := foresee(t, c.f)
		if o := way(t, got, "extend"); len(o.Discloses) != 1 || !strings.HasPrefix(o.Discloses[0], "IAM-04: 2 of 36 (5.6 %) deviate") || !strings.Contains(o.Discloses[0], c.words) {
			t.Errorf("%s: extend discloses %q, want 2 of 36 with %s", c.name, o.Discloses, c.words)
		}
		if o := way(t, got, "keep"); len(o.Discloses) != 1 || !strings.HasPrefix(o.Discloses[0], "IAM-04: 1 of 24 (4.2 %) deviate: billing/2026-Q3,") {
			t.Errorf("%s: keep discloses %q, want 1 of 24", c.name, o.Discloses)
		}
		// Half a year starts after the deviation.
		if o := got.EarliestClean[1]; o.Conservative == nil || o.Conservative.From != day(c.clean) {
			t.Errorf("%s: clean from %v, want %s", c.name, o.Conservative, c.clean)
		}
	}
}

// TestNoReportInThePast: a period that is over waits for its fieldwork, which begins today at the earliest.
func TestNoReportInThePast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		today string
		want  [2]string // fieldwork takes two to six weeks, reporting two to four
		cost  string
	}{
		{"2026-12-31", [2]string{"2027-01-28", "2027-03-11"}, "no delay; each"},
		{"2027-01-01", [2]string{"2027-01-29", "2027-03-12"}, "the period ended 1 day ago, and fieldwork is taken to begin today; each"},
		{"2027-06-01", [2]string{"2027-06-29", "2027-08-10"}, "the period ended 152 days ago, and fieldwork"},
	} {
		f := lateReview()
		f.Today = day(c.today)
		got := foresee(t, f)
		if o := way(t, got, "keep"); o.ReportReady != c.want || !strings.HasPrefix(o.Cost, c.cost) {
			t.Errorf("on %s: keep is ready %v at %q, want %v at %q", c.today, o.ReportReady, o.Cost, c.want, c.cost)
		}
		for _, o := range got.Options {
			if o.ReportReady[0] <= c.today {
				t.Errorf("on %s: %s is ready on %s", c.today, o.ID, o.ReportReady[0])
			}
		}
		for _, x := range got.EarliestClean {
			if len(x.ReportReady) > 0 && x.ReportReady[0] <= c.today {
				t.Errorf("on %s: %d months are ready on %s", c.today, x.Months, x.ReportReady[0])
			}
		}
	}
	f := lateReview()
	f.Today = day("2027-06-01") // the longer period ended on 31 March: both reports can be had at once
	if o := way(t, foresee(t, f), "extend"); !strings.HasPrefix(o.Cost, "the report comes 0 days later") || !strings.HasSuffix(o.Cost, "the period ended 62 days ago, and fieldwork is taken to begin today") {
		t.Errorf("extend costs %q", o.Cost)
	}
	g := asType1(clean(), "2026-10-31")
	if o := way(t, foresee(t, g), "keep"); o.ReportReady[0] != "2026-12-20" || !strings.HasPrefix(o.Cost, "the date passed 22 days ago") {
		t.Errorf("a Type 1 of the past is ready on %s at %q", o.ReportReady[0], o.Cost)
	}
}

// TestUndecidedIsSaid: the search takes what is not decided for clean, and says so wherever that matters.
func TestUndecidedIsSaid(t *testing.T) {
	t.Parallel()
	undecided := func(times ...string) Facts {
		f := clean()
		deviate(&f, 1)
		r := &f.Results[0]
		r.Passed, r.Undecided = r.Passed-2, 2
		for _, at := range times {
			r.Findings = append(r.Findings, assure.Finding{Key: "u" + at, Verdict: assure.Undecided, EventTime: at})
		}
		return f
	}
	const before, after = "2026-07-20", "2026-10-02" // the deviation ended on 4 August
	for _, c := range []struct {
		name    string
		f       Facts
		restart string // what the restart warns of
	}{
		{"before the restart", undecided(before, before), ""},
		{"one in it", undecided(before, after), "1 item of 1 control cannot be decided yet and may belong"},
		{"nobody dates them", undecided(), "2 items of 1 control cannot be decided yet and may belong"},
	} {
		got := foresee(t, c.f)
		if s := strings.Join(got.Notes, "\n"); !strings.Contains(s, "2 items of 1 control cannot be decided yet; every clean period assumes that they are decided in favour") {
			t.Errorf("%s: notes %q", c.name, got.Notes)
		}
		if s := strings.Join(way(t, got, "keep").Warnings, "\n"); !strings.Contains(s, "2 items of 1 control cannot be decided yet: each") {
			t.Errorf("%s: keep warns %q", c.name, s)
		}
		s := strings.Join(way(t, got, "restart").Warnings, "\n")
		if !strings.Contains(s, c.restart) || c.restart == "" && strings.Contains(s, "decided") {
			t.Errorf("%s: restart warns %q, want %q", c.name, s, c.restart)
		}
	}
	f := clean()
	if s := strings.Join(foresee(t, f).Notes, "\n"); strings.Contains(s, "decided yet") {
		t.Errorf("everything is decided, and the notes say %q", s)
	}
}
