package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/web/browse"
)

// asker is one kind of visitor of the matrix.
type asker struct {
	name string
	v    access.Visitor
}

func (w *world) askers() []asker {
	stranger := access.Visitor{Person: "person_stranger", Email: "s@example.com", Session: "stranger", Strong: true}
	out := []asker{{"nobody", access.Visitor{}}, {"stranger", stranger}}
	for _, r := range access.Roles() {
		v := w.person("example", r)
		stale := v
		stale.Strong = false
		out = append(out, asker{string(r), v}, asker{string(r) + ", stale", stale}, asker{string(r) + " of another organization", w.person("other", r)})
		for _, s := range access.Scopes() {
			out = append(out, asker{fmt.Sprintf("%s, token %s", r, s), w.token(v, "example", s)})
			// The person is a member here too: the token alone is not for this organization.
			out = append(out, asker{fmt.Sprintf("%s, token %s of another organization", r, s), w.token(v, "other", s)})
		}
		out = append(out, asker{fmt.Sprintf("%s, token of every scope", r), w.token(v, "example", access.Scopes()...)})
	}
	return out
}

// want is the status that the policy gives a visitor; 0: they come in, and what the operation answers is its own affair.
func want(r Route, a asker, w *world) int {
	v := a.v
	if v.Person == "" {
		return http.StatusUnauthorized
	}
	v.Roles = w.roles[string(v.Person)+" "+string(w.orgs["example"].ID)]
	if v.Token && v.Org != w.orgs["example"].ID || len(v.InForce()) == 0 { // the API is that of a service organization
		return http.StatusNotFound
	}
	for _, p := range append([]access.Policy{r.Policy}, r.Also...) {
		if access.Decide(p, v) != nil {
			return http.StatusForbidden
		}
	}
	return 0
}

// TestMatrix asks every operation as every kind of visitor, with the request of one of its examples.
func TestMatrix(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	first := map[string]ask{}
	for _, x := range asks(t, w.api.OpenAPI()) {
		if _, ok := first[x.op]; !ok {
			first[x.op] = x
		}
	}
	askers, cells, let := w.askers(), 0, 0
	unknown := w.do(askers[1].v, http.MethodGet, Base+"/organizations/nowhere", "", "").Body.String()
	for _, r := range w.api.Routes() {
		x := first[r.ID]
		for _, a := range askers {
			cells++
			rec := w.do(a.v, x.method, x.path+"?"+x.query.Encode(), x.media, x.body)
			switch code := want(r, a, w); {
			case code == 0:
				let++
				if rec.Code == http.StatusUnauthorized || rec.Code == http.StatusForbidden || rec.Code == http.StatusInternalServerError {
					t.Errorf("%s %s as %s = %d, want let in: %s", r.Method, r.Pattern, a.name, rec.Code, rec.Body)
				}
			case rec.Code != code:
				t.Errorf("%s %s as %s = %d, want %d", r.Method, r.Pattern, a.name, rec.Code, code)
			case code == http.StatusNotFound && rec.Body.String() != unknown:
				t.Errorf("%s %s as %s answers %q, another than an organization that does not exist: %q", r.Method, r.Pattern, a.name, rec.Body, unknown)
			}
		}
	}
	t.Logf("%d cells: %d operations x %d visitors; %d let in", cells, len(w.api.Routes()), len(askers), let)
	if let == 0 || let == cells {
		t.Errorf("%d of %d cells are let in: the matrix shows nothing", let, cells)
	}
	if len(w.fails) > 0 {
		t.Errorf("faults of the machine: %v", w.fails)
	}
}

// TestPolicyNeeded shows that an operation without a policy does not start.
func TestPolicyNeeded(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	serve(w.api, access.Policy{}, operation{id: "bare", method: http.MethodGet, path: inOrg + "/bare", tag: "x"}, w.api.items)
	if w.api.err == nil {
		t.Error("an operation without a policy was taken")
	}
}

// TestWalls: what one organization wrote never appears in an answer to another's member, whatever is asked.
func TestWalls(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	other := w.person("other", access.Lead, access.Administrator)
	const secret = "meeting-of-the-others"
	rec := w.do(other, http.MethodPost, Base+"/organizations/other/registers/meetings/records", "application/json", `{"fields":{"meeting_id":"`+secret+`","kind":"board"}}`)
	if rec.Code != http.StatusCreated {
		t.Fatalf("enter a record = %d %s", rec.Code, rec.Body)
	}
	lead := w.person("example", access.Lead, access.Administrator)
	n := 0
	for _, x := range asks(t, w.api.OpenAPI()) {
		for _, path := range []string{x.path, strings.Replace(x.path, "/example", "/other", 1)} {
			n++
			rec := w.do(lead, x.method, path+"?"+x.query.Encode(), x.media, x.body, x.headers...)
			if strings.Contains(rec.Body.String(), secret) {
				t.Errorf("%s %s shows a record of another organization: %s", x.method, path, rec.Body)
			}
			if path != x.path && rec.Code != http.StatusNotFound {
				t.Errorf("%s %s = %d, want 404", x.method, path, rec.Code)
			}
		}
	}
	if rec := w.do(lead, http.MethodGet, at+"/registers/meetings/records/"+secret, "", ""); rec.Code != http.StatusNotFound {
		t.Errorf("a record of another organization under one's own = %d, want 404", rec.Code)
	}
	if rec := w.do(other, http.MethodGet, Base+"/organizations/other/registers/meetings/records", "", ""); !strings.Contains(rec.Body.String(), secret) {
		t.Error("the record is not there for its own: the test shows nothing")
	}
	t.Logf("%d requests", n)
}

// TestProblems: everything that is no success is a problem of RFC 9457, with a type that the reference page explains.
func TestProblems(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	for _, c := range []struct {
		method, target, media, body string
		status                      int
		location                    string
	}{
		{http.MethodGet, Base + "/nothing", "", "", 404, ""},
		{http.MethodPatch, at, "", "", 405, ""},
		{http.MethodGet, at + "/controls/NO-1/items", "", "", 404, ""},
		{http.MethodGet, at + "/controls/IAM-04/items?limit=0", "", "", 422, "query.limit"},
		{http.MethodGet, at + "/controls/IAM-04/items?limit=no", "", "", 422, "query.limit"},
		{http.MethodGet, at + "/controls/IAM-04/items?cursor=AAAA", "", "", 422, "query.cursor"},
		{http.MethodGet, at + "/controls/IAM-04/items?verdict=fine", "", "", 422, "query.verdict"},
		{http.MethodGet, at + "/controls/IAM-04/items?unheard=of", "", "", 422, "query.unheard"},
		{http.MethodGet, at + "/forecast?today=2026-02-30", "", "", 422, "query.today"},
		{http.MethodGet, at + "/forecast?if=nonsense", "", "", 422, ""},
		{http.MethodGet, at + "/registers/no", "", "", 404, ""},
		{http.MethodGet, at + "/registers/meetings/records?where=colour:eq:red", "", "", 422, "query.where"},
		{http.MethodGet, at + "/registers/meetings/records?where=minutes:eq:perhaps", "", "", 422, "query.where"},
		{http.MethodGet, at + "/registers/meetings/records?sort=-colour", "", "", 422, "query.sort"},
		{http.MethodGet, at + "/registers/meetings/records/none", "", "", 404, ""},
		{http.MethodPost, at + "/registers/meetings/records", "application/json", `{"fields":{"kind":1.5,"colour":"red"}}`, 422, "body.fields.colour"},
		{http.MethodPost, at + "/registers/meetings/records", "application/json", `{"fields":`, 400, "body"},
		{http.MethodPost, at + "/registers/meetings/records", "application/json", `{"fields":{"kind":"` + strings.Repeat("x", 2<<20) + `"}}`, 413, ""},
		{http.MethodPost, at + "/registers/evidence/records", "application/json", `{"fields":{"title":"x"}}`, 422, ""},
		{http.MethodPut, at + "/registers/meetings/records/m", "application/json", `{"fields":{"kind":"board"}}`, 428, ""},
		{http.MethodPost, at + "/registers/people/imports", "image/png", "x", 415, ""},
		{http.MethodPost, at + "/registers/people/imports?file=p.csv", "text/csv", "employment_id,person_id,started_on\ne,p,2026-02-30\n", 422, "body[2].started_on"},
		{http.MethodPost, at + "/registers/evidence/imports", "text/csv", "a\n1\n", 422, ""},
		{http.MethodPost, at + "/evidence?control=NO-1&title=t&file_name=f", "text/plain", "x", 422, "query.control"},
		{http.MethodPost, at + "/deviation-answers", "application/json", `{"test":"IAM-04","item":"none","version":0,"position":"agreed","cause":"human_error","response":"r","extent":"isolated","extent_reason":"r"}`, 404, ""},
		{http.MethodPost, at + "/deviation-answers", "application/json", `{"test":"IAM-04","item":"billing/2026-Q3","version":0,"position":"perhaps","cause":"human_error","response":"r","extent":"isolated","extent_reason":"r"}`, 422, "body.position"},
	} {
		rec := w.do(lead, c.method, c.target, c.media, c.body)
		name := c.method + " " + c.target
		var p Problem
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || rec.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s = %d %q, want a problem", name, rec.Code, rec.Body)
			continue
		}
		if rec.Code != c.status || p.Status != c.status {
			t.Errorf("%s = %d %s, want %d", name, rec.Code, rec.Body, c.status)
		}
		anchor := strings.TrimPrefix(p.Type, Base+"/#")
		if anchor == p.Type || !strings.Contains(string(w.api.reference), `id="`+anchor+`"`) {
			t.Errorf("%s: the reference page does not explain %s", name, p.Type)
		}
		found := c.location == ""
		for _, f := range p.Errors {
			found = found || f.Location == c.location
		}
		if !found {
			t.Errorf("%s: errors %+v name no %s", name, p.Errors, c.location)
		}
	}
	if rec := w.do(lead, http.MethodPatch, at, "", ""); rec.Header().Get("Allow") == "" {
		t.Error("405 without Allow")
	}
}

// TestPolicies holds the policy of every operation against a list that a person reads: testdata/policies.txt, one line an operation. The
// matrix follows from the policies; this shows that each operation has the one that it should.
func TestPolicies(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range setup(t, plenty).api.Routes() {
		got = append(got, fmt.Sprintf("%-18s %-6s %s: %s", r.ID, r.Method, strings.TrimPrefix(r.Pattern, inOrg), r.Policy))
	}
	const file = "testdata/policies.txt"
	text := strings.Join(got, "\n") + "\n"
	if os.Getenv("ASSAY_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("the operations and their policies differ from the list (-want +got):\n%s", diff)
	}
}

// TestCutShort: of a file that did not arrive whole nothing is recorded.
func TestCutShort(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	w.pass(time.Since(w.clock())) // deadlines are of the machine's clock
	lead := w.person("example", access.Lead)
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.api.ServeHTTP(rw, r.WithContext(access.With(r.Context(), lead)))
	}))
	defer s.Close()
	total := func(path string) int64 {
		return decode[list[any]](t, w.do(lead, http.MethodGet, at+path, "", "")).Total
	}
	evidence := total("/evidence")
	for _, c := range []struct{ path, media, body string }{
		{"/evidence?control=IAM-04&title=t&file_name=f", "text/plain", "the first half"},
		{"/registers/people/imports", "text/csv", "employment_id,person_id,started_on\ne-1,p-1,2026-01-01\n"},
	} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\n%s", at+c.path, c.media, c.body)
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		conn.Close()
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("POST %s cut short = %d, want 400", c.path, r.StatusCode)
		}
	}
	if n, m := total("/evidence"), total("/registers/people/records"); n != evidence || m != 0 {
		t.Errorf("after two bodies that were cut short there are %d pieces of evidence and %d people, want %d and 0", n, m, evidence)
	}
}

// TestHookAddress: whoever lists receivers does not learn what stands behind their hosts.
func TestHookAddress(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	admin := w.person("example", access.Administrator)
	rec := w.do(admin, http.MethodPost, at+"/hooks", "application/json", `{"url":"https://chat.example.com/services/T0/SECRET?k=SECRET","events":["task.late","task.late"],"form":"chat"}`)
	if rec.Code != http.StatusCreated {
		t.Fatalf("add a hook = %d %s", rec.Code, rec.Body)
	}
	for _, bad := range []string{"http://example.com", "https:/x", "file:///etc/passwd", ""} {
		if rec := w.do(admin, http.MethodPost, at+"/hooks", "application/json", `{"url":"`+bad+`","events":["task.late"]}`); rec.Code != http.StatusUnprocessableEntity {
			t.Errorf("a hook to %q = %d, want 422", bad, rec.Code)
		}
	}
	got := decode[hookList](t, w.do(w.person("example", access.Owner), http.MethodGet, at+"/hooks", "", ""))
	if len(got.Hooks) != 1 || got.Hooks[0].URL != "https://chat.example.com" || len(got.Hooks[0].Events) != 1 || strings.Contains(rec.Body.String(), "SECRET") {
		t.Errorf("the list = %+v, want the host alone", got)
	}
}

// TestPage has the reference looked at for barriers in both themes and two widths.
func TestPage(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	s := httptest.NewServer(w.api)
	defer s.Close()
	tab := browse.Start(t).Tab(1200, 900)
	for _, dark := range []bool{false, true} {
		for _, width := range []int64{390, 1200} {
			tab.Dark(dark)
			tab.Size(width, 900)
			tab.Go(s.URL + Base + "/")
			for _, b := range tab.Axe() {
				t.Errorf("dark %v, %d px: %s", dark, width, b)
			}
			if wide := browse.Eval[int](tab, "document.documentElement.scrollWidth"); int64(wide) > width {
				t.Errorf("at %d px the page is %d px wide", width, wide)
			}
		}
	}
}
