package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
)

const meetings = at + "/registers/meetings/records"

func TestIdempotency(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	const body = `{"fields":{"kind":"board"}}`
	key := []string{"Idempotency-Key", `"k-1"`}
	first := w.do(lead, http.MethodPost, meetings, "application/json", body, key...)
	again := w.do(lead, http.MethodPost, meetings, "application/json", body, key...)
	if first.Code != 201 || again.Code != 201 || first.Body.String() != again.Body.String() || first.Header().Get("Etag") != again.Header().Get("Etag") || first.Header().Get("Location") != again.Header().Get("Location") {
		t.Errorf("the same request twice = %d %s, then %d %s", first.Code, first.Body, again.Code, again.Body)
	}
	if again.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("Idempotency-Replayed") != "" {
		t.Error("a replay does not say that it is one")
	}
	if n := w.count(lead); n != 1 {
		t.Errorf("%d meetings were written, want 1", n)
	}
	for name, c := range map[string]struct{ target, media, body string }{
		"another body":       {meetings, "application/json", `{"fields":{"kind":"risk"}}`},
		"another address":    {at + "/registers/risks/records", "application/json", body},
		"another media type": {meetings, "application/json; charset=utf-8", body},
	} {
		if rec := w.do(lead, http.MethodPost, c.target, c.media, c.body, key...); rec.Code != 422 {
			t.Errorf("%s under the same key = %d, want 422", name, rec.Code)
		}
	}
	if rec := w.do(w.person("example", access.Owner), http.MethodPost, meetings, "application/json", body, key...); rec.Code != 201 || w.count(lead) != 2 {
		t.Errorf("another person's same key = %d, want a record of its own", rec.Code)
	}
	w.pass(Kept - time.Second)
	if w.do(lead, http.MethodPost, meetings, "application/json", body, key...); w.count(lead) != 2 {
		t.Error("a key was forgotten within its day")
	}
	w.pass(2 * time.Second)
	if w.do(lead, http.MethodPost, meetings, "application/json", body, key...); w.count(lead) != 3 {
		t.Error("a key is kept beyond its day")
	}
	for _, bad := range []string{"", `"`, `""`, `"a" "b"`, "a b", strings.Repeat("k", 256), "ä", `"a"b"`} {
		if rec := w.do(lead, http.MethodPost, meetings, "application/json", body, "Idempotency-Key", bad); rec.Code != 400 && rec.Code != 422 {
			t.Errorf("Idempotency-Key %q = %d, want refused", bad, rec.Code)
		}
	}
	if rec := w.do(lead, http.MethodPost, meetings, "application/json", body, "Idempotency-Key", "a", "Idempotency-Key", "b"); rec.Code != 400 {
		t.Errorf("two keys = %d, want 400", rec.Code)
	}
}

// count is how many meetings there are.
func (w *world) count(v access.Visitor) int64 {
	return decode[list[Record]](w.t, w.do(v, http.MethodGet, meetings, "", "")).Total
}

// TestIdempotencyAfterRefusal: what was refused changed nothing, and its key is free.
func TestIdempotencyAfterRefusal(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	if rec := w.do(lead, http.MethodPost, meetings, "application/json", `{"fields":{"held_on":"no"}}`, "Idempotency-Key", "k"); rec.Code != 422 {
		t.Fatalf("a bad record = %d", rec.Code)
	}
	if rec := w.do(lead, http.MethodPost, meetings, "application/json", `{"fields":{"kind":"board"}}`, "Idempotency-Key", "k"); rec.Code != 201 {
		t.Errorf("the corrected record under the same key = %d %s, want 201", rec.Code, rec.Body)
	}
	// A replay does not go around the policy: the role is gone, and so is the answer.
	w.person("example", access.Lead)
	w.mu.Lock()
	w.roles[string(lead.Person)+" "+string(w.orgs["example"].ID)] = []access.Role{access.Auditor}
	w.mu.Unlock()
	if rec := w.do(lead, http.MethodPost, meetings, "application/json", `{"fields":{"kind":"board"}}`, "Idempotency-Key", "k"); rec.Code != 403 {
		t.Errorf("a replay without the role = %d, want 403", rec.Code)
	}
}

// TestInFlight: of many at once under one key, one works and the others wait or get its answer.
func TestInFlight(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	var wg sync.WaitGroup
	codes := make([]int, 32)
	for i := range codes {
		wg.Go(func() {
			codes[i] = w.do(lead, http.MethodPost, meetings, "application/json", `{"fields":{"kind":"board"}}`, "Idempotency-Key", "one").Code
		})
	}
	wg.Wait()
	for _, c := range codes {
		if c != 201 && c != 409 {
			t.Errorf("one of many = %d, want 201 or 409", c)
		}
	}
	if n := w.count(lead); n != 1 {
		t.Errorf("%d meetings were written, want 1", n)
	}
	m := NewMemory(w.clock, 10, 1000)
	a := Attempt{Scope: "s", Key: "k"}
	if x, err := m.Begin(t.Context(), a); x != nil || err != nil {
		t.Fatal(x, err)
	}
	if _, err := m.Begin(t.Context(), a); !errors.Is(err, ErrInFlight) {
		t.Errorf("a second attempt under way = %v, want %v", err, ErrInFlight)
	}
	a.Head[0] = 1
	if _, err := m.Begin(t.Context(), a); !errors.Is(err, ErrOther) {
		t.Errorf("another head under way = %v, want %v", err, ErrOther)
	}
}

// TestMemoryBounded: one who sends many keys loses their own, and the sum stays within its bytes.
func TestMemoryBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	m := NewMemory(func() time.Time { return now }, 10, 5000)
	put := func(scope, key string, size int) {
		a := Attempt{Scope: scope, Key: key}
		if _, err := m.Begin(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if err := m.Finish(t.Context(), a, &Answer{Status: 201, Body: make([]byte, size)}); err != nil {
			t.Fatal(err)
		}
	}
	put("quiet", "mine", 10)
	for i := range 1000 {
		put("loud", fmt.Sprint(i), 1000)
		if m.size > 5000 {
			t.Fatalf("%d bytes are kept, want at most 5000", m.size)
		}
	}
	if x, err := m.Begin(t.Context(), Attempt{Scope: "quiet", Key: "mine"}); x == nil || err != nil {
		t.Errorf("another's keys pushed out mine: %v %v", x, err)
	}
	if x, err := m.Begin(t.Context(), Attempt{Scope: "loud", Key: "999"}); x == nil || err != nil {
		t.Errorf("the latest answer is gone: %v %v", x, err)
	}
}

// TestPanicKeepsKey: of an attempt that ended in a fault nobody knows what it did; it is not done again under its key.
func TestPanicKeepsKey(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	n := 0
	h := func(http.ResponseWriter, *http.Request) { n++; panic(http.ErrAbortHandler) }
	ask := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, meetings, strings.NewReader("x"))
		r.Header.Set("Idempotency-Key", "k")
		rec := httptest.NewRecorder()
		func() {
			defer func() { _ = recover() }() // as the server does
			w.api.once(rec, r.WithContext(access.With(context.Background(), lead)), false, h)
		}()
		return rec
	}
	ask()
	if rec := ask(); n != 1 || rec.Code != 500 {
		t.Errorf("after a panic the handler ran %d times, and the answer is %d; want once and 500", n, rec.Code)
	}
}

// TestSecretNotKept: an answer with a secret is shown once and kept nowhere; what it says is not done again.
func TestSecretNotKept(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	admin := w.person("example", access.Administrator)
	ask := func() *httptest.ResponseRecorder {
		return w.do(admin, http.MethodPost, at+"/hooks", "application/json", `{"url":"https://hooks.example.com/","events":["task.late"]}`, "Idempotency-Key", "k")
	}
	first, again := ask(), ask()
	if first.Code != 201 || !strings.Contains(first.Body.String(), "whsec_") || again.Code != 409 || strings.Contains(again.Body.String(), "whsec_") {
		t.Errorf("a hook added twice under one key = %d %s, then %d %s", first.Code, first.Body, again.Code, again.Body)
	}
	for _, s := range w.api.o.Idempotency.(*Memory).all {
		for _, x := range s.kept {
			if strings.Contains(string(x.answer.Body), "whsec_") {
				t.Errorf("the secret is kept: %s", x.answer.Body)
			}
		}
	}
	if got := decode[hookList](t, w.do(admin, http.MethodGet, at+"/hooks", "", "")); len(got.Hooks) != 1 {
		t.Errorf("%d hooks, want one", len(got.Hooks))
	}
}

func FuzzIdempotencyKey(f *testing.F) {
	for _, s := range []string{"k", `"k"`, `"a\"b"`, `"\\"`, "", `"`, `"a\x"`, "a b", "ä"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key, err := parseKey(s)
		if err != nil {
			if key != "" {
				t.Errorf("parseKey(%q) = %q beside an error", s, key)
			}
			return
		}
		if key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("parseKey(%q) = %q, which is no key", s, key)
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		if again, err := parseKey(quoted); err != nil || again != key {
			t.Errorf("parseKey(%q) = %q, %v, want %q", quoted, again, err, key)
		}
	})
}
