package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

func rolesOf(t *testing.T, w *world, p id.Person, org id.Org) string {
	t.Helper()
	roles, err := w.Roles(w.ctx, p, org)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range roles {
		out = append(out, string(r))
	}
	return strings.Join(out, " ")
}

func TestReassign(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var people []access.Person
	for _, name := range []string{"root", "ann", "bob"} {
		p, _, err := w.Enlist(w.ctx, acme, name+"@directory.example", name, access.Visitor{}, here)
		if err != nil {
			t.Fatal(err)
		}
		people = append(people, p)
	}
	root, ann, bob := people[0], people[1], people[2]
	if err := w.Found(w.ctx, acme, root.ID, here); err != nil {
		t.Fatal(err)
	}
	by := access.Visitor{Person: root.ID}
	for _, c := range []struct {
		name             string
		list             []account.Reassignment
		kind             error
		root, ann, bob   string
		granted, removed int // notes in all
	}{
		{"two at once", []account.Reassignment{{Person: ann.ID, Add: []access.Role{access.Lead}}, {Person: bob.ID, Add: []access.Role{access.Auditor, access.Auditor}}}, nil, "administrator lead", "lead", "auditor", 4, 0},
		{"one of two refused", []account.Reassignment{{Person: ann.ID, Add: []access.Role{access.Owner}}, {Person: bob.ID, Add: []access.Role{access.Owner}}}, fault.Denied, "administrator lead", "lead", "auditor", 4, 0},
		{"what stays as it is", []account.Reassignment{{Person: ann.ID, Add: []access.Role{access.Lead}, Drop: []access.Role{access.Owner}}}, nil, "administrator lead", "lead", "auditor", 4, 0},
		{"a role of no name", []account.Reassignment{{Person: ann.ID, Add: []access.Role{"king"}}}, fault.Refused, "administrator lead", "lead", "auditor", 4, 0},
		{"a role for oneself", []account.Reassignment{{Person: root.ID, Add: []access.Role{access.Owner}}}, fault.Denied, "administrator lead", "lead", "auditor", 4, 0},
		{"the last administrator", []account.Reassignment{{Person: root.ID, Drop: []access.Role{access.Administrator}}}, fault.Denied, "administrator lead", "lead", "auditor", 4, 0},
		{"the last administrator, with another", []account.Reassignment{{Person: root.ID, Drop: []access.Role{access.Administrator}}, {Person: ann.ID, Add: []access.Role{access.Administrator}}}, nil, "lead", "administrator lead", "auditor", 5, 1},
		{"a duty of the past", []account.Reassignment{{Person: bob.ID, Drop: []access.Role{access.Auditor}, Add: []access.Role{access.Lead}}}, fault.Denied, "lead", "administrator lead", "auditor", 5, 1},
		{"an end", []account.Reassignment{{Person: bob.ID, Drop: []access.Role{access.Auditor}}}, nil, "lead", "administrator lead", "", 5, 2},
	} {
		if err := w.Reassign(w.ctx, acme, c.list, by, here); !errors.Is(err, c.kind) {
			t.Errorf("%s: Reassign = %v, want %v", c.name, err, c.kind)
		}
		if a, b, x := rolesOf(t, w, root.ID, acme), rolesOf(t, w, ann.ID, acme), rolesOf(t, w, bob.ID, acme); a != c.root || b != c.ann || x != c.bob {
			t.Errorf("%s: the roles are %q, %q, %q; want %q, %q, %q", c.name, a, b, x, c.root, c.ann, c.bob)
		}
		if got := strings.Count(w.notes.acts(), account.Granted); got != c.granted {
			t.Errorf("%s: %d notes of roles granted, want %d", c.name, got, c.granted)
		}
		if got := strings.Count(w.notes.acts(), account.Ended); got != c.removed {
			t.Errorf("%s: %d notes of roles ended, want %d", c.name, got, c.removed)
		}
	}
}

func TestEnlistAndRename(t *testing.T) {
	t.Parallel()
	w := setup(t)
	by := access.Visitor{}
	p, made, err := w.Enlist(w.ctx, acme, "Ann@Directory.example", "Ann", by, here)
	if err != nil || !made || p.Email != "ann@directory.example" {
		t.Fatalf("Enlist = %v, %t, %v; want a new person", p, made, err)
	}
	again, made, err := w.Enlist(w.ctx, other, "ann@directory.example", "Mallory", by, here)
	if err != nil || made || again != p {
		t.Errorf("Enlist of a known person = %v, %t, %v; want them as they are", again, made, err)
	}
	for _, bad := range [][2]string{{"no address", "x"}, {"x@directory.example", ""}} {
		if _, _, err := w.Enlist(w.ctx, acme, bad[0], bad[1], by, here); !errors.Is(err, fault.Refused) {
			t.Errorf("Enlist(%q, %q) = %v, want refused", bad[0], bad[1], err)
		}
	}
	name := func(want string) {
		t.Helper()
		if x, err := w.Person(w.ctx, p.ID); err != nil || x.Name != want {
			t.Errorf("the name is %q, %v; want %q", x.Name, err, want)
		}
	}
	if err := w.Rename(w.ctx, acme, p.ID, "Ann B", by, here); err != nil {
		t.Error(err)
	}
	name("Ann B")
	if err := w.Reassign(w.ctx, other, []account.Reassignment{{Person: p.ID, Add: []access.Role{access.Owner}}}, by, here); err != nil {
		t.Fatal(err)
	}
	if err := w.Rename(w.ctx, acme, p.ID, "Mallory", by, here); err != nil {
		t.Errorf("renaming a member of another organization = %v; want no word of it", err)
	}
	name("Ann B")
	if err := w.End(w.ctx, other, p.ID, by, here); err != nil {
		t.Fatal(err)
	}
	if err := w.Rename(w.ctx, acme, p.ID, "Mallory", by, here); err != nil {
		t.Error(err)
	}
	name("Ann B") // nor one who was a member there
	if err := w.Rename(w.ctx, acme, p.ID, "", by, here); !errors.Is(err, fault.Refused) {
		t.Errorf("an empty name = %v, want refused", err)
	}
}
