package signin_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/web/signin"
)

func withMail(_ *account.Options, o *signin.Options) { o.Mail = o.Organizations.(*house) }

// last gives the mails since it was called last.
func (h *house) last() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.mail
	h.mail = nil
	return out
}

func (w *world) mailed(t *testing.T, to string, words ...string) {
	t.Helper()
	got := w.house.last()
	if len(got) != 1 || !strings.HasPrefix(got[0], to+"\n") {
		t.Errorf("mails %q, want one to %s", got, to)
		return
	}
	for _, x := range words {
		if !strings.Contains(got[0], x) {
			t.Errorf("the mail lacks %q: %s", x, got[0])
		}
	}
	for _, x := range []string{good, "/recover/", "/invitation/"} {
		if strings.Contains(got[0], x) {
			t.Errorf("the mail holds %q: %s", x, got[0])
		}
	}
}

// TestNotices: whoever's way to sign in changes hears of it by e-mail, and nothing secret goes with it.
func TestNotices(t *testing.T) {
	t.Parallel()
	w := setup(t, withMail)
	a := w.founder()
	if got := w.house.last(); len(got) != 0 {
		t.Errorf("the set-up sends %q, want nothing", got)
	}
	a.post("/me/password", "password", "short").is(t, 422)
	a.post("/me", "name", "Ann\r\nBcc: eve@example.com", "lang", "en").is(t, 422)
	if got := w.house.last(); len(got) != 0 {
		t.Errorf("what was refused sends %q", got)
	}
	a.post("/me/password", "password", good+" again").is(t, 303)
	w.mailed(t, "ann@example.com", "A change to how you sign in", "A password was set for your account.", "2026-11-26 09:00 UTC", "192.0.2.7, Firefox on Linux", "https://assay.example", "If it was not")
	p := a.get("/me/totp")
	secret, step := p.find(t, `id="totp-secret">([A-Z2-7]+)<`), p.find(t, `name="setup" value="([\w-]+)"`)
	a.post("/me/totp", "setup", step, "code", "000000").is(t, 422)
	a.post("/me/totp", "setup", step, "code", code(t, secret, w.clock.now())).is(t, 200, "never again")
	w.mailed(t, "ann@example.com", "authenticator program was set up")
	a.post("/me/codes").is(t, 200, "never again")
	w.mailed(t, "ann@example.com", "New recovery codes")
	a.post("/me/totp/remove").is(t, 303, "/me")
	w.mailed(t, "ann@example.com", "The authenticator program of your account was removed")
	k := newAuthenticator(t, w.base)
	made := a.post("/me/passkeys/begin", "key", "Phone").is(t, 200)
	a.do("POST", "/me/passkeys/finish", "application/json", string(k.create(made.text))).is(t, 200, "/me")
	w.mailed(t, "ann@example.com", "A passkey was added")
	a.post("/me/password/remove").is(t, 303, "/me")
	w.mailed(t, "ann@example.com", "The password of your account was removed")
	a.post("/me/passkeys/remove", "id", b64.EncodeToString(k.id)).is(t, 400)
	a.post("/me/tokens", "name", "ci", "org", "org_1", "days", "1", "scopes", "read").is(t, 200)
	w.mailed(t, "ann@example.com", "An API token was made")
	a.post("/me/password", "password", good).is(t, 303)
	w.mailed(t, "ann@example.com", "A password was set")
	a.post("/me/passkeys/remove", "id", b64.EncodeToString(k.id)).is(t, 303, "/me")
	w.mailed(t, "ann@example.com", "A passkey was removed")
}

// TestNoticeOfRecovery goes to the account's owner, in their language, whoever holds the link.
func TestNoticeOfRecovery(t *testing.T) {
	t.Parallel()
	w := setup(t, withMail)
	a := w.founder()
	a.post("/me", "name", "Ann", "lang", "en").is(t, 303)
	token, err := w.acc.RecoveryLink(t.Context(), "ann@example.com")
	w.ok(err)
	b := w.browser()
	b.address = "198.51.100.1:99"
	b.header.Set("Accept-Language", "de")
	b.post("/recover/x", "password", good).is(t, 404)
	b.post("/recover/"+token, "password", "short").is(t, 422)
	b.post("/recover/"+token, "password", good+" anew").is(t, 303, "/signin")
	w.mailed(t, "ann@example.com", "Your account was recovered by a link", "198.51.100.1")
	b.post("/recover/"+token, "password", good).is(t, 404)
	if got := w.house.last(); len(got) != 0 {
		t.Errorf("a used link sends %q", got)
	}
}

func TestNoticeOfEnrolment(t *testing.T) {
	t.Parallel()
	w := setup(t, withMail)
	a := w.founder()
	secret, err := w.acc.Invite(t.Context(), "org_1", "bob@example.com", []access.Role{access.Owner}, access.Visitor{}, account.From{})
	w.ok(err)
	w.browser().post("/invitation/"+secret, "name", "Bob", "password", good).is(t, 303, "/")
	w.mailed(t, "bob@example.com", "An invitation to this address was accepted")
	secret, err = w.acc.Invite(t.Context(), "org_1", "cem@example.com", []access.Role{access.Owner}, access.Visitor{}, account.From{})
	w.ok(err)
	b, k := w.browser(), newAuthenticator(t, w.base)
	made := b.post("/invitation/"+secret+"/passkey/begin", "name", "Cem").is(t, 200)
	b.do("POST", "/invitation/"+secret+"/passkey/finish", "application/json", string(k.create(made.text))).is(t, 200)
	w.mailed(t, "cem@example.com", "An invitation to this address was accepted")
	a.get("/me").is(t, 200)
}

// broken is a mail server that does not answer.
type broken struct{ waits time.Duration }

func (b *broken) Send(ctx context.Context, _, _, _ string) error {
	end, ok := ctx.Deadline()
	if b.waits = time.Until(end); !ok || ctx.Err() != nil {
		return errors.New("the mail may wait for ever, or was given up with the request")
	}
	return errors.New("no answer")
}

// TestNoticeFails: the act is done, and the page says that the mail did not go out.
func TestNoticeFails(t *testing.T) {
	t.Parallel()
	m := &broken{}
	w := setup(t, func(_ *account.Options, o *signin.Options) { o.Mail = m })
	a := w.founder()
	a.post("/me/password", "password", good+" again").is(t, 303, "/me")
	a.get("/me").is(t, 200, "The password is set.", "could not be sent by e-mail")
	if m.waits <= 0 || m.waits > 10*time.Second {
		t.Errorf("the page waits %s for the mail, want at most 10 s", m.waits)
	}
	w.browser().post("/signin", "email", "ann@example.com", "password", good+" again").is(t, 303)
}

// TestNoticeOutlivesTheRequest: whoever hangs up at once does not keep the mail back.
func TestNoticeOutlivesTheRequest(t *testing.T) {
	t.Parallel()
	m := &hangsUp{}
	w := setup(t, func(_ *account.Options, o *signin.Options) { o.Mail = m })
	a := w.founder()
	var ctx context.Context
	ctx, m.hangUp = context.WithCancel(t.Context())
	a.ctx = ctx
	a.post("/me/password", "password", good+" again").is(t, 303)
	if m.err != nil || ctx.Err() == nil {
		t.Errorf("the mail of a request that was given up: %v, want it sent", m.err)
	}
}

// hangsUp ends the request while the mail is being sent.
type hangsUp struct {
	hangUp context.CancelFunc
	err    error
}

func (h *hangsUp) Send(ctx context.Context, _, _, _ string) error {
	h.hangUp()
	h.err = ctx.Err()
	return h.err
}

func TestEmailIsFixed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	a.get("/me").is(t, 200, "<dd><bdi>ann@example.com</bdi>", "cannot be changed here", "ask an administrator")
	a.post("/me", "name", "Ann", "lang", "en", "theme", "", "zone", "", "email", "eve@example.com").is(t, 303)
	a.get("/me").is(t, 200, "<bdi>ann@example.com</bdi>")
}
