package account_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
)

// counting counts what is kept for the next request of a browser.
type counting struct {
	account.Store
	kept int
}

func (c *counting) AddPending(ctx context.Context, p access.Pending, now time.Time) error {
	c.kept++
	return c.Store.AddPending(ctx, p, now)
}

// TestPasskeyFlood: strangers who begin sign-ins without end leave nothing behind, and keep nobody out.
func TestPasskeyFlood(t *testing.T) {
	t.Parallel()
	c := &counting{}
	w := setup(t, func(o *account.Options) { c.Store = o.Store; o.Store = c })
	a := newAuthenticator(t, origin)
	w.keyed(a)
	before := c.kept
	o, secret, err := w.BeginSignIn(w.ctx)
	w.ok(err)
	for range 60_000 {
		_, _, err := w.BeginSignIn(w.ctx)
		w.ok(err)
	}
	if c.kept != before {
		t.Errorf("%d challenges are kept, want none", c.kept-before)
	}
	_, err = w.FinishSignIn(w.ctx, secret, a.get(o), here, "") // begun before the flood
	w.ok(err)
	_, err = w.byKey(a)
	w.ok(err)
}

// TestPasskeyReplay: a recorded answer, with the challenge it was given to, signs in nobody again, nor strengthens a session.
func TestPasskeyReplay(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := newAuthenticator(t, origin)
	a.counter = 0
	v, session := w.keyed(a)
	a.counter = ^uint32(0) // synchronized: the counter stays at 0 and tells nothing
	o, secret, err := w.BeginSignIn(w.ctx)
	w.ok(err)
	said := a.get(o)
	_, err = w.FinishSignIn(w.ctx, secret, said, here, "")
	w.ok(err)
	_, err = w.FinishSignIn(w.ctx, secret, said, here, "")
	w.refused(err, fault.Refused, "another window")
	_, err = w.AgainByPasskey(w.ctx, v, secret, said, here, session)
	w.refused(err, fault.Refused, "another window")
	w.clock.pass(5*time.Minute - time.Microsecond)
	_, err = w.FinishSignIn(w.ctx, secret, said, here, "")
	w.refused(err, fault.Refused, "another window")
	restarted, err := account.New(account.Options{Store: w.store, Journal: w.notes, Kind: kindOf, Clock: w.clock.now, Random: &chance{n: 1 << 40}, Key: [32]byte{1}, Origins: []string{origin}})
	w.ok(err)
	o, secret, err = w.BeginSignIn(w.ctx)
	w.ok(err)
	a.counter = ^uint32(0)
	_, err = restarted.FinishSignIn(w.ctx, secret, a.get(o), here, "")
	w.refused(err, fault.Refused, "too long")
}

// TestWrongPasskeys: a network that gives wrong answers without end waits, so that the journal is not filled; others go on.
func TestWrongPasskeys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := newAuthenticator(t, origin)
	w.keyed(a)
	_, secret, err := w.BeginSignIn(w.ctx)
	w.ok(err)
	far := account.From{Address: "198.51.100.1"}
	for range 300 {
		_, err := w.FinishSignIn(w.ctx, secret, []byte("{}"), far, "")
		w.refused(err, fault.Denied, "")
	}
	noted := len(w.notes.list)
	_, err = w.FinishSignIn(w.ctx, secret, []byte("{}"), far, "")
	w.refused(err, fault.Busy, "too many failed attempts")
	if len(w.notes.list) != noted {
		t.Error("an attempt that had to wait is noted")
	}
	_, err = w.byKey(a)
	w.ok(err)
	w.clock.pass(10 * time.Minute)
	_, secret, err = w.BeginSignIn(w.ctx)
	w.ok(err)
	_, err = w.FinishSignIn(w.ctx, secret, []byte("{}"), far, "")
	w.refused(err, fault.Denied, "")
}

// TestStrangersBegin: what strangers begin with a provider, or by an invitation, is limited for a network, and does not touch
// sign-ins by password.
func TestStrangersBegin(t *testing.T) {
	t.Parallel()
	idp := &provider{says: account.Identity{Issuer: "https://login.example", Subject: "1"}}
	w := setup(t, func(o *account.Options) { o.OpenID = idp })
	v, _ := w.founder()
	secret, _ := w.totp(v)
	w.clock.pass(time.Minute)
	_, err := w.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	far := account.From{Address: "198.51.100.1"}
	for range 300 {
		_, _, err := w.BeginOpenID(w.ctx, account.Purpose{}, "", far)
		w.ok(err)
	}
	_, _, err = w.BeginOpenID(w.ctx, account.Purpose{}, "", far)
	w.refused(err, fault.Busy, "")
	_, _, err = w.BeginEnrol(w.ctx, account.Newcomer{Invitation: w.invited(v, "bob@example.com", access.Owner), Name: "Bob"}, far)
	w.refused(err, fault.Busy, "")
	_, _, err = w.BeginOpenID(w.ctx, account.Purpose{}, "", here)
	w.ok(err)
	_, flow, err := w.BeginOpenID(w.ctx, account.Purpose{Person: v.Person, Link: true}, "", far) // somebody who is signed in
	w.ok(err)
	_, _, err = w.FinishOpenID(w.ctx, flow, url.Values{"code": {"c"}}, v, far, "")
	w.ok(err)
	in, err := w.Password(w.ctx, v.Email, good, here, "") // linking ended what had begun
	w.ok(err)
	_, err = w.SecondFactor(w.ctx, in.Second, w.code(secret, 0), here, "")
	w.ok(err)
}

// TestOwnSecondSteps: whoever knows a password and begins again and again gives up their own first, and nobody else's.
func TestOwnSecondSteps(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	bob, _ := w.join(v, "bob@example.com", access.Owner)
	anns, _ := w.totp(v)
	w.totp(bob)
	w.clock.pass(time.Minute)
	first, err := w.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	for range 25 {
		_, err := w.Password(w.ctx, bob.Email, good, account.From{Address: fmt.Sprint("198.51.100.", 1)}, "")
		w.ok(err)
	}
	_, err = w.SecondFactor(w.ctx, first.Second, w.code(anns, 0), here, "")
	w.ok(err)
}
