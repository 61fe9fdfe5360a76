package app

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/register"
)

// bring imports lines with an answer of how they were asked for.
func bring(tb testing.TB, o *office, i cli.Import, text string) {
	tb.Helper()
	if i.File == "" {
		i.File = i.Register + ".jsonl"
	}
	i.Operator, i.Discard = "test", true
	if _, err := o.take(tb.Context(), i, strings.NewReader(text), nil, func(int64, int64) {}); err != nil {
		tb.Fatalf("import %s: %v", i.Register, err)
	}
}

func testOf(t *testing.T, o *office, test string) assure.TestResult {
	t.Helper()
	res, err := o.Test(t.Context(), cli.Test{Controls: []string{test}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return res.Controls[0]
}

func zero() *int64 { return new(int64) }

// TestE16E18Zero: nothing is "no occurrence" only where it was shown; a broken connector looks alike.
func TestE16E18Zero(t *testing.T) {
	t.Parallel()
	half := map[string]string{"from": "2026-01-01", "to": "2026-06-30", "zone": "America/New_York"}
	for name, tc := range map[string]struct {
		imports []cli.Import
		text    string
		outcome assure.Outcome
		note    string
	}{
		"never pulled":              {nil, "", assure.Gap, "changes was never pulled"},
		"counted by another path":   {[]cli.Import{{Register: "changes", ExpectRows: zero()}}, "", assure.NoOccurrence, ""},
		"E18 an empty answer":       {[]cli.Import{{Register: "changes"}}, "", assure.Gap, "a broken connector looks alike"},
		"E18 all there is, nothing": {[]cli.Import{{Register: "changes", Extent: register.Full}}, "", assure.Gap, "a broken connector looks alike"},
		"half of the period":        {[]cli.Import{{Register: "changes", ExpectRows: zero(), Params: half}}, "", assure.Gap, "do not cover 2025-07-01"},
		"the source broke off": {[]cli.Import{{Register: "changes", ExpectRows: zero(), Params: map[string]string{"error": "502"}}}, "", assure.Gap,
			"ended in an error of the source (502)"},
		"only others' rows, uncounted": {[]cli.Import{{Register: "changes"}}, `{"change_id":"s","environment":"staging"}`, assure.Gap, "no check of completeness passed for changes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := company(t, "America/New_York")
			for _, i := range tc.imports {
				bring(t, o, i, tc.text)
			}
			got := testOf(t, o, "CHG-01")
			if got.Population != 0 || got.Outcome != tc.outcome || !strings.Contains(strings.Join(got.Notes, "\n"), tc.note) {
				t.Errorf("population %d, %s, notes %q, checks %+v; want %s with %q", got.Population, got.Outcome, got.Notes, got.Completeness, tc.outcome, tc.note)
			}
		})
	}
}

// TestE17ZeroOfASchedule: the calendar's instances are there whatever was recorded; no inventory is
// no schedule without instances.
func TestE17ZeroOfASchedule(t *testing.T) {
	t.Parallel()
	o := company(t, "America/New_York")
	bring(t, o, cli.Import{Register: "systems", ExpectRows: zero()}, "")
	bring(t, o, cli.Import{Register: "access_reviews", ExpectRows: zero()}, "")
	if got := testOf(t, o, "IAM-04"); got.Outcome != assure.Gap || len(got.Notes) == 0 {
		t.Errorf("outcome %s, notes %q, want a gap that says why", got.Outcome, got.Notes)
	}
}

// TestReconciledAsKnown: a reconciliation speaks as of the time that is asked for.
func TestReconciledAsKnown(t *testing.T) {
	t.Parallel()
	o := company(t, "America/New_York")
	give(t, o, "changes", change("c1", inPeriod))
	give(t, o, "deployments", `{"deployment_id":"d1","change_id":"c1","environment":"production","deployed_at":"2025-08-01T10:00:00Z"}`)
	size, err := o.st.Size(t.Context(), o.org.ID)
	if err != nil {
		t.Fatal(err)
	}
	give(t, o, "deployments", `{"deployment_id":"d2","environment":"production","deployed_at":"2025-08-01T10:00:00Z"}`)
	r, err := o.request(t.Context(), cli.Test{})
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int64]string{
		size:   "all 1 records of deployments are in changes: each production deployment traces to a change",
		r.Size: "deployments/d2 names no change_id",
	} {
		got, err := o.completeness().Checks(t.Context(), o.org.ID, "changes", at, r.KnownAt, r.Period)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(fmt.Sprint(got), want) {
			t.Errorf("at %d: %+v, want %q", at, got, want)
		}
	}
}

// shipped writes deployment i of n, of the change of that number.
func shipped(n int) func(io.Writer, int) {
	return func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"deployment_id":"d%d","change_id":"%s","environment":"production","deployed_at":"%s"}`, i, name(i), released(i, n))
	}
}

// TestChecksAreKept compares checks that were kept and amended with those that look at everything,
// through the store and the engine of the product. With ASSAY_CHANGES it also says how long both take.
func TestChecksAreKept(t *testing.T) {
	n := 20_500
	if os.Getenv("ASSAY_CHANGES") != "" {
		if _, err := fmt.Sscan(os.Getenv("ASSAY_CHANGES"), &n); err != nil {
			t.Fatal(err)
		}
	}
	o := company(t, "America/New_York")
	stream(t, o, "changes", &lines{n: n, line: changes(n)})
	stream(t, o, "deployments", &lines{n: n, line: shipped(n)})
	look := func(what string, kept bool) []assure.Check {
		t.Helper()
		r, err := o.request(t.Context(), cli.Test{})
		if err != nil {
			t.Fatal(err)
		}
		c := o.completeness()
		if kept {
			c.c.Kept = o.cache().checks()
		}
		began := time.Now()
		var all []assure.Check
		for _, reg := range []string{"changes", "deployments"} {
			got, err := c.Checks(t.Context(), o.org.ID, reg, r.Size, r.KnownAt, r.Period)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, got...)
		}
		t.Logf("%s: %v over 2 x %d records", what, time.Since(began).Round(time.Millisecond), n)
		return all
	}
	look("everything", true)
	if files, err := os.ReadDir(o.cache().dir); err != nil || len(files) < 2 {
		t.Fatalf("%d outcomes were kept, %v; want two", len(files), err)
	}
	var more strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&more, `{"deployment_id":"e%d","change_id":"%s","environment":"production","deployed_at":"2025-09-01T10:00:00Z"}`+"\n", i, name(i))
	}
	more.WriteString(`{"deployment_id":"hand","environment":"production","deployed_at":"2025-09-01T10:00:00Z"}`)
	give(t, o, "deployments", more.String())
	amended := look("1,001 newer", true)
	if diff := cmp.Diff(look("everything again", false), amended); diff != "" {
		t.Errorf("checks (-full +amended):\n%s", diff)
	}
	if !strings.Contains(fmt.Sprint(amended), "deployments/hand names no change_id") {
		t.Errorf("%+v, want the deployment by hand", amended)
	}
}
