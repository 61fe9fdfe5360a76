package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/oidc"
)

// canned is a provider within the process, which gives one ID token for any code.
type canned struct {
	key   *ecdsa.PrivateKey
	token string // what it gives; "" refuses every code
	codes int
}

func newCanned(tb testing.TB) *canned {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return &canned{key: key}
}

func (c *canned) config() oidc.Config {
	cfg := config(far)
	metadata := document(map[string]any{
		"id_token_signing_alg_values_supported": []string{"ES256"}, "authorization_response_iss_parameter_supported": true, "userinfo_endpoint": nil,
	})
	set := keys(jose.JSONWebKey{Key: &c.key.PublicKey, KeyID: "1"})
	cfg.HTTP = &http.Client{Transport: answering(func(r *http.Request) (int, string, string) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
			return 200, "application/json", metadata
		case strings.HasSuffix(r.URL.Path, "/keys"):
			return 200, "application/json", set
		case c.token == "":
			c.codes++
			return 400, "application/json", `{"error":"invalid_grant"}`
		}
		c.codes++
		answer, _ := json.Marshal(map[string]string{"access_token": "x", "token_type": "Bearer", "id_token": c.token})
		return 200, "application/json", string(answer)
	})}
	return cfg
}

func (c *canned) sign(tb testing.TB, payload []byte) string {
	tb.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: c.key, KeyID: "1"}}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// FuzzFinish: no query of the callback is accepted by itself, and none but a single state that
// is ours, from the right issuer, lets a code go out.
func FuzzFinish(f *testing.F) {
	c := newCanned(f)
	p, err := oidc.New(c.config())
	if err != nil {
		f.Fatal(err)
	}
	_, flow, err := p.Begin(f.Context(), oidc.Options{})
	if err != nil {
		f.Fatal(err)
	}
	iss := "&iss=" + url.QueryEscape(far)
	for _, seed := range []string{
		"", "code=x", "code=x&state=STATE", "code=x&state=STATE" + iss, "code=x&state=STATE&state=STATE" + iss, "error=access_denied&state=STATE" + iss,
		"code=x&state=STATE&iss=https://login.example.com", "code=x&state=STATE&id_token=a.b.c" + iss, "code=x;state=STATE", "state=STATE&code=%ff%00&error_description=%E2%80%AE" + iss,
		"state&code", "code=&state=STATE" + iss, "STATE=x&%73tate=STATE&code=x" + iss,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, _ := url.ParseQuery(strings.ReplaceAll(text, "STATE", flow.State)) // what can be read of it, as net/http does
		before := c.codes
		got, err := p.Finish(t.Context(), flow, query)
		if got.Subject != "" || got.Issuer != "" || !errors.Is(err, fault.Refused) {
			t.Errorf("Finish(%q) = %+v, %v, want a refusal", text, got, err)
		}
		ours := slices.Equal(query["state"], []string{flow.State}) && slices.Equal(query["iss"], []string{far}) && len(query["code"]) == 1 && !query.Has("error") && !query.Has("id_token") && !query.Has("access_token")
		if c.codes != before && !ours {
			t.Errorf("Finish(%q) sends a code", text)
		}
	})
}

// FuzzToken: text that the provider did not sign is never an ID token.
func FuzzToken(f *testing.F) {
	c := newCanned(f)
	p, err := oidc.New(c.config())
	if err != nil {
		f.Fatal(err)
	}
	_, flow, err := p.Begin(f.Context(), oidc.Options{})
	if err != nil {
		f.Fatal(err)
	}
	payload := sound(flow)
	good := newCanned(f).sign(f, payload) // by a stranger's key of the same name
	head, rest, _ := strings.Cut(good, ".")
	for _, seed := range []string{good, "", ".", "..", head, head + "." + rest + ".x", "eyJhbGciOiJub25lIn0." + rest, "eyJhbGciOiJFUzI1NiIsImNyaXQiOlsiYSJdLCJhIjoxfQ." + rest, `{"payload":"","signatures":[]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		c.token = token
		got, err := p.Finish(t.Context(), flow, url.Values{"code": {"x"}, "state": {flow.State}, "iss": {far}})
		if got.Subject != "" || !errors.Is(err, fault.Refused) {
			t.Errorf("Finish(ID token %q) = %+v, %v, want a refusal", token, got, err)
		}
	})
}

// sound is the payload of an ID token that is taken.
func sound(f oidc.Flow) []byte {
	b, _ := json.Marshal(map[string]any{
		"iss": far, "sub": "1", "aud": "assay", "nonce": f.Nonce, "iat": f.Started.Unix() + 1, "exp": f.Started.Unix() + 300,
		"email": "anna@example.com", "email_verified": true, "name": "Anna\u202e",
	})
	return b
}

// FuzzClaims: of what the provider did sign, only a token for this sign-in is taken, and no
// address passes that is not verified and plain.
func FuzzClaims(f *testing.F) {
	c := newCanned(f)
	start := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	cfg := c.config()
	cfg.Clock = func() time.Time { return start }
	cfg.Random = zeros{}
	p, err := oidc.New(cfg)
	if err != nil {
		f.Fatal(err)
	}
	_, flow, err := p.Begin(f.Context(), oidc.Options{})
	if err != nil {
		f.Fatal(err)
	}
	good := string(sound(flow))
	for _, seed := range []string{
		good, "{}", "null", "[]", `"x"`, strings.Replace(good, `"assay"`, `["assay","b"],"azp":"assay"`, 1), strings.Replace(good, `"assay"`, `["assay"]`, 1), strings.Replace(good, "true", `"true"`, 1),
		strings.Replace(good, "anna@", `\"a b\"@`, 1), strings.Replace(good, "anna@", "änna@", 1), strings.Replace(good, "anna@", "anna@evil.example,anna@", 1), strings.Replace(good, `"exp":`, `"exp":1e400,"x":`, 1),
		strings.Replace(good, `"exp":`, `"EXP":`, 1), strings.Replace(good, `"1"`, `"1\u0000"`, 1), `{"_claim_names":{"a":"b"},` + good[1:],
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		c.token = c.sign(t, []byte(payload))
		got, err := p.Finish(t.Context(), flow, url.Values{"code": {"x"}, "state": {flow.State}, "iss": {far}})
		if payload == good && err != nil {
			t.Errorf("Finish(a sound token) = %v, want none", err)
		}
		if err != nil {
			if !errors.Is(err, fault.Refused) || got.Subject != "" {
				t.Errorf("Finish(%s) = %+v, %v, want a refusal", payload, got, err)
			}
			return
		}
		var claims struct {
			Issuer   string `json:"iss"`
			Nonce    string `json:"nonce"`
			Subject  string `json:"sub"`
			Verified any    `json:"email_verified"`
		}
		if err := json.Unmarshal([]byte(payload), &claims); err != nil || claims.Issuer != far || claims.Nonce != flow.Nonce || claims.Subject != got.Subject || got.Issuer != far {
			t.Errorf("Finish(%s) = %+v, which the token does not say", payload, got)
		}
		if got.Email != "" && claims.Verified != true && claims.Verified != "true" {
			t.Errorf("Finish(%s) takes the unverified address %q", payload, got.Email)
		}
		for _, r := range got.Email + got.Unproven {
			if r <= ' ' || r > '~' || strings.ContainsRune(`"<>(),;:\[]`, r) {
				t.Errorf("Finish(%s) takes the address %q%q", payload, got.Email, got.Unproven)
				break
			}
		}
		if strings.ContainsAny(got.Name+got.Locale, "\u202e\u2066\u200f\x00\n") {
			t.Errorf("Finish(%s) shows the name %q", payload, got.Name)
		}
	})
}

// zeros is a source that a test can repeat: fuzzing needs the same nonce in every process.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
