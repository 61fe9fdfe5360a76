package app

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/web/browse"
	"github.com/assayhq/assay/internal/web/shell"
)

// town is an installation with two organizations and a person of each role in the first.
type town struct {
	t   *testing.T
	in  *installation
	url string
}

const password = "nine paper boats cross the harbour"

// newTown founds two organizations and serves them. The second holds a word in everything it says that must never be seen from the first.
func newTown(t *testing.T) *town {
	t.Helper()
	a := New()
	data := filepath.Join(t.TempDir(), "data")
	for _, name := range []string{"First Works", "Second Secret"} {
		z, err := civil.ParseZone("UTC")
		if err != nil {
			t.Fatal(err)
		}
		from, to := civil.NewDate(2025, 7, 1), civil.NewDate(2026, 6, 30)
		if _, err := a.found(t.Context(), data, scope.Program{Name: name, Report: "soc2-type2", Zone: z, From: &from, To: &to}, "", &from); err != nil {
			t.Fatal(err)
		}
	}
	st, err := sqlite.Open(t.Context(), a.config(data, false))
	if err != nil {
		t.Fatal(err)
	}
	a.Cost = account.Cost{Memory: 64, Time: 1, Threads: 1}
	in, err := a.installed(t.Context(), st, data, false, cli.Serving{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(in.door)
	t.Cleanup(func() { s.Close(); _ = in.Close() })
	return &town{t, in, s.URL}
}

// browser is somebody with cookies who follows no redirect.
func (x *town) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		x.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (x *town) org(slug string) id.Org {
	x.in.tenants.mu.Lock()
	defer x.in.tenants.mu.Unlock()
	return x.in.tenants.slugs[slug].ID
}

// enrol makes a person with roles in an organization and a password. Roles are granted as the installation does, not by an administrator.
func (x *town) enrol(email, name, slug string, roles ...access.Role) {
	x.t.Helper()
	p, err := x.in.accounts.Provision(x.t.Context(), email, name)
	if err != nil {
		x.t.Fatal(err)
	}
	if len(roles) > 0 {
		err := x.in.people.ChangeRoles(x.t.Context(), x.org(slug), func([]access.Membership) (grant, end []access.Membership, err error) {
			for _, r := range roles {
				grant = append(grant, access.Membership{Org: x.org(slug), Person: p.ID, Role: r, Granted: x.in.app.Clock()})
			}
			return grant, nil, nil
		})
		if err != nil {
			x.t.Fatal(err)
		}
	}
	link, err := x.in.accounts.RecoveryLink(x.t.Context(), email)
	if err != nil {
		x.t.Fatal(err)
	}
	if err := x.in.accounts.Recover(x.t.Context(), link, password, account.From{}); err != nil {
		x.t.Fatal(err)
	}
}

// join makes a person with roles in an organization, signed in.
func (x *town) join(email, slug string, roles ...access.Role) *http.Client {
	x.t.Helper()
	x.enrol(email, strings.Split(email, "@")[0], slug, roles...)
	b := x.browser()
	res, err := b.PostForm(x.url+"/signin", url.Values{"email": {email}, "password": {password}})
	if err != nil {
		x.t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		x.t.Fatalf("sign-in of %s: %d", email, res.StatusCode)
	}
	return b
}

var hole = regexp.MustCompile(`\{[a-z]+(\.\.\.)?\}`)

// address fills the holes of a pattern with names that nothing has.
func address(pattern string) string {
	p := strings.TrimSuffix(pattern, "{$}")
	return hole.ReplaceAllString(p, "nothing-has-this-name")
}

func (x *town) ask(b *http.Client, method, path string) (status int, location, body string) {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), method, x.url+path, strings.NewReader(""))
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location"), string(text)
}

// TestRoutesMatrix asks every route of an organization as every role, as nobody, and as a member of the other organization. What the
// table of policies says of the role is what the route does; a foreign organization answers like one that does not exist, and so does one to somebody
// whose only role there, written into the database by hand, does not exist in its kind.
func TestRoutesMatrix(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	x.firm("Third Counsel LLP")
	stranger, second := x.join("stranger@example.com", ""), x.join("lead@second.example", "second-secret", access.Lead, access.Administrator)
	for slug, kind := range map[string]access.Kind{"first-works": access.Service, "third-counsel-llp": access.Firm} {
		who := map[string]*http.Client{"nobody": x.browser(), "stranger": stranger, "of the second": second}
		for _, r := range access.Roles() {
			who[string(r)] = x.join(string(r)+"@"+slug+".example", slug, r)
		}
		x.matrix(slug, kind, who)
	}
	x.in.readOnly = true // a folder that cannot be written has readers, each with what there is to read
	for slug, want := range map[string][]access.Role{"first-works": {access.Auditor, access.Owner}, "third-counsel-llp": {access.Partner}} {
		got, err := x.in.roles(t.Context(), "reader", x.org(slug))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("readers of %s are %v, %v, want %v", slug, got, err, want)
		}
	}
	if got, err := x.in.roles(t.Context(), "reader", "org_nowhere"); !errors.Is(err, fault.NotFound) {
		t.Errorf("readers of nothing are %v, %v, want nothing found", got, err)
	}
}

// firm founds an audit firm.
func (x *town) firm(name string) {
	x.t.Helper()
	z, err := civil.ParseZone("UTC")
	if err == nil {
		_, err = x.in.app.foundIn(x.t.Context(), x.in.st, x.in.data, scope.Program{Name: name, Report: scope.Firm, Zone: z}, "", nil)
	}
	if err == nil {
		err = x.in.tenants.list(x.t.Context())
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *town) matrix(slug string, kind access.Kind, who map[string]*http.Client) {
	t := x.t
	t.Helper()
	mux, err := x.in.tenants.Tenant(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	_, _, missing := x.ask(who["stranger"], http.MethodGet, "/o/no-such-organization/")
	cells := 0
	for _, rt := range mux.Mux.Routes() {
		for name, b := range who {
			cells++
			status, location, body := x.ask(b, rt.Method, "/o/"+slug+address(rt.Pattern))
			cell := fmt.Sprintf("%s %s of %s as %s", rt.Method, rt.Pattern, slug, name)
			elsewhere := name == "stranger" || name == "of the second" || name != "nobody" && !access.Role(name).In(kind)
			switch {
			case name == "nobody":
				if status != http.StatusSeeOther || !strings.HasPrefix(location, "/signin") {
					t.Errorf("%s: %d to %q, want the sign-in", cell, status, location)
				}
			case elsewhere:
				if rt.Method != http.MethodHead && (status != http.StatusNotFound || rt.Method == http.MethodGet && body != missing) {
					t.Errorf("%s: %d, want what an organization that does not exist answers", cell, status)
				}
			default:
				v := access.Visitor{Person: "p", Kind: kind, Roles: []access.Role{access.Role(name)}, Strong: true}
				may := access.Decide(rt.Policy, v) == nil
				if refused := status == http.StatusForbidden; refused == may && !conflict(status, may) {
					t.Errorf("%s: %d, but the policy %q says may = %v", cell, status, rt.Policy, may)
				}
				if status == http.StatusInternalServerError {
					t.Errorf("%s: 500", cell)
				}
			}
		}
	}
	t.Logf("%s: %d routes, %d cells", slug, len(mux.Mux.Routes()), cells)
}

// conflict is a refusal that a route adds to its policy: of somebody who may do such things, about this one.
func conflict(status int, may bool) bool { return may && status == http.StatusForbidden }

var links = regexp.MustCompile(`(?:href|action|src|data-preview|data-resumable)="([^"#]+)`)

// TestNothingOfTheOther crawls everything that each role of the first organization can reach by links, and looks for a word that only the
// second holds.
func TestNothingOfTheOther(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	second, err := x.in.tenants.open(t.Context(), "second-secret")
	if err != nil {
		t.Fatal(err)
	}
	give(t, second.o, "changes", strings.ReplaceAll(change("zanzibar", inPeriod), "payments", "zanzibar"))
	pages, most := 0, 20
	if browse.Whole() {
		most = 400
	}
	for _, role := range access.Roles() {
		b := x.join(string(role)+"@first.example", "first-works", role)
		seen, queue := map[string]bool{}, []string{"/", "/o/first-works/", "/organizations", "/me", "/o/second-secret/", "/o/second-secret/registers/changes"}
		for len(queue) > 0 && len(seen) < most {
			path := queue[0]
			queue = queue[1:]
			key, _, _ := strings.Cut(path, "?")
			if seen[path] || strings.HasPrefix(path, "/assets/") || strings.HasSuffix(key, ".pdf") || strings.HasSuffix(key, ".docx") {
				continue
			}
			seen[path] = true
			pages++
			status, location, body := x.ask(b, http.MethodGet, path)
			low := strings.ToLower(body)
			if strings.Contains(low, "zanzibar") || strings.Contains(low, "second secret") {
				t.Errorf("%s as %s shows something of the other organization", path, role)
			}
			if status == http.StatusInternalServerError {
				t.Errorf("%s as %s: 500", path, role)
			}
			if strings.HasPrefix(path, "/o/second-secret/") && status != http.StatusNotFound {
				t.Errorf("%s as %s: %d, want 404", path, role, status)
			}
			if location != "" {
				queue = append(queue, shell.Local(location))
			}
			for _, m := range links.FindAllStringSubmatch(body, -1) {
				u, err := url.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
				if err == nil && u.Host == "" && strings.HasPrefix(u.Path, "/") && u.Path != "/signout" {
					queue = append(queue, u.String())
				}
			}
		}
	}
	t.Logf("%d pages read", pages)
}
