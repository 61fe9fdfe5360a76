package oidc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/oidc"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	p := party(t, config(issuer))
	if err := p.Check(t.Context()); err != nil {
		t.Fatalf("Check() = %v", err)
	}
	b := newBrowser(t)
	before := time.Now().Add(-time.Second)
	got, err := signIn(t, p, b, oidc.Options{})
	if err != nil {
		t.Fatalf("Finish() = %v", err)
	}
	want := oidc.Identity{
		Issuer: issuer, Subject: "subject-of-anna", Email: "Anna@example.com", Name: "anna", ACR: "password", AMR: []string{"pwd"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(oidc.Identity{}, "AuthTime", "Issued")); diff != "" {
		t.Errorf("Finish() differs (-want +got):\n%s", diff)
	}
	if got.Key() != issuer+"#subject-of-anna" {
		t.Errorf("Key() = %q, want issuer#subject", got.Key())
	}
	for name, at := range map[string]*time.Time{"AuthTime": got.AuthTime, "Issued": &got.Issued} {
		if at == nil || at.Before(before) || at.After(time.Now().Add(time.Second)) || at.Location() != time.UTC {
			t.Errorf("%s = %v, want now in UTC", name, at)
		}
	}
	if b.forms != 1 {
		t.Errorf("the provider showed its form %d times, want once", b.forms)
	}
}

// TestSecondImplementation: another provider, with other metadata, another way to prove the
// client, and no iss parameter.
func TestSecondImplementation(t *testing.T) {
	t.Parallel()
	issuer := provider(t, "-implementation", "mockoidc")
	got, err := signIn(t, party(t, config(issuer)), newBrowser(t), oidc.Options{})
	want := oidc.Identity{Issuer: issuer, Subject: "1234567890", Email: "jane.doe@example.com"}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(oidc.Identity{}, "Issued")); diff != "" || err != nil {
		t.Errorf("Finish() = %v, differs (-want +got):\n%s", err, diff)
	}
	_, err = signIn(t, party(t, config(issuer)), newBrowser(t), oidc.Options{Fresh: true})
	refused(t, "Finish(fresh, a provider without auth_time)", err, fault.Refused, "auth_time", "does not say when you last proved yourself")
}

// TestMisbehaviour: each fault of the provider is refused for its own reason.
func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	for _, c := range []struct{ fault, field, part string }{
		{"nonce", "nonce", "made for another sign-in"},
		{"nononce", "nonce", "made for another sign-in"},
		{"audience", "aud", `made for "somebody else"`},
		{"audiences", "aud", `also for "somebody else"`},
		{"party", "azp", `given to "somebody else"`},
		{"expired", "exp", "ended at"},
		{"endless", "exp", "does not say when"},
		{"future", "iat", "still to come"},
		{"old", "iat", "before the sign-in was started"},
		{"notyet", "nbf", "not valid before"},
		{"issuer", "iss", `issued by "https://somebody.example"`},
		{"nobody", "sub", "names nobody"},
		{"hash", "at_hash", "not the one that the ID token was made with"},
		{"ahead", "auth_time", "still to come"},
		{"kind", "id_token", "not of the kind"},
		{"none", "alg", `signed with "none"`},
		{"shared", "alg", `signed with "HS256"`},
		{"key", "id_token", "by no key that the provider publishes"},
		{"signature", "id_token", "by no key that the provider publishes"},
		{"type", "typ", `is a "at+jwt"`},
		{"garbage", "id_token", "no signed JSON Web Token"},
		{"tokenless", "id_token", "gave no ID token"},
		{"other", "sub", "speaks of another person"},
		{"mixup", "iss", `comes from "https://somebody.example"`},
		{"silent", "iss", "does not say which provider"},
		{"state", "state", "does not belong to the sign-in"},
		{"twice", "state", "names it 2 times"},
		{"implicit", "id_token", "through the browser"},
		{"nocode", "code", "neither a code nor an error"},
		{"declined", "error", `did not let you in, or you declined; it says "no\u202e such <b>person</b>"`},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			cfg := config(issuer)
			cfg.ClientID = "assay." + c.fault
			got, err := signIn(t, party(t, cfg), newBrowser(t), oidc.Options{})
			refused(t, "Finish("+c.fault+")", err, fault.Refused, c.field, c.part)
			if diff := cmp.Diff(oidc.Identity{}, got); diff != "" {
				t.Errorf("Finish(%s) gives an identity with its refusal:\n%s", c.fault, diff)
			}
		})
	}
}

func TestFurtherAudiences(t *testing.T) {
	t.Parallel()
	cfg := config(provider(t))
	cfg.ClientID, cfg.Audiences = "assay.audiences", []string{"somebody else"}
	if _, err := signIn(t, party(t, cfg), newBrowser(t), oidc.Options{}); err != nil {
		t.Errorf("Finish(an audience that the set-up names) = %v, want none", err)
	}
}

// TestClaimsAtUserinfo: with the code flow a provider may keep e-mail and name out of the ID token.
func TestClaimsAtUserinfo(t *testing.T) {
	t.Parallel()
	cfg := config(provider(t))
	cfg.ClientID = "assay.post"
	got, err := signIn(t, party(t, cfg), newBrowser(t), oidc.Options{})
	if err != nil || got.Email != "Anna@example.com" || got.Name != "anna" {
		t.Errorf("Finish() = %+v, %v, want e-mail and name from userinfo", got, err)
	}
	if n := cfg.HTTP.Transport.(*wire).count("/userinfo"); n != 1 {
		t.Errorf("userinfo was asked %d times, want once", n)
	}
	cfg.Scopes = nil
	got, err = signIn(t, party(t, cfg), newBrowser(t), oidc.Options{})
	if n := cfg.HTTP.Transport.(*wire).count("/userinfo"); err != nil || n != 1 || got.Subject != "subject-of-anna" {
		t.Errorf("Finish(without the scope email) = %+v, %v, and asked userinfo %d times in all, want once", got, err, n)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	p := party(t, config(provider(t)))
	start, flow, err := p.Begin(t.Context(), oidc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	query := newBrowser(t).walk(t, start, "anna", "an apple")
	if _, err := p.Finish(t.Context(), flow, query); err != nil {
		t.Fatalf("Finish() = %v", err)
	}
	_, err = p.Finish(t.Context(), flow, query)
	refused(t, "Finish(a code again)", err, fault.Refused, "code", "was used before")

	// A code that was stolen from another's browser: without its verifier it brings nothing.
	start, _, err = p.Begin(t.Context(), oidc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stolen := newBrowser(t).walk(t, start, "anna", "an apple")
	_, mine, err := p.Begin(t.Context(), oidc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stolen.Set("state", mine.State)
	_, err = p.Finish(t.Context(), mine, stolen)
	refused(t, "Finish(the code of another sign-in)", err, fault.Refused, "code", "")
}

func TestFlowsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	var c clock
	cfg := config(issuer)
	cfg.Clock = c.now
	p := party(t, cfg)
	start, flow, err := p.Begin(t.Context(), oidc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	query := newBrowser(t).walk(t, start, "anna", "an apple")
	with := func(change func(*oidc.Flow)) oidc.Flow { f := flow; change(&f); return f }
	for _, c := range []struct {
		name        string
		flow        oidc.Flow
		query       url.Values
		field, part string
	}{
		{"none", oidc.Flow{}, url.Values{"code": {"x"}, "state": {""}}, "flow", "no sign-in under way"},
		{"without a state", with(func(f *oidc.Flow) { f.State = "" }), url.Values{"code": query["code"], "iss": query["iss"]}, "flow", "no sign-in under way"},
		{"without a nonce", with(func(f *oidc.Flow) { f.Nonce = "" }), query, "flow", "no sign-in under way"},
		{"without a verifier", with(func(f *oidc.Flow) { f.Verifier = "" }), query, "flow", "no sign-in under way"},
		{"of another provider", with(func(f *oidc.Flow) { f.Issuer = "https://somebody.example" }), query, "flow", "another provider"},
		{"of another client", with(func(f *oidc.Flow) { f.ClientID = "other" }), query, "flow", "another provider"},
		{"of another callback", with(func(f *oidc.Flow) { f.Redirect += "/x" }), query, "flow", "another provider"},
		{"made longer", with(func(f *oidc.Flow) { f.Expires = f.Expires.Add(1) }), query, "flow", "more than 10m0s ago"},
		{"still to come", with(func(f *oidc.Flow) { f.Started, f.Expires = f.Started.Add(time.Hour), f.Expires.Add(time.Hour) }), query, "flow", "was started at"},
		{"with another state", with(func(f *oidc.Flow) { f.State = strings.Repeat("x", 43) }), query, "state", "does not belong"},
		{"with a long parameter", flow, url.Values{"code": {strings.Repeat("x", 5000)}, "state": query["state"]}, "code", "longer than"},
		{"with tokens", flow, url.Values{"access_token": {"x"}, "state": query["state"]}, "access_token", "through the browser"},
	} {
		_, err := p.Finish(t.Context(), c.flow, c.query)
		refused(t, "Finish(a flow "+c.name+")", err, fault.Refused, c.field, c.part)
	}
	if n := cfg.HTTP.Transport.(*wire).count("/oauth/token"); n != 0 {
		t.Errorf("%d codes were sent for flows that are not ours, want 0", n)
	}
	c.advance(10 * time.Minute)
	_, err = p.Finish(t.Context(), flow, query)
	refused(t, "Finish(after 10 minutes)", err, fault.Refused, "flow", "more than 10m0s ago")
}

func TestStepUp(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	p, b := party(t, config(issuer)), newBrowser(t)
	first, err := signIn(t, p, b, oidc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := signIn(t, p, b, oidc.Options{MaxAge: time.Hour})
	if err != nil || b.forms != 1 || !again.AuthTime.Equal(*first.AuthTime) {
		t.Errorf("Finish(within the hour) = %v, %v after %d forms, want the first sign-in at %v", again.AuthTime, err, b.forms, first.AuthTime)
	}
	if _, err = signIn(t, p, b, oidc.Options{Fresh: true}); err != nil || b.forms != 2 {
		t.Errorf("Finish(fresh) = %v after %d forms, want a second form", err, b.forms)
	}
	if _, err = signIn(t, p, b, oidc.Options{ACR: []string{"phr", "password"}}); err != nil {
		t.Errorf("Finish(acr password) = %v, want none", err)
	}
	_, err = signIn(t, p, b, oidc.Options{ACR: []string{"phr", "phrh"}})
	refused(t, "Finish(acr phr)", err, fault.Refused, "acr", `"password"; this act needs one of phr, phrh`)

	for _, c := range []struct {
		client string
		o      oidc.Options
		part   string
	}{
		{"longago", oidc.Options{Fresh: true}, "needs it anew"},
		{"longago", oidc.Options{MaxAge: 30 * time.Minute}, "within 30m0s"},
		{"longago", oidc.Options{MaxAge: 2 * time.Hour}, ""},
		{"longago", oidc.Options{}, ""},
		{"timeless", oidc.Options{Fresh: true}, "does not say when you last proved yourself"},
		{"timeless", oidc.Options{MaxAge: time.Hour}, "does not say when you last proved yourself"},
		{"timeless", oidc.Options{}, ""},
	} {
		cfg := config(issuer)
		cfg.ClientID = "assay." + c.client
		_, err := signIn(t, party(t, cfg), newBrowser(t), c.o)
		if c.part == "" {
			if err != nil {
				t.Errorf("Finish(%s, %+v) = %v, want none", c.client, c.o, err)
			}
			continue
		}
		refused(t, fmt.Sprintf("Finish(%s, %+v)", c.client, c.o), err, fault.Refused, "auth_time", c.part)
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	for _, c := range []struct {
		name, client, person, password string
		domains                        []string
		confined                       bool
		want                           oidc.Identity
	}{
		{"verified", "assay", "anna", "an apple", nil, false, oidc.Identity{Email: "Anna@example.com"}},
		{"verified in words", "assay.string", "anna", "an apple", nil, false, oidc.Identity{Email: "Anna@example.com"}},
		{"unverified", "assay", "mallory", "a pear", nil, false, oidc.Identity{Unproven: "anna@example.com"}},
		{"unverified, by the authority", "assay", "mallory", "a pear", []string{"Example.COM."}, false, oidc.Identity{Email: "anna@example.com", Authoritative: true}},
		{"unverified, by another's authority", "assay", "mallory", "a pear", []string{"example.org", "ample.com"}, false, oidc.Identity{Unproven: "anna@example.com"}},
		{"verified, outside the confines", "assay", "anna", "an apple", []string{"example.org"}, true, oidc.Identity{Unproven: "Anna@example.com"}},
		{"verified, inside the confines", "assay", "anna", "an apple", []string{"example.com"}, true, oidc.Identity{Email: "Anna@example.com", Authoritative: true}},
		{"unverified at userinfo", "assay.post", "mallory", "a pear", nil, false, oidc.Identity{Unproven: "anna@example.com"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(issuer)
			cfg.ClientID, cfg.Domains, cfg.Confined = c.client, c.domains, c.confined
			p := party(t, cfg)
			start, flow, err := p.Begin(t.Context(), oidc.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Finish(t.Context(), flow, newBrowser(t).walk(t, start, c.person, c.password))
			got = oidc.Identity{Email: got.Email, Authoritative: got.Authoritative, Unproven: got.Unproven}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("Finish() = %v, differs (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestBegin(t *testing.T) {
	t.Parallel()
	issuer := provider(t, "-hinted")
	cfg := config(issuer)
	p := party(t, cfg)
	start, flow, err := p.Begin(t.Context(), oidc.Options{Fresh: true, ACR: []string{"phr", "phrh"}, LoginHint: "anna", Locales: []string{"de", "en"}})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(start)
	if err != nil {
		t.Fatal(err)
	}
	got := u.Query()
	want := url.Values{
		"client_id": {"assay"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid email profile"},
		"state": {flow.State}, "nonce": {flow.Nonce}, "code_challenge_method": {"S256"}, "code_challenge": got["code_challenge"],
		"prompt": {"login"}, "max_age": {"0"}, "acr_values": {"phr phrh"}, "login_hint": {"anna"}, "ui_locales": {"de en"},
	}
	if diff := cmp.Diff(want, got); diff != "" || strings.Contains(start, flow.Verifier) {
		t.Errorf("Begin() = %s, differs (-want +got):\n%s", start, diff)
	}
	seen := map[string]bool{}
	for range 3 {
		_, f, err := p.Begin(t.Context(), oidc.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{f.State, f.Nonce, f.Verifier} {
			if len(s) != 43 || seen[s] {
				t.Errorf("Begin() makes the secret %q, want 43 letters never seen before", s)
			}
			seen[s] = true
		}
	}
	b := newBrowser(t)
	start, flow, err = p.Begin(t.Context(), oidc.Options{LoginHint: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(t.Context(), flow, b.walk(t, start, "", "")); err != nil || b.forms != 0 {
		t.Errorf("Finish(hinted) = %v after %d forms, want none after none", err, b.forms)
	}
	for _, o := range []oidc.Options{{MaxAge: -time.Second}, {MaxAge: time.Millisecond}, {ACR: []string{"a b"}}, {Locales: []string{""}}} {
		if _, _, err := p.Begin(t.Context(), o); !errors.Is(err, fault.Refused) {
			t.Errorf("Begin(%+v) = %v, want a refusal", o, err)
		}
	}
	broken := errors.New("no entropy")
	cfg.Random = iotest.ErrReader(broken)
	if start, _, err := party(t, cfg).Begin(t.Context(), oidc.Options{}); !errors.Is(err, broken) || start != "" {
		t.Errorf("Begin(without randomness) = %q, %v, want the fault of the source", start, err)
	}
}

func TestFlowIsKept(t *testing.T) {
	t.Parallel()
	p := party(t, config(provider(t)))
	_, flow, err := p.Begin(t.Context(), oidc.Options{Fresh: true, MaxAge: time.Hour, ACR: []string{"phr"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(flow)
	if err != nil {
		t.Fatal(err)
	}
	var got oidc.Flow
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(flow, got); diff != "" {
		t.Errorf("a flow kept as JSON differs (-want +got):\n%s", diff)
	}
	if d := flow.Expires.Sub(flow.Started); d != 10*time.Minute {
		t.Errorf("a flow lasts %s, want 10m", d)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		shown := fmt.Sprintf(format, flow)
		for _, secret := range []string{flow.State, flow.Nonce, flow.Verifier} {
			if strings.Contains(shown, secret) {
				t.Errorf("Sprintf(%q, flow) = %q shows a secret", format, shown)
			}
		}
	}
}

// TestTokenEndpoint: what the provider says to a code is told apart, and its pages stay unread.
func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	finish := func(change func(*oidc.Config)) error {
		cfg := config(issuer)
		change(&cfg)
		_, err := signIn(t, party(t, cfg), newBrowser(t), oidc.Options{})
		if err != nil && strings.Contains(err.Error(), "a page with a secret") {
			t.Errorf("Finish() = %v shows the page", err)
		}
		return err
	}
	err := finish(func(c *oidc.Config) { c.ClientSecret = "wrong" })
	refused(t, "Finish(a wrong secret)", err, fault.Refused, "client_secret", "does not know this application")
	err = finish(func(c *oidc.Config) { c.ClientID = "assay.down" })
	refused(t, "Finish(the token endpoint down)", err, fault.Busy, "", "503")
	for status, want := range map[int]error{http.StatusFound: fault.Refused, http.StatusTeapot: fault.Refused, http.StatusOK: fault.Refused, http.StatusTooManyRequests: fault.Busy} {
		w := &wire{next: answering(func(r *http.Request) (int, string, string) {
			if r.URL.Path == "/oauth/token" {
				return status, "text/html", "a page with a secret"
			}
			return 0, "", ""
		})}
		if err := finish(func(c *oidc.Config) { c.HTTP = &http.Client{Transport: w} }); !errors.Is(err, want) {
			t.Errorf("Finish(token endpoint answers %d) = %v, want %v", status, err, want)
		}
		if n := w.count("/elsewhere"); n != 0 {
			t.Errorf("a redirect of the token endpoint was followed")
		}
	}
	w := &wire{}
	cfg := config(issuer)
	cfg.HTTP = &http.Client{Transport: w}
	p := party(t, cfg)
	start, flow, err := p.Begin(t.Context(), oidc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	query := newBrowser(t).walk(t, start, "anna", "an apple")
	w.sever(true)
	_, err = p.Finish(context.Background(), flow, query)
	refused(t, "Finish(cut off)", err, fault.Busy, "", "cannot be reached")
	for _, code := range []string{"login_required", "unheard_of", ""} {
		q := maps.Clone(query)
		q["error"], q["error_description"] = []string{code}, []string{strings.Repeat("€", 500)}
		_, err = p.Finish(context.Background(), flow, q)
		refused(t, "Finish(error="+code+")", err, fault.Refused, "error", `it says "\u20ac`)
		if len(err.Error()) > 2000 {
			t.Errorf("Finish(a long description) = %d bytes", len(err.Error()))
		}
	}
}
