package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/web/signin"
)

func TestStart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	b := w.browser()
	b.get("/").is(t, 200, "not set up yet")
	b.get("/signin").is(t, 303, "/")
	b.get("/setup").is(t, 404)
	b.get("/setup?token=x").is(t, 404)
	a := w.founder()
	b.get("/").is(t, 303, "/signin")
	a.get("/").is(t, 303, "/o/org-1/")
	a.post("/organizations", "name", "Second").is(t, 303, "/organizations/org-2")
	a.get("/").is(t, 303, "/o/org-1/") // chosen last
	a.get("/organizations/org-2").is(t, 303, "/o/org-2/")
	a.get("/").is(t, 303, "/o/org-2/")
	a.get("/organizations").is(t, 200, "Acme &amp; Söhne", "Second")
	a.get("/organizations/none").is(t, 404)
	token := "A23456789012345678901234567890123456789012B"
	b.post("/setup", "token", token, "name", "Eve", "email", "eve@example.com", "password", good).is(t, 404)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.founder()
	b := w.browser()
	b.get("/o/org-1/people").is(t, 303, "/signin?next=%2Fo%2Forg-1%2Fpeople")
	b.get("/signin?next=/o/org-1/people").is(t, 200, `value="/o/org-1/people"`, `data-finish="/signin/passkey/finish?next=%2Fo%2Forg-1%2Fpeople"`, "webauthn")
	wrong := b.post("/signin", "email", "ann@example.com", "password", "wrong horse").is(t, 422, "do not belong together", `value="ann@example.com"`)
	unknown := b.post("/signin", "email", "bob@example.com", "password", "wrong horse").is(t, 422)
	if a, c := strings.ReplaceAll(wrong.text, "ann@", "x@"), strings.ReplaceAll(unknown.text, "bob@", "x@"); a != c {
		t.Error("an unknown address is answered otherwise than a wrong password")
	}
	if strings.Contains(wrong.text, "wrong horse") {
		t.Error("a password is given back")
	}
	p := b.post("/signin", "email", "ann@example.com", "password", good, "next", "/o/org-1/people").is(t, 303, "/o/org-1/people")
	c := p.Result().Cookies()[0]
	if c.Name != "__Host-assay" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 0 {
		t.Errorf("the session's cookie: %+v", c)
	}
	b.get("/o/org-1/people").is(t, 200, "Ann")
	b.get("/signin?next=/me").is(t, 303, "/me")
	b.post("/signout").is(t, 303, "/signin")
	b.get("/me").is(t, 303, "/signin")
	for _, next := range []string{"https://evil.test", "//evil.test", "/\\evil.test", "/signin", "/signout", "javascript:alert(1)"} {
		if got := b.post("/signin", "email", "ann@example.com", "password", good, "next", next).is(t, 303).Header().Get("Location"); got != "/" {
			t.Errorf("next=%s leads to %s, want /", next, got)
		}
		b.post("/signout")
	}
	for range 3 {
		b.post("/signin", "email", "ann@example.com", "password", "wrong horse").is(t, 422)
	}
	slow := b.post("/signin", "email", "ann@example.com", "password", good).is(t, 429, "try again in")
	if slow.Header().Get("Retry-After") == "" {
		t.Error("a wait does not say how long")
	}
}

func TestOnPlainLoopback(t *testing.T) {
	t.Parallel()
	w := setup(t, func(_ *account.Options, o *signin.Options) { o.Secure = false })
	b := w.founder()
	if c := b.cookies["assay"]; c == nil || c.Secure || !c.HttpOnly {
		t.Errorf("without HTTPS the cookie is %+v, want a plain one", c)
	}
}

// TestFixation: a session's cookie that somebody planted does not become the person's.
func TestFixation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.founder()
	b := w.browser()
	b.post("/signin", "email", "ann@example.com", "password", good).is(t, 303)
	planted := *b.cookies["__Host-assay"]
	b.post("/signin", "email", "ann@example.com", "password", good).is(t, 303)
	if b.cookies["__Host-assay"].Value == planted.Value {
		t.Error("the secret stays the same through a sign-in")
	}
	thief := w.browser()
	thief.cookies["__Host-assay"] = &planted
	thief.get("/me").is(t, 303, "/signin")
	// Twice the same name: one of the two is somebody else's.
	twice := w.browser()
	twice.header.Set("Cookie", "__Host-assay=x; __Host-assay="+b.cookies["__Host-assay"].Value)
	twice.get("/me").is(t, 303, "/signin")
}

func TestSecondStep(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	a.get("/me").is(t, 200, "Set it up")
	p := a.get("/me/totp").is(t, 200, "<svg", "QR code of the secret")
	secret, step := p.find(t, `id="totp-secret">([A-Z2-7]+)<`), p.find(t, `name="setup" value="([\w-]+)"`)
	again := a.post("/me/totp", "setup", step, "code", "000000").is(t, 422, "the code is not", secret)
	if again.find(t, `name="setup" value="([\w-]+)"`) != step {
		t.Error("a slip begins the set-up anew")
	}
	codes := a.post("/me/totp", "setup", step, "code", code(t, secret, w.clock.now())).is(t, 200, "never again")
	one := codes.find(t, `<li>([a-z1-9-]{27})</li>`)
	a.get("/me").is(t, 200, "10 recovery codes left")

	b := w.browser()
	b.get("/signin/second").is(t, 303, "/signin")
	b.post("/signin", "email", "ann@example.com", "password", good, "next", "/me").is(t, 303, "/signin/second?next=%2Fme")
	if b.cookies["__Host-assay"] != nil {
		t.Fatal("the password alone gives a session")
	}
	b.get("/me").is(t, 303, "/signin")
	b.get("/signin/second?next=/me").is(t, 200, "recovery code")
	b.post("/signin/second", "code", code(t, secret, w.clock.now()), "next", "/me").is(t, 422, "used before") // it confirmed the set-up
	w.clock.pass(time.Minute)
	b.post("/signin/second", "code", code(t, secret, w.clock.now()), "next", "/me").is(t, 303, "/me")
	b.get("/me").is(t, 200)
	c := w.browser()
	c.post("/signin", "email", "ann@example.com", "password", good).is(t, 303)
	c.post("/signin/second", "code", one).is(t, 303, "/")
	c.get("/me").is(t, 200, "9 recovery codes left")
	c.post("/signin", "email", "ann@example.com", "password", good).is(t, 303)
	c.post("/signin/second", "code", one).is(t, 422)
	w.clock.pass(11 * time.Minute)
	c.post("/signin/second", "code", code(t, secret, w.clock.now())).is(t, 422, "too long")
}

func TestAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	w.clock.pass(11 * time.Minute)
	a.get("/me").is(t, 200, "prove again who you are")
	a.header.Set("Referer", w.base+"/o/org-1/people")
	a.post("/o/org-1/people/invite", "email", "bob@example.com", "roles", "owner").is(t, 303, "/again?next=%2Fo%2Forg-1%2Fpeople")
	a.post("/me/tokens", "name", "x", "org", "org_1", "days", "1", "scopes", "read").is(t, 303, "/again")
	a.get("/again?next=/o/org-1/people").is(t, 200, "ten minutes", `name="password"`)
	a.post("/again", "password", "wrong horse", "next", "/o/org-1/people").is(t, 422, "do not belong together")
	old := *a.cookies["__Host-assay"]
	a.post("/again", "password", good, "next", "/o/org-1/people").is(t, 303, "/o/org-1/people")
	a.post("/o/org-1/people/invite", "email", "bob@example.com", "roles", "owner").is(t, 200, "The invitation is ready")
	thief := w.browser()
	thief.cookies["__Host-assay"] = &old
	thief.get("/me").is(t, 303, "/signin")
}

func TestRecover(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	token, err := w.acc.RecoveryLink(t.Context(), "ann@example.com")
	w.ok(err)
	b := w.browser()
	b.get("/recover/x").is(t, 404)
	b.get("/recover/"+token).is(t, 200, "The way back in")
	b.post("/recover/"+token, "password", "short").is(t, 422, "at least 15")
	b.post("/recover/"+token, "password", "seven grey herons waded east").is(t, 303, "/signin")
	b.post("/recover/"+token, "password", "seven grey herons waded east").is(t, 404)
	a.get("/me").is(t, 303, "/signin")
	b.post("/signin", "email", "ann@example.com", "password", "seven grey herons waded east").is(t, 303, "/")
}

func TestPasskeyPages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	token, err := w.acc.FirstRun(t.Context())
	w.ok(err)
	key := newAuthenticator(t, w.base)
	b := w.browser()
	b.header.Set("Accept", "application/json")
	b.post("/setup/passkey/begin", "token", token, "name", "", "email", "ann@example.com").is(t, 400, "expected a name")
	b.post("/setup/passkey/begin", "token", "x", "name", "Ann", "email", "ann@example.com").is(t, 404)
	o := b.post("/setup/passkey/begin", "token", token, "name", "Ann", "email", "ann@example.com").is(t, 200, `"publicKey"`, `"assay.example"`)
	b.do("POST", "/setup/passkey/finish", "application/json", string(key.create(o.text))).is(t, 200, `{"url":"/"}`)
	b.header.Del("Accept")
	b.get("/organizations").is(t, 200, "Create your organization")

	c := w.browser()
	c.header.Set("Accept", "application/json")
	o = c.post("/signin/passkey/begin").is(t, 200, `"userVerification":"required"`)
	if c.cookies["__Host-assay_passkey"] == nil {
		t.Fatal("the challenge is bound to no browser")
	}
	said := string(key.get(o.text))
	thief := w.browser()
	thief.header.Set("Accept", "application/json")
	thief.do("POST", "/signin/passkey/finish", "application/json", said).is(t, 400)
	c.do("POST", "/signin/passkey/finish?next=//evil.test", "application/json", said).is(t, 200, `{"url":"/"}`)
	c.do("POST", "/signin/passkey/finish", "application/json", said).is(t, 400)
	w.clock.pass(11 * time.Minute)
	o = c.post("/again/passkey/begin").is(t, 200)
	c.do("POST", "/again/passkey/finish?next=/me", "application/json", string(key.get(o.text))).is(t, 200, `{"url":"/me"}`)
	second := newAuthenticator(t, w.base)
	o = c.post("/me/passkeys/begin", "key", "<script>alert(1)</script>").is(t, 200)
	c.do("POST", "/me/passkeys/finish", "application/json", string(second.create(o.text))).is(t, 200, `{"url":"/me"}`)
	c.header.Del("Accept")
	p := c.get("/me").is(t, 200, "&lt;script&gt;alert(1)")
	c.post("/me/passkeys/remove", "id", p.find(t, `name="id" value="([\w-]{43})"`)).is(t, 303, "/me")
	c.do("POST", "/signin/passkey/finish", "application/json", strings.Repeat("x", 1<<20)).is(t, 400)
}

func FuzzCookie(f *testing.F) {
	for _, s := range []string{"", "__Host-assay=x", "__Host-assay=" + strings.Repeat("A", 43), `__Host-assay="a b"`, "a;b=;=c", "__Host-assay=%00"} {
		f.Add(s, "Bearer "+s)
	}
	w := setup(f)
	f.Fuzz(func(t *testing.T, cookie, authorization string) {
		r, err := http.NewRequest("GET", "https://assay.example/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Cookie"] = []string{cookie}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		v, err := w.house.pages.Identify(r)
		if err != nil || v.Person != "" {
			t.Errorf("Identify(%q, %q) = %+v, %v, want nobody", cookie, authorization, v, err)
		}
	})
}
