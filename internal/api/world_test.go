package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/format/csv"
	"github.com/assayhq/assay/internal/format/jsonl"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// world is an installation of two organizations over a real store, at a clock that the test moves.
type world struct {
	t     *testing.T
	api   *API
	store *sqlite.Store
	mu    sync.Mutex
	now   time.Time
	orgs  map[string]*Organization
	roles map[string][]access.Role // by person and organization
	fails []error
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) Organization(_ context.Context, slug string) (*Organization, error) {
	if o := w.orgs[slug]; o != nil {
		return o, nil
	}
	return nil, fault.NotFound
}

func (w *world) Roles(_ context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	return w.roles[string(p)+" "+string(org)], nil
}

var plenty = Limits{Requests: 1e6, Unsafe: 1e6, Heavy: 1e6, Unknown: 1e6, Callers: 1000}

func setup(t *testing.T, l Limits) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC), orgs: map[string]*Organization{}, roles: map[string][]access.Role{}}
	folder := t.TempDir()
	var err error
	w.store, err = sqlite.Open(t.Context(), sqlite.Config{Dir: folder, Clock: w.clock, Random: rand.Reader, Keys: sqlite.NewKeys(filepath.Join(folder, "keys"), rand.Reader)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	blobs := dir.Open(filepath.Join(folder, "blobs"), filepath.Join(folder, "keys"))
	all, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{"example", "other"} {
		w.found(slug, all, blobs)
	}
	o := Options{Tenants: w, Idempotency: NewMemory(w.clock, 100, 1<<20), Secret: []byte(strings.Repeat("s", 32)), Clock: w.clock, Version: "test", Limits: l,
		Failed: func(r *http.Request, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.fails = append(w.fails, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err))
		}}
	if w.api, err = New(o); err != nil {
		t.Fatal(err)
	}
	return w
}

// person makes the roles of somebody who has one role in an organization, and gives how they ask.
func (w *world) person(slug string, roles ...access.Role) access.Visitor {
	p := id.Person("person_" + slug + fmt.Sprint(roles))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.roles[string(p)+" "+string(w.orgs[slug].ID)] = roles
	return access.Visitor{Person: p, Email: strings.ToLower(strings.Trim(strings.ReplaceAll(fmt.Sprint(roles), " ", "-"), "[]")) + "@example.com", Session: string(p), Strong: true}
}

// token is a token of a person.
func (w *world) token(v access.Visitor, slug string, scopes ...access.Scope) access.Visitor {
	v.Token, v.Strong, v.Scopes, v.Org = true, false, scopes, w.orgs[slug].ID
	return v
}

// do asks as a visitor.
func (w *world) do(v access.Visitor, method, target, media, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r.WithContext(access.With(r.Context(), v)))
	return rec
}

func decode[T any](t *testing.T, rec *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
	}
	return v
}

const at = Base + "/organizations/example"

// house is one organization of the world: what the application wires, over the real store, and results that a test wrote down.
type house struct {
	w   *world
	o   *Organization
	all map[string]*register.Schema

	mu    sync.Mutex
	hooks []Hook
}

func (w *world) found(slug string, all map[string]*register.Schema, blobs *dir.Store) {
	t := w.t
	org, err := id.NewOrg(w.now, rand.Reader)
	zone, e := civil.ParseZone("America/New_York")
	if err == nil {
		err = w.store.CreateOrg(t.Context(), record.Org{ID: org, Name: slug, Zone: zone.String(), Created: civil.InstantOf(w.now)})
	}
	period, e2 := civil.NewPeriod(day2("2026-07-01"), day2("2026-12-31"), zone)
	if err := errors.Join(err, e, e2); err != nil {
		t.Fatal(err)
	}
	h := &house{w: w, all: all}
	desk := &operate.Desk{Records: w.store, Books: w.store, Schemas: h, Clock: w.clock, Random: rand.Reader}
	o := &Organization{ID: org, Slug: slug, Name: "Example Inc.", Zone: zone, Report: "soc2-type2", Title: "SOC 2 Type 2", Period: &period,
		Results: h, Program: h, Items: h, Sealed: h, Proofs: h, Pulls: h, Gauge: h, Ledger: h, Schemas: h, Books: w.store, Desk: desk,
		Importer: &collect.Importer{Records: w.store, Blobs: blobs, Formats: map[string]register.Reader{"csv": csv.Read, "jsonl": jsonl.Read}, Registers: h.Schema, Names: h.Names,
			Ensure: h.Ensure, Clock: w.clock, Random: rand.Reader, Tool: "assay test"},
		Evidence: &operate.Locker{Desk: desk, Files: blobs}, Tasks: h, Deviations: h, Answers: desk, Documents: h, Members: h, Hooks: h}
	h.o = o
	w.orgs[slug] = o
	if slug == "example" { // the one whose evidence has a name that the document can give
		seed := &operate.Desk{Records: w.store, Books: w.store, Schemas: h, Clock: w.clock, Random: zeros{}}
		g := operate.Given{Control: "IAM-04", Item: "billing/2026-Q3", Title: "The review as it was signed", FileName: "review.txt", Type: "text/plain"}
		x, err := (&operate.Locker{Desk: seed, Files: blobs}).Give(t.Context(), operate.Actor{Org: org, Zone: zone, Email: "lead@example.com"}, g, strings.NewReader("Reviewed on 1 November 2026.\n"))
		if err != nil || x.ID != seeded {
			t.Fatalf("the seeded evidence is %s, want %s: %v", x.ID, seeded, err)
		}
	}
	in := collect.ImportRequest{Org: org, Register: "access_reviews", File: "reviews.csv", Format: "csv", Source: "IdP",
		Reader: strings.NewReader("review_id,system,quarter,due_on,completed_at\nreview-1,billing,2026-Q3,2026-10-30,2026-11-01T10:00:00Z\n")}
	if _, err := o.Importer.Import(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// zeros is no chance at all.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// seeded is the piece of evidence that the examples name.
const seeded = "evidence_06h1e5a6g00000000000000000"

func day2(s string) civil.Date {
	d, err := civil.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func (h *house) Schema(name string) *register.Schema { return h.all[name] }
func (h *house) Names() []string                     { return slices.Sorted(maps.Keys(h.all)) }
func (h *house) Ensure(ctx context.Context, org id.Org, s *register.Schema) error {
	return h.w.store.Ensure(ctx, org, s, func(body []byte) ([]any, error) { return register.Project(s, body) })
}

func (h *house) Tests(ctx context.Context) (*assure.Results, error) {
	cp, err := h.w.store.Checkpoint(ctx, h.o.ID)
	return &assure.Results{Organization: h.o.Name, Period: *h.o.Period, KnownAt: "2026-11-26T09:00:00Z", Checkpoint: assure.Checkpoint{Size: cp.Size, Root: cp.RootHex()}, Controls: []assure.TestResult{{
		Control: "IAM-04", Title: "Access reviews", Version: 1, From: h.o.Period.From, To: h.o.Period.To, Shape: assure.Schedule, Test: "IAM-04", Sentence: "Each quarter's review is done by its due date.",
		Outcome: assure.Tested, Population: 3, Passed: 2, Deviating: 1, Attributes: []assure.Attribute{{ID: "D", Text: "done by the due date", Deviations: 1}}, Registers: []string{"access_reviews"},
		Completeness: []assure.Check{{Check: "C5", Status: assure.Passed, Register: "access_reviews"}},
		Findings:     []assure.Finding{{Key: "billing/2026-Q3", Verdict: assure.Deviation, Attributes: []string{"D"}, Reason: "done 2 days late", Records: []string{"access_reviews/review-1@1"}, EventTime: "2026-10-30"}},
		Digest:       strings.Repeat("0", 64)}}}, err
}

func (h *house) Controls(context.Context) ([]Control, error) {
	return []Control{{ID: "IAM-04", Title: "Access reviews", Version: 1, Statement: "Access is reviewed each quarter.", Shape: "schedule", Test: "compiled",
		Attributes: []Attribute{{Test: "IAM-04", ID: "D", Text: "done by the due date"}}, Registers: []string{"access_reviews"}, Criteria: []string{"CC6.2"}, ISO27001: []string{}, Objectives: []string{},
		Owner: "Head of IT", Frequency: "quarterly", EvidenceTypes: []string{"ticket"}, Escalation: "Head of IT -> executive after 5"}}, nil
}

func (h *house) items() []Item {
	return []Item{{Key: "billing/2026-Q3", Verdict: assure.Deviation, EventTime: "2026-10-30", Attributes: []string{"D"}, Reason: "done 2 days late", Records: []string{"access_reviews/review-1@1"}},
		{Key: "crm/2026-Q3", Verdict: assure.Pass, EventTime: "2026-10-30", Attributes: []string{}, Records: []string{}},
		{Key: "mail/2026-Q3", Verdict: assure.Pass, EventTime: "2026-10-30", Attributes: []string{}, Records: []string{}}}
}

func (h *house) Items(_ context.Context, q ItemQuery) ([]Item, int, error) {
	var out []Item
	for _, x := range h.items() {
		if (q.Verdict == "" || x.Verdict == q.Verdict) && strings.Contains(x.Key, q.Text) {
			out = append(out, x)
		}
	}
	n := len(out)
	return out[min(q.Offset, n):min(q.Offset+q.Limit, n)], n, nil
}

func (h *house) Item(_ context.Context, _ TestRef, key string) (Item, error) {
	for _, x := range h.items() {
		if x.Key == key {
			x.Each = map[string]assure.Verdict{"D": x.Verdict}
			return x, nil
		}
	}
	return Item{}, fault.NotFound
}

func (h *house) Records(ctx context.Context, names []string) ([]Record, error) {
	var out []Record
	for _, n := range names {
		reg, rest, _ := strings.Cut(n, "/")
		key, version, _ := strings.Cut(rest, "@")
		number, err := strconv.Atoi(version)
		if err != nil {
			return nil, err
		}
		k, err := h.w.store.Lookup(ctx, h.o.ID, reg, key, number)
		if err != nil {
			return nil, err
		}
		out = append(out, shown(k))
	}
	return out, nil
}

func (h *house) Proof(ctx context.Context, index int64) ([]byte, error) {
	cp, err := h.w.store.Checkpoint(ctx, h.o.ID)
	if err != nil {
		return nil, err
	}
	if index >= cp.Size {
		return nil, fault.NotFound
	}
	path, err := ledger.Prove(cp.Size, index, h.w.store.Hashes(ctx, h.o.ID))
	return ledger.Proof{Index: index, Hashes: path, Checkpoint: cp.Note}.Text(), err
}

func (h *house) Pulls(ctx context.Context, offset, limit int) ([]Pull, int, error) {
	size, err := h.w.store.Size(ctx, h.o.ID)
	if err != nil {
		return nil, 0, err
	}
	list, err := h.w.store.System(ctx, h.o.ID, record.Pulls, size)
	slices.Reverse(list)
	var out []Pull
	for _, k := range list[min(offset, len(list)):min(offset+limit, len(list))] {
		p := Pull{Index: k.Index, Checks: []assure.Check{}}
		err = errors.Join(err, json.Unmarshal(k.Body, &p.Pull))
		out = append(out, p)
	}
	return out, len(list), err
}

func (h *house) facts(ctx context.Context, today civil.Date) gauge.Facts {
	on := day2("2026-01-01")
	r, err := h.Tests(ctx)
	if err != nil {
		panic(err)
	}
	return gauge.Facts{Report: "soc2-type2", Title: "SOC 2 Type 2", Term: gauge.Type2{Period: *h.o.Period}, Today: today, Categories: []string{"security"},
		Criteria: []assure.Criterion{{ID: "CC6.2", Framework: "tsc", Category: "security", Common: true}}, Results: r.Controls,
		Controls: []gauge.Control{{Control: assure.Control{ID: "IAM-04", Title: "Access reviews", Owner: "Head of IT", Frequency: assure.Quarterly, Shape: assure.Schedule, Criteria: []string{"CC6.2"}},
			Implemented: &on}},
		Instances: []gauge.Instance{{Control: "IAM-04", Key: "billing/2026-Q4", Due: day2("2026-12-30"), Owner: "Head of IT"}}}
}

func (h *house) Ready(ctx context.Context) (*gauge.Readiness, error) {
	r, err := gauge.Ready(h.facts(ctx, day2("2026-11-26")), gauge.Defaults())
	return &r, err
}

func (h *house) Foresee(ctx context.Context, today *civil.Date, ifs []string) (*gauge.Forecast, error) {
	d := day2("2026-11-26")
	if today != nil {
		d = *today
	}
	f := h.facts(ctx, d)
	for _, s := range ifs {
		x, err := gauge.ParseIf(s)
		if err == nil {
			f, err = f.Suppose(x)
		}
		if err != nil {
			return nil, err
		}
	}
	out, err := gauge.Foresee(f, gauge.Defaults())
	return &out, err
}

func (h *house) Ledger(ctx context.Context) (LedgerState, error) {
	cp, err := h.w.store.Checkpoint(ctx, h.o.ID)
	return LedgerState{Origin: "assay.example/" + string(h.o.ID), Key: "key", Checkpoint: assure.Checkpoint{Size: cp.Size, Root: cp.RootHex()}, Note: string(cp.Note), Window: ledger.Window{Anchors: []ledger.Anchor{}, Unanchored: cp.Size}}, err
}

func (h *house) Tasks(context.Context, id.Org, civil.Date) ([]operate.Task, error) {
	return []operate.Task{{Instance: operate.Instance{Control: "IAM-04", Title: "Access reviews", Key: "billing/2026-Q4", Due: day2("2026-12-30")}, Who: "lead@example.com", Why: operate.Owned},
		{Instance: operate.Instance{Control: "IAM-04", Title: "Access reviews", Key: "crm/2026-Q4", Due: day2("2026-12-30")}, Who: "cem@example.com", Why: operate.Assigned, From: "lead@example.com"}}, nil
}

func (h *house) Deviations(context.Context, id.Org) ([]operate.Deviation, error) {
	return []operate.Deviation{{Control: "IAM-04", Test: "IAM-04", Item: "billing/2026-Q3", Title: "Access reviews", Owner: "Head of IT", Reason: "done 2 days late", Event: "2026-10-30", Since: civil.InstantOf(h.w.clock())}}, nil
}

func (h *house) Kinds(context.Context) ([]Document, error) {
	return []Document{{Kind: "soc2-type2", Title: "SOC 2 Type 2", Own: true, Formats: []string{"html", "json"}}}, nil
}

func (h *house) Draw(_ context.Context, kind, format string, w io.Writer) error {
	if kind != "soc2-type2" || format != "json" && format != "html" {
		return fault.NotFound
	}
	_, err := io.WriteString(w, `{"kind":"soc2-type2","draft":true}`)
	return err
}

func (h *house) Members(context.Context) ([]Member, error) {
	return []Member{{Email: "lead@example.com", Name: "Lea Lead", Roles: []access.Role{access.Lead}}}, nil
}

func (h *house) Hooks(context.Context) ([]Hook, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.hooks), nil
}

func (h *house) AddHook(_ context.Context, by string, n NewHook) (Hook, string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := Hook{ID: fmt.Sprintf("hook-%d", len(h.hooks)+1), URL: n.URL, Events: n.Events, Form: n.Form, By: by, At: "2026-11-26T09:00:00Z"}
	h.hooks = append(h.hooks, x)
	return x, "whsec_c2VjcmV0", nil
}

func (h *house) DropHook(_ context.Context, key string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.hooks, func(x Hook) bool { return x.ID == key })
	if i < 0 {
		return fault.NotFound
	}
	h.hooks = slices.Delete(h.hooks, i, i+1)
	return nil
}

func (h *house) Deliveries(_ context.Context, key string, _, _ int) ([]Delivery, int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.ContainsFunc(h.hooks, func(x Hook) bool { return x.ID == key }) {
		return nil, 0, fault.NotFound
	}
	return nil, 0, nil
}
