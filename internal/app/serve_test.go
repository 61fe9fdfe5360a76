package app

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestServeWhileTesting: a person who opens a page before the tests are done is told how far they
// are; a program waits for the answer.
func TestServeWhileTesting(t *testing.T) {
	t.Parallel()
	o := company(t, "UTC")
	give(t, o, "changes", change("c1", inPeriod))
	p := &pages{o: o}
	site, err := o.site("127.0.0.1:0", p)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(p.patiently(t.Context(), site))
	t.Cleanup(s.Close)
	t.Cleanup(p.background.Wait)
	get := func(path, accept string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", accept)
		a, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return a.StatusCode, string(b)
	}
	p.work.Lock() // somebody computes
	p.tell("CHG-01", 3, 70)
	for _, path := range []string{"/", "/controls", "/controls/CHG-01", "/report"} {
		code, body := get(path, "text/html,*/*")
		if code != http.StatusServiceUnavailable || !strings.Contains(body, "Testing 4 of 70") || !strings.Contains(body, `<meta http-equiv="refresh" content="2"`) {
			t.Errorf("%s while the tests run: %d %.300s", path, code, body)
		}
	}
	if code, _ := get("/assets/mark.svg", "text/html"); code != http.StatusOK {
		t.Errorf("a picture while the tests run: %d", code)
	}
	p.work.Unlock()
	if code, body := get("/", "*/*"); code != http.StatusOK || !strings.Contains(body, "CHG-01") {
		t.Errorf("a program: %d %.300s", code, body)
	}
	if code, _ := get("/", "text/html"); code != http.StatusOK {
		t.Errorf("the overview without items: %d", code)
	}
	if code, body := get("/controls/CHG-01", "*/*"); code != http.StatusOK || !strings.Contains(body, "c1") {
		t.Errorf("a control: %d %.300s", code, body)
	}
}

// TestServeWarms: the results are there without anybody asking.
func TestServeWarms(t *testing.T) {
	t.Parallel()
	o := company(t, "UTC")
	give(t, o, "changes", change("c1", inPeriod))
	p := &pages{o: o}
	p.warm(t.Context())
	for _, path := range []string{"/", "/controls/CHG-01"} {
		if text := p.waits(t.Context(), path); text != "" {
			t.Errorf("%s waits: %s", path, text)
		}
	}
	give(t, o, "changes", change("c2", inPeriod))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.warm(ctx) // a run that failed is no reason to wait: the page tells why
	p.background.Wait()
}
