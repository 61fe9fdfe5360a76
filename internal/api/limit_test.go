package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/id"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	w := setup(t, Limits{Requests: 60, Unsafe: 6, Heavy: 3, Unknown: 12, Callers: 100})
	lead := w.person("example", access.Lead)
	get := func(v access.Visitor) *httptest.ResponseRecorder { return w.do(v, http.MethodGet, at, "", "") }
	for i := range 60 {
		if rec := get(lead); rec.Code != 200 {
			t.Fatalf("request %d = %d", i, rec.Code)
		}
	}
	rec := get(lead)
	if rec.Code != 429 || rec.Header().Get("Retry-After") != "1" || rec.Header().Get("RateLimit") != `"all";r=0;t=60` || rec.Header().Get("RateLimit-Policy") != `"all";q=60;w=60` {
		t.Errorf("one too many = %d %v", rec.Code, rec.Header())
	}
	if p := decode[Problem](t, rec); p.Status != 429 {
		t.Errorf("one too many = %s", rec.Body)
	}
	token := w.token(lead, "example", access.ScopeRead)
	token.Session = ""
	if rec := w.do(token, http.MethodGet, at, "", "", "Authorization", "Bearer one"); rec.Code != 200 {
		t.Errorf("a token of the same person = %d, want a bucket of its own", rec.Code)
	}
	if rec := get(w.person("example", access.Owner)); rec.Code != 200 {
		t.Errorf("another person = %d, want not slowed", rec.Code)
	}
	for range 60 {
		w.do(token, http.MethodGet, at, "", "", "Authorization", "Bearer two")
	}
	if one, two := w.do(token, http.MethodGet, at, "", "", "Authorization", "Bearer one"), w.do(token, http.MethodGet, at, "", "", "Authorization", "Bearer two"); one.Code != 200 || two.Code != 429 {
		t.Errorf("after 60 of the second token the first = %d, the second = %d; want 200 and 429", one.Code, two.Code)
	}
	beside := w.api.Limited(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for i := range 61 {
		r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
		rec := httptest.NewRecorder()
		beside.ServeHTTP(rec, r.WithContext(access.With(r.Context(), lead)))
		if (rec.Code == 429) != (i == 60) {
			t.Fatalf("request %d of a door beside = %d", i, rec.Code)
		}
	}
	w.pass(time.Second)
	if rec := get(lead); rec.Code != 200 {
		t.Errorf("a second later = %d, want 200", rec.Code)
	}
	if rec := get(lead); rec.Code != 429 {
		t.Errorf("two in that second = %d, want 429", rec.Code)
	}
	owner := w.person("example", access.Owner)
	for range 6 {
		w.do(owner, http.MethodPost, meetings, "application/json", `{"fields":{"kind":"board"}}`)
	}
	rec = w.do(owner, http.MethodPost, meetings, "application/json", `{"fields":{"kind":"board"}}`)
	if rec.Code != 429 || rec.Header().Get("RateLimit-Policy") != `"unsafe";q=6;w=60` || rec.Header().Get("Retry-After") != "10" {
		t.Errorf("one write too many = %d %v", rec.Code, rec.Header())
	}
	if rec := get(owner); rec.Code != 200 {
		t.Errorf("reading after too many writes = %d, want 200", rec.Code)
	}
	auditor := w.person("example", access.Auditor)
	for range 3 {
		w.do(auditor, http.MethodGet, at+"/forecast", "", "")
	}
	if rec := w.do(auditor, http.MethodGet, at+"/forecast", "", ""); rec.Code != 429 || rec.Header().Get("Retry-After") != "20" {
		t.Errorf("one forecast too many = %d %v", rec.Code, rec.Header())
	}
	if rec := get(auditor); rec.Code != 200 {
		t.Errorf("reading after too many forecasts = %d, want 200", rec.Code)
	}
	for range 12 {
		get(access.Visitor{})
	}
	if rec := get(access.Visitor{}); rec.Code != 429 {
		t.Errorf("a flood from nobody = %d, want 429", rec.Code)
	}
}

// TestLimitsBounded: however many callers there are, memory stays bounded.
func TestLimitsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	l := newLimiter(Limits{Requests: 60, Unsafe: 6, Unknown: 12, Callers: 100}, func() time.Time { return now })
	for i := range 10000 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r = r.WithContext(access.With(r.Context(), access.Visitor{Person: id.Person(fmt.Sprint(i))}))
		l.take(http.Header{}, r)
	}
	if len(l.all) > 100 {
		t.Errorf("%d callers are kept, want at most 100", len(l.all))
	}
}
