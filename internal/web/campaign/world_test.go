package campaign

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/web"
	"github.com/assayhq/assay/internal/web/elements"
	"github.com/assayhq/assay/internal/web/shell"
	"github.com/assayhq/assay/internal/web/signin"
)

// world is the pages over a real store.
type world struct {
	t     *testing.T
	pages *Pages
	mux   *shell.Mux
	store *sqlite.Store
	org   id.Org
	zone  civil.Zone
	desk  *operate.Desk
	mu    sync.Mutex
	now   time.Time
	fault error // what the mux could not tell the reader
	due   []operate.Instance
}

type library struct {
	store *sqlite.Store
	all   map[string]*register.Schema
}

func (l library) Schema(name string) *register.Schema { return l.all[name] }

func (l library) Ensure(ctx context.Context, org id.Org, s *register.Schema) error {
	return l.store.Ensure(ctx, org, s, func(body []byte) ([]any, error) { return register.Project(s, body) })
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) Members(context.Context, id.Org) ([]operate.Member, error) {
	return []operate.Member{{Email: "lead@example.com", Name: "Lea"}, {Email: "rita@example.com", Name: "Rita"}, {Email: "dora@example.com", Name: "Dora"}}, nil
}
func (w *world) Holders(context.Context, id.Org) (map[string][]string, error) { return nil, nil }
func (w *world) Due(context.Context, id.Org, civil.Date) ([]operate.Instance, error) {
	return w.due, nil
}

var lead, rita, dora, con, boss, admin, auditor, customer = person("lead", access.Lead), person("rita", access.Owner), person("dora", access.Contributor), person("con", access.Contributor),
	person("boss", access.Executive), person("admin", access.Administrator), person("auditor", access.Auditor), person("customer", access.Customer)

func person(name string, roles ...access.Role) access.Visitor {
	return access.Visitor{Person: id.Person("p-" + name), Name: name, Email: name + "@example.com", Org: "org", Roles: roles, Strong: true}
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)}
	folder := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: folder, Clock: w.clock, Random: rand.Reader, Keys: sqlite.NewKeys(filepath.Join(folder, "keys"), rand.Reader)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	org, err := id.NewOrg(w.now, rand.Reader)
	if err == nil {
		err = store.CreateOrg(t.Context(), record.Org{ID: org, Name: "Example", Zone: "Europe/Berlin", Created: civil.InstantOf(w.now)})
	}
	zone, e := civil.ParseZone("Europe/Berlin")
	all, e2 := registers.Load()
	if err := errors.Join(err, e, e2); err != nil {
		t.Fatal(err)
	}
	w.store, w.org, w.zone = store, org, zone
	w.desk = &operate.Desk{Records: store, Books: store, Schemas: library{store, all}, Clock: w.clock, Random: rand.Reader}
	reviews := &operate.Reviews{Desk: w.desk, Size: store, Team: w, Due: w}
	if w.pages, err = New(Options{Org: org, Zone: zone, Reviews: reviews, Policies: &operate.Policies{Desk: w.desk, Size: store}}); err != nil {
		t.Fatal(err)
	}
	if w.mux, err = shell.NewMux(w.pages.Routes(), func(_ *http.Request, err error) { w.fault = err }); err != nil {
		t.Fatal(err)
	}
	w.pull("systems", `{"system":"crm","in_scope":true}`)
	w.pull("people", `{"person_id":"p1","email":"rita@example.com","kind":"employee","started_on":"2020-01-01"}`, `{"person_id":"p2","email":"dora@example.com","started_on":"2020-01-01"}`,
		`{"person_id":"p3","email":"lead@example.com","started_on":"2020-01-01"}`)
	return w
}

// pull appends records as a source delivers them.
func (w *world) pull(name string, lines ...string) {
	w.t.Helper()
	schema := w.desk.Schemas.Schema(name)
	if err := w.desk.Schemas.Ensure(w.t.Context(), w.org, schema); err != nil {
		w.t.Fatal(err)
	}
	var drafts []record.Draft
	for _, l := range lines {
		v, err := register.ParseJSON("", 1, []byte(l))
		if err != nil {
			w.t.Fatal(err)
		}
		row, err := register.Convert(schema, "", register.Input{Line: 1, Fields: v.Members})
		if err != nil {
			w.t.Fatal(err)
		}
		drafts = append(drafts, record.Draft{Row: row, Source: "idp"})
	}
	if _, err := w.store.Append(w.t.Context(), w.org, "", drafts); err != nil {
		w.t.Fatal(err)
	}
}

// ask asks as somebody. It fails the test when a fault without a kind comes out.
func (w *world) ask(as access.Visitor, method, path string, form url.Values, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://assay.example"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	ctx := shell.With(access.With(r.Context(), as), shell.Chrome{Base: "/o/example", Organization: "Example", Zone: w.zone, Path: r.URL.Path})
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r.WithContext(ctx))
	if w.fault != nil {
		w.t.Fatalf("%s %s: %v", method, path, w.fault)
	}
	return rec
}

func (w *world) page(as access.Visitor, path string, status int) string {
	w.t.Helper()
	rec := w.ask(as, http.MethodGet, path, nil)
	if rec.Code != status {
		w.t.Fatalf("GET %s as %s = %d, want %d\n%.800s", path, as.Name, rec.Code, status, rec.Body)
	}
	return rec.Body.String()
}

func (w *world) post(as access.Visitor, path string, status int, pairs ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	rec := w.ask(as, http.MethodPost, path, form)
	if rec.Code != status {
		w.t.Fatalf("POST %s as %s = %d, want %d\n%.1200s", path, as.Name, rec.Code, status, rec.Body)
	}
	return rec
}

// door serves the pages to a browser as somebody who is signed in.
func (w *world) door(as access.Visitor) string {
	w.t.Helper()
	css := report.Style() + shell.Style() + web.Style() + string(elements.Style()) + signin.Style() + Style()
	d, err := shell.NewDoor(shell.Options{Tenants: tenant{w, as}, Assets: shell.Assets{Style: []byte(shell.Themed(css)), Script: elements.Script()},
		Identify: func(*http.Request) (shell.Visit, error) { return shell.Visit{Visitor: as}, nil },
		Failed:   func(r *http.Request, err error) { w.t.Errorf("%s %s: %v", r.Method, r.URL, err) }})
	if err != nil {
		w.t.Fatal(err)
	}
	s := httptest.NewServer(d)
	w.t.Cleanup(s.Close)
	return s.URL + "/o/example"
}

type tenant struct {
	w  *world
	as access.Visitor
}

func (x tenant) Tenant(_ context.Context, slug string) (*shell.Tenant, error) {
	if slug != "example" {
		return nil, fault.NotFound
	}
	return &shell.Tenant{Org: x.w.org, Slug: slug, Name: "Example", Zone: x.w.zone, Mux: x.w.mux}, nil
}

func (x tenant) Roles(context.Context, id.Person, id.Org) ([]access.Role, error) {
	return x.as.Roles, nil
}

const hostile = "<script>alert(1)</script>\"'`\u202e\u2066=cmd|' /C calc'!A0 {{7*7}} 😀"
