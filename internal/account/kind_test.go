package account_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// byHand writes memberships as whoever has the database does, and as they were granted before it was asked what the organization is.
func (w *world) byHand(org id.Org, p id.Person, roles ...access.Role) {
	w.t.Helper()
	w.ok(w.store.ChangeRoles(w.ctx, org, func([]access.Membership) (grant, end []access.Membership, err error) {
		for _, r := range roles {
			grant = append(grant, access.Membership{Org: org, Person: p, Role: r, Granted: w.clock.now()})
		}
		return grant, nil, nil
	}))
}

func (w *world) provisioned(email string) access.Person {
	w.t.Helper()
	p, err := w.Provision(w.ctx, email, "Some Body")
	w.ok(err)
	return p
}

// memberOf gives what the list of members says of a person.
func (w *world) memberOf(org id.Org, p id.Person) account.Member {
	w.t.Helper()
	list, err := w.Members(w.ctx, org)
	w.ok(err)
	for _, m := range list {
		if m.Person.ID == p {
			return m
		}
	}
	return account.Member{}
}

// TestFoundersByKind: whoever founds a firm is a partner of it, and never a compliance lead.
func TestFoundersByKind(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	w.ok(w.Found(w.ctx, firm, v.Person, here))
	if got := rolesOf(t, w, v.Person, firm); got != "administrator partner" {
		t.Errorf("the founder of a firm is %q, want administrator partner", got)
	}
	if got := rolesOf(t, w, v.Person, acme); got != "administrator lead" {
		t.Errorf("the founder of a service organization is %q, want administrator lead", got)
	}
	w.refused(w.Found(w.ctx, "org_nowhere", v.Person, here), fault.NotFound, "")
}

// TestNoRoleOfTheOtherKind tries each role in each kind of organization in every way in which one is given.
func TestNoRoleOfTheOtherKind(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	w.ok(w.Found(w.ctx, firm, v.Person, here))
	for _, org := range []id.Org{acme, firm} {
		kind, err := kindOf(w.ctx, org)
		w.ok(err)
		for _, role := range access.Roles() {
			name := string(role) + "." + strings.ReplaceAll(string(org), "_", "-")
			there := access.Administrator
			if role == access.Auditor && role.In(kind) { // nobody becomes one who was anything else
				there = role
			}
			ways := map[string]func() error{
				"invite": func() error {
					_, err := w.Invite(w.ctx, org, "i."+name+"@example.com", []access.Role{role}, v, here)
					return err
				},
				"directory": func() error {
					p := w.provisioned("d." + name + "@example.com")
					return w.Reassign(w.ctx, org, []account.Reassignment{{Person: p.ID, Add: []access.Role{role}}}, v, here)
				},
				"change": func() error {
					p := w.provisioned("c." + name + "@example.com")
					w.byHand(org, p.ID, there)
					err := w.SetRoles(w.ctx, org, p.ID, []access.Role{role}, v, here)
					if got := rolesOf(t, w, p.ID, org); err != nil && got != string(there) {
						t.Errorf("SetRoles(%s in: %s) was refused and left %q, want %s", role, kind, got, there)
					}
					return err
				},
			}
			for way, give := range ways {
				err := give()
				if role.In(kind) && err != nil || !role.In(kind) && (!errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "does not exist here")) {
					t.Errorf("%s in: %s by %s = %v, want it refused unless it exists there", role, kind, way, err)
				}
			}
		}
	}
}

// TestInvitationOfLongAgo: an invitation that was written before it was asked what the organization is, and names a role that is not there, makes
// nobody a member, not in part and not as somebody new; it stays open, so that it can be taken back.
func TestInvitationOfLongAgo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	bob, _ := w.join(v, "bob@example.com", access.Owner)
	n := byte(0)
	long := func(email string, roles ...access.Role) string {
		n++
		secret := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32))
		hash := sha256.Sum256([]byte(secret))
		w.ok(w.store.AddInvitation(w.ctx, access.Invitation{ID: "invitation_" + email, Hash: hash[:], Org: acme, Email: email, Roles: roles, By: v.Person,
			Created: w.clock.now(), Expires: w.clock.now().Add(time.Hour)}))
		return secret
	}
	secret := long(bob.Email, access.Partner, access.Contributor)
	if i, err := w.Invitation(w.ctx, secret); err != nil || !slices.Equal(i.Roles, []access.Role{access.Partner, access.Contributor}) {
		t.Fatalf("the invitation names %v, %v", i.Roles, err)
	}
	_, err := w.Accept(w.ctx, secret, bob, here)
	w.refused(err, fault.Refused, "partner does not exist here")
	if got := rolesOf(t, w, bob.Person, acme); got != "owner" {
		t.Errorf("bob is %q, want owner", got)
	}
	fresh := long("cem@example.com", access.Practitioner)
	_, err = w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: fresh, Name: "Cem"}, good, here)
	w.refused(err, fault.Refused, "practitioner does not exist here")
	_, err = w.PersonByEmail(w.ctx, "cem@example.com")
	w.refused(err, fault.NotFound, "")
	if _, err := w.Invitation(w.ctx, fresh); err != nil {
		t.Errorf("the refused invitation: %v, want it open", err)
	}
}

// TestVoidGivesNothing: a membership in a role that is not there gives no role, no organization, no token, and is no reason to refuse a role that is
// there; the list of members shows it, and an administrator ends it.
func TestVoidGivesNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	p := w.provisioned("pat@example.com")
	pat := access.Visitor{Person: p.ID, Email: p.Email, Strong: true}
	w.byHand(acme, p.ID, access.Partner)
	nothing := func(when string) {
		t.Helper()
		orgs, err := w.Organizations(w.ctx, p.ID)
		if roles := rolesOf(t, w, p.ID, acme); roles != "" || err != nil || len(orgs) != 0 {
			t.Errorf("%s: roles %q, organizations %v, %v, want none", when, roles, orgs, err)
		}
		_, err = w.NewToken(w.ctx, pat, acme, "ci", []access.Scope{access.ScopeRead}, time.Hour, here)
		w.refused(err, fault.NotFound, "")
		w.refused(w.EndSessionsOf(w.ctx, acme, p.ID, v, here), fault.NotFound, "")
	}
	nothing("written by hand")
	if m := w.memberOf(acme, p.ID); len(m.Roles) != 0 || !slices.Equal(m.Void, []access.Role{access.Partner}) {
		t.Errorf("the list of members says %v, void %v, want partner void", m.Roles, m.Void)
	}
	w.ok(w.SetRoles(w.ctx, acme, p.ID, []access.Role{access.Lead}, v, here)) // a partner, were there one, could never be a lead
	if m := w.memberOf(acme, p.ID); !slices.Equal(m.Roles, []access.Role{access.Lead}) || len(m.Void) != 0 {
		t.Errorf("after the change: %v, void %v, want lead alone", m.Roles, m.Void)
	}
	w.byHand(acme, p.ID, access.Practitioner)
	if got := rolesOf(t, w, p.ID, acme); got != "lead" {
		t.Errorf("beside a role that is there: %q, want lead", got)
	}
	token, err := w.NewToken(w.ctx, pat, acme, "ci", []access.Scope{access.ScopeRead}, time.Hour, here)
	w.ok(err)
	// The directory takes the last role that is there: what is not there ends with it, and so do the tokens, for good.
	w.ok(w.Reassign(w.ctx, acme, []account.Reassignment{{Person: p.ID, Drop: []access.Role{access.Lead}}}, v, here))
	if m := w.memberOf(acme, p.ID); len(m.Roles)+len(m.Void) != 0 {
		t.Errorf("after the last role: %v, void %v, want none", m.Roles, m.Void)
	}
	w.byHand(acme, p.ID, access.Lead)
	if x, err := w.IdentifyToken(w.ctx, token); err != nil || x.Visitor.Person != "" {
		t.Errorf("the token of before = %v, %v, want nobody", x.Visitor, err)
	}
	w.byHand(acme, p.ID, access.Partner)
	w.ok(w.End(w.ctx, acme, p.ID, v, here))
	nothing("ended")
	if m := w.memberOf(acme, p.ID); len(m.Roles)+len(m.Void) != 0 {
		t.Errorf("after the end: %v, void %v, want none", m.Roles, m.Void)
	}
}

// TestVoidLocksNobodyOut: the only administrator of a firm that was founded as if it were a service organization stays administrator, ends what is
// void of their own, and is made a partner by another administrator, whom they can invite.
func TestVoidLocksNobodyOut(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	w.byHand(firm, v.Person, access.Administrator, access.Lead)
	if got := rolesOf(t, w, v.Person, firm); got != "administrator" {
		t.Fatalf("the founder is %q, want administrator", got)
	}
	w.refused(w.SetRoles(w.ctx, firm, v.Person, []access.Role{access.Lead}, v, here), fault.Refused, "lead does not exist here")
	w.refused(w.SetRoles(w.ctx, firm, v.Person, []access.Role{access.Administrator, access.Partner}, v, here), fault.Denied, "nobody gives themselves")
	w.refused(w.End(w.ctx, firm, v.Person, v, here), fault.Denied, "last administrator")
	w.ok(w.SetRoles(w.ctx, firm, v.Person, []access.Role{access.Administrator}, v, here))
	if m := w.memberOf(firm, v.Person); len(m.Void) != 0 || !slices.Equal(m.Roles, []access.Role{access.Administrator}) {
		t.Errorf("after laying it down: %v, void %v", m.Roles, m.Void)
	}
	secret, err := w.Invite(w.ctx, firm, "pat@example.com", []access.Role{access.Administrator, access.Partner}, v, here)
	w.ok(err)
	session, err := w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: secret, Name: "Pat"}, good, here)
	w.ok(err)
	w.ok(w.SetRoles(w.ctx, firm, v.Person, []access.Role{access.Administrator, access.Partner}, w.who(session), here))
	if got := rolesOf(t, w, v.Person, firm); got != "administrator partner" {
		t.Errorf("the founder is %q at last, want administrator partner", got)
	}
}

// TestVoidWaits: a role that waits from before it was asked what the organization is never begins, and is forgotten once it would.
func TestVoidWaits(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	_, session := w.join(v, "bob@example.com", access.Owner)
	bob := w.who(session)
	w.ok(w.Found(w.ctx, firm, v.Person, here))
	w.ok(w.store.Await(w.ctx, []access.Membership{{Org: firm, Person: bob.Person, Role: access.Lead, By: v.Person, Granted: w.clock.now()},
		{Org: firm, Person: bob.Person, Role: access.Practitioner, By: v.Person, Granted: w.clock.now()}}, nil))
	w.ok(w.store.Prove(w.ctx, bob.Person, w.clock.now()))
	_, err := w.Password(w.ctx, bob.Email, good, here, "")
	w.ok(err)
	if got := rolesOf(t, w, bob.Person, firm); got != "practitioner" {
		t.Errorf("bob is %q in the firm, want practitioner", got)
	}
	if list, err := w.Awaiting(w.ctx, firm); err != nil || len(list) != 0 {
		t.Errorf("Awaiting = %v, %v, want nobody", list, err)
	}
}

// TestApart: what is known of somebody besides their roles keeps new ones from them, however they are given, and no role that they have.
func TestApart(t *testing.T) {
	t.Parallel()
	apart := ""
	w := setup(t, func(o *account.Options) {
		o.Apart = func(_ context.Context, org id.Org, email string, roles []access.Role) error {
			if org == acme && email == apart && !slices.Equal(roles, []access.Role{access.Customer}) {
				return &fault.Error{Kind: fault.Denied, What: "they examine it"}
			}
			return nil
		}
	})
	v, _ := w.founder()
	bob, _ := w.join(v, "bob@example.com", access.Owner, access.Contributor)
	open := w.invited(v, "cem@example.com", access.Owner)
	waits := w.provisioned("dee@example.com")
	w.ok(w.store.Await(w.ctx, []access.Membership{{Org: acme, Person: waits.ID, Role: access.Lead, By: v.Person, Granted: w.clock.now()},
		{Org: acme, Person: waits.ID, Role: access.Customer, By: v.Person, Granted: w.clock.now()}}, nil))

	apart = bob.Email
	w.refused(w.SetRoles(w.ctx, acme, bob.Person, []access.Role{access.Owner, access.Lead}, v, here), fault.Denied, "they examine it")
	w.refused(w.Reassign(w.ctx, acme, []account.Reassignment{{Person: bob.Person, Add: []access.Role{access.Lead}}}, v, here), fault.Denied, "they examine it")
	_, err := w.Invite(w.ctx, acme, "BOB@example.com", []access.Role{access.Lead}, v, here)
	w.refused(err, fault.Denied, "they examine it")
	w.ok(w.SetRoles(w.ctx, acme, bob.Person, []access.Role{access.Owner}, v, here)) // one is laid down
	w.ok(w.Reassign(w.ctx, acme, []account.Reassignment{{Person: bob.Person, Add: []access.Role{access.Owner}}}, v, here))
	if got := rolesOf(t, w, bob.Person, acme); got != "owner" {
		t.Errorf("bob is %q, want owner", got)
	}

	apart = "cem@example.com"
	_, err = w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: open, Name: "Cem"}, good, here)
	w.refused(err, fault.Denied, "they examine it")
	cem := w.provisioned(apart)
	_, err = w.Accept(w.ctx, open, access.Visitor{Person: cem.ID, Email: cem.Email}, here)
	w.refused(err, fault.Denied, "they examine it")

	apart = waits.Email // what waits for proof begins as far as nothing is against it
	link, err := w.RecoveryLink(w.ctx, waits.Email)
	w.ok(err)
	w.ok(w.Recover(w.ctx, link, good, here))
	_, err = w.Password(w.ctx, waits.Email, good, here, "")
	w.ok(err)
	if got := rolesOf(t, w, waits.ID, acme); got != "customer" {
		t.Errorf("who waited is %q, want customer", got)
	}
	apart = ""
	_, err = w.Password(w.ctx, waits.Email, good, here, "")
	w.ok(err)
	if got := rolesOf(t, w, waits.ID, acme); got != "customer lead" {
		t.Errorf("who waited is %q in the end, want customer lead", got)
	}
}
