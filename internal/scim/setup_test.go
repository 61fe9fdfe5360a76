package scim_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/scim"
	"github.com/assayhq/assay/internal/store/accounts"
	"github.com/assayhq/assay/internal/web/shell"
)

const (
	acme  = id.Org("org_acme")
	other = id.Org("org_other")
	firm  = id.Org("org_firm") // an audit firm
)

func kindOf(_ context.Context, org id.Org) (access.Kind, error) {
	if org == firm {
		return access.Firm, nil
	}
	return access.Service, nil
}

type obj = map[string]any

// chance is a stream that differs at every place and is the same in every run.
type chance struct {
	mu sync.Mutex
	n  uint64
}

func (c *chance) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := 0; i < len(b); i += 32 {
		c.n++
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, c.n))
		copy(b[i:], sum[:])
	}
	return len(b), nil
}

type journal struct {
	mu   sync.Mutex
	list []string
}

func (j *journal) Note(_ context.Context, org id.Org, e account.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, string(org)+": "+e.Act+" "+e.Detail)
	return nil
}

func (j *journal) count(s string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, x := range j.list {
		if x == s {
			n++
		}
	}
	return n
}

// world is two organizations in one installation, behind the door that all requests come through.
type world struct {
	t       *testing.T
	ctx     context.Context
	people  *account.Service
	store   *accounts.Store
	notes   *journal
	server  *scim.Server
	url     string
	admin   map[id.Org]access.Person
	tokens  map[id.Org]string
	mapping map[string]access.Role
	at      func() time.Time
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), notes: &journal{}, admin: map[id.Org]access.Person{}, tokens: map[id.Org]string{},
		mapping: map[string]access.Role{"grc team": access.Lead}}
	var mu sync.Mutex
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	w.at = func() time.Time { // each look is a second later
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
	var err error
	if w.store, err = accounts.Open(w.ctx, filepath.Join(t.TempDir(), "accounts.db"), w.at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	random := &chance{}
	if w.people, err = account.New(account.Options{Store: w.store, Journal: w.notes, Kind: kindOf, Clock: w.at, Random: random, Key: [32]byte{1},
		Origins: []string{"https://assay.example"}, Cost: account.Cost{Memory: 64, Time: 1, Threads: 1}}); err != nil {
		t.Fatal(err)
	}
	if w.server, err = scim.New(scim.Options{Tenants: tenants{w}, Accounts: w.people, Directory: w.store, Groups: w.store, Clock: w.at, Random: random,
		Origin: "https://assay.example", Failed: func(r *http.Request, err error) { t.Errorf("%s %s: %v", r.Method, r.URL, err) }}); err != nil {
		t.Fatal(err)
	}
	door, err := shell.NewDoor(shell.Options{Tenants: tenants{w}, Identify: w.identify, Raw: map[string]http.Handler{scim.Base + "/": w.server}})
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(door)
	t.Cleanup(listening.Close)
	w.url = listening.URL + scim.Base
	for org, email := range map[id.Org]string{acme: "root@acme.example", other: "root@other.example", firm: "root@firm.example"} {
		p, err := w.people.Provision(w.ctx, email, "Root")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.people.Found(w.ctx, org, p.ID, account.From{}); err != nil {
			t.Fatal(err)
		}
		w.admin[org], w.tokens[org] = p, w.token(p, org, access.ScopeProvision)
	}
	return w
}

func (w *world) token(p access.Person, org id.Org, scopes ...access.Scope) string {
	w.t.Helper()
	s, err := w.people.NewToken(w.ctx, access.Visitor{Person: p.ID, Email: p.Email, Strong: true}, org, "directory", scopes, time.Hour*24, account.From{})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) identify(r *http.Request) (shell.Visit, error) {
	if h, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		v, err := w.people.IdentifyToken(r.Context(), h)
		return shell.Visit{Visitor: v.Visitor}, err
	}
	if r.Header.Get("Cookie") != "" { // somebody's session, as the founder's
		return shell.Visit{Visitor: access.Visitor{Person: w.admin[acme].ID, Strong: true}}, nil
	}
	return shell.Visit{}, nil
}

type tenants struct{ w *world }

func (x tenants) Organization(_ context.Context, slug string) (*scim.Organization, error) {
	switch slug {
	case "acme":
		return &scim.Organization{ID: acme, Groups: x.w.mapping}, nil
	case "other":
		return &scim.Organization{ID: other}, nil
	case "firm":
		return &scim.Organization{ID: firm, Kind: access.Firm, Groups: x.w.mapping}, nil
	}
	return nil, fault.NotFound
}

func (x tenants) Tenant(context.Context, string) (*shell.Tenant, error) {
	return nil, fault.NotFound
}

func (x tenants) Roles(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	return x.w.store.RolesOf(ctx, p, org) // knows nothing of tokens: the door has a wall of its own
}

type answer struct {
	status int
	header http.Header
	raw    string
	body   obj
}

// send asks as a directory does; extra are headers.
func (w *world) send(token, method, path, body string, extra ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.ctx, method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Okta SCIM Client 1.0.0")
	r.Header.Set("Accept", "application/scim+json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	for i := 0; i+1 < len(extra); i += 2 {
		r.Header.Set(extra[i], extra[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(b)}
	if len(b) > 0 {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		if err := d.Decode(&a.body); err != nil {
			w.t.Fatalf("%s %s = %d %s, no JSON: %v", method, path, a.status, b, err)
		}
	}
	return a
}

// acme asks with acme's token and expects a status.
func (w *world) acme(status int, method, path, body string, extra ...string) answer {
	w.t.Helper()
	a := w.send(w.tokens[acme], method, "/acme"+path, body, extra...)
	if a.status != status {
		w.t.Fatalf("%s %s %s = %d %s, want %d", method, path, body, a.status, a.raw, status)
	}
	if a.status >= 400 {
		w.problem(a)
	}
	return a
}

// problem checks the form of RFC 7644 section 3.12.
func (w *world) problem(a answer) {
	w.t.Helper()
	schemas, _ := a.body["schemas"].([]any)
	status, _ := a.body["status"].(string)
	if len(schemas) != 1 || schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error" || status != itoa(a.status) || a.body["detail"] == "" {
		w.t.Errorf("an error reads %s, want the message of RFC 7644 section 3.12 with status %d", a.raw, a.status)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func (w *world) roles(org id.Org, email string) string {
	w.t.Helper()
	p, err := w.people.PersonByEmail(w.ctx, email)
	if err != nil {
		w.t.Fatal(err)
	}
	roles, err := w.people.Roles(w.ctx, p.ID, org)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, r := range roles {
		out = append(out, string(r))
	}
	return strings.Join(out, " ")
}

func (w *world) expect(org id.Org, email, want string) {
	w.t.Helper()
	if got := w.roles(org, email); got != want {
		w.t.Errorf("roles of %s in %s = %q, want %q", email, org, got, want)
	}
}

// user makes a user in acme and gives its id.
func (w *world) user(email string) string {
	w.t.Helper()
	return ident(w.acme(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+email+`","emails":[{"primary":true,"value":"`+email+`","type":"work"}],"active":true}`))
}

func (w *world) group(name string, members ...string) string {
	w.t.Helper()
	return ident(w.acme(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+name+`","members":[`+values(members...)+`]}`))
}

func values(members ...string) string {
	var out []string
	for _, m := range members {
		out = append(out, `{"value":"`+m+`"}`)
	}
	return strings.Join(out, ",")
}

func ident(a answer) string { s, _ := a.body["id"].(string); return s }

func patch(operations string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
}

func query(filter string) string { return "?filter=" + url.QueryEscape(filter) }

func total(a answer) string { n, _ := a.body["totalResults"].(json.Number); return n.String() }

func resources(a answer) []obj {
	list, _ := a.body["Resources"].([]any)
	var out []obj
	for _, x := range list {
		out = append(out, x.(obj))
	}
	return out
}
