package signin_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/store/accounts"
	"github.com/assayhq/assay/internal/web/shell"
	"github.com/assayhq/assay/internal/web/signin"
)

const good = "violet kettles argue quietly"

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is the installation around the pages: its organizations, and what was noted and sent.
type house struct {
	mu    sync.Mutex
	orgs  []signin.Organization
	muxes map[string]*shell.Tenant
	notes []account.Event
	mail  []string
	pages *signin.Pages
	acc   *account.Service
}

func (h *house) Note(_ context.Context, _ id.Org, e account.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes = append(h.notes, e)
	return nil
}

func (h *house) Organization(_ context.Context, org id.Org) (signin.Organization, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.orgs {
		if o.ID == org {
			return o, nil
		}
	}
	return signin.Organization{}, fault.NotFound
}

// kind says that an organization whose name says so is an audit firm.
func (h *house) kind(ctx context.Context, org id.Org) (access.Kind, error) {
	if o, err := h.Organization(ctx, org); err == nil && strings.HasSuffix(o.Name, "LLP") {
		return access.Firm, nil
	}
	return access.Service, nil
}

func (h *house) Found(_ context.Context, name string, _ id.Person) (signin.Organization, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.orgs) + 1
	o := signin.Organization{ID: id.Org(fmt.Sprint("org_", n)), Slug: fmt.Sprint("org-", n), Name: name}
	zone, err := civil.ParseZone("Europe/Berlin")
	if err != nil {
		return o, err
	}
	routes := append(h.pages.OrgRoutes(o.ID, name), shell.Route{Method: "GET", Pattern: "/{$}", Policy: access.ReadHome,
		Handler: func(w http.ResponseWriter, _ *http.Request) error {
			_, err := io.WriteString(w, "home of "+name)
			return err
		}})
	mux, err := shell.NewMux(routes, nil)
	if err != nil {
		return o, err
	}
	h.orgs = append(h.orgs, o)
	kind := access.Service
	if strings.HasSuffix(name, "LLP") {
		kind = access.Firm
	}
	h.muxes[o.Slug] = &shell.Tenant{Org: o.ID, Kind: kind, Slug: o.Slug, Name: name, Zone: zone, Mux: mux}
	return o, nil
}

func (h *house) Tenant(_ context.Context, slug string) (*shell.Tenant, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t, ok := h.muxes[slug]; ok {
		return t, nil
	}
	return nil, fault.NotFound
}

func (h *house) Roles(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	return h.acc.Roles(ctx, p, org)
}

func (h *house) Send(_ context.Context, to, subject, text string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mail = append(h.mail, to+"\n"+subject+"\n"+text)
	return nil
}

type world struct {
	t     testing.TB
	house *house
	clock *clock
	door  *shell.Door
	acc   *account.Service
	store *accounts.Store
	base  string
	fails []error
}

func setup(t testing.TB, change ...func(*account.Options, *signin.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{at: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)}, house: &house{muxes: map[string]*shell.Tenant{}}, base: "https://assay.example"}
	store, err := accounts.Open(t.Context(), filepath.Join(t.TempDir(), "accounts.db"), w.clock.now)
	w.ok(err)
	w.store = store
	t.Cleanup(func() { _ = store.Close() })
	ao := account.Options{Store: store, Journal: w.house, Kind: w.house.kind, Clock: w.clock.now, Random: rand.Reader, Key: [32]byte{1}, Origins: []string{w.base}, Cost: account.Cost{Memory: 64, Time: 1, Threads: 1}}
	so := signin.Options{Organizations: w.house, Base: w.base, Secure: true}
	for _, c := range change {
		c(&ao, &so)
	}
	w.acc, err = account.New(ao)
	w.ok(err)
	so.Accounts = w.acc
	pages, err := signin.New(so)
	w.ok(err)
	w.house.pages, w.house.acc = pages, w.acc
	w.door, err = shell.NewDoor(shell.Options{Routes: pages.Routes(), Identify: pages.Identify, Tenants: w.house, Hosts: []string{"assay.example"}, Secure: so.Secure,
		Assets: shell.Assets{Style: []byte(signin.Style()), Script: []byte("1")},
		Failed: func(_ *http.Request, err error) { w.fails = append(w.fails, err) }})
	w.ok(err)
	t.Cleanup(func() {
		if len(w.fails) > 0 {
			t.Errorf("faults of the machine: %v", errors.Join(w.fails...))
		}
	})
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// browser keeps cookies as one does.
type browser struct {
	w       *world
	cookies map[string]*http.Cookie
	address string
	header  http.Header
	ctx     context.Context // of each request; nil: one that lasts
}

func (w *world) browser() *browser {
	return &browser{w: w, cookies: map[string]*http.Cookie{}, address: "192.0.2.7:4711", header: http.Header{}}
}

type page struct {
	*httptest.ResponseRecorder
	text string
}

func (b *browser) do(method, path, kind, body string) page {
	b.w.t.Helper()
	r := httptest.NewRequest(method, b.w.base+path, strings.NewReader(body))
	r.RemoteAddr = b.address
	r.Header = b.header.Clone()
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	if b.ctx != nil {
		r = r.WithContext(b.ctx)
	}
	rec := httptest.NewRecorder()
	b.w.door.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return page{rec, rec.Body.String()}
}

func (b *browser) get(path string) page { return b.do("GET", path, "", "") }

func (b *browser) post(path string, pairs ...string) page {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return b.do("POST", path, "application/x-www-form-urlencoded", v.Encode())
}

// is holds an answer to a status and to what its text or its way on must hold.
func (p page) is(t testing.TB, status int, words ...string) page {
	t.Helper()
	all := p.Header().Get("Location") + "\n" + p.text
	for _, x := range words {
		if !strings.Contains(all, x) {
			t.Errorf("the answer lacks %q: %d %.1500s", x, p.Code, all)
		}
	}
	if p.Code != status {
		t.Fatalf("status %d, want %d: %.1500s", p.Code, status, all)
	}
	return p
}

// find takes what a pattern's first group matches.
func (p page) find(t testing.TB, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(p.text)
	if m == nil {
		t.Fatalf("nothing matches %s in %.2000s", pattern, p.text)
	}
	return m[1]
}

// founder sets up and founds an organization, all through pages.
func (w *world) founder() *browser {
	w.t.Helper()
	token, err := w.acc.FirstRun(w.t.Context())
	w.ok(err)
	b := w.browser()
	b.get("/setup?token="+token).is(w.t, 200, "Welcome to Assay", "data-mode=\"create\"")
	b.post("/setup", "token", token, "name", "Ann", "email", "Ann@example.com", "password", good).is(w.t, 303, "/organizations")
	b.get("/organizations").is(w.t, 200, "Create your organization")
	b.post("/organizations", "name", "Acme & Söhne").is(w.t, 303, "/organizations/org-1")
	b.get("/organizations/org-1").is(w.t, 303, "/o/org-1/")
	b.get("/o/org-1/").is(w.t, 200, "home of Acme")
	return b
}

// join has somebody invited and accept.
func (w *world) join(admin *browser, email string, roles ...string) *browser {
	w.t.Helper()
	pairs := []string{"email", email}
	for _, r := range roles {
		pairs = append(pairs, "roles", r)
	}
	link := admin.post("/o/org-1/people/invite", pairs...).is(w.t, 200, "The invitation is ready").find(w.t, `https://assay\.example(/invitation/[\w-]+)`)
	b := w.browser()
	b.get(link).is(w.t, 200, "Join with a password", email)
	b.post(link, "name", "Some Body", "password", good).is(w.t, 303, "/")
	return b
}

func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
