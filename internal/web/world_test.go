package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// world is a company as the other rooms would tell of it.
type world struct {
	res     assure.Results
	pulls   []PullView
	err     error
	judged  *judged
	sealed  *sealed
	records map[string]RecordView
}

func newWorld(t testing.TB) *world {
	t.Helper()
	b, err := os.ReadFile("../report/testdata/results.json")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{}
	if err := json.Unmarshal(b, &w.res); err != nil {
		t.Fatal(err)
	}
	expected := int64(1204)
	w.pulls = []PullView{
		{Pull: record.Pull{ID: "pull_06f8k2m4v1q7w9z3c5b1n8x0dr", Register: "changes", Source: "github", Object: "changes-2025-2026.csv",
			Query: "repo:harborline/* is:merged", Params: map[string]string{"from": "2025-07-01", "to": "2026-06-30", "base": "main"},
			Started: "2026-07-14T15:02:10Z", Ended: "2026-07-14T15:02:19Z", Operator: "d.okafor", Tool: "assay 0.1", Layout: "9a01f3c2",
			File: strings.Repeat("7c1e", 16), Rows: 1204, New: 1189, Changed: 4, Unchanged: 11, Expected: &expected, Extent: "full",
			Children: map[string]int64{"reviews": 1977}, Totals: map[string]int64{"additions": 412077}, Control: map[string]int64{"additions": 412077},
			FirstKey: "payments-api-2399", LastKey: "web-console-988", FirstTime: "2025-07-01T04:11:09Z", LastTime: "2026-07-01T03:40:51Z"},
			Index: 4411, Checks: w.res.Controls[0].Completeness},
		{Pull: record.Pull{ID: "pull_06f8k2m3a9q7w9z3c5b1n8x0ds", Register: "people", Source: "hris", Object: "people.xlsx", Started: "2026-07-14T14:58:00Z",
			Ended: "2026-07-14T14:58:01Z", Operator: "d.okafor", Tool: "assay 0.1", File: strings.Repeat("10fe", 16), Rows: 188, New: 188,
			Params: map[string]string{"from": "2025-06-01", "to": "2026-07-01"}}, Index: 3180, Checks: w.res.Controls[2].Completeness},
		{Pull: record.Pull{ID: "pull_06f8k2m1q7w9z3c5b1n8x0dt00", Register: "vulnerabilities", Source: "scanner", Object: "https://scanner.example/api/findings",
			Started: "2026-07-14T14:40:00Z", Ended: "2026-07-14T14:41:32Z", Operator: "svc-collect", Tool: "assay 0.1", File: strings.Repeat("beef", 16), Rows: 402, New: 2, Unchanged: 400}, Index: 2990},
	}
	return w
}

func (w *world) Tests(context.Context) (*assure.Results, error) {
	if w.err != nil {
		return nil, w.err
	}
	return &w.res, nil
}

func (w *world) test(ref TestRef) (assure.TestResult, bool) {
	i := slices.IndexFunc(w.res.Controls, func(t assure.TestResult) bool {
		return t.Control == ref.Control && t.Test == ref.Test && t.Version == ref.Version
	})
	if i < 0 {
		return assure.TestResult{}, false
	}
	return w.res.Controls[i], true
}

func (w *world) all(ref TestRef) []Item {
	t, _ := w.test(ref)
	var out []Item
	for _, v := range []assure.Verdict{assure.Deviation, assure.Undecided} {
		for _, f := range t.Findings {
			if f.Verdict == v {
				out = append(out, Item{Key: f.Key, Verdict: v, EventTime: f.EventTime, Attributes: f.Attributes, Reason: f.Reason, Records: f.Records})
			}
		}
	}
	for i := range t.Passed {
		out = append(out, Item{Key: fmt.Sprintf("ok-%04d", i), Verdict: assure.Pass, EventTime: "2025-11-03"})
	}
	for i := range t.NotApplicable {
		out = append(out, Item{Key: fmt.Sprintf("na-%04d", i), Verdict: assure.NotApplicable, EventTime: "2025-11-04"})
	}
	return out
}

func (w *world) Columns(context.Context, TestRef) ([]string, error) {
	return []string{"author", "title"}, nil
}

func (w *world) Items(_ context.Context, q Query) ([]Item, int, error) {
	var hit []Item
	for _, it := range w.all(q.TestRef) {
		if (q.Verdict == "" || it.Verdict == q.Verdict) && strings.HasPrefix(it.EventTime, q.Month) && strings.Contains(strings.ToLower(it.Key), strings.ToLower(q.Text)) {
			hit = append(hit, it)
		}
	}
	switch q.Sort {
	case ByKey:
		slices.SortStableFunc(hit, func(a, b Item) int { return strings.Compare(a.Key, b.Key) })
	case ByKeyDown:
		slices.SortStableFunc(hit, func(a, b Item) int { return strings.Compare(b.Key, a.Key) })
	case ByEvent:
		slices.SortStableFunc(hit, func(a, b Item) int { return strings.Compare(a.EventTime, b.EventTime) })
	case ByLatest:
		slices.SortStableFunc(hit, func(a, b Item) int { return strings.Compare(b.EventTime, a.EventTime) })
	}
	for i := range hit {
		hit[i].Values = nil
		for _, c := range q.Columns {
			hit[i].Values = append(hit[i].Values, c+" of "+hit[i].Key)
		}
	}
	from := min(q.Offset, len(hit))
	return hit[from:min(from+q.Limit, len(hit))], len(hit), nil
}

func (w *world) Item(_ context.Context, ref TestRef, key string) (Item, error) {
	for _, it := range w.all(ref) {
		if it.Key == key {
			return it, nil
		}
	}
	return Item{}, fault.NotFound
}

func (w *world) Records(_ context.Context, names []string) ([]RecordView, error) {
	var out []RecordView
	for i, n := range names {
		if v, ok := w.records[n]; ok {
			out = append(out, v)
			continue
		}
		reg, rest, _ := strings.Cut(n, "/")
		key, _, _ := strings.Cut(rest, "@")
		v := RecordView{Name: n, Register: reg, Key: key, Version: 1, Source: "github", Pull: string(w.pulls[0].ID), Index: int64(4012 + i*3),
			Event: "2025-12-06T18:42:05Z", Recorded: "2025-12-06T18:42:06Z", Received: "2026-07-14T15:02:18.201Z", Sealed: "2026-07-14T15:02:19Z", Anchored: true,
			Body: []byte(`{"author":"mara.lindqvist","ci_status":"passed","deployed_at":"2025-12-06T18:42:05Z","environment":"production","head_commit":"a77c2d1","labels":["api","urgent"],"merged_by":"mara.lindqvist","ticket":"","title":"Retry settlement webhooks with backoff"}`)}
		if reg == "reviews" {
			v.Event, v.Recorded = "2025-12-06T15:10:44Z", ""
			v.Body = []byte(`{"change_id":"` + key + `","commit":"4be1f09","decision":"approved","reviewer":"mara.lindqvist","submitted_at":"2025-12-06T15:10:44Z"}`)
		}
		out = append(out, v)
	}
	return out, nil
}

func (w *world) Proof(_ context.Context, index int64) (ProofView, error) {
	if index > 9000 {
		return ProofView{}, fault.NotFound
	}
	h := func(i int) string { return fmt.Sprintf("%02x", i) + strings.Repeat("c0de1a", 10) + "9f" }
	return ProofView{Index: index, Size: w.res.Checkpoint.Size, Root: w.res.Checkpoint.Root, Commitment: h(1), Leaf: "0101" + h(1), LeafHash: h(2),
		Path:       []string{h(3), h(4), h(5), h(6), h(7), h(8), h(9), h(10), h(11), h(12), h(13), h(14), h(15)},
		Checkpoint: "assay.local/org_06f8\n9471\nXR8Map4r4kp9gMP38OGiudTG6F8yca+QzU5/alt8LR4=\n\n— assay.local/org_06f8 dGVzdA==\n",
		File:       []byte("c2sp.org/tlog-proof@v1\n"), Line: []byte("00ff {\"body\":{}}\n"),
		Verify: []string{"assay-verify --proof 4012.tlog-proof --record 4012.record --key assay.local/org_06f8+1f0c6a9b+AQ=="}}, nil
}

func (w *world) Pulls(_ context.Context, offset, limit int) ([]PullView, int, error) {
	from := min(offset, len(w.pulls))
	return w.pulls[from:min(from+limit, len(w.pulls))], len(w.pulls), nil
}

func (w *world) Draft(context.Context) ([]byte, error) {
	return []byte("<!DOCTYPE html><html><head><style>p{}</style></head><body>DRAFT</body></html>"), nil
}

func options(t testing.TB, w *world) Options {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	p := scope.Program{Report: "soc2-type2", Categories: []string{"security", "availability"}}
	in, err := p.Criteria(c)
	if err != nil {
		t.Fatal(err)
	}
	versions, err := scope.Starter(p, c, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	cat := Catalog{Criteria: in, Frameworks: c.Frameworks, Tests: map[string]Testing{}}
	for _, v := range versions {
		cat.Controls = append(cat.Controls, v.Control)
		if v.Control.ID != "NET-02" { // one that nobody wrote a test for
			tested := slices.ContainsFunc(w.res.Controls, func(r assure.TestResult) bool { return r.Control == v.Control.ID })
			cat.Tests[v.Control.ID] = Testing{Checklist: !tested, Attributes: 4}
		}
	}
	o := Options{Organization: w.res.Organization, Report: "SOC 2 Type 2", Zone: w.res.Period.Zone,
		Catalog: cat,
		Tests:   w, Items: w, Records: w, Proofs: w, Pulls: w, Drafts: w}
	w.judged = newJudged(t, w, o)
	o.Gauge, o.Documents, o.Calendar = w.judged, w.judged, w.judged
	w.sealed = &sealed{size: 9000, anchored: 8700}
	o.Ledger = w.sealed
	return o
}

// door is a site behind the door, at /o/harborline.
type door struct {
	*shell.Door
	told int // errors that the operator was told of
}

// harborline is the one organization behind the door.
type harborline struct {
	tenant *shell.Tenant
	roles  []access.Role
}

func (h harborline) Tenant(_ context.Context, slug string) (*shell.Tenant, error) {
	if slug != h.tenant.Slug {
		return nil, fault.NotFound
	}
	return h.tenant, nil
}

func (h harborline) Roles(context.Context, id.Person, id.Org) ([]access.Role, error) {
	return h.roles, nil
}

// readers are roles that together read everything.
var readers = []access.Role{access.Lead, access.Owner, access.Executive}

// behind puts pages behind the door, for a member with the roles.
func behind(t testing.TB, o Options, roles ...access.Role) *door {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	out := &door{}
	failed := func(*http.Request, error) { out.told++ }
	m, err := shell.NewMux(s.Routes(), failed)
	if err != nil {
		t.Fatal(err)
	}
	out.Door, err = shell.NewDoor(shell.Options{
		Tenants: harborline{&shell.Tenant{Org: "org_1", Slug: "harborline", Name: o.Organization, Zone: o.Zone, Mux: m}, roles},
		Identify: func(r *http.Request) (shell.Visit, error) {
			return shell.Visit{Visitor: access.Visitor{Person: "person_1", Name: "Mara Lindqvist", Email: "mara@harborline.example"}, Lang: cmp.Or(r.Header.Get("Test-Lang"), r.URL.Query().Get("test-lang")), Theme: r.URL.Query().Get("test-theme")}, nil
		},
		Assets: shell.Assets{Style: []byte(shell.Themed(report.Style() + Style() + shell.Style()))}, Failed: failed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func site(t testing.TB, w *world) *door {
	t.Helper()
	return behind(t, options(t, w), readers...)
}

// base stands before every address of the organization.
const base = "/o/harborline"

// get asks for a page of the organization; the path is below it, or whole.
func get(s http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	if !strings.HasPrefix(path, base+"/") && !strings.HasPrefix(path, "/assets/") {
		path = base + path
	}
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://assay.test"+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	s.ServeHTTP(rec, r)
	return rec
}
