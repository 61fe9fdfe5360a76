package gauge

import (
	"errors"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

func refused(err error, want string) bool {
	return errors.Is(err, fault.Refused) && strings.Contains(err.Error(), want)
}

func TestParseIf(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]If{
		"IAM-04/billing/2026-Q3=late:10d": {"IAM-04", "billing/2026-Q3", Late, 10},
		"IAM-04/billing/2026-Q3=missed":   {"IAM-04", "billing/2026-Q3", Missed, 0},
		"AVL-02/a=b/2026-01-01=done":      {"AVL-02", "a=b/2026-01-01", Done, 0},
	} {
		got, err := ParseIf(s)
		if err != nil || got != want || got.String() != s {
			t.Errorf("ParseIf(%q) = %+v, %v, printed %s; want %+v", s, got, err, got, want)
		}
	}
	for s, want := range map[string]string{
		"":                         "supposes nothing",
		"IAM-04/billing/2026-Q3":   "supposes nothing; expected CONTROL/INSTANCE=late:Nd",
		"IAM-04=late:10d":          "names no instance",
		"/billing=late:10d":        "names no instance",
		"IAM-04/=missed":           "names no instance",
		" IAM-04/x=missed":         "names no instance",
		"IAM-04/x=soon":            `"soon" is no outcome; expected`,
		"IAM-04/x=":                "is no outcome",
		"IAM-04/x=Missed":          "is no outcome",
		"IAM-04/x=late":            "is no outcome",
		"IAM-04/x=late:":           "is no delay; expected a number of days from 1",
		"IAM-04/x=late:10":         "is no delay",
		"IAM-04/x=late:0d":         "is no delay",
		"IAM-04/x=late:-3d":        "is no delay",
		"IAM-04/x=late:+3d":        "is no delay",
		"IAM-04/x=late:03d":        "is no delay",
		"IAM-04/x=late:1.5d":       "is no delay",
		"IAM-04/x=late:2w":         "is no delay",
		"IAM-04/x=late:99999d":     "is no delay",
		"IAM-04/x=late:10d=missed": "", // the key may hold anything, and names an instance or not
	} {
		got, err := ParseIf(s)
		if want == "" {
			if err != nil || got.Key != "x=late:10d" {
				t.Errorf("ParseIf(%q) = %+v, %v", s, got, err)
			}
			continue
		}
		if !refused(err, want) {
			t.Errorf("ParseIf(%q) = %+v, %v; want a refusal with %q", s, got, err, want)
		}
	}
}

func FuzzParseIf(f *testing.F) {
	for _, s := range []string{"IAM-04/billing/2026-Q3=late:10d", "IAM-04/x=missed", "a/b=done", "=", "/=", "a/b=late:d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, err := ParseIf(s)
		if err != nil {
			if !errors.Is(err, fault.Refused) || x != (If{}) {
				t.Errorf("ParseIf(%q) = %+v, %v, want a refusal", s, x, err)
			}
			return
		}
		if x.String() != s || x.Control == "" || x.Key == "" || (x.Outcome == Late) != (x.Days > 0) {
			t.Errorf("ParseIf(%q) = %+v, another spelling or half of it", s, x)
		}
	})
}

// TestSupposeRefusesTheUnknown: an instance that nobody knows has no due date; what was meant is suggested.
func TestSupposeRefusesTheUnknown(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][2]string{
		"IAM-05/billing/2026-Q3=missed":  {`"IAM-05" is no control in scope`, "IAM-04"},
		"IAM-04/billing/2026-Q4=missed":  {`"billing/2026-Q4" is no instance of IAM-04`, "billing/2026-Q2, billing/2026-Q3"},
		"IAM-04/payments/2026-Q3=missed": {"no instance", "billing/2026-Q2"},
	} {
		x, err := ParseIf(s)
		if err != nil {
			t.Fatal(err)
		}
		_, err = lateReview().Suppose(x)
		if !refused(err, want[0]) || !strings.Contains(fault.Hint(err), want[1]) {
			t.Errorf("Suppose(%s) = %v, hint %q; want a refusal with %q and %q", s, err, fault.Hint(err), want[0], want[1])
		}
	}
}

// TestSupposeRecounts: the counts of the test follow, whatever the item was, and still add up.
func TestSupposeRecounts(t *testing.T) {
	t.Parallel()
	base := func() Facts {
		f := clean()
		r := &f.Results[0]
		r.Passed, r.Deviating, r.Undecided = 98, 1, 1
		r.Findings = []assure.Finding{{Key: "late", Verdict: assure.Deviation, EventTime: "2026-08-01"}, {Key: "open", Verdict: assure.Undecided, EventTime: "2026-08-02"}}
		r.Items = []assure.Item{{Key: "fine", Verdict: assure.Pass, EventTime: "2026-08-03"}, {Key: "open", Verdict: assure.Undecided, EventTime: "2026-08-02"}}
		return f
	}
	for s, want := range map[string][4]int{ // population, passed, deviating, undecided
		"IAM-01/late=done":    {100, 99, 0, 1},
		"IAM-01/late=missed":  {100, 98, 1, 1},
		"IAM-01/fine=late:2d": {100, 97, 2, 1},
		"IAM-01/open=done":    {100, 99, 1, 0},
		"IAM-01/open=late:1d": {100, 98, 2, 0},
	} {
		x, err := ParseIf(s)
		if err != nil {
			t.Fatal(err)
		}
		f := base()
		got, err := f.Suppose(x)
		if err != nil {
			t.Fatal(err)
		}
		r := got.Results[0]
		if c := [4]int{r.Population, r.Passed, r.Deviating, r.Undecided}; c != want {
			t.Errorf("%s: %v, want %v", s, c, want)
		}
		if f.Results[0].Deviating != 1 || len(f.Results[0].Findings) != 2 {
			t.Errorf("%s changed the facts given", s)
		}
		if _, err := Foresee(got, Defaults()); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// TestSupposeAgainstTheRecords: what contradicts a fact is taken, and said to; what is open, or as recorded, is not.
func TestSupposeAgainstTheRecords(t *testing.T) {
	t.Parallel()
	const late, inTime = "done on 2026-11-09, 10 days after it was due", "done on 2026-07-20, in time"
	open := lateReview()
	open.Instances = quarter(open.Instances, "2026-Q4", "2027-01-30", "")
	undone := lateReview()
	undone.Deviations = nil
	for i := range undone.Instances {
		if undone.Instances[i].Key == "billing/2026-Q3" {
			undone.Instances[i].Done = nil
		}
	}
	unlisted := lateReview()
	unlisted.Instances = nil
	grants := clean()
	deviate(&grants, 1)
	grants.Results[0].Items = []assure.Item{{Key: "fine", Verdict: assure.Pass, EventTime: "2026-08-03"}}
	for _, c := range []struct {
		f    Facts
		what string
		says string
	}{
		{open, "IAM-04/billing/2026-Q3=done", late},
		{open, "IAM-04/billing/2026-Q3=missed", late},
		{open, "IAM-04/billing/2026-Q3=late:3d", late},
		{open, "IAM-04/billing/2026-Q3=late:10d", ""},
		{open, "IAM-04/billing/2026-Q2=late:3d", inTime},
		{open, "IAM-04/billing/2026-Q2=missed", inTime},
		{open, "IAM-04/billing/2026-Q2=done", ""},
		{open, "IAM-04/billing/2026-Q4=missed", ""},
		{open, "IAM-04/billing/2026-Q4=done", ""},
		{undone, "IAM-04/billing/2026-Q3=done", "not done by 2026-11-22"},
		{undone, "IAM-04/billing/2026-Q3=late:5d", "not done by 2026-11-22"},
		{undone, "IAM-04/billing/2026-Q3=late:40d", ""},
		{undone, "IAM-04/billing/2026-Q3=missed", ""},
		{unlisted, "IAM-04/billing/2026-Q3=done", late},
		{grants, "IAM-01/grant-0=done", "it deviates"},
		{grants, "IAM-01/grant-0=missed", ""},
		{grants, "IAM-01/fine=late:2d", "it passed its test"},
	} {
		got := foresee(t, supposing(t, c.f, c.what))
		want := c.what
		if c.says != "" {
			want += " (the records say otherwise: " + c.says + ")"
		}
		if len(got.If) != 1 || got.If[0] != want {
			t.Errorf("if %q, want %q", got.If, want)
		}
		notes := strings.Join(got.Notes, "\n")
		if noted := strings.Contains(notes, c.what+": the records say otherwise: "+c.says); noted != (c.says != "") {
			t.Errorf("%s: notes %q", c.what, notes)
		}
	}
	// What is supposed after something else was supposed contradicts no record.
	twice := supposing(t, open, "IAM-04/billing/2026-Q4=missed", "IAM-04/billing/2026-Q4=done")
	if got := foresee(t, twice).If; len(got) != 2 || strings.Contains(got[1], "records") {
		t.Errorf("if %q, want no word of records", got)
	}
}

// TestMissedIsNotDone: the next review ends what a missed one left, and does not do it.
func TestMissedIsNotDone(t *testing.T) {
	t.Parallel()
	f := supposing(t, lateReview(), "IAM-04/billing/2026-Q3=missed")
	if got := way(t, foresee(t, f), "keep").Discloses; len(got) != 1 || !strings.HasSuffix(got[0], "deviate: billing/2026-Q3, not done") {
		t.Errorf("keep discloses %q, want that it was not done", got)
	}
}

// TestHintNamesAKeyOnce: an instance that deviates is known twice, and named once.
func TestHintNamesAKeyOnce(t *testing.T) {
	t.Parallel()
	_, err := lateReview().Suppose(If{Control: "IAM-04", Key: "billing/2026-Q9", Outcome: Missed})
	if got := fault.Hint(err); got != "known are billing/2026-Q2, billing/2026-Q3" {
		t.Errorf("hint %q", got)
	}
}
