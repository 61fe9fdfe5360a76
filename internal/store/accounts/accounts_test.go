package accounts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

var t0 = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

func setup(t *testing.T) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "with space & ?odd", "accounts.db")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	for _, p := range []string{"ann", "bob"} {
		if err := s.Enrol(t.Context(), access.Enrolment{Person: access.Person{ID: id.Person(p), Email: p + "@example.com", Name: p, Created: t0}}); err != nil {
			t.Fatal(err)
		}
	}
	return s, path
}

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, func() time.Time { return t0 })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestOpen(t *testing.T) {
	t.Parallel()
	s, path := setup(t)
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want readable by its owner alone", i.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	want := access.Person{ID: "ann", Email: "ann@example.com", Name: "ann", Created: t0}
	got, err := s.PersonByEmail(t.Context(), "ann@example.com")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("after opening again: %v %s", err, diff)
	}
	if _, err := s.write.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, time.Now); !errors.Is(err, fault.Refused) {
		t.Errorf("a newer database = %v, want refused", err)
	}
}

func TestReadersDoNotWrite(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	if _, err := s.read.ExecContext(t.Context(), "DELETE FROM people"); err == nil {
		t.Error("the readers' connection writes")
	}
}

func TestMembershipsAreKept(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	ctx := t.Context()
	grant := access.Membership{Org: "o", Person: "ann", Role: access.Lead, By: "bob", Granted: t0}
	if err := s.ChangeRoles(ctx, "o", func([]access.Membership) (g, e []access.Membership, err error) {
		return []access.Membership{grant}, nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"DELETE FROM memberships", "UPDATE memberships SET role = 'auditor'", "UPDATE memberships SET granted = 1", "UPDATE memberships SET person = 'bob'"} {
		if _, err := s.write.ExecContext(ctx, q); err == nil {
			t.Errorf("%s is done", q)
		}
	}
	end := grant
	end.Ended, end.EndedBy = &t0, "bob"
	if err := s.ChangeRoles(ctx, "o", func(h []access.Membership) (g, e []access.Membership, err error) {
		if diff := cmp.Diff([]access.Membership{grant}, h); diff != "" {
			t.Error(diff)
		}
		return nil, []access.Membership{end}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(ctx, "UPDATE memberships SET ended = NULL"); err == nil {
		t.Error("an ended membership is opened again")
	}
	got, err := s.MembershipsOf(ctx, "ann")
	if diff := cmp.Diff([]access.Membership{end}, got); diff != "" || err != nil {
		t.Errorf("history: %v %s", err, diff)
	}
	if r, err := s.RolesOf(ctx, "ann", "o"); err != nil || len(r) != 0 {
		t.Errorf("RolesOf = %v, %v, want none", r, err)
	}
}

// TestHostileText: text is a value and never a statement.
func TestHostileText(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	ctx := t.Context()
	for i, text := range []string{`'; DROP TABLE people; --`, `" OR 1=1`, "\u202eevil", "💥", strings.Repeat("x", 1<<20), "%", "a\x00b"} {
		p := access.Person{ID: "ann", Name: text, Lang: "en"}
		if err := s.SavePerson(ctx, p); err != nil {
			t.Fatal(err)
		}
		got, err := s.Person(ctx, "ann")
		if err != nil || got.Name != text {
			t.Errorf("text %d comes back as %.30q, %v", i, got.Name, err)
		}
		for what, err := range map[string]error{"person": second(s.Person(ctx, id.Person(text))), "token": third(s.Token(ctx, text)), "pending": second(s.Pending(ctx, []byte(text), text))} {
			if !errors.Is(err, fault.NotFound) {
				t.Errorf("%s %.30q = %v, want not found", what, text, err)
			}
		}
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

// TestWhole: an enrolment whose last step fails leaves nothing.
func TestWhole(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	ctx := t.Context()
	invitation := access.Invitation{ID: "i", Hash: []byte("h"), Org: "o", Email: "cem@example.com", Roles: []access.Role{access.Lead}, By: "ann", Created: t0, Expires: t0.Add(time.Hour)}
	if err := s.AddInvitation(ctx, invitation); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	e := access.Enrolment{Person: access.Person{ID: "cem", Email: "cem@example.com", Name: "Cem", Created: t0}, Password: "x", Invitation: []byte("h"),
		Passkey: &access.Passkey{ID: []byte("k"), Person: "cem", Name: "k", PublicKey: []byte("p"), Created: t0},
		Change:  func([]access.Membership) (g, e []access.Membership, err error) { return nil, nil, no }}
	if err := s.Enrol(ctx, e); !errors.Is(err, no) {
		t.Fatalf("Enrol = %v, want the refusal", err)
	}
	if _, err := s.PersonByEmail(ctx, "cem@example.com"); !errors.Is(err, fault.NotFound) {
		t.Errorf("half a person stays: %v", err)
	}
	i, err := s.Invitation(ctx, []byte("h"))
	if diff := cmp.Diff(invitation, i); diff != "" || err != nil {
		t.Errorf("the invitation: %v %s", err, diff)
	}
	e.Change = func([]access.Membership) (g, e []access.Membership, err error) { return nil, nil, nil }
	if err := s.Enrol(ctx, e); err != nil {
		t.Fatal(err)
	}
	keys, err := s.Passkeys(ctx, "cem")
	if diff := cmp.Diff([]access.Passkey{{ID: []byte("k"), Person: "cem", Name: "k", PublicKey: []byte("p"), Created: t0}}, keys); diff != "" || err != nil {
		t.Errorf("the passkey: %v %s", err, diff)
	}
}

// TestTakeOnce: of many who take at once, one gets it.
func TestTakeOnce(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	ctx := t.Context()
	if err := s.AddPending(ctx, access.Pending{Hash: []byte("h"), Kind: "k", Expires: t0.Add(time.Minute)}, t0); err != nil {
		t.Fatal(err)
	}
	var n sync.Map
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if _, err := s.TakePending(ctx, []byte("h"), "k"); err == nil {
				n.Store(i, true)
			}
		})
	}
	wg.Wait()
	got := 0
	n.Range(func(_, _ any) bool { got++; return true })
	if got != 1 {
		t.Errorf("taken %d times, want once", got)
	}
}

// TestPendingIsBounded: what there is too much of goes, the oldest first, and takes no place from another kind or person.
func TestPendingIsBounded(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	ctx := t.Context()
	s.most = 100
	add := func(name, kind string, person id.Person, at time.Time) {
		t.Helper()
		if err := s.AddPending(ctx, access.Pending{Hash: []byte(name), Kind: kind, Person: person, Expires: at.Add(time.Minute)}, at); err != nil {
			t.Fatal(err)
		}
	}
	there := func(name, kind string, want bool) {
		t.Helper()
		_, err := s.Pending(ctx, []byte(name), kind)
		if want && err != nil || !want && !errors.Is(err, fault.NotFound) {
			t.Errorf("Pending(%s) = %v, want it there: %t", name, err, want)
		}
	}
	add("second step", "second", "ann", t0)
	add("newcomer", "passkey", "", t0)
	for i := range 150 {
		add(fmt.Sprint("stranger ", i), "openid", "", t0.Add(time.Duration(i)*time.Millisecond))
	}
	there("stranger 49", "openid", false)
	there("stranger 50", "openid", true)
	there("stranger 149", "openid", true)
	for i := range mostOfOne + 5 {
		add(fmt.Sprint("bob ", i), "second", "bob", t0.Add(time.Duration(i)*time.Millisecond))
	}
	there("bob 4", "second", false)
	there("bob 5", "second", true)
	there("second step", "second", true)
	there("newcomer", "passkey", true)
	add("later", "openid", "", t0.Add(time.Hour))
	var n int
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM pending").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d wait, %v; want the one that has not ended", n, err)
	}
}

// BenchmarkPendingFull is a second step while there is no more room for strangers: they cannot make it slow either.
func BenchmarkPendingFull(b *testing.B) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(b.TempDir(), "a.db"), func() time.Time { return t0 })
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	_, err = s.write.ExecContext(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO pending SELECT CAST(i AS BLOB), 'openid', '', zeroblob(1000), ? FROM n",
		2*mostPending, micro(t0.Add(time.Minute)))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if err := s.AddPending(ctx, access.Pending{Hash: fmt.Appendf(nil, "h%d", i), Kind: "second", Person: "ann", Expires: t0.Add(time.Minute)}, t0); err != nil {
			b.Fatal(err)
		}
	}
}

// TestIndexed: what every request asks is answered by an index.
func TestIndexed(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	for _, q := range []string{
		"SELECT " + sessionColumns + ", " + personColumns + " FROM sessions s JOIN people p ON p.id = s.person WHERE s.hash = x'00'",
		"SELECT " + tokenColumns + ", " + personColumns + " FROM tokens t JOIN people p ON p.id = t.person WHERE t.id = 'x'",
		"SELECT role FROM memberships WHERE person = 'x' AND org = 'y' AND ended IS NULL",
		"SELECT count, last FROM failures WHERE key = 'x'",
		"SELECT person FROM externals WHERE issuer = 'x' AND subject = 'y'",
		"SELECT hash FROM pending WHERE kind = 'x' AND person = 'y' ORDER BY expires DESC LIMIT -1 OFFSET 9",
	} {
		rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+q)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var a, b, c int
			var plan string
			if err := rows.Scan(&a, &b, &c, &plan); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(plan, "SCAN") {
				t.Errorf("%.60s: %s", q, plan)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
}

func BenchmarkSession(b *testing.B) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(b.TempDir(), "a.db"), func() time.Time { return t0 })
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Enrol(ctx, access.Enrolment{Person: access.Person{ID: "ann", Email: "a@b.c", Name: "Ann", Created: t0}}); err != nil {
		b.Fatal(err)
	}
	for i := range 1000 {
		if err := s.AddSession(ctx, access.Session{Hash: fmt.Appendf(nil, "%032d", i), ID: fmt.Sprint(i), Person: "ann", Created: t0, Seen: t0, Expires: t0.Add(time.Hour)}); err != nil {
			b.Fatal(err)
		}
	}
	for i := 0; b.Loop(); i++ {
		if _, _, err := s.Session(ctx, fmt.Appendf(nil, "%032d", i%1000)); err != nil {
			b.Fatal(err)
		}
	}
}
