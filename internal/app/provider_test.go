package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/scope"
)

// issuer starts the independent provider of test/provider.
func issuer(t *testing.T, arguments ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "provider")
	if out, err := exec.Command("go", "build", "-C", "../../test/provider", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the provider: %v\n%s", err, out)
	}
	cmd := exec.Command(path, arguments...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	name, ok := strings.CutPrefix(strings.TrimSpace(line), "issuer ")
	if err != nil || !ok {
		t.Fatalf("the provider says %q, %v; want its issuer", line, err)
	}
	return name
}

var hiddenID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// TestProviderSignsIn walks the sign-in of a person whom a directory made, through an independent provider, up to their organization's
// pages; and the attempt of somebody who claims another person's address there, in a domain that the
// provider has no say over.
func TestProviderSignsIn(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	at := issuer(t, "-redirect", base+"/oidc/callback", "-person", "anna:an apple:anna@example.com:verified", "-person", "mallory:a pear:bob@elsewhere.example:unverified")
	a := New()
	a.Cost = account.Cost{Memory: 64, Time: 1, Threads: 1}
	data := filepath.Join(t.TempDir(), "data")
	z, err := civil.ParseZone("UTC")
	if err != nil {
		t.Fatal(err)
	}
	from, to := civil.NewDate(2025, 7, 1), civil.NewDate(2026, 6, 30)
	if _, err := a.found(t.Context(), data, scope.Program{Name: "First Works", Report: "soc2-type2", Zone: z, From: &from, To: &to}, "", &from); err != nil {
		t.Fatal(err)
	}
	in, err := a.install(t.Context(), data, cli.Serving{Listen: l.Addr().String(), URL: base,
		OIDC: cli.OIDC{Issuer: at, ClientID: "assay", Secret: "a secret of the tests", Domains: []string{"example.com"}}})
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: in.door} //nolint:gosec // a test's own server
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); _ = in.Close() })
	x := &town{t, in, base}
	org := x.org("first-works")
	for _, email := range []string{"anna@example.com", "bob@elsewhere.example"} {
		p, err := in.accounts.Provision(t.Context(), email, strings.Split(email, "@")[0])
		if err != nil {
			t.Fatal(err)
		}
		err = in.people.ChangeRoles(t.Context(), org, func([]access.Membership) (grant, end []access.Membership, err error) {
			return []access.Membership{{Org: org, Person: p.ID, Role: access.Owner, Granted: a.Clock()}}, nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	walk := func(name, secret string) (*http.Client, *http.Response, string) {
		t.Helper()
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		b := &http.Client{Jar: jar}
		read := func(res *http.Response, err error) (*http.Response, string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res, string(text)
		}
		res, page := read(b.Get(base + "/oidc/start?next=" + url.QueryEscape("/o/first-works/work")))
		id := hiddenID.FindStringSubmatch(page)
		if id == nil {
			t.Fatalf("the provider's form is not there: %s %.300s", res.Request.URL, page)
		}
		res, page = read(b.PostForm(res.Request.URL.Scheme+"://"+res.Request.URL.Host+"/login", url.Values{"id": {id[1]}, "name": {name}, "password": {secret}}))
		return b, res, page
	}
	if _, res, page := walk("mallory", "a pear"); res.StatusCode == http.StatusOK && strings.HasPrefix(res.Request.URL.Path, "/o/") { //nolint:bodyclose // walk has
		t.Errorf("somebody with an unverified address got to %s: %.200s", res.Request.URL, page)
	}
	b, res, page := walk("anna", "an apple") //nolint:bodyclose // walk has
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/o/first-works/work" {
		t.Fatalf("anna got to %s (%d): %.300s", res.Request.URL, res.StatusCode, page)
	}
	callback := ""
	for r := res; r != nil; r = r.Request.Response { // the way here, backwards
		if r.Request.URL.Path == "/oidc/callback" {
			callback = r.Request.URL.String()
		}
	}
	again, err := b.Get(callback)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Body.Close()
	if callback == "" || again.StatusCode == http.StatusOK && strings.HasPrefix(again.Request.URL.Path, "/o/") {
		t.Errorf("the provider's answer was taken twice: %s", fmt.Sprint(again.Request.URL))
	}
}
