package account_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
)

const origin = "https://assay.example"

// keyed sets up with a passkey alone.
func (w *world) keyed(a *authenticator) (access.Visitor, string) {
	w.t.Helper()
	token, err := w.FirstRun(w.ctx)
	w.ok(err)
	n := account.Newcomer{Link: token, Name: "Ann", Email: "ann@example.com"}
	o, secret, err := w.BeginEnrol(w.ctx, n, here)
	w.ok(err)
	session, err := w.FinishEnrol(w.ctx, secret, a.create(o), here)
	w.ok(err)
	v := w.who(session)
	w.ok(w.Found(w.ctx, acme, v.Person, here))
	return v, session
}

func (w *world) byKey(a *authenticator) (string, error) {
	w.t.Helper()
	o, secret, err := w.BeginSignIn(w.ctx)
	w.ok(err)
	return w.FinishSignIn(w.ctx, secret, a.get(o), here, "")
}

func TestPasskey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := newAuthenticator(t, origin)
	v, one := w.keyed(a)
	if !v.Strong || v.Email != "ann@example.com" {
		t.Errorf("after the set-up: %+v, want Ann, strong", v)
	}
	session, err := w.byKey(a)
	w.ok(err)
	if got := w.who(session); got.Person != v.Person || session == one {
		t.Errorf("signed in as %v, want %v in a session of its own", got.Person, v.Person)
	}
	o, secret, err := w.BeginSignIn(w.ctx)
	w.ok(err)
	if got := a.read(o).PublicKey; got.UserVerification != "required" || got.RPID != "assay.example" {
		t.Errorf("options of a sign-in: %+v, want verification required for assay.example", got)
	}
	said := a.get(o)
	_, err = w.FinishSignIn(w.ctx, secret, said, here, "")
	w.ok(err)
	_, err = w.FinishSignIn(w.ctx, secret, said, here, "")
	w.refused(err, fault.Refused, "too long") // a challenge is for one answer
	// An answer to another challenge.
	_, other, err := w.BeginSignIn(w.ctx)
	w.ok(err)
	_, err = w.FinishSignIn(w.ctx, other, said, here, "")
	w.refused(err, fault.Denied, "passkey")
	// Too late.
	o, secret, err = w.BeginSignIn(w.ctx)
	w.ok(err)
	w.clock.pass(5 * time.Minute)
	_, err = w.FinishSignIn(w.ctx, secret, a.get(o), here, "")
	w.refused(err, fault.Refused, "too long")
	for _, junk := range []string{"", "{}", "null", `{"id":"x"}`, strings.Repeat("[", 10_000), `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
		_, secret, err := w.BeginSignIn(w.ctx)
		w.ok(err)
		_, err = w.FinishSignIn(w.ctx, secret, []byte(junk), here, "")
		w.refused(err, fault.Denied, "")
	}
}

func TestPasskeyRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(a *authenticator){
		"from a page elsewhere":       func(a *authenticator) { a.origin = "https://assay.example.evil.test" },
		"without encryption":          func(a *authenticator) { a.origin = "http://assay.example" },
		"for another relying party":   func(a *authenticator) { a.rp = "evil.test" },
		"without verifying a person":  func(a *authenticator) { a.flags = 0x01 },
		"without anybody present":     func(a *authenticator) { a.flags = 0x04 },
		"a counter that went back":    func(a *authenticator) { a.counter = 0 },
		"a counter that stood still":  func(a *authenticator) { a.counter-- },
		"of a person who is not here": func(a *authenticator) { a.handle = []byte("person_00000000000000000000000000") },
		"without a person":            func(a *authenticator) { a.handle = nil },
		"of another credential":       func(a *authenticator) { a.id = []byte("0123456789abcdef") },
		"of another key": func(a *authenticator) {
			b := newAuthenticator(a.t, a.origin)
			b.create(map[string]any{"publicKey": map[string]any{}})
			a.key = b.key
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			a := newAuthenticator(t, origin)
			w.keyed(a)
			_, err := w.byKey(a)
			w.ok(err)
			spoil(a)
			_, err = w.byKey(a)
			w.refused(err, fault.Denied, "passkey")
			if strings.HasPrefix(name, "a counter") && !strings.Contains(w.notes.acts(), account.Rollback) {
				t.Error("a counter that went back is not noted")
			}
			if !strings.HasSuffix(w.notes.acts(), account.SignInFailed) {
				t.Errorf("acts noted: %s; want a refused sign-in at the end", w.notes.acts())
			}
		})
	}
}

func TestPasskeyWithoutCounter(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := newAuthenticator(t, origin)
	a.counter = 0
	w.keyed(a)
	for range 3 { // as synchronized passkeys are: always 0
		a.counter = ^uint32(0) // get adds one
		_, err := w.byKey(a)
		w.ok(err)
	}
}

func TestMorePasskeys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first, second := newAuthenticator(t, origin), newAuthenticator(t, origin)
	v, session := w.keyed(first)
	w.refused(w.DropPasskey(w.ctx, v, first.id, here), fault.Refused, "only way in")
	o, secret, err := w.BeginPasskey(w.ctx, v, "Key ring <b>\u202eevil")
	w.ok(err)
	if got := second.read(o).PublicKey; len(got.Exclude) != 1 || got.AuthenticatorSelection.ResidentKey != "required" || got.AuthenticatorSelection.UserVerification != "required" {
		t.Errorf("options of a further passkey: %+v, want the first excluded, discoverable, verified", got)
	}
	made := second.create(o)
	bob, _ := w.join(v, "bob@example.com", access.Owner)
	w.refused(w.FinishPasskey(w.ctx, bob, secret, made, here), fault.NotFound, "")
	w.refused(w.FinishPasskey(w.ctx, v, secret, made, here), fault.Refused, "too long") // the wrong hands used it up
	o, secret, err = w.BeginPasskey(w.ctx, v, "Key ring")
	w.ok(err)
	made = second.create(o)
	w.ok(w.FinishPasskey(w.ctx, w.who(session), secret, made, here))
	_, err = w.byKey(second)
	w.ok(err)
	w.ok(w.DropPasskey(w.ctx, w.who(session), first.id, here))
	_, err = w.byKey(first)
	w.refused(err, fault.Denied, "passkey")
	w.refused(w.DropPasskey(w.ctx, bob, second.id, here), fault.NotFound, "")
	// A challenge for a new passkey is none for a sign-in, and the other way round.
	_, secret, err = w.BeginPasskey(w.ctx, v, "")
	w.ok(err)
	in, _, err := w.BeginSignIn(w.ctx)
	w.ok(err)
	_, err = w.FinishSignIn(w.ctx, secret, second.get(in), here, "")
	w.refused(err, fault.Refused, "too long")
}

func TestAgainByPasskey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := newAuthenticator(t, origin)
	v, session := w.keyed(a)
	bob, theirs := w.join(v, "bob@example.com", access.Owner)
	w.clock.pass(11 * time.Minute)
	o, secret, err := w.BeginSignIn(w.ctx)
	w.ok(err)
	_, err = w.AgainByPasskey(w.ctx, bob, secret, a.get(o), here, theirs)
	w.refused(err, fault.Denied, "another account")
	if w.who(theirs).Strong || w.who(session).Strong {
		t.Fatal("a session is strong without a proof")
	}
	o, secret, err = w.BeginSignIn(w.ctx)
	w.ok(err)
	strong, err := w.AgainByPasskey(w.ctx, v, secret, a.get(o), here, session)
	w.ok(err)
	if !w.who(strong).Strong || w.who(session).Person != "" {
		t.Error("a proof must strengthen the session and change its secret")
	}
}

func TestDisabledPasskey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := newAuthenticator(t, origin)
	v, _ := w.keyed(a)
	w.join(v, "bob@example.com", access.Administrator)
	w.ok(w.Disable(w.ctx, v.Person, "person_x"))
	_, err := w.byKey(a)
	w.refused(err, fault.Denied, "not known")
}

func TestNoPasskeysUnderAnAddress(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *account.Options) { o.Origins = []string{"http://127.0.0.1:8080"} })
	if w.HasPasskeys() {
		t.Error("passkeys are offered where browsers make none")
	}
	_, _, err := w.BeginSignIn(w.ctx)
	w.refused(err, fault.Refused, "do not work")
	if !setup(t, func(o *account.Options) { o.Origins = []string{"http://localhost:8080"} }).HasPasskeys() {
		t.Error("passkeys are not offered on localhost")
	}
}

// provider is another party's: it says what the test tells it to.
type provider struct {
	says  account.Identity
	fail  error
	fresh bool
}

func (p *provider) Begin(_ context.Context, fresh bool, _ string) (string, []byte, error) {
	p.fresh = fresh
	return "https://login.example/authorize?state=x", []byte("flow"), nil
}

func (p *provider) Finish(_ context.Context, flow []byte, query url.Values) (account.Identity, error) {
	if string(flow) != "flow" || query.Get("code") != "c" {
		return account.Identity{}, fault.Refuse("the answer does not belong to the flow")
	}
	return p.says, p.fail
}

func TestOpenID(t *testing.T) {
	t.Parallel()
	idp := &provider{}
	w := setup(t, func(o *account.Options) { o.OpenID = idp })
	v, mine := w.founder()
	answer := url.Values{"code": {"c"}}
	back := func(p account.Purpose, v access.Visitor, old string) (string, error) {
		t.Helper()
		_, secret, err := w.BeginOpenID(w.ctx, p, "", here)
		w.ok(err)
		session, _, err := w.FinishOpenID(w.ctx, secret, answer, v, here, old)
		if _, _, again := w.FinishOpenID(w.ctx, secret, answer, v, here, old); !errors.Is(again, fault.Refused) {
			t.Errorf("an answer that comes twice = %v, want refused", again)
		}
		return session, err
	}
	// The e-mail address alone opens nobody's account, though it is verified.
	idp.says = account.Identity{Issuer: "https://login.example", Subject: "7", Email: "ann@example.com", Authoritative: true}
	_, err := back(account.Purpose{}, access.Visitor{}, "")
	w.refused(err, fault.Denied, "no account here")
	// Linked by its owner, who proved themselves.
	weak := v
	weak.Strong = false
	_, err = back(account.Purpose{Person: v.Person, Link: true}, weak, mine)
	w.refused(err, access.StepUp, "")
	_, err = back(account.Purpose{Person: v.Person, Link: true}, v, mine)
	w.ok(err)
	session, err := back(account.Purpose{}, access.Visitor{}, "")
	w.ok(err)
	if w.who(session).Person != v.Person {
		t.Error("the linked identity signs in somebody else")
	}
	// A further proof.
	w.clock.pass(11 * time.Minute)
	stale := w.who(session)
	strong, err := back(account.Purpose{Person: v.Person}, stale, session)
	w.ok(err)
	if !idp.fresh || !w.who(strong).Strong {
		t.Error("a further proof must ask the provider anew, and strengthen the session")
	}
	w.refused(w.Unlink(w.ctx, access.Visitor{Person: "person_x"}, "https://login.example", "7", here), fault.NotFound, "")
	w.ok(w.Unlink(w.ctx, v, "https://login.example", "7", here))
	_, err = back(account.Purpose{}, access.Visitor{}, "")
	w.refused(err, fault.Denied, "no account here")
	// By an invitation, to the invitation's address only.
	secret, err := w.Invite(w.ctx, acme, "bob@example.com", []access.Role{access.Owner}, v, here)
	w.ok(err)
	idp.says = account.Identity{Issuer: "https://login.example", Subject: "8", Email: "eve@example.com"}
	_, err = back(account.Purpose{Invitation: secret}, access.Visitor{}, "")
	w.refused(err, fault.Denied, "another e-mail address")
	idp.says.Email = "Bob@example.com"
	session, err = back(account.Purpose{Invitation: secret}, access.Visitor{}, "")
	w.ok(err)
	bob := w.who(session)
	if bob.Email != "bob@example.com" || len(w.roles(bob.Person, acme)) != 1 {
		t.Errorf("joined as %+v, want Bob, owner", bob)
	}
	_, err = back(account.Purpose{Person: v.Person}, v, mine)
	w.refused(err, fault.Denied, "does not belong")
	w.refused(w.Unlink(w.ctx, bob, "https://login.example", "8", here), fault.Refused, "only way in")
	w.ok(w.Disable(w.ctx, bob.Person, v.Person))
	_, err = back(account.Purpose{}, access.Visitor{}, "")
	w.refused(err, fault.Denied, "no account here")
	// A person whom a directory made gets in through the domain's own provider, and through no other.
	cem, err := w.Provision(w.ctx, "cem@example.com", "Cem")
	w.ok(err)
	idp.says = account.Identity{Issuer: "https://login.example", Subject: "9", Email: "cem@example.com"}
	_, err = back(account.Purpose{}, access.Visitor{}, "")
	w.refused(err, fault.Denied, "no account here")
	idp.says.Authoritative = true
	session, err = back(account.Purpose{}, access.Visitor{}, "")
	w.ok(err)
	if w.who(session).Person != cem.ID {
		t.Error("the provisioned person is not who got in")
	}
	idp.fail = fault.Refuse("declined")
	_, err = back(account.Purpose{}, access.Visitor{}, "")
	w.refused(err, fault.Refused, "declined")
}
