package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/oidc"
)

// answering is a transport that answers some requests itself (a status above 0) and passes the others on.
type answering func(*http.Request) (status int, kind, body string)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	status, kind, body := a(r)
	if status == 0 {
		return http.DefaultTransport.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {kind}, "Location": {"/elsewhere"}, "Set-Cookie": {"a=b; Path=/"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

const far = "https://login.example.com/tenant"

func document(change map[string]any) string {
	m := map[string]any{
		"issuer": far, "authorization_endpoint": far + "/authorize?tenant=1", "token_endpoint": far + "/token", "jwks_uri": far + "/keys", "userinfo_endpoint": far + "/userinfo",
	}
	for k, v := range change {
		if v == nil {
			delete(m, k)
		} else {
			m[k] = v
		}
	}
	b, _ := json.Marshal(m)
	return string(b)
}

func keys(list ...jose.JSONWebKey) string {
	b, _ := json.Marshal(jose.JSONWebKeySet{Keys: list})
	return string(b)
}

func elliptical() jose.JSONWebKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return jose.JSONWebKey{Key: &k.PublicKey, KeyID: "1"}
}

func remote(document, keys string) oidc.Config {
	cfg := config(far)
	cfg.HTTP = &http.Client{Transport: &wire{next: answering(func(r *http.Request) (int, string, string) {
		switch r.URL.String() {
		case far + "/.well-known/openid-configuration":
			return 200, "application/json", document
		case far + "/keys":
			return 200, "application/json", keys
		}
		return 404, "text/plain", "a page with a secret"
	})}}
	return cfg
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	good := keys(elliptical())
	for _, c := range []struct {
		name        string
		change      map[string]any
		keys        string
		field, part string // none: it is taken
	}{
		{name: "least"},
		{name: "without userinfo", change: map[string]any{"userinfo_endpoint": nil}},
		{name: "with more than we use", change: map[string]any{
			"response_types_supported": []string{"id_token", "code"}, "code_challenge_methods_supported": []string{"plain", "S256"},
			"id_token_signing_alg_values_supported": []string{"none", "HS256", "ES256"}, "token_endpoint_auth_methods_supported": []string{"private_key_jwt", "client_secret_post"},
		}},
		{name: "another issuer", change: map[string]any{"issuer": far + "/"}, field: "issuer", part: "calls itself"},
		{name: "no issuer", change: map[string]any{"issuer": nil}, field: "issuer", part: "calls itself"},
		{name: "token endpoint in the open", change: map[string]any{"token_endpoint": "http://login.example.com/token"}, field: "token_endpoint", part: "is not https"},
		{name: "no token endpoint", change: map[string]any{"token_endpoint": nil}, field: "token_endpoint", part: "no address"},
		{name: "authorization by script", change: map[string]any{"authorization_endpoint": "javascript:alert(1)"}, field: "authorization_endpoint", part: "no address"},
		{name: "keys in a file", change: map[string]any{"jwks_uri": "file:///etc/passwd"}, field: "jwks_uri", part: "no address"},
		{name: "userinfo in the open", change: map[string]any{"userinfo_endpoint": "http://localhost.example.com/"}, field: "userinfo_endpoint", part: "is not https"},
		{name: "implicit only", change: map[string]any{"response_types_supported": []string{"id_token token"}}, field: "response_types_supported", part: "authorization code flow"},
		{name: "plain PKCE only", change: map[string]any{"code_challenge_methods_supported": []string{"plain"}}, field: "code_challenge_methods_supported", part: "expected S256"},
		{name: "weak signatures", change: map[string]any{"id_token_signing_alg_values_supported": []string{"none", "HS256"}}, field: "id_token_signing_alg_values_supported", part: "no signature that is accepted"},
		{name: "other proofs of the client", change: map[string]any{"token_endpoint_auth_methods_supported": []string{"private_key_jwt"}}, field: "token_endpoint_auth_methods_supported", part: "expected client_secret_basic"},
		{name: "a list for a text", change: map[string]any{"issuer": []string{far}}, field: "", part: "does not answer with the JSON object"},
		{name: "no keys", keys: `{"keys":[]}`, field: "jwks_uri", part: "no key that is accepted"},
		{name: "keys of no use", keys: unusable(), field: "jwks_uri", part: "no key that is accepted"},
		{name: "keys that are a page", keys: "<html>a page with a secret", field: "", part: "does not answer with the JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.keys == "" {
				c.keys = good
			}
			err := party(t, remote(document(c.change), c.keys)).Check(t.Context())
			if c.part == "" {
				if err != nil {
					t.Errorf("Check(%s) = %v, want none", c.name, err)
				}
				return
			}
			refused(t, "Check("+c.name+")", err, fault.Refused, c.field, c.part)
			if strings.Contains(err.Error(), "a page with a secret") {
				t.Errorf("Check(%s) = %v shows the page", c.name, err)
			}
		})
	}
}

// unusable are keys that must not be believed: too short, shared, private, for encryption, unknown.
func unusable() string {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	encryption := elliptical()
	encryption.Use = "enc"
	set := keys(jose.JSONWebKey{Key: &short.PublicKey}, jose.JSONWebKey{Key: []byte("a secret of the tests, and longer")}, jose.JSONWebKey{Key: private}, encryption)
	return strings.Replace(set, `[`, `[{"kty":"new"},null,7,`, 1)
}

func TestAnswersThatAreNoMetadata(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		kind   error
		part   string
	}{
		{302, "a page with a secret", fault.Refused, "redirects are not followed"},
		{404, "a page with a secret", fault.Refused, "404"},
		{401, "a page with a secret", fault.Refused, "401"},
		{500, "a page with a secret", fault.Busy, "500"},
		{200, "a page with a secret", fault.Refused, "does not answer with the JSON object"},
		{200, strings.Repeat(" ", 1<<20) + document(nil), fault.Refused, "more than 1048576 bytes"},
	} {
		cfg := config(far)
		w := &wire{next: answering(func(*http.Request) (int, string, string) { return c.status, "text/html", c.body })}
		cfg.HTTP = &http.Client{Transport: w}
		_, _, err := party(t, cfg).Begin(t.Context(), oidc.Options{})
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.part) || strings.Contains(err.Error(), "a page with a secret") {
			t.Errorf("Begin(metadata answers %d) = %v, want %v with %q and without the page", c.status, err, c.kind, c.part)
		}
		if n := w.count("/elsewhere"); n != 0 {
			t.Errorf("Begin(metadata answers %d) followed a redirect", c.status)
		}
	}
}

// TestTheGuardSpeaks: a refusal of the guarded client is passed on as one.
func TestTheGuardSpeaks(t *testing.T) {
	t.Parallel()
	cfg := config(far)
	cfg.HTTP = &http.Client{Transport: guard{}}
	err := party(t, cfg).Check(t.Context())
	if !errors.Is(err, fault.Denied) || errors.Is(err, fault.Busy) {
		t.Errorf("Check(behind a guard) = %v, want its denial", err)
	}
}

type guard struct{}

func (guard) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &fault.Error{Kind: fault.Denied, What: "a private address"}
}

func TestMetadataIsKeptAndRefreshed(t *testing.T) {
	t.Parallel()
	const known, published = "/.well-known/openid-configuration", "/keys"
	var c clock
	w := &wire{}
	cfg := config(provider(t))
	cfg.Clock, cfg.HTTP = c.now, &http.Client{Transport: w}
	p := party(t, cfg)
	step := func(what string, kind error, documents, sets int) {
		t.Helper()
		var err error
		var group sync.WaitGroup
		for range 8 { // at once: one of them asks for all
			group.Go(func() { p.Check(t.Context()) })
		}
		group.Wait()
		_, _, err = p.Begin(t.Context(), oidc.Options{})
		if !errors.Is(err, kind) || w.count(known) != documents || w.count(published) != sets {
			t.Errorf("%s: Begin() = %v after %d requests for metadata and %d for keys, want %v after %d and %d",
				what, err, w.count(known), w.count(published), kind, documents, sets)
		}
	}
	if w.count(known) != 0 {
		t.Error("New() asks the provider")
	}
	step("at first", nil, 1, 1)
	step("at once again", nil, 1, 1)
	c.advance(59 * time.Minute)
	step("within the hour", nil, 1, 2) // Check wants its keys new
	c.advance(2 * time.Minute)
	step("after the hour", nil, 2, 3)
	w.sever(true)
	c.advance(2 * time.Hour)
	step("cut off", nil, 3, 4)
	step("cut off, in the pause", nil, 3, 4)
	c.advance(11 * time.Second)
	step("cut off, after the pause", nil, 4, 5)
	c.advance(25 * time.Hour)
	step("cut off for a day", fault.Busy, 5, 5)
	w.sever(false)
	step("back, in the pause", fault.Busy, 5, 5)
	c.advance(11 * time.Second)
	step("back", nil, 6, 6)
	c.advance(-48 * time.Hour)
	step("the clock set back", nil, 7, 7)
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	var c clock
	cfg := config(provider(t))
	cfg.Clock = c.now
	p, b := party(t, cfg), newBrowser(t)
	if _, err := signIn(t, p, b, oidc.Options{}); err != nil {
		t.Fatal(err)
	}
	resp, err := b.Post(cfg.Issuer+"/rotate", "", nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("POST /rotate = %v, %v", resp, err)
	}
	resp.Body.Close()
	_, err = signIn(t, p, b, oidc.Options{})
	refused(t, "Finish(a new key, in the pause)", err, fault.Refused, "id_token", "by no key")
	c.advance(11 * time.Second)
	if _, err := signIn(t, p, b, oidc.Options{}); err != nil {
		t.Errorf("Finish(a new key, after the pause) = %v, want none", err)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*oidc.Config)
		field  string
	}{
		{"no client", func(c *oidc.Config) { c.HTTP = nil }, ""},
		{"no clock", func(c *oidc.Config) { c.Clock = nil }, ""},
		{"no randomness", func(c *oidc.Config) { c.Random = nil }, ""},
		{"no issuer", func(c *oidc.Config) { c.Issuer = "" }, "issuer"},
		{"an issuer in the open", func(c *oidc.Config) { c.Issuer = "http://login.example.com" }, "issuer"},
		{"an issuer that looks like loopback", func(c *oidc.Config) { c.Issuer = "http://127.0.0.1.example.com" }, "issuer"},
		{"an issuer with a query", func(c *oidc.Config) { c.Issuer = far + "?x" }, "issuer"},
		{"an issuer with an empty query", func(c *oidc.Config) { c.Issuer = far + "?" }, "issuer"},
		{"an issuer with a fragment", func(c *oidc.Config) { c.Issuer = far + "#" }, "issuer"},
		{"an issuer with a password", func(c *oidc.Config) { c.Issuer = "https://a:b@login.example.com" }, "issuer"},
		{"a callback in the open", func(c *oidc.Config) { c.Redirect = "http://assay.example.com/callback" }, "redirect"},
		{"a callback that is no address", func(c *oidc.Config) { c.Redirect = "/callback" }, "redirect"},
		{"a callback with a query", func(c *oidc.Config) { c.Redirect = callback + "?a=b" }, "redirect"},
		{"no client ID", func(c *oidc.Config) { c.ClientID = "" }, "client_id"},
		{"a scope of two words", func(c *oidc.Config) { c.Scopes = []string{"email profile"} }, "scopes"},
		{"an empty scope", func(c *oidc.Config) { c.Scopes = []string{""} }, "scopes"},
		{"no domain", func(c *oidc.Config) { c.Domains = []string{"exämple.com"} }, "domains"},
		{"a domain with a star", func(c *oidc.Config) { c.Domains = []string{"*.example.com"} }, "domains"},
		{"an empty domain", func(c *oidc.Config) { c.Domains = []string{""} }, "domains"},
		{"confined to nothing", func(c *oidc.Config) { c.Confined = true }, "domains"},
	} {
		cfg := config(far)
		c.change(&cfg)
		_, err := oidc.New(cfg)
		refused(t, "New("+c.name+")", err, fault.Refused, c.field, "")
	}
	for _, issuer := range []string{far, "http://localhost:8080", "http://[::1]:8080/x", "http://127.0.0.1:1"} {
		if _, err := oidc.New(config(issuer)); err != nil {
			t.Errorf("New(%s) = %v, want none", issuer, err)
		}
	}
}
