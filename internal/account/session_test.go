package account_test

import (
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
)

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, idle := w.founder()
	w.clock.pass(account.Idle - time.Second)
	if w.who(idle).Person != v.Person {
		t.Error("a session ended before half an hour")
	}
	w.clock.pass(account.Idle - time.Second)
	if w.who(idle).Person != v.Person {
		t.Error("use does not keep a session")
	}
	w.clock.pass(account.Idle)
	if w.who(idle).Person != "" {
		t.Error("a session lives on after half an hour without use")
	}
	in, err := w.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	start := w.clock.now()
	for w.clock.now().Sub(start) < account.Absolute-20*time.Minute {
		w.clock.pass(20 * time.Minute)
		if w.who(in.Session).Person != v.Person && w.clock.now().Sub(start) < account.Absolute {
			t.Fatalf("a session in use ended after %s", w.clock.now().Sub(start))
		}
	}
	w.clock.pass(20 * time.Minute)
	if w.who(in.Session).Person != "" {
		t.Error("a session lives on after twelve hours")
	}
}

// TestIdleAfterRestart: what the memory knew of a session's use is at most a minute ahead of the file.
func TestIdleAfterRestart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, session := w.founder()
	w.clock.pass(20 * time.Minute)
	w.who(session)
	again, err := account.New(account.Options{Store: w.store, Journal: w.notes, Kind: kindOf, Clock: w.clock.now, Random: &chance{n: 1 << 40}, Key: [32]byte{1}, Cost: account.Cost{Memory: 64, Time: 1, Threads: 1}})
	w.ok(err)
	w.clock.pass(20 * time.Minute)
	got, err := again.Identify(w.ctx, session)
	w.ok(err)
	if got.Visitor.Person != v.Person {
		t.Error("a restart forgets that the session was used")
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, one := w.founder()
	in, err := w.Password(w.ctx, v.Email, good, here, one)
	w.ok(err)
	if in.Session == one || w.who(one).Person != "" {
		t.Error("a sign-in leaves the browser's old session alive")
	}
	w.clock.pass(account.StrongFor)
	if w.who(in.Session).Strong {
		t.Error("a proof of ten minutes ago still counts")
	}
	before := w.who(in.Session)
	_, err = w.Again(w.ctx, before, "wrong horse", "", here, in.Session)
	w.refused(err, fault.Denied, "")
	strong, err := w.Again(w.ctx, before, good, "", here, in.Session)
	w.ok(err)
	if strong == in.Session || w.who(in.Session).Person != "" || !w.who(strong).Strong || w.who(strong).Session != before.Session {
		t.Error("a step-up must give the session a new secret, and make it strong")
	}
	// It does not prolong.
	for range 36 {
		w.clock.pass(20 * time.Minute)
		w.who(strong)
	}
	if w.who(strong).Person != "" {
		t.Error("a step-up prolonged the session")
	}
	// Nor can somebody else's proof strengthen it.
	in, err = w.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	bob, theirs := w.join(w.who(in.Session), "bob@example.com", access.Owner)
	mixed := w.who(in.Session)
	mixed.Email = bob.Email
	if _, err := w.Again(w.ctx, mixed, good, "", here, in.Session); err == nil {
		t.Error("another person's password strengthens a session")
	}
	_ = theirs
}

func TestAgainAsksForTheSecondFactor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, session := w.founder()
	secret, _ := w.totp(v)
	w.clock.pass(11 * time.Minute)
	_, err := w.Again(w.ctx, v, good, "", here, session)
	w.refused(err, fault.Denied, "code")
	_, err = w.Again(w.ctx, v, good, w.code(secret, 0), here, session)
	w.ok(err)
}

func TestRevokedAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, here1 := w.founder()
	in, err := w.Password(w.ctx, v.Email, good, account.From{Agent: "Safari on iPhone"}, "")
	w.ok(err)
	there := in.Session
	list, err := w.Sessions(w.ctx, v.Person)
	w.ok(err)
	if len(list) != 2 {
		t.Fatalf("%d sessions listed, want 2", len(list))
	}
	w.who(there) // in memory now
	w.ok(w.EndSession(w.ctx, v, w.who(there).Session, here))
	if w.who(there).Person != "" || w.who(here1).Person == "" {
		t.Error("the revoked session lives, or the other one died")
	}
	in, err = w.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	w.ok(w.EndElsewhere(w.ctx, w.who(in.Session), here))
	if w.who(here1).Person != "" || w.who(in.Session).Person == "" {
		t.Error("'everywhere else' ended the wrong ones")
	}
	bob, theirs := w.join(v, "bob@example.com", access.Owner)
	w.refused(w.EndSession(w.ctx, v, bob.Session, here), fault.NotFound, "") // not one's own
	w.refused(w.EndSessionsOf(w.ctx, other, bob.Person, v, here), fault.NotFound, "")
	w.ok(w.EndSessionsOf(w.ctx, acme, bob.Person, v, here))
	if w.who(theirs).Person != "" {
		t.Error("an administrator ended the sessions, and one lives")
	}
	w.ok(w.SignOut(w.ctx, w.who(in.Session), in.Session, here))
	if w.who(in.Session).Person != "" {
		t.Error("signed out, and the session lives")
	}
}

func TestChangeOfSecretsEndsOtherSessions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, one := w.founder()
	v := w.who(one)
	in, err := w.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	const fresh = "seven grey herons waded east"
	w.ok(w.ChangePassword(w.ctx, v, fresh, here))
	if w.who(in.Session).Person != "" || w.who(one).Person == "" {
		t.Error("a new password must end the other sessions, and only those")
	}
	_, err = w.Password(w.ctx, v.Email, good, here, "")
	w.refused(err, fault.Denied, "")
	w.refused(w.DropPassword(w.ctx, v, here), fault.Refused, "only way in")
}

func TestDisable(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	bob, session := w.join(v, "bob@example.com", access.Owner)
	api, err := w.NewToken(w.ctx, bob, acme, "ci", []access.Scope{access.ScopeRead}, time.Hour, here)
	w.ok(err)
	if got, _ := w.IdentifyToken(w.ctx, api); got.Visitor.Person != bob.Person {
		t.Fatal("the token is nobody's")
	}
	w.refused(w.Disable(w.ctx, v.Person, v.Person), fault.Denied, "yourself")
	w.ok(w.Disable(w.ctx, bob.Person, v.Person))
	if got, _ := w.IdentifyToken(w.ctx, api); got.Visitor.Person != "" || w.who(session).Person != "" {
		t.Error("a disabled person's session or token lives")
	}
	w.ok(w.Enable(w.ctx, bob.Person, v.Person))
	if got, _ := w.IdentifyToken(w.ctx, api); got.Visitor.Person != "" || w.who(session).Person != "" {
		t.Error("what was ended came back")
	}
	in, err := w.Password(w.ctx, bob.Email, good, here, "")
	w.ok(err)
	if w.who(in.Session).Person != bob.Person {
		t.Error("an enabled person cannot sign in")
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	for _, c := range []struct {
		scopes []access.Scope
		life   time.Duration
		want   error
	}{
		{[]access.Scope{access.ScopeRead}, account.LongestToken + time.Second, fault.Refused},
		{[]access.Scope{access.ScopeRead}, 0, fault.Refused}, {nil, time.Hour, fault.Refused},
		{[]access.Scope{access.ScopeAny}, time.Hour, fault.Refused}, {[]access.Scope{"root"}, time.Hour, fault.Refused},
	} {
		if _, err := w.NewToken(w.ctx, v, acme, "ci", c.scopes, c.life, here); err == nil {
			t.Errorf("NewToken(%v, %s) is taken", c.scopes, c.life)
		}
	}
	_, err := w.NewToken(w.ctx, v, other, "ci", []access.Scope{access.ScopeRead}, time.Hour, here)
	w.refused(err, fault.NotFound, "") // no member there
	api, err := w.NewToken(w.ctx, v, acme, "ci", []access.Scope{access.ScopeRead}, time.Hour, here)
	w.ok(err)
	got, err := w.IdentifyToken(w.ctx, api)
	w.ok(err)
	if x := got.Visitor; x.Person != v.Person || !x.Token || x.Org != acme || x.Strong || len(x.Scopes) != 1 || x.Scopes[0] != access.ScopeRead {
		t.Errorf("IdentifyToken = %+v, want Ann's program in acme with scope read, never strong", x)
	}
	// In another organization it is nobody, even where its person is somebody.
	w.ok(w.Found(w.ctx, other, v.Person, here))
	behind := access.With(w.ctx, got.Visitor)
	if roles, err := w.Roles(behind, v.Person, other); err != nil || len(roles) != 0 {
		t.Errorf("behind the token, Roles(other) = %v, %v, want none", roles, err)
	}
	if roles, err := w.Roles(behind, v.Person, acme); err != nil || len(roles) != 2 {
		t.Errorf("behind the token, Roles(acme) = %v, %v, want two", roles, err)
	}
	if roles, err := w.Roles(w.ctx, v.Person, other); err != nil || len(roles) != 2 {
		t.Errorf("in person, Roles(other) = %v, %v, want two", roles, err)
	}
	for i := range api { // every changed letter is noticed
		b := []byte(api)
		b[i] ^= 1
		if got, _ := w.IdentifyToken(w.ctx, string(b)); got.Visitor.Person != "" {
			t.Errorf("a token with letter %d changed is taken", i)
		}
	}
	bob, _ := w.join(v, "bob@example.com", access.Owner)
	public, _, _ := account.ParseToken(api)
	w.refused(w.RevokeToken(w.ctx, bob, public, here), fault.NotFound, "")
	w.ok(w.RevokeToken(w.ctx, v, public, here))
	if got, _ := w.IdentifyToken(w.ctx, api); got.Visitor.Person != "" {
		t.Error("a revoked token lives")
	}
	api, err = w.NewToken(w.ctx, v, acme, "ci", []access.Scope{access.ScopeRead}, time.Hour, here)
	w.ok(err)
	w.clock.pass(time.Hour)
	if got, _ := w.IdentifyToken(w.ctx, api); got.Visitor.Person != "" {
		t.Error("an expired token lives")
	}
}

// FuzzParseToken: a token is what has the right letters in the right places and their CRC-32 behind them, and nothing else.
func FuzzParseToken(f *testing.F) {
	alphabet := base32.NewEncoding("abcdefghjkmnpqrstuvwxyz123456789").WithPadding(base32.NoPadding)
	sum := func(s string) string {
		return alphabet.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(s))))
	}
	body := "assay_abcdefghjkmnpqrs_" + "abcdefghjkmnpqrstuvwxyz123456789abcdefghjkmnpqrstuvw"
	f.Add(body + sum(body))
	f.Add(body + "abcdefg")
	f.Add("assay__")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		public, secret, ok := account.ParseToken(s)
		want := len(s) == len(body)+7 && s[:6] == "assay_" && s[22] == '_' && s[len(body):] == sum(s[:len(body)])
		if ok != want || ok && (public != s[6:22] || secret != s[23:75]) || !ok && public+secret != "" {
			t.Errorf("ParseToken(%q) = %q, %q, %v, want %v", s, public, secret, ok, want)
		}
	})
}
