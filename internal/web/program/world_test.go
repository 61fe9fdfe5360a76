package program

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	engine "github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/web/shell"
)

// world is an organization with the starter library, whose proposals lie in a store of their own.
type world struct {
	t       testing.TB
	mu      sync.Mutex
	folder  scope.Folder
	rev     int64
	st      *sqlite.Store
	org     id.Org
	schema  *register.Schema
	schemas enginetest.Schemas
	n       int
	mux     *shell.Mux
	failed  error
	one     map[string]string // address to person, for Same
}

// Same stands for the registers of people and aliases.
func (w *world) Same(_ context.Context, a, b string) (bool, error) {
	return w.one[a] != "" && w.one[a] == w.one[b], nil
}

func dayOf(t testing.TB, s string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) now() time.Time { return time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC) }

func setup(t testing.TB, change ...func(*scope.Folder)) *world {
	t.Helper()
	w := &world{t: t, rev: 1}
	regs, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	if w.schema, err = register.Load("program_changes.yaml", []byte(scope.ProposalRegister)); err != nil {
		t.Fatal(err)
	}
	w.schemas = enginetest.Schemas(regs)
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	z, err := civil.ParseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	from, to := dayOf(t, "2026-01-01"), dayOf(t, "2026-12-31")
	w.folder.Program = scope.Program{Name: "Meridian", Report: "soc2-type2", Zone: z, From: &from, To: &to, Categories: []string{"availability"}}
	w.folder.Registers = map[string]string{}
	if _, err := w.folder.Program.Check(); err != nil {
		t.Fatal(err)
	}
	library, err := tests.Load(w.schemas)
	if err != nil {
		t.Fatal(err)
	}
	if w.folder.Versions, err = scope.Starter(w.folder.Program, c, library, nil); err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(&w.folder)
	}
	w.open()
	p, err := New(Options{Program: w, Changes: w, Facts: w, Persons: w, Cases: w, Registers: w.schemas, Now: func() civil.Instant { return civil.InstantOf(w.now()) },
		NewID: func() (string, error) { w.n++; return fmt.Sprintf("c-%d", w.n), nil }})
	if err != nil {
		t.Fatal(err)
	}
	if w.mux, err = shell.NewMux(p.Routes(), func(_ *http.Request, err error) { w.failed = err }); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) open() {
	dir, t := w.t.TempDir(), w.t
	st, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Clock: w.now, Random: rand.Reader, Keys: sqlite.NewKeys(filepath.Join(dir, "keys"), rand.Reader)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if w.org, err = id.NewOrg(w.now(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if err := st.CreateOrg(t.Context(), record.Org{ID: w.org, Name: "Meridian", Zone: "Europe/Berlin", Created: civil.InstantOf(w.now())}); err != nil {
		t.Fatal(err)
	}
	if err := st.Ensure(t.Context(), w.org, w.schema, func(b []byte) ([]any, error) { return register.Project(w.schema, b) }); err != nil {
		t.Fatal(err)
	}
	w.st = st
}

func (w *world) Program(context.Context) (scope.Folder, int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.folder, w.rev, nil
}

func (w *world) Past(_ context.Context, size int64) (scope.Folder, error) {
	if size != 1 {
		return scope.Folder{}, fault.Refuse("the ledger has never had %d records", size)
	}
	return scope.Folder{Program: w.folder.Program, Registers: map[string]string{}}, nil
}

func (w *world) Apply(ctx context.Context, by access.Visitor, to scope.Folder, base int64, also *Kept) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if base != w.rev {
		return fault.Busy
	}
	if also != nil {
		if err := w.Keep(ctx, by, *also); err != nil {
			return err
		}
	}
	w.folder = to
	w.rev++
	return nil
}

func (w *world) Keep(ctx context.Context, by access.Visitor, k Kept) error {
	b, err := json.Marshal(k.Proposal)
	if err != nil {
		return err
	}
	v, err := register.ParseJSON("change", 1, b)
	if err != nil {
		return err
	}
	row, err := register.Convert(w.schema, "change", register.Input{Line: 1, Fields: v.Members})
	if err != nil {
		return err
	}
	row.Version = k.Version
	pull, err := id.NewPull(w.now(), rand.Reader)
	if err != nil {
		return err
	}
	_, err = w.st.Append(ctx, w.org, pull, []record.Draft{{Row: row, Source: "people"}})
	return err
}

func (w *world) Changes(ctx context.Context) ([]scope.Proposal, error) {
	list, _, err := w.st.List(ctx, w.org, w.schema, record.Query{Sort: "prepared_at", Desc: true, Limit: 1000})
	return proposalsOf(list), err
}

func (w *world) Change(ctx context.Context, key string) ([]scope.Proposal, error) {
	list, err := w.st.History(ctx, w.org, scope.Proposals, key)
	return proposalsOf(list), err
}

func proposalsOf(list []record.Known) []scope.Proposal {
	var out []scope.Proposal
	for _, k := range list {
		var p scope.Proposal
		if err := json.Unmarshal(k.Body, &p); err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}

func (w *world) Acted(context.Context) (map[string]bool, error) {
	return map[string]bool{"CHG-01": true}, nil
}

func (w *world) Walkthroughs(_ context.Context, control string) ([]Walkthrough, error) {
	if control != "CHG-01" {
		return nil, nil
	}
	return []Walkthrough{{ID: "W-1", By: "walker@example.com", Item: "Change 4711", Observed: "The reviewer approved commit c1 before release.", On: dayOf(w.t, "2026-03-02")},
		{ID: "W-2", By: "walker@example.com", Item: hostile, Observed: hostile, Differs: hostile, On: dayOf(w.t, "2026-02-02")}}, nil
}

func (w *world) Known(context.Context) (Known, error) {
	return Known{Systems: []report.System{{Name: "ledger-db", Kind: "database", Owner: "cto@example.com", Environment: "production"}}, Incidents: []report.IncidentFact{{ID: "INC-7"}}}, nil
}

// Run is what the application does too: a projection of its own for the case, and the engine over it.
func (w *world) Run(ctx context.Context, plan *rule.Plan, in rule.World, rows []*register.Row) ([]rule.Answered, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var records []tests.CaseRecord
	for _, r := range rows {
		records = append(records, tests.CaseRecord{Register: r.Register, JSON: string(r.Body)})
	}
	size := enginetest.Fill(w.t, db, w.schemas, records)
	s, err := engine.New(db, w.schemas.Schema).Open(ctx, enginetest.Org, size, in.Period, in.Holidays, 1)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var out []rule.Answered
	err = s.Run(ctx, plan, in, nil, true, func(a rule.Answered) error {
		a.Verdicts = slices.Clone(a.Verdicts)
		out = append(out, a)
		return nil
	})
	return out, err
}

func person(name string, roles ...access.Role) access.Visitor {
	return access.Visitor{Person: id.Person("p-" + name), Name: name, Email: name + "@example.com", Org: "org", Roles: roles, Strong: true}
}

var (
	lead    = person("lena", access.Lead)
	second  = person("karl", access.Lead)
	chief   = person("eve", access.Executive)
	owner   = person("otto", access.Owner)
	outside = person("customer", access.Customer)
)

// request asks as somebody. It fails the test when a fault without a kind comes out.
func (w *world) request(as access.Visitor, method, path string, form url.Values) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://assay.example"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	ctx := access.With(r.Context(), as)
	z, err := civil.ParseZone("Europe/Berlin")
	if err != nil {
		w.t.Fatal(err)
	}
	ctx = shell.With(ctx, shell.Chrome{Base: "/o/meridian", Organization: "Meridian", Zone: z, Nav: shell.Nav(), CSS: "/assets/app.css", Path: r.URL.Path})
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r.WithContext(ctx))
	if w.failed != nil {
		w.t.Fatalf("%s %s: %v", method, path, w.failed)
	}
	return rec
}

func (w *world) get(as access.Visitor, path string) *httptest.ResponseRecorder {
	return w.request(as, http.MethodGet, path, nil)
}

func (w *world) page(as access.Visitor, path string, status int) string {
	w.t.Helper()
	rec := w.get(as, path)
	if rec.Code != status {
		w.t.Fatalf("GET %s as %s = %d, want %d\n%.600s", path, as.Name, rec.Code, status, mainOf(rec.Body.String()))
	}
	return rec.Body.String()
}

func mainOf(s string) string {
	if _, after, ok := strings.Cut(s, `<main id="content"`); ok {
		return after
	}
	return s
}

// formOf reads the form of a page as a browser would send it.
func (w *world) formOf(as access.Visitor, path string) url.Values {
	w.t.Helper()
	return readPage(w.t, w.page(as, path, http.StatusOK))
}

// approve approves a proposal as it was first prepared.
func (w *world) approve(as access.Visitor, at string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.request(as, http.MethodPost, at+"/approve", url.Values{"version": {"1"}})
}

const hostile = "<script>alert(1)</script>\"'`\u202e\u2066=cmd|' /C calc'!A0 {{7*7}} 😀"

// newBare wires pages that have no organization behind them.
func newBare() (*Pages, error) {
	regs, err := registers.Load()
	if err != nil {
		return nil, err
	}
	w := &world{schemas: enginetest.Schemas(regs)}
	return New(Options{Program: w, Changes: w, Cases: w, Registers: w.schemas, Now: func() civil.Instant { return 0 }, NewID: func() (string, error) { return "", nil }})
}
