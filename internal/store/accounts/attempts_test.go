package accounts

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAttempts: an answer outlives the process, and of an attempt whose process ended nobody says that it may be done again.
func TestAttempts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.db")
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	s, err := Open(t.Context(), path, clock)
	if err != nil {
		t.Fatal(err)
	}
	bounds := func() Bounds { return Bounds{Since: now.Add(-24 * time.Hour), Each: 3, Bytes: 100} }
	begin := func(a Attempt, want Begun) Reply {
		t.Helper()
		got, r, err := s.Begin(t.Context(), a, now, bounds())
		if err != nil || got != want {
			t.Fatalf("Begin(%s %s) = %d, %v; want %d", a.Scope, a.Key, got, err, want)
		}
		return r
	}
	finish := func(a Attempt, r *Reply) {
		t.Helper()
		if err := s.Finish(t.Context(), a, r, bounds()); err != nil {
			t.Fatal(err)
		}
	}
	one := Attempt{Scope: "ann", Key: "1", Head: []byte("h"), Run: "first"}
	two := Attempt{Scope: "ann", Key: "2", Head: []byte("h"), Run: "first"}
	free := Attempt{Scope: "ann", Key: "3", Head: []byte("h"), Run: "first"}
	reply := Reply{Status: 201, Header: map[string][]string{"Etag": {`"1"`}}, Body: []byte("made"), Sum: []byte("sum")}
	begin(one, Fresh)
	begin(one, UnderWay)
	finish(one, &reply)
	begin(two, Fresh)
	begin(free, Fresh)
	finish(free, nil)
	other := one
	other.Head = []byte("another")
	begin(other, Another)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), path, clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	one.Run, two.Run, free.Run = "second", "second", "second"
	if diff := cmp.Diff(reply, begin(one, Answered)); diff != "" {
		t.Errorf("the answer after a restart (-want +got):\n%s", diff)
	}
	begin(two, Lost)
	begin(free, Fresh)

	begin(Attempt{Scope: "ann", Key: "4", Head: []byte("h"), Run: "second"}, Fresh) // in the place of the oldest answer
	begin(Attempt{Scope: "ann", Key: "5", Head: []byte("h"), Run: "second"}, Full)
	for i := range 20 { // whoever is loud loses their own
		a := Attempt{Scope: "loud", Key: fmt.Sprint(i), Head: []byte("h"), Run: "second"}
		begin(a, Fresh)
		finish(a, &Reply{Status: 200, Body: make([]byte, 40), Sum: []byte("s")})
	}
	quiet := Attempt{Scope: "bob", Key: "1", Head: []byte("h"), Run: "second"}
	begin(quiet, Fresh)
	finish(quiet, &reply)
	begin(quiet, Answered)
	var size int
	if err := s.read.QueryRowContext(t.Context(), "SELECT sum(length(body)) FROM attempts").Scan(&size); err != nil || size > 100 {
		t.Errorf("%d bytes are kept, %v; want at most 100", size, err)
	}
	now = now.Add(25 * time.Hour)
	begin(quiet, Fresh)
}
