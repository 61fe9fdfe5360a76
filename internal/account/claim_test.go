package account_test

import (
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
)

// listed is somebody whom a directory of another organization made, with roles there.
func (w *world) listed(email string, roles ...access.Role) access.Person {
	w.t.Helper()
	p, _, err := w.Enlist(w.ctx, other, email, "As listed", access.Visitor{}, here)
	w.ok(err)
	if len(roles) > 0 {
		w.ok(w.Reassign(w.ctx, other, []account.Reassignment{{Person: p.ID, Add: roles}}, access.Visitor{}, here))
	}
	return p
}

func (w *world) invited(by access.Visitor, email string, roles ...access.Role) string {
	w.t.Helper()
	secret, err := w.Invite(w.ctx, acme, email, roles, by, here)
	w.ok(err)
	return secret
}

// TestListedAcceptsInvitation: that a directory of one organization lists an address does not keep its holder out of another.
func TestListedAcceptsInvitation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	p := w.listed("cem@example.com")
	secret := w.invited(v, p.Email, access.Owner)
	i, err := w.Invitation(w.ctx, secret)
	w.ok(err)
	if may, err := w.MayEnrol(w.ctx, i); err != nil || !may {
		t.Errorf("MayEnrol(listed) = %t, %v, want true", may, err)
	}
	_, err = w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: secret, Name: "Cem"}, "cem@example.com!!", here)
	w.refused(err, fault.Refused, "password")
	link, err := w.RecoveryLink(w.ctx, p.Email)
	w.ok(err)
	n := account.Newcomer{Invitation: secret, Name: "Cem Y", Email: "eve@example.com", Lang: "de"}
	session, err := w.EnrolByPassword(w.ctx, n, good, here)
	w.ok(err)
	if got := w.who(session); got.Person != p.ID || got.Email != p.Email || got.Name != "Cem Y" {
		t.Errorf("enrolled as %+v, want the listed person under the name they gave", got)
	}
	if diff := cmp.Diff([]access.Role{access.Owner}, w.roles(p.ID, acme)); diff != "" {
		t.Error(diff)
	}
	in, err := w.Password(w.ctx, p.Email, good, here, "")
	w.ok(err)
	if in.Person != p.ID {
		t.Errorf("the password signs in %s, want %s", in.Person, p.ID)
	}
	if !strings.Contains(w.notes.acts(), account.Secrets) {
		t.Errorf("acts noted: %s; want the first secret among them", w.notes.acts())
	}
	w.refused(w.Recover(w.ctx, link, "seven grey herons waded east", here), fault.NotFound, "") // of somebody who was never in
	_, err = w.EnrolByPassword(w.ctx, n, good, here)
	w.refused(err, fault.NotFound, "")
	// Now there is a secret: a further invitation is accepted after a sign-in, however it came.
	secret = w.invited(v, p.Email, access.Contributor)
	if i, err = w.Invitation(w.ctx, secret); err != nil {
		t.Fatal(err)
	}
	if may, err := w.MayEnrol(w.ctx, i); err != nil || may {
		t.Errorf("MayEnrol(somebody with a password) = %t, %v, want false", may, err)
	}
	for _, token := range []string{secret, w.Mailed(secret)} {
		_, err = w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: token, Name: "Eve"}, "seven grey herons waded east", here)
		w.refused(err, fault.Refused, "already")
	}
	_, err = w.Accept(w.ctx, w.Mailed(secret), w.who(session), here)
	w.ok(err)
}

// TestListedElsewhere: a link that is handed over gives nobody the roles that another organization gave to the holder of the address.
func TestListedElsewhere(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	p := w.listed("cem@example.com", access.Contributor)
	secret := w.invited(v, p.Email, access.Owner)
	mark := w.Mailed(w.invited(v, "dan@example.com", access.Owner))
	n := account.Newcomer{Invitation: secret, Name: "Mallory"}
	_, err := w.EnrolByPassword(w.ctx, n, good, here)
	w.refused(err, fault.Denied, "does not prove")
	_, _, err = w.BeginEnrol(w.ctx, n, here)
	w.refused(err, fault.Denied, "does not prove")
	for _, token := range []string{secret + ".", secret + "." + mark[44:], secret + "." + secret, w.Mailed(secret) + ".", w.Mailed(secret)[:86], "." + w.Mailed(secret), w.Mailed("")} {
		n.Invitation = token
		_, err := w.EnrolByPassword(w.ctx, n, good, here)
		w.refused(err, fault.NotFound, "")
	}
	if ways, err := w.Ways(w.ctx, p.ID); err != nil || ways.Password || len(ways.Passkeys)+len(ways.External) > 0 {
		t.Errorf("after refusals the person signs in by %+v, %v; want by nothing", ways, err)
	}
	n.Invitation, n.Name = w.Mailed(secret), "Cem"
	session, err := w.EnrolByPassword(w.ctx, n, good, here)
	w.ok(err)
	if got := w.who(session); got.Person != p.ID || len(w.roles(p.ID, other)) != 1 || len(w.roles(p.ID, acme)) != 1 {
		t.Errorf("enrolled by mail as %+v with %v and %v; want the listed person with a role in each", got, w.roles(p.ID, other), w.roles(p.ID, acme))
	}
	// Roles in the invitation's own organization are its own to give.
	q, err := w.Provision(w.ctx, "eva@example.com", "Eva")
	w.ok(err)
	w.ok(w.Reassign(w.ctx, acme, []account.Reassignment{{Person: q.ID, Add: []access.Role{access.Contributor}}}, access.Visitor{}, here))
	_, err = w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: w.invited(v, q.Email, access.Owner), Name: "Eva"}, good, here)
	w.ok(err)
	if got := w.roles(q.ID, acme); len(got) != 2 {
		t.Errorf("roles = %v, want the directory's and the invitation's", got)
	}
}

func TestListedDisabled(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	p := w.listed("cem@example.com")
	w.ok(w.Disable(w.ctx, p.ID, v.Person))
	secret := w.invited(v, p.Email, access.Owner)
	_, err := w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: w.Mailed(secret), Name: "Cem"}, good, here)
	w.refused(err, fault.Refused, "already")
}

// TestListedByPasskey: the passkey is made for the listed person, unless they got a way in while it was being made.
func TestListedByPasskey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	p, a := w.listed("cem@example.com"), newAuthenticator(t, origin)
	secret := w.invited(v, p.Email, access.Owner)
	o, ceremony, err := w.BeginEnrol(w.ctx, account.Newcomer{Invitation: secret, Name: "Cem"}, here)
	w.ok(err)
	session, err := w.FinishEnrol(w.ctx, ceremony, a.create(o), here)
	w.ok(err)
	again, err := w.byKey(a)
	w.ok(err)
	if w.who(session).Person != p.ID || w.who(again).Person != p.ID {
		t.Errorf("the passkey is of %s and signs in %s, want %s", w.who(session).Person, w.who(again).Person, p.ID)
	}
	q, b := w.listed("dan@example.com"), newAuthenticator(t, origin)
	secret = w.invited(v, q.Email, access.Owner)
	o, ceremony, err = w.BeginEnrol(w.ctx, account.Newcomer{Invitation: secret, Name: "Mallory"}, here)
	w.ok(err)
	link, err := w.RecoveryLink(w.ctx, q.Email)
	w.ok(err)
	w.ok(w.Recover(w.ctx, link, "seven grey herons waded east", here))
	_, err = w.FinishEnrol(w.ctx, ceremony, b.create(o), here)
	w.refused(err, fault.Refused, "already")
	if ways, err := w.Ways(w.ctx, q.ID); err != nil || len(ways.Passkeys) > 0 || !ways.Password {
		t.Errorf("ways = %+v, %v; want the password alone", ways, err)
	}
	if _, err := w.Invitation(w.ctx, secret); err != nil {
		t.Errorf("a refused enrolment used the invitation up: %v", err)
	}
}

// TestListedByProvider: a provider that confirms the address proves it.
func TestListedByProvider(t *testing.T) {
	t.Parallel()
	idp := &provider{says: account.Identity{Issuer: "https://login.example", Subject: "1", Email: "eve@example.com", Name: "Cem"}}
	w := setup(t, func(o *account.Options) { o.OpenID = idp })
	v, _ := w.founder()
	p := w.listed("cem@example.com", access.Contributor)
	secret := w.invited(v, p.Email, access.Owner)
	in := func() (string, error) {
		_, flow, err := w.BeginOpenID(w.ctx, account.Purpose{Invitation: secret}, "", here)
		w.ok(err)
		session, _, err := w.FinishOpenID(w.ctx, flow, url.Values{"code": {"c"}}, access.Visitor{}, here, "")
		return session, err
	}
	_, err := in()
	w.refused(err, fault.Denied, "another e-mail address")
	idp.says.Email = "Cem@example.com"
	session, err := in()
	w.ok(err)
	if w.who(session).Person != p.ID {
		t.Errorf("enrolled as %s, want %s", w.who(session).Person, p.ID)
	}
}

// TestListedRace: of many who hold the invitation, one becomes the listed person, and the others change nothing.
func TestListedRace(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	p := w.listed("cem@example.com")
	secret := w.invited(v, p.Email, access.Owner)
	var in atomic.Int32
	var who sync.Map
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			password := good + string(rune('a'+i))
			if session, err := w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: secret, Name: "Cem"}, password, here); err == nil {
				in.Add(1)
				who.Store(session, password)
			}
		})
	}
	wg.Wait()
	if in.Load() != 1 {
		t.Fatalf("%d got in by one invitation, want 1", in.Load())
	}
	who.Range(func(_, password any) bool {
		if got, err := w.Password(w.ctx, p.Email, password.(string), here, ""); err != nil || got.Person != p.ID {
			t.Errorf("the password of whoever got in: %v, %v; want %s", got.Person, err, p.ID)
		}
		return true
	})
}
