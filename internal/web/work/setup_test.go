package work

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/web/shell"
)

// office is the pages over a real store; what other acts know of the organization is given by the test.
type office struct {
	t     testing.TB
	pages *Pages
	mux   *shell.Mux
	store *sqlite.Store
	org   id.Org
	zone  civil.Zone
	now   time.Time
	desk  *operate.Desk
	facts *facts
	parts *memory
	mu    sync.Mutex
	fault error // what the mux could not tell the reader
}

// facts stand for what examine, gauge and the list of members know.
type facts struct {
	due        []operate.Instance
	deviations []operate.Deviation
	questions  []operate.Question
	controls   []assure.Control
}

func (f *facts) Due(_ context.Context, _ id.Org, until civil.Date) ([]operate.Instance, error) {
	return slices.DeleteFunc(slices.Clone(f.due), func(i operate.Instance) bool { return i.Due > until }), nil
}
func (f *facts) Deviations(context.Context, id.Org) ([]operate.Deviation, error) {
	return f.deviations, nil
}
func (f *facts) Controls(context.Context, id.Org) ([]assure.Control, error) { return f.controls, nil }
func (f *facts) Questions(context.Context, id.Org, string, string) ([]operate.Question, error) {
	return f.questions, nil
}
func (f *facts) Members(context.Context, id.Org) ([]operate.Member, error) {
	return []operate.Member{{Email: "lead@example.com", Name: "Lea"}, {Email: "owner@example.com", Name: "Olga"}, {Email: "contributor@example.com", Name: "Con"}}, nil
}
func (f *facts) Holders(context.Context, id.Org) (map[string][]string, error) {
	return map[string][]string{"it manager": {"owner@example.com"}}, nil
}

type library struct {
	store *sqlite.Store
	all   map[string]*register.Schema
}

func (l library) Schema(name string) *register.Schema { return l.all[name] }
func (l library) Ensure(ctx context.Context, org id.Org, s *register.Schema) error {
	return l.store.Ensure(ctx, org, s, func(body []byte) ([]any, error) { return register.Project(s, body) })
}

func setup(t testing.TB) *office {
	t.Helper()
	o := &office{t: t, now: time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC), facts: &facts{
		controls: []assure.Control{{ID: "IAM-04", Title: "Access is reviewed", Statement: "Access is reviewed each quarter.", Owner: "IT manager", PassRule: "Every row is decided.", Escalation: "IT manager -> compliance lead after 1 business day"}, {ID: "GOV-01", Title: "The board meets", Owner: "Board secretary"}},
	}}
	folder := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: folder, Clock: func() time.Time { return o.now }, Random: rand.Reader, Keys: sqlite.NewKeys(filepath.Join(folder, "keys"), rand.Reader)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	org, e1 := id.NewOrg(o.now, rand.Reader)
	zone, e2 := civil.ParseZone("America/New_York")
	all, e3 := registers.Load()
	e4 := store.CreateOrg(t.Context(), record.Org{ID: org, Name: "Acme", Zone: zone.String(), Created: civil.InstantOf(o.now)})
	if err := errors.Join(e1, e2, e3, e4); err != nil {
		t.Fatal(err)
	}
	o.store, o.org, o.zone = store, org, zone
	o.desk = &operate.Desk{Records: store, Books: store, Schemas: library{store, all}, Clock: func() time.Time { return o.now }, Random: rand.Reader}
	o.parts = &memory{clock: o.desk.Now, files: map[string]*part{}}
	o.pages, err = New(Options{Org: org, Zone: zone, Registers: slices.Collect(maps.Values(all)), Desk: o.desk,
		Board:   &operate.Board{Desk: o.desk, Due: o.facts, Team: o.facts, Size: store},
		Locker:  &operate.Locker{Desk: o.desk, Files: dir.Open(filepath.Join(folder, "blobs"), filepath.Join(folder, "keys")), Uploads: &operate.Uploads{Desk: o.desk, Parts: o.parts, Shelf: o.parts}},
		Counter: &operate.Counter{Books: store, Size: store}, Controls: o.facts, Checklists: o.facts, Deviations: o.facts, Keeping: &kept{}})
	if err == nil {
		o.mux, err = shell.NewMux(o.pages.Routes(), func(_ *http.Request, err error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.fault = err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if o.fault != nil {
			t.Errorf("a page failed: %v", o.fault)
		}
	})
	return o
}

// ask sends a request as a member with one role; nobody has none.
func (o *office) ask(role access.Role, method, target string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	o.t.Helper()
	r := httptest.NewRequest(method, "http://assay.example"+target, body)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	v := access.Visitor{Person: "p", Name: string(role), Email: string(role) + "@example.com", Org: o.org, Strong: true}
	if role != "" {
		v.Roles = []access.Role{role}
	}
	ctx := shell.With(access.With(o.t.Context(), v), shell.Chrome{Base: "/o/acme", Organization: "Acme", Zone: o.zone, Lang: "en"})
	w := httptest.NewRecorder()
	o.mux.ServeHTTP(w, r.WithContext(ctx))
	return w
}

func (o *office) get(role access.Role, target string) *httptest.ResponseRecorder {
	o.t.Helper()
	return o.ask(role, "GET", target, nil)
}

// post sends a form; the answer of success is a redirect.
func (o *office) post(role access.Role, target string, pairs ...string) *httptest.ResponseRecorder {
	o.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return o.ask(role, "POST", target, strings.NewReader(v.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

func (o *office) wants(w *httptest.ResponseRecorder, status int, parts ...string) {
	o.t.Helper()
	if w.Code != status {
		o.t.Errorf("status %d, want %d: %.1500s", w.Code, status, w.Body)
	}
	for _, p := range parts {
		if !strings.Contains(w.Body.String(), p) {
			o.t.Errorf("the page lacks %q:\n%.4000s", p, w.Body)
		}
	}
}

// moved gives where a redirect leads, below the organization.
func (o *office) moved(w *httptest.ResponseRecorder) string {
	o.t.Helper()
	at, ok := strings.CutPrefix(w.Header().Get("Location"), "/o/acme")
	if w.Code != http.StatusSeeOther || !ok {
		o.t.Fatalf("status %d to %q, want a redirect below the organization: %.1500s", w.Code, w.Header().Get("Location"), w.Body)
	}
	return at
}

func (o *office) day(s string) civil.Date {
	o.t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		o.t.Fatal(err)
	}
	return d
}

// memory stands for the folder of parts.
type memory struct {
	mu    sync.Mutex
	clock func() civil.Instant
	files map[string]*part
}

type part struct {
	about, data []byte
	last        civil.Instant
}

func (m *memory) get(org id.Org, name string) (*part, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.files[string(org)+"/"+name]; p != nil {
		return p, nil
	}
	return nil, &fault.Error{Kind: fault.NotFound, What: name}
}

func (m *memory) Begin(_ context.Context, org id.Org, name string, about []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[string(org)+"/"+name] = &part{about: about, last: m.clock()}
	return nil
}

func (m *memory) About(_ context.Context, org id.Org, name string) ([]byte, int64, civil.Instant, error) {
	p, err := m.get(org, name)
	if err != nil {
		return nil, 0, 0, err
	}
	return p.about, int64(len(p.data)), p.last, nil
}

func (m *memory) Write(_ context.Context, org id.Org, name string, _ int64, r io.Reader) (int64, error) {
	p, err := m.get(org, name)
	if err != nil {
		return 0, err
	}
	b, err := io.ReadAll(r)
	p.data, p.last = append(p.data, b...), m.clock()
	return int64(len(p.data)), err
}

func (m *memory) Open(_ context.Context, org id.Org, name string) (io.ReadCloser, error) {
	p, err := m.get(org, name)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(p.data)), nil
}

func (m *memory) Names(_ context.Context, org id.Org) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for k := range m.files {
		if n, ok := strings.CutPrefix(k, string(org)+"/"); ok {
			out = append(out, n)
		}
	}
	return out, nil
}

func (m *memory) Remove(_ context.Context, org id.Org, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, string(org)+"/"+name)
	return nil
}

// kept remembers which registers were said to be kept.
type kept struct{ said map[string]string }

func (k *kept) Kept(_ context.Context, register string) (bool, error) {
	return k.said[register] != "", nil
}

func (k *kept) Keep(_ context.Context, register, by string) error {
	if k.said == nil {
		k.said = map[string]string{}
	}
	k.said[register] = by
	return nil
}
