package accounts

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
)

func listed(t *testing.T, s *Store) (ann, bob access.Listed) {
	t.Helper()
	ann = access.Listed{ID: "u1", Org: "acme", Person: "ann", External: "E1", UserName: "Ann", Email: "ann@example.com", Given: "Ann", Family: "A", Formatted: "Ann A", Display: "Äonn", Active: true, Own: true, Created: t0, Changed: t0}
	bob = access.Listed{ID: "u2", Org: "acme", Person: "bob", UserName: "bob", Email: "bob@example.com", Created: t0.Add(time.Hour), Changed: t0.Add(time.Hour)}
	for _, x := range []access.Listed{ann, bob} {
		if err := s.SaveListed(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	return ann, bob
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	ann, bob := listed(t, s)
	got, total, err := s.Listed(t.Context(), "acme", nil, 1, 10)
	if diff := cmp.Diff([]access.Listed{ann, bob}, got); diff != "" || total != 2 || err != nil {
		t.Errorf("Listed = %d, %v %s", total, err, diff)
	}
	if got, total, err = s.Listed(t.Context(), "other", nil, 1, 10); len(got) != 0 || total != 0 || err != nil {
		t.Errorf("another organization lists %v, %d, %v; want nobody", got, total, err)
	}
	if got, err = s.ListedOf(t.Context(), "other", []string{"u1", "u2"}); len(got) != 0 || err != nil {
		t.Errorf("another organization finds %v, %v; want nobody", got, err)
	}
	if err := s.Enrol(t.Context(), access.Enrolment{Person: access.Person{ID: "carl", Email: "carl@example.com", Name: "carl", Created: t0}}); err != nil {
		t.Fatal(err)
	}
	for _, x := range []access.Listed{{ID: "u3", Person: "carl", UserName: "ANN"}, {ID: "u3", Person: "ann", UserName: "carl"}, {ID: "u3", Person: "carl", UserName: "carl", External: "E1"}} {
		x.Org = "acme"
		if err := s.SaveListed(t.Context(), x); !errors.Is(err, fault.Refused) {
			t.Errorf("SaveListed(%+v) = %v, want refused", x, err)
		}
	}
	theirs := bob
	theirs.ID, theirs.Org = "u9", "other"
	if err := s.SaveListed(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	for person, want := range map[string]bool{"ann": false, "bob": true} {
		p, err := s.PersonByEmail(t.Context(), person+"@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.ListedElsewhere(t.Context(), "acme", p.ID); got != want || err != nil {
			t.Errorf("ListedElsewhere(%s) = %t, %v, want %t", person, got, err, want)
		}
	}
}

func TestGroupsOfADirectory(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	ann, _ := listed(t, s)
	g := access.ListedGroup{ID: "g1", Org: "acme", Name: "Assay-Lead", Members: []string{"u1", "u2"}, Created: t0, Changed: t0}
	if err := s.SaveListedGroup(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	got, err := s.ListedGroup(t.Context(), "acme", "g1")
	if diff := cmp.Diff(g, got); diff != "" || err != nil {
		t.Errorf("ListedGroup: %v %s", err, diff)
	}
	if _, err := s.ListedGroup(t.Context(), "other", "g1"); !errors.Is(err, fault.NotFound) {
		t.Errorf("another organization's group = %v, want not found", err)
	}
	if err := s.SaveListedGroup(t.Context(), access.ListedGroup{ID: "g2", Org: "acme", Name: "assay-LEAD", Created: t0, Changed: t0}); !errors.Is(err, fault.Refused) {
		t.Errorf("a second group of one name = %v, want refused", err)
	}
	if err := s.SaveListedGroup(t.Context(), access.ListedGroup{ID: "g3", Org: "other", Name: "theirs", Members: []string{"u1"}, Created: t0, Changed: t0}); !errors.Is(err, fault.NotFound) {
		t.Errorf("a group with another organization's user = %v, want not found", err)
	}
	if _, n, err := s.ListedGroups(t.Context(), "other", nil, 1, 10); n != 0 || err != nil {
		t.Errorf("a refused group was kept: %d, %v", n, err)
	}
	now := t0.Add(time.Hour)
	ann.Ended, ann.Active = &now, false
	if err := s.SaveListed(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	if got, err := s.ListedGroup(t.Context(), "acme", "g1"); len(got.Members) != 1 || got.Members[0] != "u2" || err != nil {
		t.Errorf("after an end the group has %v, %v; want u2", got.Members, err)
	}
	ann.ID, ann.Ended = "u5", nil // the person again
	if err := s.SaveListed(t.Context(), ann); err != nil {
		t.Errorf("listing a person again = %v", err)
	}
	in, err := s.GroupsOfListed(t.Context(), "acme", []string{"u1", "u2", "u5"})
	if len(in) != 1 || len(in["u2"]) != 1 || in["u2"][0].Name != "Assay-Lead" || err != nil {
		t.Errorf("GroupsOfListed = %v, %v; want u2 in its group", in, err)
	}
}

// TestADirectorysWordIsKept shows what the tables refuse to whoever writes to them.
func TestADirectorysWordIsKept(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	ann, _ := listed(t, s)
	now := t0.Add(time.Hour)
	for _, q := range []string{"DELETE FROM listed", "UPDATE listed SET person = 'bob' WHERE id = 'u1'", "UPDATE listed SET org = 'other' WHERE id = 'u1'", "UPDATE listed SET email = 'x@example.com' WHERE id = 'u1'", "UPDATE listed SET own = 1 WHERE id = 'u2'"} {
		if _, err := s.write.ExecContext(t.Context(), q); err == nil {
			t.Errorf("%s was done", q)
		}
	}
	ann.Ended = &now
	if err := s.SaveListed(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	ann.Ended = nil
	if err := s.SaveListed(t.Context(), ann); err == nil {
		t.Error("an entry that ended was taken up again")
	}
}

// TestConditionsAreClosed shows that no text of a condition but a value reaches a statement.
func TestConditionsAreClosed(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	listed(t, s)
	for _, w := range []access.Where{{}, {Op: "eq", Field: "person", Value: "ann"}, {Op: "eq", Field: "1=1) --", Value: ""}, {Op: "= 1 OR 1", Field: "id", Value: "x"}, {Op: "and"}, {Op: "or"}, {Op: "not"},
		{Op: "xor", Parts: []access.Where{{Op: "true"}}}, {Op: "and", Parts: []access.Where{{Op: "true"}, {Op: "eq", Field: "org", Value: "other"}}}} {
		if got, n, err := s.Listed(t.Context(), "acme", &w, 1, 10); !errors.Is(err, fault.Refused) {
			t.Errorf("Listed(%+v) = %v, %d, %v; want refused", w, got, n, err)
		}
	}
	if _, _, err := s.ListedGroups(t.Context(), "acme", &access.Where{Op: "sw", Field: "member", Value: "u"}, 1, 10); !errors.Is(err, fault.Refused) {
		t.Errorf("members by sw = %v, want refused", err)
	}
	for _, c := range []struct {
		w    access.Where
		want int
	}{
		{access.Where{Op: "eq", Field: "name", Value: "ann"}, 1}, {access.Where{Op: "co", Field: "name", Value: "%"}, 0}, {access.Where{Op: "sw", Field: "display", Value: "äo"}, 1},
		{access.Where{Op: "ew", Field: "email", Value: "@example.com"}, 2}, {access.Where{Op: "gt", Field: "created", Value: t0}, 1}, {access.Where{Op: "eq", Field: "active", Value: true}, 1},
		{access.Where{Op: "pr", Field: "external"}, 1}, {access.Where{Op: "or", Parts: []access.Where{{Op: "false"}, {Op: "not", Parts: []access.Where{{Op: "eq", Field: "id", Value: "u1"}}}}}, 1},
		{access.Where{Op: "eq", Field: "name", Value: "x' OR '1'='1"}, 0},
	} {
		if _, n, err := s.Listed(t.Context(), "acme", &c.w, 1, 10); n != c.want || err != nil {
			t.Errorf("Listed(%+v) = %d, %v, want %d", c.w, n, err, c.want)
		}
	}
}
