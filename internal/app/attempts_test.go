package app

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"

	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/store/accounts"
)

// TestAnswersOutliveTheServer: what was answered is answered again by the next process, and what was cut off is not done again.
func TestAnswersOutliveTheServer(t *testing.T) {
	t.Parallel()
	clock := &hand{now: morning}
	path := filepath.Join(t.TempDir(), "accounts.db")
	serve := func() attempts {
		store, err := accounts.Open(t.Context(), path, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		x, err := (&installation{app: &App{Clock: clock.Now, Random: rand.Reader}, people: store}).newAttempts()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	done, cut, body := api.Attempt{Scope: "ann", Key: "done", Head: [32]byte{1}}, api.Attempt{Scope: "ann", Key: "cut", Head: [32]byte{2}}, "made"
	x := serve()
	for _, at := range []api.Attempt{done, cut} {
		if a, err := x.Begin(t.Context(), at); a != nil || err != nil {
			t.Fatalf("Begin(%s) = %v, %v; want to go on", at.Key, a, err)
		}
		if _, err := x.Begin(t.Context(), at); !errors.Is(err, api.ErrInFlight) {
			t.Errorf("Begin(%s) again = %v, want %v", at.Key, err, api.ErrInFlight)
		}
	}
	if err := x.Finish(t.Context(), done, &api.Answer{Status: 201, Body: []byte(body), Sum: [32]byte{3}}); err != nil {
		t.Fatal(err)
	}
	x = serve()
	if a, err := x.Begin(t.Context(), done); err != nil || a == nil || a.Status != 201 || string(a.Body) != body || a.Sum != [32]byte{3} {
		t.Errorf("after a restart = %+v, %v; want the answer of before", a, err)
	}
	if a, err := x.Begin(t.Context(), cut); err != nil || a == nil || a.Status != 500 {
		t.Errorf("what was cut off = %+v, %v; want a 500 that is kept", a, err)
	}
	done.Head[0]++
	if _, err := x.Begin(t.Context(), done); !errors.Is(err, api.ErrOther) {
		t.Errorf("another request under the key = %v, want %v", err, api.ErrOther)
	}
}
