package collect_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// All reads fields out of the ledger itself.
func (h *house) All(ctx context.Context, org id.Org, s *register.Schema, fields []string, size int64, each func(string, []any) error) error {
	latest := map[string][]any{}
	var order []string
	err := h.store.Scan(ctx, org, 0, size, func(r record.Sealed) error {
		if r.Erased() {
			return nil
		}
		d, err := record.Decode(r.Bytes)
		if err != nil || d.Register != s.Name {
			return err
		}
		cols, err := register.Project(s, d.Body)
		if err != nil {
			return err
		}
		if _, ok := latest[d.Key]; !ok {
			order = append(order, d.Key)
		}
		values := make([]any, len(fields))
		for i, f := range fields {
			values[i] = cols[slices.Index(s.Names(), f)]
		}
		latest[d.Key] = values
		return nil
	})
	for _, k := range order {
		if err == nil {
			err = each(k, latest[k])
		}
	}
	return err
}

func (h *house) Of(ctx context.Context, org id.Org, s *register.Schema, fields []string, field string, values []string, size int64, each func(string, []any) error) error {
	read := fields
	if field != "" {
		read = append(slices.Clone(fields), field)
	}
	return h.All(ctx, org, s, read, size, func(key string, v []any) error {
		name := key
		if field != "" {
			name = fmt.Sprint(v[len(v)-1])
		}
		if !slices.Contains(values, name) {
			return nil
		}
		return each(key, v[:len(fields)])
	})
}

func (h *house) Since(ctx context.Context, org id.Org, s *register.Schema, from, size int64, enough int) ([]string, bool, error) {
	keys := map[string]bool{}
	err := h.store.Scan(ctx, org, from, size, func(r record.Sealed) error {
		d, err := record.Decode(r.Bytes)
		if err == nil && d.Register == s.Name {
			keys[d.Key] = true
		}
		return err
	})
	return slices.Sorted(maps.Keys(keys)), len(keys) <= enough, err
}

// RootAt answers of one ledger, which was 3 records large.
func (h *house) RootAt(_ context.Context, _ id.Org, size int64) (string, error) {
	if size == 3 {
		return "aa11", nil
	}
	return "", fault.NotFound
}

// comparisons are those of the library.
var comparisons = sync.OnceValues(func() (*collect.Comparisons, error) {
	all, err := registers.Load()
	if err != nil {
		return nil, err
	}
	return collect.LoadComparisons(catalog.Reconciliations(), func(n string) *register.Schema { return all[n] })
})

// checker is one over the starter's registers and comparisons.
func (h *house) checker(t testing.TB) *collect.Checker {
	t.Helper()
	find := func(n string) *register.Schema { return h.all[n] }
	all, err := comparisons()
	if err != nil {
		t.Fatal(err)
	}
	return &collect.Checker{Ledger: h.store, Rows: h, Heads: h, Comparisons: all, Registers: find, Persons: rule.Persons}
}

// check runs the checks for the half-year before the house's clock and prints them.
func (h *house) check(t *testing.T, name string, more ...func(*collect.Request)) []string {
	t.Helper()
	from, to := civil.NewDate(2026, 1, 1), civil.NewDate(2026, 6, 30)
	q := collect.Request{Org: h.org, Schema: h.all[name], Size: h.size(t), Period: civil.Period{From: from, To: to}}
	for _, f := range more {
		f(&q)
	}
	checks, err := h.checker(t).Check(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range checks {
		if c.Register != name {
			t.Errorf("%s is about %s, want %s", c.Check, c.Register, name)
		}
		out = append(out, fmt.Sprintf("%s %s: %s", c.Check, c.Status, c.Detail))
	}
	return out
}

// only keeps the lines of some checks.
func only(lines []string, checks ...string) []string {
	return slices.DeleteFunc(lines, func(l string) bool { return !slices.Contains(checks, l[:2]) })
}

func (h *house) status(t *testing.T, name string) collect.Status {
	t.Helper()
	s, err := (&collect.Checker{Ledger: h.store}).Status(context.Background(), h.org, h.all[name], h.size(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func same(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
}

func expect(n int64) func(*collect.ImportRequest) {
	return func(r *collect.ImportRequest) { r.ExpectRows = &n }
}

func full(r *collect.ImportRequest) { r.Extent = register.Full }

func params(from, to, zone string) func(*collect.ImportRequest) {
	return func(r *collect.ImportRequest) { r.Params = map[string]string{"from": from, "to": to, "zone": zone} }
}

func TestCheckNeverPulled(t *testing.T) {
	t.Parallel()
	h := setup(t)
	same(t, []string{
		"C2 missing: grants was never pulled", "C3 missing: grants was never pulled", "C4 missing: grants was never pulled",
		"A1 missing: grants was never pulled", "A2 missing: grants was never pulled", "A4 missing: grants was never pulled",
		"A5 missing: grants was never pulled",
	}, h.check(t, "grants"))
	if s := h.status(t, "grants"); s.Pulled || s.Failed || s.Why != "grants was never pulled" {
		t.Errorf("status %+v", s)
	}
}

func TestCheckCounts(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.must(t, "restores", "r.csv", restores)
	same(t, []string{
		"C2 missing: nobody counted the rows of restores by another path",
		"A2 missing: no control totals of restores were given",
		"A4 missing: no pull of restores from import says which dates it covers",
	}, only(h.check(t, "restores"), "C2", "A2", "A4"))

	h.must(t, "restores", "r.csv", restores, expect(3), params("2026-01-01", "2026-06-30", "UTC"), func(r *collect.ImportRequest) { r.Totals = map[string]int64{"minutes": 42} })
	same(t, []string{
		"C2 failed: the pull of restores from import (2026-07-01) brought 2 rows, 3 were counted by another path",
		"A2 missing: the pull of restores from import (2026-07-01) sums minutes 42, as the source states; only 1 of 2 pulls of restores can say so",
		"A4 passed: the pulls of restores cover 2026-01-01 to 2026-06-30 (UTC)",
	}, only(h.check(t, "restores"), "C2", "A2", "A4"))
	if s := h.status(t, "restores"); !s.Pulled || !s.Failed || !strings.Contains(s.Why, "3 were counted") {
		t.Errorf("status %+v, want failed", s)
	}

	// A full pull stands for all before it.
	h.must(t, "restores", "r.csv", restores, expect(2), full, func(r *collect.ImportRequest) { r.Totals = map[string]int64{"minutes": 41} })
	same(t, []string{
		"C2 passed: the pull of restores from import (2026-07-01) brought 2 rows, as counted by another path",
		"A2 failed: the pull of restores from import (2026-07-01) sums minutes to 42, the source states 41",
		"A4 passed: the pulls of restores cover 2026-01-01 to 2026-06-30 (UTC)",
	}, only(h.check(t, "restores"), "C2", "A2", "A4"))
	if s := h.status(t, "restores"); !s.Failed || !strings.Contains(s.Why, "states 41") {
		t.Errorf("status %+v, want failed by its totals", s)
	}
}

// TestCheckAsKnown: a later pull does not reach back to an earlier tree size.
func TestCheckAsKnown(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.must(t, "restores", "r.csv", restores, expect(2))
	size := h.size(t)
	h.must(t, "restores", "r.csv", restores, expect(9))
	got := h.check(t, "restores", func(q *collect.Request) { q.Size = size })
	if !strings.HasPrefix(got[0], "C2 passed") {
		t.Errorf("%s, want passed as known then", got[0])
	}
}

// TestCheckRepeated: the same question to the same object replaces its earlier answer, another
// does not.
func TestCheckRepeated(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.must(t, "restores", "jan.csv", restores, expect(3))
	h.must(t, "restores", "feb.csv", restores, expect(2))
	if got := h.check(t, "restores"); !strings.HasPrefix(got[0], "C2 failed") {
		t.Errorf("%s, want failed: another file does not heal it", got[0])
	}
	h.must(t, "restores", "jan.csv", restores, expect(2))
	if got := h.check(t, "restores"); !strings.HasPrefix(got[0], "C2 passed: 2 pulls of restores agree") {
		t.Errorf("%s, want passed by two pulls", got[0])
	}
}

const accounts = "account_id,system,created_at,disabled_at\na,erp,2025-01-01T00:00:00Z,\nb,erp,2025-01-01T00:00:00Z,\nc,erp,2025-01-01T00:00:00Z,2025-06-01T00:00:00Z\n"

func TestCheckRollForward(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.must(t, "accounts", "a.csv", accounts, full)
	if got := only(h.check(t, "accounts"), "C3"); got[0] != "C3 missing: no source gave two full pulls of accounts to roll forward between" {
		t.Error(got[0])
	}
	h.now = h.now.AddDate(0, 1, 0)
	next := strings.Replace(accounts, "b,erp,2025-01-01T00:00:00Z,", "b,erp,2025-01-01T00:00:00Z,2026-07-10T00:00:00Z", 1) +
		"d,erp,2026-07-05T00:00:00Z,\ne,erp,2026-07-05T00:00:00Z,2026-07-06T00:00:00Z\n"
	h.must(t, "accounts", "a.csv", next, full)
	if got := only(h.check(t, "accounts"), "C3"); got[0] != "C3 passed: accounts from import: 2 open on 2026-07-01 + 2 started - 2 ended = 2, as on 2026-08-01" {
		t.Error(got[0])
	}
	h.now = h.now.AddDate(0, 1, 0)
	h.must(t, "accounts", "a.csv", strings.Replace(next, "a,erp,2025-01-01T00:00:00Z,\n", "", 1), full)
	if got := only(h.check(t, "accounts"), "C3"); got[0] != "C3 failed: accounts from import: 2 open on 2026-08-01 + 0 started - 0 ended = 2, but 1 are open on 2026-09-01" {
		t.Error(got[0])
	}
	if s := h.status(t, "accounts"); !s.Failed {
		t.Error("an account that vanished did not fail the register")
	}
}

func TestCheckSequence(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := mapping(t, "sequence: ticket\n")
	row := func(ids ...string) string { return "ticket\n" + strings.Join(ids, "\n") + "\n" }
	h.must(t, "tickets", "t.csv", row("OPS-9", "OPS-10", "OPS-11", "WEB-3"), m)
	if got := h.check(t, "tickets"); got[0] != "C1 passed: tickets.ticket has 4 numbers and no gap" {
		t.Error(got[0])
	}
	h.must(t, "tickets", "t.csv", row("OPS-14", "WEB-9"), m)
	if got := h.check(t, "tickets"); got[0] != "C1 failed: tickets.ticket has 6 numbers and 7 gaps: OPS-12, OPS-13, WEB-4, WEB-5, WEB-6, ..." {
		t.Error(got[0])
	}
	h = setup(t)
	h.must(t, "tickets", "t.csv", row("OPS-1", "none"), m)
	if got := h.check(t, "tickets"); got[0] != "C1 missing: tickets.ticket is without a number in 1 records" {
		t.Error(got[0])
	}
}

func TestCheckCalendar(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for found, want := range map[int64]string{
		4: "C5 passed: the calendar gives 4 instances (quarters for 2 systems), all of them were looked at",
		3: "C5 failed: the calendar gives 4 instances (quarters for 2 systems), 3 were looked at",
	} {
		got := only(h.check(t, "backups", func(q *collect.Request) {
			q.Calendar = &collect.Calendar{Expected: 4, Found: found, What: "quarters for 2 systems"}
		}), "C5")
		if got[0] != want {
			t.Errorf("got %s\nwant %s", got[0], want)
		}
	}
}

func TestCheckParameters(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pulls []func(*collect.ImportRequest)
		now   time.Time
		want  string
	}{
		"no zone":             {[]func(*collect.ImportRequest){params("2026-01-01", "2026-06-30", "")}, time.Time{}, "A4 missing: the pull of restores from import (2026-07-01) names the dates 2026-01-01 to 2026-06-30 without their zone"},
		"two halves":          {[]func(*collect.ImportRequest){params("2026-04-01", "2026-06-30", "UTC"), params("2026-01-01", "2026-03-31", "UTC")}, time.Time{}, "A4 passed: the pulls of restores cover 2026-01-01 to 2026-06-30 (UTC)"},
		"a day between":       {[]func(*collect.ImportRequest){params("2026-01-01", "2026-03-30", "UTC"), params("2026-04-01", "2026-06-30", "UTC")}, time.Time{}, "A4 failed: the pulls of restores from import do not cover 2026-03-31T00:00:00Z to 2026-04-01T00:00:00Z (UTC)"},
		"another zone":        {[]func(*collect.ImportRequest){params("2026-01-01", "2026-06-30", "Asia/Tokyo")}, time.Time{}, "A4 failed: the pulls of restores from import do not cover 2026-06-30T15:00:00Z to 2026-07-01T00:00:00Z (UTC)"},
		"full, after the end": {[]func(*collect.ImportRequest){full}, time.Time{}, "A4 passed: the pulls of restores cover 2026-01-01 to 2026-06-30 (UTC)"},
		"full, before it":     {[]func(*collect.ImportRequest){full}, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), "A4 failed: the pulls of restores from import do not cover 2026-06-01T00:00:00Z to 2026-07-01T00:00:00Z (UTC)"},
	} {
		h := setup(t)
		if !tc.now.IsZero() {
			h.now = tc.now
		}
		for _, p := range tc.pulls {
			h.must(t, "restores", "r.csv", restores, p)
		}
		if got := only(h.check(t, "restores"), "A4"); got[0] != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got[0], tc.want)
		}
	}
	h := setup(t)
	if _, err := h.take(t, "restores", "r.csv", restores, params("2026-02-30", "2026-06-30", "UTC")); err == nil || err.Error() != `params: from: "2026-02-30" is not a date; expected an existing day as YYYY-MM-DD` {
		t.Errorf("an impossible date in params: %v", err)
	}
	if _, err := h.take(t, "restores", "r.csv", restores, params("2026-06-30", "2026-01-01", "UTC")); err == nil {
		t.Error("a query that ends before it starts was accepted")
	}
}

// TestCheckChildren: rows split off another register's are as complete as these.
func TestCheckChildren(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := mapping(t, "fields: {change_id: id}\nchildren:\n  - {register: reviews, each: by, fields: {review_id: who, change_id: $parent.id, reviewer: who, decision: {constant: approved}}}\n")
	h.must(t, "changes", "c.jsonl", `{"id":"c1","by":[]}`, m, expect(1))
	if s := h.status(t, "reviews"); !s.Pulled || s.Failed {
		t.Errorf("status of reviews %+v; want pulled, with no rows", s)
	}
	got := h.check(t, "reviews")
	if want := "C2 passed: the pull of changes from import (2026-07-01), off which reviews were split, brought 1 rows, as counted by another path"; got[0] != want {
		t.Errorf("got %s\nwant %s", got[0], want)
	}
}
