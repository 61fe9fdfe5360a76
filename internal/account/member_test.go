package account_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

func (w *world) roles(p id.Person, org id.Org) []access.Role {
	w.t.Helper()
	r, err := w.Roles(w.ctx, p, org)
	w.ok(err)
	return r
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	secret, err := w.Invite(w.ctx, acme, "Bob@Example.com", []access.Role{access.Owner}, v, here)
	w.ok(err)
	_, err = w.Accept(w.ctx, secret, v, here)
	w.refused(err, fault.Denied, "another e-mail address")
	n := account.Newcomer{Invitation: secret, Name: "Bob", Email: "eve@example.com"} // the invitation's address counts
	session, err := w.EnrolByPassword(w.ctx, n, good, here)
	w.ok(err)
	bob := w.who(session)
	if bob.Email != "bob@example.com" {
		t.Errorf("the account has the address %s, want the invitation's", bob.Email)
	}
	if diff := cmp.Diff([]access.Role{access.Owner}, w.roles(bob.Person, acme)); diff != "" {
		t.Error(diff)
	}
	_, err = w.EnrolByPassword(w.ctx, n, good, here)
	w.refused(err, fault.NotFound, "")
	_, err = w.Accept(w.ctx, secret, bob, here)
	w.refused(err, fault.NotFound, "")

	// An existing person, in another organization.
	w.ok(w.Found(w.ctx, other, v.Person, here))
	secret, err = w.Invite(w.ctx, other, bob.Email, []access.Role{access.Contributor, access.Owner}, v, here)
	w.ok(err)
	_, err = w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: secret, Name: "Bob"}, good, here)
	w.refused(err, fault.Refused, "already")
	if _, err := w.Invitation(w.ctx, secret); err != nil {
		t.Errorf("a failed acceptance used the invitation up: %v", err)
	}
	org, err := w.Accept(w.ctx, secret, bob, here)
	w.ok(err)
	if org != other || len(w.roles(bob.Person, other)) != 2 {
		t.Errorf("accepted into %s with %v, want two roles in other", org, w.roles(bob.Person, other))
	}

	for name, spoil := range map[string]func(secret string){
		"expired": func(string) { w.clock.pass(account.InvitationLife) },
		"revoked": func(string) {
			list, err := w.Invitations(w.ctx, acme)
			w.ok(err)
			w.refused(w.Uninvite(w.ctx, other, list[0].ID, v, here), fault.NotFound, "")
			w.ok(w.Uninvite(w.ctx, acme, list[0].ID, v, here))
		},
		"followed by another": func(string) {
			_, err := w.Invite(w.ctx, acme, "cem@example.com", []access.Role{access.Owner}, v, here)
			w.ok(err)
		},
	} {
		secret, err := w.Invite(w.ctx, acme, "cem@example.com", []access.Role{access.Owner}, v, here)
		w.ok(err)
		spoil(secret)
		if _, err := w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: secret, Name: "Cem"}, good, here); err == nil {
			t.Errorf("an invitation that is %s lets in", name)
		}
	}
	for _, bad := range []string{"", "x", "a@b", "<script>@x.y", "a b@example.com", "ä@example.com", "a@exa mple.com", "a@-x.com", "a@example..com"} {
		_, err := w.Invite(w.ctx, acme, bad, []access.Role{access.Owner}, v, here)
		w.refused(err, fault.Refused, "e-mail")
	}
	_, err = w.Invite(w.ctx, acme, "x@example.com", []access.Role{"root"}, v, here)
	w.refused(err, fault.Refused, "no role")
	_, err = w.Invite(w.ctx, acme, v.Email, []access.Role{access.Executive}, v, here)
	w.refused(err, fault.Denied, "themselves")
}

// TestInvitationRace: of many who hold one, one gets in.
func TestInvitationRace(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	bob, _ := w.join(v, "bob@example.com", access.Owner)
	w.ok(w.Found(w.ctx, other, v.Person, here))
	secret, err := w.Invite(w.ctx, other, bob.Email, []access.Role{access.Owner}, v, here)
	w.ok(err)
	var mu sync.Mutex
	var wg sync.WaitGroup
	n := 0
	for range 8 {
		wg.Go(func() {
			if _, err := w.Accept(w.ctx, secret, bob, here); err == nil {
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if n != 1 {
		t.Errorf("accepted %d times, want once", n)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	bob, _ := w.join(v, "bob@example.com", access.Owner)
	w.refused(w.SetRoles(w.ctx, acme, v.Person, []access.Role{access.Administrator, access.Lead, access.Executive}, v, here), fault.Denied, "themselves")
	w.refused(w.SetRoles(w.ctx, acme, bob.Person, []access.Role{access.Auditor}, v, here), fault.Denied, "auditor")
	w.refused(w.SetRoles(w.ctx, other, bob.Person, []access.Role{access.Owner}, v, here), fault.NotFound, "")
	w.refused(w.SetRoles(w.ctx, acme, bob.Person, nil, v, here), fault.Refused, "at least one")
	w.refused(w.SetRoles(w.ctx, acme, bob.Person, []access.Role{access.Auditor, access.Owner}, v, here), fault.Denied, "")
	w.ok(w.SetRoles(w.ctx, acme, bob.Person, []access.Role{access.Contributor, access.Executive}, v, here))
	if diff := cmp.Diff([]access.Role{access.Contributor, access.Executive}, w.roles(bob.Person, acme)); diff != "" {
		t.Error(diff)
	}
	// The last administrator.
	w.refused(w.End(w.ctx, acme, v.Person, v, here), fault.Denied, "last administrator")
	w.refused(w.SetRoles(w.ctx, acme, v.Person, []access.Role{access.Lead}, v, here), fault.Denied, "last administrator")
	w.ok(w.SetRoles(w.ctx, acme, bob.Person, []access.Role{access.Administrator}, v, here))
	w.ok(w.End(w.ctx, acme, v.Person, v, here))
	if got := w.roles(v.Person, acme); len(got) != 0 {
		t.Errorf("after the end, roles = %v, want none", got)
	}
	w.refused(w.End(w.ctx, acme, v.Person, bob, here), fault.NotFound, "")
	// The history counts: who was lead is no auditor here, however long ago.
	w.clock.pass(5 * 365 * 24 * time.Hour)
	_, err := w.Invite(w.ctx, acme, v.Email, []access.Role{access.Auditor}, bob, here)
	w.refused(err, fault.Denied, "auditor")
	_, err = w.Invite(w.ctx, acme, v.Email, []access.Role{access.Owner}, bob, here)
	w.ok(err)
	members, err := w.Members(w.ctx, acme)
	w.ok(err)
	if len(members) != 2 || len(members[0].History) != 2 || len(members[0].Roles) != 0 || len(members[1].History) != 4 {
		t.Errorf("Members = %+v, want Ann with an ended history of two and Bob with four", members)
	}
	w.refused(w.Found(w.ctx, acme, v.Person, here), fault.Denied, "members already")
}

// TestSeparateAtAcceptance: what became impossible after the invitation is refused when it is accepted.
func TestSeparateAtAcceptance(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	bob, _ := w.join(v, "bob@example.com", access.Contributor)
	w.ok(w.Found(w.ctx, other, v.Person, here))
	audit, err := w.Invite(w.ctx, other, bob.Email, []access.Role{access.Auditor}, v, here)
	w.ok(err)
	// Meanwhile Bob becomes an adviser there, by an invitation that is accepted at once.
	w.ok(w.store.ChangeRoles(w.ctx, other, func([]access.Membership) (grant, end []access.Membership, err error) {
		return []access.Membership{{Org: other, Person: bob.Person, Role: access.Adviser, By: v.Person, Granted: w.clock.now()}}, nil, nil
	}))
	_, err = w.Accept(w.ctx, audit, bob, here)
	w.refused(err, fault.Denied, "auditor")
}

// TestLastAdministratorRace: two administrators who let each other go at once do not leave nobody.
func TestLastAdministratorRace(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	bob, _ := w.join(v, "bob@example.com", access.Administrator)
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.End(w.ctx, acme, bob.Person, v, here) })
	wg.Go(func() { _ = w.End(w.ctx, acme, v.Person, bob, here) })
	wg.Wait()
	if len(w.roles(v.Person, acme))+len(w.roles(bob.Person, acme)) == 0 {
		t.Error("nobody is left")
	}
}

func TestHistoryIsKept(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	now := w.clock.now()
	err := w.store.ChangeRoles(w.ctx, acme, func(history []access.Membership) (grant, end []access.Membership, err error) {
		m := history[0]
		m.Ended = &now
		return nil, []access.Membership{m, m}, nil
	})
	if err == nil {
		t.Error("one membership is ended twice")
	}
	if len(w.roles(v.Person, acme)) != 2 {
		t.Error("half of a refused change stays")
	}
}

func TestDisabledAdministratorDoesNotCount(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	bob, _ := w.join(v, "bob@example.com", access.Administrator)
	w.ok(w.Disable(w.ctx, bob.Person, v.Person))
	w.refused(w.End(w.ctx, acme, v.Person, v, here), fault.Denied, "last administrator")
	w.ok(w.End(w.ctx, acme, bob.Person, v, here)) // nobody is lost by that
	w.refused(w.End(w.ctx, acme, v.Person, v, here), fault.Denied, "last administrator")
}

// TestDisableLastAdministrator: no organization is left without anybody who can manage people, and the refusal names each.
func TestDisableLastAdministrator(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, session := w.founder()
	w.ok(w.Found(w.ctx, other, v.Person, here))
	bob, _ := w.join(v, "bob@example.com", access.Owner)
	err := w.Disable(w.ctx, v.Person, bob.Person)
	w.refused(err, fault.Denied, "the organization "+string(acme)+" would be left without an administrator")
	w.refused(err, fault.Denied, "the organization "+string(other)+" would be left without an administrator")
	if w.who(session).Person != v.Person {
		t.Error("a refused act ended the session")
	}
	w.ok(w.SetRoles(w.ctx, acme, bob.Person, []access.Role{access.Administrator}, v, here))
	w.refused(w.Disable(w.ctx, v.Person, bob.Person), fault.Denied, string(other))
	w.ok(w.store.Prove(w.ctx, bob.Person, w.clock.now())) // else a directory's role waits
	w.ok(w.Reassign(w.ctx, other, []account.Reassignment{{Person: bob.Person, Add: []access.Role{access.Administrator}}}, v, here))
	w.ok(w.Disable(w.ctx, v.Person, bob.Person))
	if w.who(session).Person != "" {
		t.Error("a disabled person's session is in force")
	}
	w.ok(w.Disable(w.ctx, v.Person, bob.Person)) // once more changes nothing
	w.refused(w.Disable(w.ctx, bob.Person, v.Person), fault.Denied, "without an administrator")
	w.refused(w.Disable(w.ctx, "person_none", v.Person), fault.NotFound, "")
	w.ok(w.Enable(w.ctx, v.Person, bob.Person))
	w.ok(w.Disable(w.ctx, bob.Person, v.Person))
}

// TestDisableRace: two administrators who are disabled, or let go, at once do not leave nobody.
func TestDisableRace(t *testing.T) {
	t.Parallel()
	for range 8 {
		w := setup(t)
		v, _ := w.founder()
		bob, _ := w.join(v, "bob@example.com", access.Administrator)
		cem, _ := w.join(v, "cem@example.com", access.Administrator)
		var wg sync.WaitGroup
		wg.Go(func() { _ = w.Disable(w.ctx, bob.Person, v.Person) })
		wg.Go(func() { _ = w.Disable(w.ctx, v.Person, bob.Person) })
		wg.Go(func() { _ = w.End(w.ctx, acme, cem.Person, v, here) })
		wg.Wait()
		left := 0
		for _, p := range []id.Person{v.Person, bob.Person, cem.Person} {
			x, err := w.Person(w.ctx, p)
			w.ok(err)
			if x.Disabled == nil && slices.Contains(w.roles(p, acme), access.Administrator) {
				left++
			}
		}
		if left != 1 {
			t.Errorf("%d administrators are left, want 1", left)
		}
	}
}
