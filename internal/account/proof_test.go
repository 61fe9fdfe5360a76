package account_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// enlists is another organization's directory that gives a role to the holder of an address.
func (w *world) enlists(email string, role access.Role) id.Person {
	w.t.Helper()
	p, _, err := w.Enlist(w.ctx, other, email, "As listed", access.Visitor{}, here)
	w.ok(err)
	w.ok(w.Reassign(w.ctx, other, []account.Reassignment{{Person: p.ID, Add: []access.Role{role}}}, access.Visitor{}, here))
	return p.ID
}

func (w *world) awaited(p id.Person) string {
	w.t.Helper()
	list, err := w.Awaiting(w.ctx, other)
	w.ok(err)
	var out []string
	for _, x := range list {
		for _, r := range x.Roles {
			if x.Person.ID != p {
				w.t.Errorf("a role waits for %s", x.Person.Email)
			}
			out = append(out, string(r))
		}
	}
	return strings.Join(out, " ")
}

// waits checks what a person is in the other organization, and what waits for them there.
func (w *world) waits(when string, p id.Person, has, awaited string) {
	w.t.Helper()
	if got, wait := rolesOf(w.t, w, p, other), w.awaited(p); got != has || wait != awaited {
		w.t.Errorf("%s: has %q and waits for %q, want %q and %q", when, got, wait, has, awaited)
	}
}

// TestDirectoryGivesNobodyElse: whoever made an account for an address by a link that was handed over gets nothing from the directory of
// the organization whose address it is.
func TestDirectoryGivesNobodyElse(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{false, true} { // whether the directory listed the person before
		w := setup(t)
		admin, _ := w.founder()
		if first {
			_, _, err := w.Enlist(w.ctx, other, "future@example.com", "Future", access.Visitor{}, here)
			w.ok(err)
		}
		eve, session := w.join(admin, "future@example.com", access.Contributor)
		p := w.enlists("future@example.com", access.Lead)
		if p != eve.Person {
			t.Fatalf("the directory lists %s, want %s", p, eve.Person)
		}
		w.waits("after the directory", p, "", "lead")
		if !strings.Contains(w.notes.acts(), account.Awaits) {
			t.Errorf("acts noted: %s; want %q", w.notes.acts(), account.Awaits)
		}
		again, err := w.Password(w.ctx, "future@example.com", good, here, session)
		w.ok(err)
		w.waits("after another sign-in", w.who(again.Session).Person, "", "lead")
		// The owner of the address comes by the operator's link: what waited is theirs, and the other one is out.
		link, err := w.RecoveryLink(w.ctx, "future@example.com")
		w.ok(err)
		const fresh = "seven grey herons waded east"
		w.ok(w.Recover(w.ctx, link, fresh, here))
		if w.who(again.Session).Person != "" {
			t.Error("the session of whoever made the account lives")
		}
		_, err = w.Password(w.ctx, "future@example.com", fresh, here, "")
		w.ok(err)
		w.waits("after the operator's link", p, "lead", "")
	}
}

func TestWaitingRoles(t *testing.T) {
	t.Parallel()
	w := setup(t)
	admin, _ := w.founder()
	v, _ := w.join(admin, "future@example.com", access.Contributor)
	p := w.enlists(v.Email, access.Lead)
	reassign := func(r account.Reassignment) {
		t.Helper()
		r.Person = p
		w.ok(w.Reassign(w.ctx, other, []account.Reassignment{r}, access.Visitor{}, here))
	}
	reassign(account.Reassignment{Add: []access.Role{access.Owner, access.Executive}, Drop: []access.Role{access.Lead}})
	w.waits("after another group", p, "", "executive owner")
	w.refused(w.End(w.ctx, other, p, access.Visitor{}, here), fault.NotFound, "")
	w.waits("after the end", p, "", "")
	reassign(account.Reassignment{Add: []access.Role{access.Owner, access.Auditor}})
	w.waits("listed again", p, "", "auditor owner")
	// An invitation of the organization itself is its own word, however it came.
	by, _, err := w.Enlist(w.ctx, other, "root@example.com", "Root", access.Visitor{}, here)
	w.ok(err)
	w.ok(w.Found(w.ctx, other, by.ID, here))
	secret, err := w.Invite(w.ctx, other, v.Email, []access.Role{access.Contributor}, access.Visitor{Person: by.ID, Email: by.Email}, here)
	w.ok(err)
	_, err = w.Accept(w.ctx, secret, v, here)
	w.ok(err)
	w.waits("accepted; what the past keeps apart goes on waiting", p, "contributor owner", "auditor")
	reassign(account.Reassignment{Drop: []access.Role{access.Auditor}, Add: []access.Role{access.Lead}})
	w.waits("a member", p, "contributor lead owner", "")
	w.ok(w.End(w.ctx, other, p, access.Visitor{}, here))
	reassign(account.Reassignment{Add: []access.Role{access.Lead}})
	w.waits("once accepted here", p, "lead", "")
}

// TestProvenAddress: whoever showed that they read the mail of the address needs no further invitation.
func TestProvenAddress(t *testing.T) {
	t.Parallel()
	idp := &provider{}
	w := setup(t, func(o *account.Options) { o.OpenID = idp })
	admin, _ := w.founder()
	open := func(p account.Purpose) {
		t.Helper()
		_, secret, err := w.BeginOpenID(w.ctx, p, "", here)
		w.ok(err)
		_, _, err = w.FinishOpenID(w.ctx, secret, url.Values{"code": {"c"}}, admin, here, "")
		w.ok(err)
	}
	for _, c := range []struct {
		name, want string
		join       func(email string) id.Person
	}{
		{"first set-up", "lead", func(string) id.Person { return admin.Person }},
		{"handed over", "", func(email string) id.Person { v, _ := w.join(admin, email, access.Owner); return v.Person }},
		{"mailed, new", "lead", func(email string) id.Person {
			session, err := w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: w.Mailed(w.invited(admin, email, access.Owner)), Name: "X"}, good, here)
			w.ok(err)
			return w.who(session).Person
		}},
		{"mailed, after a sign-in", "lead", func(email string) id.Person {
			v, _ := w.join(admin, email, access.Owner)
			_, err := w.Accept(w.ctx, w.Mailed(w.invited(admin, email, access.Contributor)), v, here)
			w.ok(err)
			return v.Person
		}},
		{"the provider, new", "lead", func(email string) id.Person {
			idp.says = account.Identity{Issuer: "https://login.example", Subject: email, Email: email}
			open(account.Purpose{Invitation: w.invited(admin, email, access.Owner)})
			p, err := w.PersonByEmail(w.ctx, email)
			w.ok(err)
			return p.ID
		}},
		{"the provider, of another address", "", func(string) id.Person {
			idp.says = account.Identity{Issuer: "https://login.example", Subject: "eve", Email: "eve@example.com"}
			v, _ := w.join(admin, "gil@example.com", access.Owner)
			_, secret, err := w.BeginOpenID(w.ctx, account.Purpose{Person: v.Person, Link: true}, "", here)
			w.ok(err)
			_, _, err = w.FinishOpenID(w.ctx, secret, url.Values{"code": {"c"}}, v, here, "")
			w.ok(err)
			open(account.Purpose{})
			return v.Person
		}},
	} {
		p := c.join(strings.NewReplacer(" ", "", ",", "").Replace(c.name) + "@example.com")
		w.ok(w.Reassign(w.ctx, other, []account.Reassignment{{Person: p, Add: []access.Role{access.Lead}}}, access.Visitor{}, here))
		if got := rolesOf(t, w, p, other); got != c.want {
			t.Errorf("%s: roles = %q, want %q", c.name, got, c.want)
		}
	}
}

// TestRecoveryForgetsStrangers: whoever made an account for another's address does not get back in by a provider.
func TestRecoveryForgetsStrangers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	admin, _ := w.founder()
	eve, _ := w.join(admin, "future@example.com", access.Contributor)
	for _, c := range []struct {
		person access.Visitor
		left   int
	}{{admin, 1}, {eve, 0}} {
		w.ok(w.store.AddExternal(w.ctx, access.External{Issuer: "https://login.example", Subject: c.person.Email, Person: c.person.Person, Created: w.clock.now()}))
		link, err := w.RecoveryLink(w.ctx, c.person.Email)
		w.ok(err)
		w.ok(w.Recover(w.ctx, link, "seven grey herons waded east", here))
		if x, err := w.store.Externals(w.ctx, c.person.Person); err != nil || len(x) != c.left {
			t.Errorf("%s is known at %d providers after the recovery, %v; want %d", c.person.Email, len(x), err, c.left)
		}
	}
}

func TestSessionsOfTwoOrganizations(t *testing.T) {
	t.Parallel()
	w := setup(t)
	admin, _ := w.founder()
	bob, session := w.join(admin, "bob@example.com", access.Owner)
	w.ok(w.Found(w.ctx, other, bob.Person, here))
	w.refused(w.EndSessionsOf(w.ctx, acme, bob.Person, admin, here), fault.Denied, "another organization")
	if w.who(session).Person != bob.Person {
		t.Error("an administrator of one organization ended a session in another")
	}
	w.ok(w.End(w.ctx, acme, bob.Person, admin, here))
	if got := rolesOf(t, w, bob.Person, acme); got != "" {
		t.Errorf("roles after the end = %q, want none", got)
	}
}

// TestTokensEndWithMembership: a role that is given again brings no token back.
func TestTokensEndWithMembership(t *testing.T) {
	t.Parallel()
	w := setup(t)
	admin, _ := w.founder()
	bob, _ := w.join(admin, "bob@example.com", access.Owner, access.Contributor)
	w.ok(w.Found(w.ctx, other, bob.Person, here))
	token := func(org id.Org) string {
		t.Helper()
		s, err := w.NewToken(w.ctx, bob, org, "ci", []access.Scope{access.ScopeRead}, time.Hour, here)
		w.ok(err)
		return s
	}
	lives := func(s string) bool {
		t.Helper()
		v, err := w.IdentifyToken(w.ctx, s)
		w.ok(err)
		return v.Visitor.Person != ""
	}
	elsewhere := token(other)
	back := func() {
		t.Helper()
		w.ok(w.Reassign(w.ctx, acme, []account.Reassignment{{Person: bob.Person, Add: []access.Role{access.Owner}}}, admin, here))
	}
	for _, c := range []struct {
		name  string
		end   func() error
		alive bool
	}{
		{"one of two roles", func() error { return w.SetRoles(w.ctx, acme, bob.Person, []access.Role{access.Owner}, admin, here) }, true},
		{"one role for another", func() error {
			return w.SetRoles(w.ctx, acme, bob.Person, []access.Role{access.Contributor}, admin, here)
		}, true},
		{"the membership", func() error { return w.End(w.ctx, acme, bob.Person, admin, here) }, false},
		{"by a directory", func() error {
			return w.Reassign(w.ctx, acme, []account.Reassignment{{Person: bob.Person, Drop: access.Roles()}}, admin, here)
		}, false},
	} {
		s := token(acme)
		if !lives(s) {
			t.Fatal("a new token is dead")
		}
		w.ok(c.end())
		back()
		if got := lives(s); got != c.alive {
			t.Errorf("%s ended, and came back: the token lives = %t, want %t", c.name, got, c.alive)
		}
	}
	if !lives(elsewhere) {
		t.Error("the token of another organization ended with it")
	}
	if diff := cmp.Diff([]access.Role{access.Owner}, w.roles(bob.Person, acme)); diff != "" {
		t.Error(diff)
	}
}
