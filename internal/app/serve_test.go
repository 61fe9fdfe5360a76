package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web"
	"github.com/assayhq/assay/internal/web/shell"
)

// TestServeWhileTesting: a person who opens a page before the tests are done is told how far they
// are; a program waits for the answer.
func TestServeWhileTesting(t *testing.T) {
	t.Parallel()
	o := company(t, "UTC")
	give(t, o, "changes", change("c1", inPeriod))
	p, h := shown(t, o)
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
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
	for _, path := range []string{"/results", "/controls", "/controls/CHG-01", "/report"} {
		code, body := get(path, "text/html,*/*")
		if code != http.StatusServiceUnavailable || !strings.Contains(body, "Testing 4 of 70") || !strings.Contains(body, `<meta http-equiv="refresh" content="2"`) {
			t.Errorf("%s while the tests run: %d %.300s", path, code, body)
		}
	}
	p.work.Unlock()
	if code, body := get("/results", "*/*"); code != http.StatusOK || !strings.Contains(body, "CHG-01") {
		t.Errorf("a program: %d %.300s", code, body)
	}
	if code, _ := get("/results", "text/html"); code != http.StatusOK {
		t.Errorf("the overview without items: %d", code)
	}
	if code, body := get("/controls/CHG-01", "*/*"); code != http.StatusOK || !strings.Contains(body, "c1") {
		t.Errorf("a control: %d %.300s", code, body)
	}
}

// shown wires an organization's pages for somebody who may read all of them.
func shown(t *testing.T, o *office) (*pages, http.Handler) {
	t.Helper()
	p := &pages{o: o, life: t.Context()}
	routes, err := p.routes()
	if err != nil {
		t.Fatal(err)
	}
	m, err := shell.NewMux(routes, func(r *http.Request, err error) { t.Errorf("%s: %v", r.URL, err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.background.Wait)
	return p, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Visitor{Person: "lead", Roles: []access.Role{access.Lead}})))
	})
}

// TestResultsStand: once there are results nobody waits: what was written since is tested for the next reader, and a run that failed
// takes nothing away.
func TestResultsStand(t *testing.T) {
	t.Parallel()
	o := company(t, "UTC")
	give(t, o, "changes", change("c1", inPeriod))
	p, _ := shown(t, o)
	count := func() int {
		t.Helper()
		r, err := p.Tests(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Controls {
			if c.Test == "CHG-01" {
				return c.Population
			}
		}
		return -1
	}
	if n := count(); n != 1 {
		t.Errorf("the first results hold %d changes, want 1", n)
	}
	give(t, o, "changes", change("c2", inPeriod))
	if n := count(); n != 1 {
		t.Errorf("while the new ones are tested: %d changes, want the 1 of before", n)
	}
	p.background.Wait()
	if n := count(); n != 2 {
		t.Errorf("afterwards: %d changes, want 2", n)
	}
	give(t, o, "changes", change("c3", inPeriod))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := p.renew(ctx); r.err == nil {
		t.Error("a run that was stopped has results")
	}
	if n := count(); n != 2 {
		t.Errorf("after a run that failed: %d changes, want 2", n)
	}
	p.background.Wait()
}

// TestItemsAgree: what the list of findings, the list of all items and the page of one item say of an item is the same.
func TestItemsAgree(t *testing.T) {
	t.Parallel()
	o := company(t, "UTC")
	give(t, o, "changes", change("c1", inPeriod), change("c2", inPeriod), change("c3", inPeriod))
	p, _ := shown(t, o)
	ref := web.TestRef{Control: "CHG-01", Test: "CHG-01", Version: 1}
	if _, err := p.Tests(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, total, err := p.Items(t.Context(), web.Query{TestRef: ref, Text: "c", Limit: 50, Columns: []string{"repository"}})
	if err != nil || total != 3 || len(all) != 3 {
		t.Fatalf("Items = %d of %d, %v; want 3 of 3", len(all), total, err)
	}
	found, n, err := p.Items(t.Context(), web.Query{TestRef: ref, Limit: 3})
	if err != nil || n != 3 {
		t.Fatalf("Items without a filter = %d, %v", n, err)
	}
	for i, x := range all {
		one, err := p.Item(t.Context(), ref, x.Key)
		if err != nil || one.Verdict != x.Verdict || one.Reason != x.Reason || one.EventTime != x.EventTime {
			t.Errorf("Item(%s) = %+v, %v; the list says %+v", x.Key, one, err, x)
		}
		if found[i].Key != x.Key || found[i].Verdict != x.Verdict || found[i].EventTime != x.EventTime {
			t.Errorf("the findings say %+v, the list %+v", found[i], x)
		}
		if len(x.Values) != 1 {
			t.Errorf("%s has the values %q, want that of one column", x.Key, x.Values)
		}
	}
	if _, err := p.Item(t.Context(), ref, "none"); !errors.Is(err, fault.NotFound) {
		t.Errorf("an item that is none: %v, want not found", err)
	}
	down, _, err := p.Items(t.Context(), web.Query{TestRef: ref, Limit: 1, Sort: web.ByKeyDown})
	if err != nil || len(down) != 1 || down[0].Key != "c3" {
		t.Errorf("by key, downward: %+v, %v; want c3 first", down, err)
	}
}
