package oidc_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/oidc"
)

const callback = "http://127.0.0.1:1/sign-in/callback" // never called: the browser of the tests stops there

// TestMain removes what program built.
func TestMain(m *testing.M) {
	code := m.Run()
	if folder != "" {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

var folder string

// program is the provider of test/provider, another implementation than ours, built once.
var program = sync.OnceValues(func() (string, error) {
	var err error
	if folder, err = os.MkdirTemp("", "oidc"); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "provider")
	build := exec.Command("go", "build", "-C", "../../test/provider", "-o", path, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the provider: %w\n%s", err, out)
	}
	return path, nil
})

// provider starts a provider of its own for a test and gives its issuer.
func provider(t *testing.T, arguments ...string) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{
		"-redirect", callback, "-person", "anna:an apple:Anna@Example.com:verified", "-person", "mallory:a pear:anna@example.com:unverified",
	}, arguments...)...)
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
	t.Cleanup(func() {
		in.Close() // it ends by itself
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	issuer, ok := strings.CutPrefix(strings.TrimSpace(line), "issuer ")
	if err != nil || !ok {
		t.Fatalf("the provider says %q, %v; want its issuer", line, err)
	}
	return issuer
}

// clock is the time with an offset.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// wire is the client that the relying party is given: it counts, and can be cut.
type wire struct {
	mu    sync.Mutex
	asked map[string]int
	cut   bool
	next  http.RoundTripper
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	if w.asked == nil {
		w.asked = map[string]int{}
	}
	w.asked[r.URL.Path]++
	cut, next := w.cut, w.next
	w.mu.Unlock()
	if cut {
		return nil, errors.New("no route to host")
	}
	if next == nil {
		next = http.DefaultTransport
	}
	return next.RoundTrip(r)
}

func (w *wire) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[path]
}

func (w *wire) sever(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

func config(issuer string) oidc.Config {
	return oidc.Config{
		Issuer: issuer, ClientID: "assay", ClientSecret: "a secret of the tests", Redirect: callback, Scopes: []string{"email", "profile"},
		HTTP: &http.Client{Transport: &wire{}}, Clock: time.Now, Random: rand.Reader,
	}
}

func party(t *testing.T, c oidc.Config) *oidc.Provider {
	t.Helper()
	p, err := oidc.New(c)
	if err != nil {
		t.Fatalf("New(%s) = %v", c.Issuer, err)
	}
	return p
}

// browser is a person at a browser that keeps cookies.
type browser struct {
	*http.Client
	forms int // how often a form was filled in
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{Client: &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

var hidden = regexp.MustCompile(`name="id" value="([^"]+)"`)

// walk follows a sign-in as a person would, and gives the query that comes back to the callback.
func (b *browser) walk(t *testing.T, start, name, password string) url.Values {
	t.Helper()
	resp, err := b.Get(start)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if id := hidden.FindSubmatch(body); id != nil {
		b.forms++
		u := *resp.Request.URL
		u.RawQuery = ""
		resp, err = b.PostForm(u.String(), url.Values{"id": {string(id[1])}, "name": {name}, "password": {password}})
		if err != nil {
			t.Fatal(err)
		}
		body, _ = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), callback+"?") {
		t.Fatalf("the provider answers %s to %q: %s; want the callback", resp.Status, to, body)
	}
	return to.Query()
}

// signIn is the whole flow.
func signIn(t *testing.T, p *oidc.Provider, b *browser, o oidc.Options) (oidc.Identity, error) {
	t.Helper()
	start, flow, err := p.Begin(t.Context(), o)
	if err != nil {
		t.Fatalf("Begin(%+v) = %v", o, err)
	}
	return p.Finish(context.Background(), flow, b.walk(t, start, "anna", "an apple"))
}

// refused holds an error against its kind, field and a part of its sentence.
func refused(t *testing.T, of string, err, kind error, field, part string) {
	t.Helper()
	var f *fault.Error
	if !errors.Is(err, kind) || !errors.As(err, &f) || f.Field != field || !strings.Contains(err.Error(), part) {
		t.Errorf("%s = %v, want a fault of kind %q in %q with %q", of, err, kind, field, part)
	}
}
