package collect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/register"
)

// has fails unless one line begins so.
func has(t *testing.T, lines []string, want string) {
	t.Helper()
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, want) }) {
		t.Errorf("no check %q among:\n%s", want, strings.Join(lines, "\n"))
	}
}

func param(name, value string) func(*collect.ImportRequest) {
	return func(r *collect.ImportRequest) {
		if r.Params == nil {
			r.Params = map[string]string{}
		}
		r.Params[name] = value
	}
}

func from(source string) func(*collect.ImportRequest) {
	return func(r *collect.ImportRequest) { r.Source = source }
}

// row is one line of a file with a value for every key field of a register and the fields given.
func line(values map[string]any) string {
	b, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}

// sample makes a record of a register that counts for a comparison: key fields, what is required and
// what a where asks for, and times within the period.
func sample(s *register.Schema, key string, set map[string]any) string {
	v := map[string]any{}
	for _, f := range s.Fields {
		needed := f.Required || slices.Contains(s.Key, f.Name)
		timed := slices.Contains(s.Event, f.Name) && f.Name != "ended_on" && f.Name != "ended_at" && f.Name != "last_review_on"
		switch {
		case f.Type == register.Text && needed && len(f.Values) > 0:
			v[f.Name] = f.Values[0]
		case f.Type == register.Text && needed:
			v[f.Name] = key
		case f.Type == register.Instant && (needed || timed):
			v[f.Name] = "2026-03-01T10:00:00Z"
		case f.Type == register.Date && (needed || timed):
			v[f.Name] = "2026-03-01"
		case f.Type == register.Int && needed:
			v[f.Name] = 1
		case f.Type == register.Bool && needed:
			v[f.Name] = true
		}
	}
	maps.Copy(v, set)
	return line(v)
}

// asked are values that satisfy a where.
func asked(s *register.Schema, w map[string][]any) map[string]any {
	out := map[string]any{}
	for name, values := range w {
		out[name] = values[0]
		if f, _ := s.Field(name); f.Type == register.Bool {
			out[name] = values[0] == int64(1)
		}
	}
	return out
}

// TestEveryReconciliation plants, for each reconciliation of the library, a record that the other
// register has and one that it lacks.
func TestEveryReconciliation(t *testing.T) {
	t.Parallel()
	all := setup(t).checker(t).Comparisons
	if len(all.Reconciliations) < 25 || len(all.Derivations) < 8 {
		t.Fatalf("%d reconciliations and %d derivations were loaded", len(all.Reconciliations), len(all.Derivations))
	}
	for _, r := range all.Reconciliations {
		if r.Most != nil {
			continue // TestStatedCount
		}
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			one := &collect.Comparisons{Reconciliations: []*collect.Reconciliation{r}}
			each, in, link := h.all[r.Each], h.all[r.Found[0].In], r.Found[0].Link
			look := func() []assure.Check {
				c := h.checker(t)
				c.Comparisons = one
				period := civil.Period{From: civil.NewDate(2026, 1, 1), To: civil.NewDate(2026, 6, 30)}
				got, err := c.Check(context.Background(), collect.Request{Org: h.org, Schema: h.all[r.Of], Size: h.size(t), Period: period})
				if err != nil {
					t.Fatal(err)
				}
				return slices.DeleteFunc(got, func(c assure.Check) bool { return c.Check != r.Check })
			}
			want := func(status assure.CheckStatus, text ...string) {
				t.Helper()
				got := look()
				if !slices.ContainsFunc(got, func(c assure.Check) bool {
					return c.Status == status && !slices.ContainsFunc(text, func(s string) bool { return !strings.Contains(c.Detail, s) })
				}) {
					t.Errorf("checks %+v; want %s with %q", got, status, text)
				}
			}
			fact := func(key, name string) string {
				set := asked(each, r.Where)
				for _, k := range r.Known {
					set[k] = "2026-03-01T10:00:00Z"
				}
				if len(each.Key) == 1 && each.Key[0] != link {
					set[each.Key[0]] = key
				}
				set[link] = name
				return sample(each, key, set)
			}
			held := func(key string) string {
				set := asked(in, r.Found[0].Where)
				set[r.Found[0].By] = key
				if len(in.Key) == 1 && in.Key[0] != r.Found[0].By {
					set[in.Key[0]] = "k-" + key
				}
				return sample(in, "k-"+key, set)
			}
			h.must(t, r.Of, "of.jsonl", "")
			want(assure.Missing)
			h.must(t, r.Each, "each.jsonl", fact("f1", "x1")+fact("f2", "x2"))
			h.must(t, in.Name, "in.jsonl", held("x1")+held("x2"))
			want(assure.Passed, "all 2 records of "+r.Each, r.Says)
			h.must(t, r.Each, "more.jsonl", fact("f3", "x3"))
			want(assure.Failed, "1 of 3 records of "+r.Each+" are not in ", r.Each+"/", "names "+link+" x3", r.Todo)
		})
	}
}

// TestE35ConsoleChange: a change by a console, which no change explains, is found in the log of
// deployments.
func TestE35ConsoleChange(t *testing.T) {
	t.Parallel()
	h := setup(t)
	const d = "deployment_id,change_id,commit,environment,deployed_at\n"
	h.must(t, "changes", "c.csv", "change_id,head_commit\nc1,aa\nc2,bb\n")
	has(t, h.check(t, "changes"), "C2 missing: nobody counted the rows of changes by another path; changes cannot be compared with deployments yet, which nobody pulled: import them")
	h.must(t, "deployments", "d.csv", d+"d0,,,production,2026-02-01T00:00:00Z\n")
	has(t, h.check(t, "changes"), "C2 missing")
	h.must(t, "deployments", "d1.csv", d+"d1,c1,,production,2026-02-01T00:00:00Z\nd2,other,bb,production,2026-02-01T00:00:00Z\n"+
		"d3,x,,staging,2026-02-01T00:00:00Z\nd4,x,,production,2025-02-01T00:00:00Z\n")
	has(t, h.check(t, "changes"), "C2 failed: 1 of 3 records of deployments are not in changes (each production deployment traces to a change): deployments/d0 names no change_id; import the change, or record what was done by hand on a console as a change")
}

// TestE42Contractor: an account whose person only a vendor's roster names shows that people is not
// whole; one of whom nobody knows shows it too.
func TestE42Contractor(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.must(t, "people", "p.csv", "person_id,email,kind\np1,p1@example.com,employee\n")
	h.must(t, "aliases", "al.csv", "alias,person_id\np1-dev,p1\n")
	h.must(t, "accounts", "a.csv", "account_id,system,person_id\na1,erp,p1@example.com\na2,erp,p1-dev\na3,erp,c7\n")
	has(t, h.check(t, "people"), "C4 failed: 1 of 3 records of accounts are not in people or vendor_staff (each account's person is on the roster of staff or on a vendor's): accounts/a3 names person_id c7; add the person")
	h.must(t, "vendor_staff", "v.csv", "person_id,vendor_id,started_on\nc7,acme,2026-01-05\n")
	got := h.check(t, "people")
	has(t, got, "C4 passed: all 3 records of accounts")
	has(t, got, "C2 failed: 1 of 1 records of vendor_staff are not in people (whom the vendors send is on the roster as well): vendor_staff/c7 names person_id c7")
	h.must(t, "people", "c.csv", "person_id,kind\nc7,contractor\n")
	has(t, h.check(t, "people"), "C2 passed: all 1 records of vendor_staff are in people")
}

func TestStatedCount(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.must(t, "assets", "a.csv", "asset,in_scope,created_at,retired_at\nweb,true,2025-01-01T00:00:00Z,\ndb,true,2025-01-01T00:00:00Z,2026-03-01T00:00:00Z\nlab,false,,\n")
	h.must(t, "scans", "s.csv", "scan_id,started_at,assets_in_scope,assets_reached\ns1,2026-02-01T00:00:00Z,2,2\n")
	has(t, h.check(t, "assets"), "C2 passed: none of 1 records of scans counts more than assets held")
	h.must(t, "scans", "s2.csv", "scan_id,started_at,assets_in_scope,assets_reached\ns2,2026-04-01T00:00:00Z,2,1\n")
	has(t, h.check(t, "assets"), "C2 failed: 1 of 2 records of scans count more than assets holds (no scan counts more assets in scope than the inventory held): scans/s2 counts 2, assets held 1 on 2026-04-01; find")
}

// TestDerived is A3: due dates against the calendar, counts of parts, times in their order.
func TestDerived(t *testing.T) {
	t.Parallel()
	h := setup(t)
	const head = "review_id,system,quarter,listed_at,due_on,completed_at,listed,decided,removals\n"
	const good = "r1,erp,2026-Q1,2026-03-20T00:00:00Z,2026-04-30,2026-04-10T00:00:00Z,10,10,2\n"
	h.must(t, "access_reviews", "r.csv", "review_id,system,quarter,due_on\nr0,erp,first,2026-04-30\n")
	if got := only(h.check(t, "access_reviews"), "A3"); len(got) != 4 || slices.ContainsFunc(got, func(l string) bool { return !strings.HasPrefix(l, "A3 missing") }) {
		t.Errorf("%q, want four missing", got)
	}
	h.must(t, "access_reviews", "r1.csv", head+good)
	if got := only(h.check(t, "access_reviews"), "A3"); slices.ContainsFunc(got, func(l string) bool { return !strings.HasPrefix(l, "A3 passed: all 1 records") }) {
		t.Errorf("%q, want four passed", got)
	}
	h.must(t, "access_reviews", "r2.csv", head+"r2,crm,2026-Q1,2026-03-20T00:00:00Z,2026-05-01,2026-03-10T00:00:00Z,10,11,12\n")
	got := h.check(t, "access_reviews")
	has(t, got, "A3 failed: 1 of 2 records of access_reviews differ when recomputed (the due date is the 30th day after the quarter's end): access_reviews/r2 says due_on 2026-05-01, the calendar gives 2026-04-30; ")
	has(t, got, "A3 failed: 1 of 2 records of access_reviews differ when recomputed (no more rows were decided than were listed): access_reviews/r2 says listed 10, but decided 11")
	has(t, got, "A3 failed: 1 of 2 records of access_reviews differ when recomputed (no review was finished before its list was taken): access_reviews/r2 has completed_at 2026-03-10T00:00:00Z before listed_at 2026-03-20T00:00:00Z")
}

func TestDerivedDuration(t *testing.T) {
	t.Parallel()
	h := setup(t)
	s, err := register.Load("waits.yaml", []byte("name: waits\nkey: [id]\nfields: [{name: id, type: text}, {name: a, type: instant}, {name: b, type: instant}, {name: n, type: int}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	h.all["waits"] = s
	d := &collect.Derivation{ID: "wait", Of: "waits", Says: "minutes are counted", Todo: "ask", Time: &collect.DerivedTime{Field: "n", From: "a", To: "b", Unit: "minutes"}}
	for n, want := range map[string]string{"90": "A3 passed", "91": "A3 passed", "89": "A3 failed: 1 of 1 records of waits differ when recomputed (minutes are counted): waits/w says n 89, from a to b are 90 minutes; ask"} {
		h.must(t, "waits", n+".csv", "id,a,b,n\nw,2026-02-01T00:00:00Z,2026-02-01T01:30:20Z,"+n+"\n")
		c := h.checker(t)
		c.Comparisons = &collect.Comparisons{Derivations: []*collect.Derivation{d}}
		has(t, h.by(t, c, "waits"), want)
	}
}

// by runs the checks of one register by a checker of its own.
func (h *house) by(t *testing.T, c *collect.Checker, name string) []string {
	t.Helper()
	period := civil.Period{From: civil.NewDate(2026, 1, 1), To: civil.NewDate(2026, 6, 30)}
	checks, err := c.Check(context.Background(), collect.Request{Org: h.org, Schema: h.all[name], Size: h.size(t), Period: period})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, k := range checks {
		out = append(out, fmt.Sprintf("%s %s: %s", k.Check, k.Status, k.Detail))
	}
	return out
}

// TestTraces is A1 and C4 by hand.
func TestTraces(t *testing.T) {
	t.Parallel()
	h := setup(t)
	has(t, h.check(t, "restores"), "A1 missing: restores was never pulled")
	h.must(t, "restores", "r.csv", restores)
	keys := []string{}
	if err := h.All(context.Background(), h.org, h.all["restores"], nil, h.size(t), func(k string, _ []any) error {
		keys = append(keys, k)
		return nil
	}); err != nil || len(keys) != 2 {
		t.Fatal(keys, err)
	}
	n := 0
	trace := func(direction, item, agrees, at string) {
		n++
		h.must(t, "traces", fmt.Sprintf("t%d.csv", n), "trace_id,direction,register,item,agrees,difference,source_document,performed_at\n"+
			fmt.Sprintf("t%d,%s,restores,%s,%s,minutes differ,the console's log,%s\n", n, direction, item, agrees, at))
	}
	has(t, h.check(t, "restores"), "C4 missing: no item of restores was traced from reality")
	trace("vouched", keys[0], "true", "2025-12-31T23:59:59Z") // before the period
	has(t, h.check(t, "restores"), "A1 missing: no item of restores was vouched to the source in the period or since: pick items of restores")
	trace("vouched", keys[0], "true", "2026-03-01T00:00:00Z")
	has(t, h.check(t, "restores"), "A1 missing: 1 of 2 items of restores were vouched to the source, and all agree")
	trace("vouched", keys[1], "true", "2026-03-01T00:00:00Z")
	has(t, h.check(t, "restores"), "A1 passed: 2 items of restores were vouched to the source, and all agree")
	trace("traced", keys[0], "true", "2026-03-01T00:00:00Z")
	trace("traced", keys[1], "true", "2026-03-01T00:00:00Z")
	has(t, h.check(t, "restores"), "C4 passed: 2 items of restores were traced from reality, and all agree")
	trace("vouched", keys[1], "false", "2026-03-02T00:00:00Z")
	has(t, h.check(t, "restores"), "A1 failed: traces/t6: "+keys[1]+" differs from its source: minutes differ")
	trace("traced", "nowhere", "true", "2026-03-02T00:00:00Z")
	has(t, h.check(t, "restores"), "C4 failed: traces/t7: nowhere was found in reality (the console's log) and is not in restores: pull again")
}

// TestHeads is C6.
func TestHeads(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if got := only(h.check(t, "restores"), "C6"); len(got) != 0 {
		t.Errorf("%q, want none where no source states a head", got)
	}
	h.must(t, "restores", "a.csv", restores, param("head", "h1"))
	has(t, h.check(t, "restores"), "C6 missing: a source of restores states the head of its chain, but no two pulls can be compared yet")
	h.must(t, "restores", "b.csv", restores, param("previous_head", "h1"), param("head", "h2"))
	has(t, h.check(t, "restores"), "C6 passed: 1 heads and hashes that sources of restores state are equal; the last: it continues")
	size := h.size(t)
	h.must(t, "restores", "c.csv", restores, param("previous_head", "h9"), param("head", "h10"))
	has(t, h.check(t, "restores"), "C6 failed: the pull of restores from import (2026-07-01) continues from the head h9, but the pull of 2026-07-01 ended at h2: a delivery between them is missing")
	has(t, h.check(t, "restores", func(q *collect.Request) { q.Size = size }), "C6 passed") // as known then

	for value, want := range map[string]string{
		"3:AA11":  "C6 passed: 1 heads and hashes",
		"3:bb22":  "C6 failed: the pull of restores from import (2026-07-01) states the root bb22 of this ledger at 3 records, which is aa11",
		"2:aa11":  "C6 failed: the pull of restores from import (2026-07-01) states a root of this ledger at 2 records, which it never was",
		"99:aa11": "C6 failed: the pull of restores from import (2026-07-01) states a root of this ledger at 99 records, of which only 5 are known",
		"aa11":    `C6 failed: the pull of restores from import (2026-07-01) states the root of this ledger as "aa11"; expected SIZE:ROOT`,
	} {
		h := setup(t)
		h.must(t, "restores", "a.csv", restores)
		h.must(t, "restores", "b.csv", restores, param("ledger", value))
		has(t, h.check(t, "restores"), want)
	}
	for value, want := range map[string]string{"00": "C6 failed: the pull of restores from import (2026-07-01) read a file with the hash ", "": "C6 passed"} {
		h := setup(t)
		if value == "" {
			value = strings.ToUpper(h.must(t, "restores", "a.csv", restores).File)
		}
		h.must(t, "restores", "a.csv", restores, param("sha256", value))
		has(t, h.check(t, "restores"), want)
	}
}

// many are n rows of restores.
func many(n int) string {
	var b strings.Builder
	b.WriteString("restore_id,system\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d,erp\n", i)
	}
	return b.String()
}

func TestCutOff(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rows int
		more []func(*collect.ImportRequest)
		want string
	}{
		"a page":           {1000, nil, "A4 failed: the pull of restores from import (2026-07-01) brought exactly 1000 rows, a limit at which exports are cut off: count the rows by another path (--expect-rows) or pull in smaller parts"},
		"counted":          {1000, []func(*collect.ImportRequest){expect(1000)}, "A4 passed"},
		"one more":         {1001, nil, "A4 passed"},
		"a stated limit":   {50, []func(*collect.ImportRequest){param("limit", "50")}, "A4 failed: the pull of restores from import (2026-07-01) brought exactly 50 rows"},
		"below it":         {49, []func(*collect.ImportRequest){param("limit", "50")}, "A4 passed"},
		"a page of two":    {5, []func(*collect.ImportRequest){param("page", "1"), param("pages", "2")}, "A4 failed: the pull of restores from import (2026-07-01) is one of 2 pages, of which 1 were brought: page 2 is the first that is not here; pull it"},
		"the only page":    {5, []func(*collect.ImportRequest){param("page", "1"), param("pages", "1")}, "A4 passed"},
		"a page of no sum": {5, []func(*collect.ImportRequest){param("page", "1")}, `A4 failed: the pull of restores from import (2026-07-01) is page "1" of ""`},
		"a filter":         {5, []func(*collect.ImportRequest){param("filter", "test systems")}, "A4 passed: the pulls of restores cover 2026-01-01 to 2026-06-30 (UTC), by a query that leaves out test systems"},
		"an error":         {5, []func(*collect.ImportRequest){param("error", "504")}, "A4 missing: no pull of restores from import says which dates it covers"},
	} {
		h := setup(t)
		h.must(t, "restores", "r.csv", many(tc.rows), append(tc.more, full)...)
		has(t, only(h.check(t, "restores"), "A4"), tc.want)
		if !t.Failed() {
			continue
		}
		t.Fatal(name)
	}
	h := setup(t)
	h.must(t, "restores", "1.csv", many(5), param("page", "1"), param("pages", "2"), params2)
	h.must(t, "restores", "2.csv", many(7), param("page", "2"), param("pages", "2"), params2)
	has(t, h.check(t, "restores"), "A4 passed")

	// Rows that vanish from a full answer.
	h = setup(t)
	h.must(t, "restores", "r.csv", many(7), full)
	h.must(t, "restores", "r.csv", many(5), full)
	has(t, h.check(t, "restores"), "A4 failed: the pull of restores from import (2026-07-01) brought all of its 5 rows, 2 fewer than on 2026-07-01")
	h.must(t, "restores", "r.csv", many(8), full)
	has(t, h.check(t, "restores"), "A4 passed")
}

// params2 names the half-year without taking other parameters away.
func params2(r *collect.ImportRequest) {
	r.Params["from"], r.Params["to"], r.Params["zone"] = "2026-01-01", "2026-06-30", "UTC"
}

// TestReportLogic is A5.
func TestReportLogic(t *testing.T) {
	t.Parallel()
	query := func(q string) func(*collect.ImportRequest) { return func(r *collect.ImportRequest) { r.Query = q } }
	h := setup(t)
	h.must(t, "restores", "1.csv", restores, query("since 2026-01-01"))
	has(t, h.check(t, "restores"), "A5 missing: the report of restores from import was pulled once and not tested")
	h.must(t, "restores", "2.csv", restores, query("since 2026-02-01"))
	has(t, h.check(t, "restores"), "A5 passed: the report of restores from import is the same in 2 pulls")
	h.now = h.now.AddDate(0, 0, 1)
	h.must(t, "restores", "3.csv", restores, query("only successes since 2026-02-01"))
	has(t, h.check(t, "restores"), "A5 failed: the report of restores from import changed between the pulls of 2026-07-01 and 2026-07-02 (query, parameters, mapping or layout), and nothing that it brought since was counted")
	size := h.size(t)
	h.must(t, "traces", "t.csv", "trace_id,direction,register,item,agrees,performed_at\nt1,vouched,restores,r1,true,2026-07-02T13:00:00Z\n")
	has(t, h.check(t, "restores"), "A5 passed: the report of restores from import changed with the pull of 2026-07-02 and was tested since")
	has(t, h.check(t, "restores", func(q *collect.Request) { q.Size = size }), "A5 failed")
	h.must(t, "restores", "4.csv", restores, query("all"), expect(2))
	has(t, h.check(t, "restores"), "A5 passed: the report of restores from import changed with the pull of 2026-07-02 and was tested since")
	h.now = h.now.AddDate(0, 0, 1)
	h.must(t, "restores", "5.csv", restores, query("all"), param("column", "new"))
	has(t, h.check(t, "restores"), "A5 failed")
}

// TestAbsence: the answer of a broken connector is empty too (handbook E18).
func TestAbsence(t *testing.T) {
	t.Parallel()
	type step struct {
		text string
		more []func(*collect.ImportRequest)
	}
	const empty = "restore_id,system\n"
	before := time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)
	opts := func(f ...func(*collect.ImportRequest)) []func(*collect.ImportRequest) { return f }
	for name, tc := range map[string]struct {
		now     time.Time
		knownAt string
		steps   []step
		want    string // "" when absence is shown
	}{
		"never pulled":                 {want: "restores was never pulled"},
		"rows":                         {steps: []step{{restores, nil}}},
		"nothing":                      {steps: []step{{empty, nil}}, want: "brought nothing, and nobody counted nothing by another path"},
		"nothing, full":                {steps: []step{{empty, opts(full)}}, want: "brought nothing"},
		"nothing, counted":             {steps: []step{{empty, opts(expect(0))}}},
		"rows, then nothing":           {steps: []step{{restores, nil}, {empty, nil}}, want: "brought nothing"},
		"a count that differs":         {steps: []step{{restores, opts(expect(3))}}, want: "brought 2 rows, 3 were counted"},
		"an error of the source":       {steps: []step{{restores, opts(param("error", "timeout"))}}, want: "ended in an error of the source (timeout)"},
		"an error, then all":           {steps: []step{{restores, opts(param("error", "timeout"))}, {restores, nil}}},
		"before the period's end":      {now: before, steps: []step{{restores, nil}}, want: "began on 2026-06-20 and says nothing of what came after it, up to 2026-07-01T00:00:00Z"},
		"while the period lasts":       {now: before, knownAt: "2026-06-21T11:00:00Z", steps: []step{{restores, nil}}},
		"a day ago in a period":        {now: before, knownAt: "2026-06-22T12:00:01Z", steps: []step{{restores, nil}}, want: "began on 2026-06-20"},
		"half of the period":           {steps: []step{{restores, opts(params("2026-04-01", "2026-06-30", "UTC"))}}, want: "do not cover 2026-01-01T00:00:00Z to 2026-04-01T00:00:00Z"},
		"one of two sources is silent": {steps: []step{{restores, nil}, {empty, opts(from("other"))}}, want: "the pull of restores from other (2026-07-01) brought nothing"},
	} {
		h := setup(t)
		if !tc.now.IsZero() {
			h.now = tc.now
		}
		for _, s := range tc.steps {
			h.must(t, "restores", "r.csv", s.text, s.more...)
		}
		q := collect.Request{Org: h.org, Schema: h.all["restores"], Size: h.size(t), Period: civil.Period{From: civil.NewDate(2026, 1, 1), To: civil.NewDate(2026, 6, 30)}}
		if tc.knownAt != "" {
			at, err := civil.ParseInstant(tc.knownAt)
			if err != nil {
				t.Fatal(err)
			}
			q.KnownAt = at
		}
		got, err := h.checker(t).Absence(context.Background(), q)
		if err != nil || (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, tc.want)
		}
	}
}

// TestRollForwardOfNothing: two empty answers do not show that nothing is open.
func TestRollForwardOfNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	const empty = "account_id,system\n"
	h.must(t, "accounts", "a.csv", empty, full)
	h.must(t, "accounts", "a.csv", empty, full)
	has(t, h.check(t, "accounts"), "C3 missing")
}

func TestComparisonsRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	const good = `reconciliations:
  - id: a-to-b
    of: changes
    check: C4
    says: it holds
    todo: do it
    each: reviews
    where: {decision: [approved]}
    found: [{link: change_id, in: changes, by: change_id}]
derivations:
  - id: d
    of: access_reviews
    says: it holds
    todo: do it
    due: {field: due_on, after: quarter, days: 30}
`
	for _, tc := range []struct{ old, new, want string }{
		{"of: changes", "of: chnges", `of: "chnges" is no register`},
		{"of: changes", "of: people", "people is neither the register looked through nor one looked in"},
		{"each: reviews", "each: views", `each: "views" is no register`},
		{"in: changes", "in: nowhere", `found.in: "nowhere" is no register`},
		{"link: change_id", "link: chang_id", `found.link: "chang_id" is no field of reviews`},
		{"by: change_id", "by: emergency", "changes.emergency is of type bool"},
		{"decision: [approved]", "decison: [approved]", `where: "decison" is no field of reviews`},
		{"decision: [approved]", "decision: [agreed]", "reviews.decision is never agreed"},
		{"decision: [approved]", "decision: []", "decision has no value"},
		{"check: C4", "check: A2", "counts as C2, C3 or C4"},
		{"id: a-to-b", "id: A", "is no identifier"},
		{"id: d\n", "id: a-to-b\n", "stands twice"},
		{"    todo: do it\n    each", "    each", "say what must hold and what to do"},
		{"each: reviews", "each: reviews\n    nonsense: 1", "nonsense"},
		{"field: due_on", "field: dueon", `due.field: "dueon" is no field of access_reviews`},
		{"    due: {field: due_on, after: quarter, days: 30}\n", "", "expected exactly one of them"},
	} {
		text := strings.Replace(good, tc.old, tc.new, 1)
		if tc.old == "id: d\n" {
			text = strings.Replace(good, "id: d\n", "id: a-to-b\n", 1)
		}
		_, err := collect.LoadComparisons(fstest.MapFS{"x.yaml": {Data: []byte(text)}}, func(n string) *register.Schema { return h.all[n] })
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v; want %q", tc.new, err, tc.want)
		}
	}
}

// keeping keeps outcomes and counts how often every record was looked at.
type keeping struct {
	*house
	runs map[string][]byte
	all  int
}

func (k *keeping) Load(name string) ([]byte, bool) { b, ok := k.runs[name]; return b, ok }

func (k *keeping) Store(name string, _ int64, run []byte) error { k.runs[name] = run; return nil }

func (k *keeping) All(ctx context.Context, org id.Org, s *register.Schema, fields []string, size int64, each func(string, []any) error) error {
	if s.Name == "deployments" {
		k.all++
	}
	return k.house.All(ctx, org, s, fields, size, each)
}

// TestAmendedComparisons follows a comparison through what can happen to both sides: amended and in
// full it says the same, and it is amended where little has changed.
func TestAmendedComparisons(t *testing.T) {
	t.Parallel()
	h := setup(t)
	k := &keeping{house: h, runs: map[string][]byte{}}
	head := "deployment_id,change_id,commit,environment\n"
	for i, step := range []struct {
		register, text string
		full           bool
	}{
		{"changes", "change_id,head_commit\nc1,aa\nc2,bb\n", true},
		{"deployments", head + "d1,c1,,\nd2,c9,zz,\n", true},
		{"deployments", head + "d3,,bb,\nd4,c8,,\n", false},
		{"deployments", head + "d1,c7,,\n", false},
		{"changes", "change_id,head_commit\nc9,\nc7,\n", false},
		{"changes", "change_id,head_commit\nc2,cc\n", true}, // bb is gone
		{"deployments", head + "d4,c8,,staging\n", false},
		{"restores", restores, false},
		{"changes", "change_id,head_commit\nc3,zz\n", false},
	} {
		h.must(t, step.register, fmt.Sprintf("%d.csv", i), step.text)
		before := k.all
		c := h.checker(t)
		c.Rows, c.Kept, c.Worth = k, k, 1
		amended, whole := h.by(t, c, "changes"), h.by(t, h.checker(t), "changes")
		if diff := cmp.Diff(whole, amended); diff != "" {
			t.Errorf("step %d (-full +amended):\n%s", i, diff)
		}
		if ran := k.all > before; i > 1 && ran != step.full {
			t.Errorf("step %d: looked at every deployment: %t, want %t", i, ran, step.full)
		}
	}
	has(t, h.check(t, "changes"), "C2 failed: 1 of 3 records of deployments are not in changes (each production deployment traces to a change): deployments/d3 names no change_id, names commit bb; ")
}
