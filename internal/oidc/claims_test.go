package oidc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/oidc"
)

// TestClaims: what the provider did sign, at its bounds.
func TestClaims(t *testing.T) {
	t.Parallel()
	c := newCanned(t)
	start := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	cfg := c.config()
	cfg.Clock = func() time.Time { return start }
	p := party(t, cfg)
	_, flow, err := p.Begin(t.Context(), oidc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	long := strings.Repeat("x", 64)
	for _, k := range []struct {
		claim string
		value any
		field string // refused in it; "" is taken
		want  string // the address or name that is taken
	}{
		{"sub", strings.Repeat("x", 255), "", "anna@example.com"},
		{"sub", strings.Repeat("x", 256), "sub", ""},
		{"sub", "ä", "sub", ""},
		{"sub", "a\n", "sub", ""},
		{"aud", []string{"assay"}, "", "anna@example.com"},
		{"aud", []string{"assay", "assay"}, "azp", ""},
		{"aud", []string{}, "aud", ""},
		{"azp", "", "azp", ""},
		{"iss", far + "/", "iss", ""},
		{"exp", at(-time.Minute), "exp", ""},
		{"exp", at(-time.Minute + time.Second), "", "anna@example.com"},
		{"exp", 1e300, "id_token", ""},
		{"exp", -1, "id_token", ""},
		{"exp", fmt.Sprint(at(time.Minute)), "id_token", ""},
		{"iat", at(time.Minute), "", "anna@example.com"},
		{"iat", at(time.Minute + time.Second), "iat", ""},
		{"iat", at(-time.Minute), "", "anna@example.com"},
		{"iat", at(-time.Minute - time.Second), "iat", ""},
		{"iat", nil, "exp", ""},
		{"nbf", at(time.Minute), "", "anna@example.com"},
		{"nonce", "", "nonce", ""},
		{"nonce", nil, "nonce", ""},
		{"amr", "otp", "", "anna@example.com"},
		{"email", "Anna.B+c@EXAMPLE.com", "", "Anna.B+c@example.com"},
		{"email", long + "@example.com", "", long + "@example.com"},
		{"email", "x" + long + "@example.com", "", ""},
		{"email", "a@" + strings.Repeat("x.", 125) + "de", "", "a@" + strings.Repeat("x.", 125) + "de"},
		{"email", "ab@" + strings.Repeat("x.", 125) + "de", "", ""},
		{"email", `"a b"@example.com`, "", ""},
		{"email", "anna@example.com (Anna)", "", ""},
		{"email", `"anna"@example.com`, "", ""},
		{"email", "<anna@example.com>", "", ""},
		{"email", "Anna <anna@example.com>", "", ""},
		{"email", "anna@example.com,mallory@example.org", "", ""},
		{"email", "anna@example.com@example.org", "", ""},
		{"email", "аnna@example.com", "", ""}, // a Cyrillic letter
		{"email", "anna@exаmple.com", "", ""},
		{"email", "anna@[127.0.0.1]", "", ""},
		{"email", "anna@-example.com", "", ""},
		{"email", "anna@example..com", "", ""},
		{"email", "anna", "", ""},
		{"email_verified", "yes", "", ""},
		{"email_verified", 1, "", ""},
		{"email_verified", []bool{true}, "", ""},
		{"email_verified", nil, "", ""},
	} {
		payload := map[string]any{}
		if err := json.Unmarshal(sound(flow), &payload); err != nil {
			t.Fatal(err)
		}
		payload[k.claim] = k.value
		if k.value == nil {
			delete(payload, k.claim)
		}
		text, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		c.token = c.sign(t, text)
		got, err := p.Finish(t.Context(), flow, url.Values{"code": {"x"}, "state": {flow.State}, "iss": {far}})
		if k.field != "" {
			refused(t, fmt.Sprintf("Finish(%s: %v)", k.claim, k.value), err, fault.Refused, k.field, "")
		} else if err != nil || got.Email != k.want {
			t.Errorf("Finish(%s: %v) = %q, %v, want the address %q", k.claim, k.value, got.Email, err, k.want)
		}
	}
	payload := strings.Replace(string(sound(flow)), `"Anna`, `"`+strings.Repeat("ä", 300)+`\u202eAnna`, 1)
	c.token = c.sign(t, []byte(payload))
	got, err := p.Finish(t.Context(), flow, url.Values{"code": {"x"}, "state": {flow.State}, "iss": {far}})
	if want := strings.Repeat("ä", 200); err != nil || got.Name != want {
		t.Errorf("Finish(a long name) = %q, %v, want 200 letters", got.Name, err)
	}
}

// TestKeysOfAnotherKind: the key that made a signature must be published under the name and for
// the algorithm that the token gives.
func TestKeysOfAnotherKind(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		id, algorithm string
		taken         bool
	}{{"1", "", true}, {"1", "ES256", true}, {"2", "", false}, {"1", "ES384", false}} {
		c := newCanned(t)
		cfg := c.config()
		inner := cfg.HTTP.Transport
		set := keys(jose.JSONWebKey{Key: &c.key.PublicKey, KeyID: k.id, Algorithm: k.algorithm})
		cfg.HTTP = &http.Client{Transport: answering(func(r *http.Request) (int, string, string) {
			if strings.HasSuffix(r.URL.Path, "/keys") {
				return 200, "application/json", set
			}
			return inner.(answering)(r)
		})}
		p := party(t, cfg)
		_, flow, err := p.Begin(t.Context(), oidc.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c.token = c.sign(t, sound(flow))
		_, err = p.Finish(t.Context(), flow, url.Values{"code": {"x"}, "state": {flow.State}, "iss": {far}})
		if k.taken != (err == nil) {
			t.Errorf("Finish(a key published as %q for %q) = %v, want taken %v", k.id, k.algorithm, err, k.taken)
		}
	}
}

// TestWhoLeaves: a person who leaves does not fail the request that others wait for, and
// nobody waits for a refresh while what is held will do.
func TestWhoLeaves(t *testing.T) {
	t.Parallel()
	var c clock
	arrived, release := make(chan struct{}), make(chan struct{})
	var slow bool
	cfg := config(far)
	cfg.Clock = c.now
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTP = &http.Client{Jar: jar, Transport: answering(func(r *http.Request) (int, string, string) {
		if slow { // by one goroutine at a time
			close(arrived)
			<-release
		}
		if r.Context().Err() != nil {
			return 599, "", ""
		}
		return 200, "application/json", document(nil)
	})}
	p := party(t, cfg)
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, _, err := p.Begin(left, oidc.Options{}); err != nil {
		t.Errorf("Begin(by one who left) = %v, want the metadata fetched for all", err)
	}
	c.advance(2 * time.Hour)
	slow = true
	first := make(chan error)
	go func() {
		_, _, err := p.Begin(context.Background(), oidc.Options{})
		first <- err
	}()
	<-arrived
	if _, _, err := p.Begin(t.Context(), oidc.Options{}); err != nil { // a second request would close arrived again
		t.Errorf("Begin(during a refresh) = %v, want what is held", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Errorf("Begin(the refresh) = %v, want none", err)
	}
	u, err := url.Parse(far)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(jar.Cookies(u)); n != 0 {
		t.Errorf("the relying party keeps %d cookies of the provider, want 0", n)
	}

	// One who waits for the first answer may leave; the fault is theirs alone.
	arrived, release = make(chan struct{}), make(chan struct{})
	q := party(t, cfg)
	go func() {
		_, _, err := q.Begin(context.Background(), oidc.Options{})
		first <- err
	}()
	<-arrived
	if _, _, err := q.Begin(left, oidc.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Begin(one who leaves while waiting) = %v, want their own cancellation", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Errorf("Begin(one who stays) = %v, want none", err)
	}
}
