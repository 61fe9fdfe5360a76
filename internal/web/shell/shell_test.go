package shell

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

type tenants map[string]*Tenant

func (t tenants) Tenant(_ context.Context, slug string) (*Tenant, error) {
	if x, ok := t[slug]; ok {
		return x, nil
	}
	return nil, fault.NotFound
}

func (t tenants) Roles(_ context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	if string(p) == "member of "+string(org) {
		return []access.Role{access.Owner}, nil
	}
	return nil, nil
}

func said(text string) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return JSON(w, http.StatusOK, map[string]string{"text": text, "path": r.URL.Path, "base": From(r.Context()).Base})
	}
}

func setup(t *testing.T, change func(*Options)) *Door {
	t.Helper()
	ts := tenants{}
	for _, slug := range []string{"acme", "other"} {
		m, err := NewMux([]Route{
			{"GET", "/{$}", access.ReadHome, said("home of " + slug)},
			{"GET", "/items/{id}", access.ReadRecords, said("item of " + slug)},
			{"POST", "/items", access.DoWork, said("posted")},
			{"POST", "/people", access.ManagePeople, said("changed")},
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ts[slug] = &Tenant{Org: id.Org(slug), Slug: slug, Name: slug, Mux: m}
	}
	o := Options{
		Tenants: ts, Hosts: []string{"assay.example"},
		Routes: []Route{{"GET", "/signin", access.Public, said("sign in")}, {"GET", "/me", access.OwnAccount, said("me")}},
		Identify: func(r *http.Request) (Visit, error) {
			return Visit{Visitor: access.Visitor{Person: id.Person(r.Header.Get("Test-Person"))}}, nil
		},
		Assets: Assets{Style: []byte("a{}"), Script: []byte("1")},
	}
	if change != nil {
		change(&o)
	}
	d, err := NewDoor(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func ask(d http.Handler, method, path, person string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://assay.example"+path, nil)
	r.Header.Set("Test-Person", person)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func TestDoor(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for _, c := range []struct {
		name, method, path, person string
		status                     int
		want                       string
	}{
		{"a page of the own organization", "GET", "/o/acme/items/7", "member of acme", 200, `"path":"/items/7"`},
		{"its root", "GET", "/o/acme/", "member of acme", 200, `"base":"/o/acme"`},
		{"its root without a slash", "GET", "/o/acme", "member of acme", 303, ""},
		{"another organization's page", "GET", "/o/other/items/7", "member of acme", 404, "nothing here"},
		{"an organization that does not exist", "GET", "/o/nobody/items/7", "member of acme", 404, "nothing here"},
		{"a page that does not exist", "GET", "/o/acme/none", "member of acme", 404, "nothing here"},
		{"nobody", "GET", "/o/acme/items/7?x=1", "", 303, ""},
		{"nobody, an organization that does not exist", "GET", "/o/nobody/items/7", "", 303, ""},
		{"a role that may not", "POST", "/o/acme/people", "member of acme", 403, "may not"},
		{"another method", "DELETE", "/o/acme/items", "member of acme", 405, ""},
		{"a page of the installation", "GET", "/signin", "", 200, "sign in"},
		{"a way out of the prefix", "GET", "/o/acme/../other/items/7", "member of acme", 404, "nothing here"},
		{"a way out, spelt", "GET", "/o/acme/%2e%2e/other/", "member of acme", 404, ""},
	} {
		w := ask(d, c.method, c.path, c.person)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %.200s, want %d with %q", c.name, w.Code, w.Body, c.status, c.want)
		}
	}
	// Two organizations that one may not see cannot be told apart from one that does not exist.
	a, b := ask(d, "GET", "/o/other/", "member of acme").Body.String(), ask(d, "GET", "/o/nobody/", "member of acme").Body.String()
	if a != b {
		t.Errorf("a foreign organization answers %q, a missing one %q; want the same", a, b)
	}
	if got := ask(d, "GET", "/o/acme/items/7?x=1", "").Header().Get("Location"); got != "/signin?next=%2Fo%2Facme%2Fitems%2F7%3Fx%3D1" {
		t.Errorf("sign-in leads to %q, want the page that was asked for as next", got)
	}
}

func TestDoorGuards(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	if w := ask(d, "POST", "/o/acme/items", "member of acme", "Sec-Fetch-Site", "cross-site"); w.Code != 403 {
		t.Errorf("a post from another site: %d, want 403", w.Code)
	}
	if w := ask(d, "POST", "/o/acme/items", "member of acme", "Origin", "https://evil.example"); w.Code != 403 {
		t.Errorf("a post from another origin: %d, want 403", w.Code)
	}
	if w := ask(d, "POST", "/o/acme/items", "member of acme", "Sec-Fetch-Site", "same-origin"); w.Code != 200 {
		t.Errorf("a post from our own page: %d, want 200", w.Code)
	}
	r := httptest.NewRequest("GET", "http://rebound.example/signin", nil)
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d, want 421", w.Code)
	}
	h := ask(d, "GET", "/signin", "").Header()
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY"} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, h.Get(name), want)
		}
	}
	if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("content security policy %q", csp)
	}
}

func TestDoorRefusesTheSurplus(t *testing.T) {
	t.Parallel()
	inside, leave := make(chan struct{}), make(chan struct{})
	d := setup(t, func(o *Options) {
		o.Capacity = 1
		o.Routes = append(o.Routes, Route{"GET", "/slow", access.Public, func(http.ResponseWriter, *http.Request) error {
			inside <- struct{}{}
			<-leave
			return nil
		}})
	})
	done := make(chan struct{})
	go func() { defer close(done); ask(d, "GET", "/slow", "") }()
	<-inside
	if w := ask(d, "GET", "/signin", ""); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("a request beyond the capacity: %d, want 503 at once", w.Code)
	}
	close(leave)
	<-done
	if w := ask(d, "GET", "/signin", ""); w.Code != 200 {
		t.Errorf("after the load: %d, want 200", w.Code)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	d := setup(t, func(o *Options) {
		o.Identify = func(*http.Request) (Visit, error) { return Visit{}, errors.New("disk gone") }
	})
	if w := ask(d, "GET", "/me", "member of acme"); w.Code != 500 || strings.Contains(w.Body.String(), "disk gone") {
		t.Errorf("a fault while identifying: %d %s, want 500 without its text", w.Code, w.Body)
	}
	w := ask(setup(t, nil), "GET", "/o/acme/none", "member of acme", "Accept", "application/json")
	if w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"status":404`) {
		t.Errorf("a program got %q %s, want problem details", w.Header().Get("Content-Type"), w.Body)
	}
}

func TestRoutesNeedAPolicy(t *testing.T) {
	t.Parallel()
	if _, err := NewMux([]Route{{"GET", "/x", access.Policy{}, said("x")}}, nil); err == nil {
		t.Error("a route without a policy starts")
	}
}

func FuzzLocal(f *testing.F) {
	for _, s := range []string{"/", "//evil", "/\\evil", "/o/acme/?q=1#x", "https://evil", "/%2f/evil", "/a\tb", "javascript:x"} {
		f.Add(s)
	}
	base, _ := url.Parse("https://assay.example/page")
	f.Fuzz(func(t *testing.T, s string) {
		got := Local(s)
		u, err := base.Parse(got)
		if err != nil || u.Host != "assay.example" || u.Scheme != "https" || strings.ContainsAny(got, "\\\r\n\t") || strings.HasPrefix(got, "//") {
			t.Errorf("Local(%q) = %q, which leads elsewhere", s, got)
		}
	})
}

func TestThemed(t *testing.T) {
	t.Parallel()
	got := Themed("a{}\n" + darkMedia + " :root { --x: 1; } }\nb{}")
	for _, want := range []string{`:root:not([data-theme="light"]) { --x: 1; }`, `@media screen { :root[data-theme="dark"] { --x: 1; } }`, "a{}", "b{}"} {
		if !strings.Contains(got, want) {
			t.Errorf("Themed = %s, want it to hold %s", got, want)
		}
	}
}

func TestFormErrors(t *testing.T) {
	t.Parallel()
	f := Form{Fields: []Field{{Name: "a"}, {Name: "b"}}}.WithErrors(errors.Join(
		&fault.Error{Kind: fault.Refused, Field: "b", What: "too long"}, fault.Refuse("stale")))
	if f.Fields[1].Error != "too long" || f.Fields[0].Error != "" || f.Error != "stale" {
		t.Errorf("WithErrors = %+v", f)
	}
}

// TestSlowSenders: who takes their time to send keeps nobody else out, and large bodies are taken from people who are known alone.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	d := setup(t, func(o *Options) {
		o.Capacity, o.Clock = 2, time.Now
		o.Routes = append(o.Routes, Route{"POST", "/signin", access.Public, func(w http.ResponseWriter, r *http.Request) error {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			return JSON(w, http.StatusOK, len(b))
		}})
	})
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	address := strings.TrimPrefix(s.URL, "http://")
	for range 20 {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, "POST /signin HTTP/1.1\r\nHost: assay.example\r\nContent-Length: 1000\r\n\r\nslowly"); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(body io.Reader, length int64, person string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/signin", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Host, r.ContentLength = "assay.example", length
		r.Header.Set("Test-Person", person)
		r.Header.Set("Accept", "application/json")
		res, err := s.Client().Do(r)
		if err != nil {
			return 0
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	for range 10 {
		if code := ask(strings.NewReader("quick"), 5, ""); code != 200 {
			t.Errorf("a quick request beside slow ones: %d, want 200", code)
		}
	}
	large := strings.Repeat("x", 100_000)
	if code := ask(strings.NewReader(large), 100_000, ""); code != 401 && code != 0 {
		t.Errorf("a large body from nobody: %d, want refused", code)
	}
	if code := ask(strings.NewReader(large), 100_000, "member of acme"); code != 200 {
		t.Errorf("a large body from a person: %d, want 200", code)
	}
}

func TestLongPlaces(t *testing.T) {
	t.Parallel()
	p := newPlaces(1).bodies
	var held []func()
	for n := 0; ; n++ {
		release, ok := p.take("ada")
		if !ok {
			if n != longEach {
				t.Errorf("one person took %d long places, want %d", n, longEach)
			}
			break
		}
		held = append(held, release)
	}
	if _, ok := p.take("bob"); !ok {
		t.Error("one person's uploads keep another's out")
	}
	for _, release := range held {
		release()
	}
	if _, ok := p.take("ada"); !ok {
		t.Error("places are not given back")
	}
}

// TestRefusedConnectionRests: the refusal arrives at once, and the connection's next request is read only after the rest.
func TestRefusedConnectionRests(t *testing.T) {
	t.Parallel()
	inside, leave, wake := make(chan struct{}), make(chan struct{}), make(chan struct{})
	d := setup(t, func(o *Options) {
		o.Capacity = 1
		o.Rest = func(context.Context, time.Duration) { <-wake }
		o.Routes = append(o.Routes, Route{"GET", "/slow", access.Public, func(http.ResponseWriter, *http.Request) error {
			inside <- struct{}{}
			<-leave
			return nil
		}})
	})
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	done := make(chan struct{})
	go func() { defer close(done); ask(d, "GET", "/slow", "") }()
	<-inside
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	read, answers := bufio.NewReader(c), make(chan int)
	go func() {
		for range 2 {
			status := 0
			if _, err := io.WriteString(c, "GET /signin HTTP/1.1\r\nHost: assay.example\r\n\r\n"); err == nil {
				if res, err := http.ReadResponse(read, nil); err == nil {
					_, err = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
					if status = res.StatusCode; err != nil {
						status = 0
					}
				}
			}
			answers <- status
		}
	}()
	if got := <-answers; got != http.StatusServiceUnavailable { // while it rests: wake is not closed yet
		t.Fatalf("beyond the capacity: %d, want 503", got)
	}
	close(leave)
	<-done
	select {
	case got := <-answers:
		t.Errorf("the next request was answered with %d during the rest", got)
	case <-time.After(50 * time.Millisecond):
	}
	close(wake)
	if got := <-answers; got != http.StatusOK {
		t.Errorf("after the rest: %d, want 200", got)
	}
}

// TestEventsHoldNoPlace: who follows events keeps nobody from a page, and hears each step at once.
func TestEventsHoldNoPlace(t *testing.T) {
	t.Parallel()
	steps := make(chan Step)
	d := setup(t, func(o *Options) {
		o.Capacity = 1
		m, err := NewMux([]Route{{"GET", "/progress", access.ReadHome, func(w http.ResponseWriter, _ *http.Request) error {
			e := NewEvents(w)
			for s := range steps {
				if err := e.Send("progress", s); err != nil {
					return err
				}
			}
			return e.Send("done", Step{})
		}}, {"GET", "/heavy", access.ReadHome, func(w http.ResponseWriter, r *http.Request) error {
			if isLong(r.Context()) {
				t.Error("a page is worked on beside the places of ordinary work")
			}
			return JSON(w, http.StatusOK, "done")
		}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		o.Tenants.(tenants)["acme"].Mux = m
	})
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	follow := func(person string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/o/acme/progress", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "assay.example"
		r.Header.Set("Accept", "text/event-stream")
		if person != "" {
			r.Header.Set("Test-Person", person)
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	if res := follow(""); res.StatusCode != http.StatusSeeOther { //nolint:bodyclose // follow closes it
		t.Errorf("events for nobody = %d, want the sign-in", res.StatusCode)
	}
	go func() { steps <- Step{Done: 1, Total: 4, Words: "<one>"} }()
	res := follow("member of acme") //nolint:bodyclose // follow closes it
	read := bufio.NewReader(res.Body)
	line := func() string {
		t.Helper()
		var out string
		for range 4 {
			l, err := read.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			out += l
		}
		return out
	}
	if got, want := line(), "event: progress\nretry: 1000\ndata: {\"done\":1,\"total\":4,\"words\":\"\\u003cone\\u003e\"}\n\n"; got != want {
		t.Errorf("the first step = %q, want %q", got, want)
	}
	if w := ask(d, "GET", "/signin", ""); w.Code != http.StatusOK {
		t.Errorf("a page while somebody follows events = %d, want 200", w.Code)
	}
	if w := ask(d, "GET", "/o/acme/heavy", "member of acme", "Accept", "text/event-stream"); w.Code != http.StatusOK {
		t.Errorf("a page that is asked for as events = %d, want 200", w.Code)
	}
	close(steps)
	if got := line(); !strings.HasPrefix(got, "event: done\n") {
		t.Errorf("the last step = %q", got)
	}
}

// TestOnePersonLeavesPlaces: nobody keeps all the places busy.
func TestOnePersonLeavesPlaces(t *testing.T) {
	t.Parallel()
	inside, leave := make(chan struct{}), make(chan struct{})
	d := setup(t, func(o *Options) {
		o.Capacity = 8
		m, err := NewMux([]Route{{"GET", "/slow", access.ReadHome, func(http.ResponseWriter, *http.Request) error {
			inside <- struct{}{}
			<-leave
			return nil
		}}, {"GET", "/quick", access.ReadHome, said("quick")}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		o.Tenants.(tenants)["acme"].Mux = m
	})
	done := make(chan struct{}, 2)
	for range 2 { // a quarter of the places
		go func() { ask(d, "GET", "/o/acme/slow", "member of acme"); done <- struct{}{} }()
		<-inside
	}
	if w := ask(d, "GET", "/o/acme/quick", "member of acme"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("one more of the same person = %d, want 503", w.Code)
	}
	if w := ask(d, "GET", "/me", "member of other"); w.Code != http.StatusOK {
		t.Errorf("another person = %d, want 200", w.Code)
	}
	close(leave)
	<-done
	<-done
	if w := ask(d, "GET", "/o/acme/quick", "member of acme"); w.Code != http.StatusOK {
		t.Errorf("afterwards = %d, want 200", w.Code)
	}
}
