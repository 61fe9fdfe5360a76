package operate

import (
	"errors"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

// TestOwnByHistory: an edit of who is who does not make anybody's own access another's.
func TestOwnByHistory(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]struct{ register, line string }{
		"the alias goes to nobody":          {"aliases", `{"alias":"r.admin","person_id":"p-nobody"}`},
		"the person gets another address":   {"people", `{"person_id":"p1","email":"else@example.com","manager":"p2"}`},
		"the employment is somebody else's": {"people", `{"employment_id":"p1","person_id":"p9","email":"rita@example.com"}`},
		"the address goes to another":       {"aliases", `{"alias":"rita@example.com","person_id":"p9"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, v := firm(t)
			c := begin(t, s, v)
			s.pull(t, edit.register, edit.line)
			s.pull(t, edit.register, strings.Replace(edit.line, "}", `,"note":"again"}`, 1))
			for row, account := range map[string]string{"00001": "crm/a1, by person", "00003": "crm/a3, by alias", "00004": "crm/a4, answered for"} {
				if _, err := v.Decide(t.Context(), s.as("rita@example.com"), c.ID, map[string]string{row: Keep}, "mine"); !errors.Is(err, fault.Denied) {
					t.Errorf("Decide(rita on %s) = %v, want denied", account, err)
				}
				decide(t, s, v, c, "dora@example.com", "needed", map[string]string{row: Keep})
			}
		})
	}
}

// TestCompleteByHistory: what was decided on one's own access stays so, whatever the registers say when the review is completed.
func TestCompleteByHistory(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	s.pull(t, "aliases", `{"alias":"uwe@example.com","person_id":"p-uwe"}`)
	c := begin(t, s, v)
	decide(t, s, v, c, "rita@example.com", "needed", map[string]string{"00002": Keep, "00005": Keep})
	decide(t, s, v, c, "dora@example.com", "needed", map[string]string{"00001": Keep, "00003": Keep, "00004": Keep})
	s.pull(t, "aliases", `{"alias":"uwe@example.com","person_id":"rita@example.com"}`)
	s.pull(t, "aliases", `{"alias":"uwe@example.com","person_id":"p-uwe"}`)
	if err := v.Complete(t.Context(), s.a, c.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.latest(t, accessReviews, c.ID); !strings.Contains(string(got.Body), `"own_access_decided":true`) {
		t.Errorf("the review says %s, want that somebody decided on their own", got.Body)
	}
}

func TestRelated(t *testing.T) {
	t.Parallel()
	s, _ := firm(t)
	s.pull(t, "aliases", `{"alias":"shared","person_id":"p1"}`)
	s.pull(t, "aliases", `{"alias":"shared","person_id":"p3"}`)
	s.pull(t, "aliases", `{"alias":"deep","person_id":"r.admin"}`, `{"alias":"loop","person_id":"pool"}`, `{"alias":"pool","person_id":"loop"}`)
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"rita@example.com", "P1", true}, {"r.admin", "rita@example.com", true}, {"deep", "p1", true},
		{"shared", "rita@example.com", true}, {"shared", "uwe@example.com", true}, {"uwe@example.com", "rita@example.com", false},
		{"rita@example.com", "dora@example.com", false}, {"", "", false}, {"", "p1", false}, {"loop", "pool", true}, {"nobody", "NOBODY ", true},
	} {
		for _, x := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			if got, err := s.SamePerson(t.Context(), s.a.Org, x[0], x[1]); err != nil || got != c.want {
				t.Errorf("SamePerson(%q, %q) = %v, %v, want %v", x[0], x[1], got, err, c.want)
			}
		}
	}
	if got, err := s.SamePerson(t.Context(), "org_00000000000000000000000000", "r.admin", "rita@example.com"); err == nil && got {
		t.Error("SamePerson of another organization = true, want what its own registers say")
	}
}

// TestNobodyWritesWhoTheyAre: a record that says who somebody is is not written by themselves, under whichever address.
func TestNobodyWritesWhoTheyAre(t *testing.T) {
	t.Parallel()
	s, _ := firm(t)
	save := func(who, register, key string, version int, fields map[string]string) error {
		_, err := s.Save(t.Context(), Entry{Actor: s.as(who), Register: register, Key: key, Version: version, Fields: fields})
		return err
	}
	for _, c := range []struct {
		what, who, register, key string
		version                  int
		fields                   map[string]string
	}{
		{"her alias", "rita@example.com", "aliases", "r.admin", 1, map[string]string{"alias": "r.admin", "person_id": "p-nobody"}},
		{"her address, as an alias", "rita@example.com", "aliases", "", 0, map[string]string{"alias": "Rita@example.com", "person_id": "p-nobody"}},
		{"an alias for her", "rita@example.com", "aliases", "", 0, map[string]string{"alias": "new", "person_id": "p1"}},
		{"her person", "rita@example.com", "people", "p1", 1, map[string]string{"employment_id": "p1", "person_id": "p1", "email": "x@example.com"}},
		{"her person, signed in by alias", "r.admin", "people", "p1", 1, map[string]string{"employment_id": "p1", "person_id": "p1", "email": "x@example.com"}},
		{"another's record made hers", "rita@example.com", "people", "p4", 1, map[string]string{"employment_id": "p4", "person_id": "p4", "email": "rita@example.com"}},
	} {
		if err := save(c.who, c.register, c.key, c.version, c.fields); !errors.Is(err, fault.Denied) {
			t.Errorf("Save(%s) by %s = %v, want denied", c.what, c.who, err)
		}
	}
	if err := save("dora@example.com", "aliases", "r.admin", 1, map[string]string{"alias": "r.admin", "person_id": "p-nobody"}); err != nil {
		t.Fatalf("Save(her alias) by another = %v", err)
	}
	if err := save("rita@example.com", "aliases", "r.admin", 2, map[string]string{"alias": "r.admin", "person_id": "p-other"}); !errors.Is(err, fault.Denied) {
		t.Errorf("Save(what was her alias) = %v, want denied", err)
	}
	if _, err := s.Restore(t.Context(), s.as("rita@example.com"), "aliases", "r.admin", 1, 2); !errors.Is(err, fault.Denied) {
		t.Errorf("Restore(what was her alias) = %v, want denied", err)
	}
	if _, err := s.Restore(t.Context(), s.as("dora@example.com"), "aliases", "r.admin", 1, 2); err != nil {
		t.Errorf("Restore by another = %v", err)
	}
	if err := save("rita@example.com", "people", "", 0, map[string]string{"person_id": "p77", "email": "new@example.com", "manager": "rita@example.com"}); err != nil {
		t.Errorf("Save(somebody who reports to her) = %v, want it written", err)
	}
}

// TestPolicyApprovedByHistory: who prepared a policy under an address that was theirs does not approve it once the address is moved.
func TestPolicyApprovedByHistory(t *testing.T) {
	t.Parallel()
	s, p := handbook(t)
	key := propose(t, s, p, "1.0", "# Be kind", false)
	s.pull(t, "aliases", `{"alias":"a.admin@example.com","person_id":"p-nobody"}`)
	if err := p.Decide(t.Context(), s.as("a.admin@example.com"), key, 1, true); !errors.Is(err, fault.Denied) {
		t.Errorf("Decide(by an address that was the author's) = %v, want denied", err)
	}
}
