// Package oidc signs people in with an OpenID provider of their own organization: it is the
// relying party of OpenID Connect Core 1.0 for the authorization code flow with PKCE, and for
// no other flow. It holds to RFC 9700 (OAuth 2.0 security), RFC 9207 (the iss parameter) and
// ASVS 5.0 chapters V6.8, V10.1, V10.2 and V10.5.
//
// What it leaves to the caller:
//
//   - A [Flow] belongs to one browser. Keep it on the server under a cookie of that browser.
//   - A Flow is for one answer. Remove it from the store before [Provider.Finish] is called, in
//     the act that reads it, so that a code or a state that comes twice finds no Flow.
//   - With several providers each has a redirect address of its own (RFC 9700, section 4.4.2):
//     not all of them announce the iss parameter.
//   - A person is known by [Identity.Key]. An e-mail address may answer an invitation; it is no
//     key, since addresses pass from person to person.
package oidc

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

const (
	skew      = time.Minute      // by how much the clocks of provider and relying party may differ
	lifetime  = 10 * time.Minute // how long a person may take between Begin and Finish
	patience  = 10 * time.Second // the longest wait for one answer of the provider
	fresh     = time.Hour        // metadata and keys are asked for again after this
	keep      = 24 * time.Hour   // and used no longer than this when the provider does not answer
	pause     = 10 * time.Second // after a failure, and between two searches for an unknown key
	maxAnswer = 1 << 20          // bytes of one answer of the provider
	maxParam  = 4096             // bytes of one parameter of the callback
)

// Config says which provider, and what its word is good for.
type Config struct {
	Issuer       string   // exactly as the provider writes it in its metadata and its tokens
	ClientID     string   // as the provider registered this installation
	ClientSecret string   // empty for a public client, which PKCE alone protects
	Redirect     string   // the callback, exactly as registered
	Scopes       []string // besides openid; e-mail and name need "email" and "profile"

	// Audiences are further audiences that a token may name beside ClientID, for a provider that
	// lists a whole project. A token with any other is refused.
	Audiences []string
	// Domains are the e-mail domains for which the operator says that the issuer is authoritative:
	// an address there is taken without email_verified.
	Domains []string
	// Confined takes no address outside Domains, verified or not. Set it for a provider that an
	// organization brought itself: else its administrator could claim anybody's address.
	Confined bool

	HTTP   *http.Client     // the guarded client; redirects are never followed with it
	Clock  func() time.Time // the time now
	Random io.Reader        // a cryptographic source for state, nonce and verifier
}

// Provider is one OpenID provider. It may be used by many goroutines, and lives as long as its
// configuration: metadata and keys are fetched at the first need and kept fresh.
type Provider struct {
	cfg    Config
	client *http.Client
	meta   *cached[metadata]
	keys   *cached[[]key]
}

// New checks a configuration. It asks the provider nothing, so that a provider that is down does
// not keep the installation from starting; [Provider.Check] asks.
func New(c Config) (*Provider, error) {
	if c.HTTP == nil || c.Clock == nil || c.Random == nil {
		return nil, fault.Refuse("an OpenID provider needs an HTTP client, a clock and a source of randomness")
	}
	issuer, err := address("issuer", c.Issuer)
	if err != nil {
		return nil, err
	}
	if issuer.RawQuery != "" || issuer.ForceQuery {
		return nil, fault.At("", 0, "issuer", "%q has a query; an issuer has none (OpenID Connect Discovery 1.0, section 3)", c.Issuer)
	}
	redirect, err := address("redirect", c.Redirect)
	if err != nil {
		return nil, err
	}
	if redirect.RawQuery != "" || redirect.ForceQuery {
		return nil, fault.At("", 0, "redirect", "%q has a query; the query of the callback is the provider's answer alone", c.Redirect)
	}
	if c.ClientID == "" {
		return nil, fault.At("", 0, "client_id", "is empty").WithHint("copy it from the provider's page of this application")
	}
	for _, s := range c.Scopes {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return nil, fault.At("", 0, "scopes", "%q is no scope; expected one word such as email", s)
		}
	}
	if c.Domains, err = domains(c.Domains); err != nil {
		return nil, err
	}
	if c.Confined && len(c.Domains) == 0 {
		return nil, fault.At("", 0, "domains", "the provider is confined to its domains, and there are none: no address could be taken")
	}
	c.Scopes, c.Audiences = slices.Clone(c.Scopes), slices.Clone(c.Audiences)
	p := &Provider{cfg: c, client: strict(c.HTTP)}
	p.meta = newCached(c.Clock, p.discover)
	p.keys = newCached(c.Clock, p.fetchKeys)
	return p, nil
}

// strict is the client with what a provider's answers need besides: no redirect is followed, since
// one could carry the code or the secret elsewhere, no cookie is kept, and no answer takes long.
func strict(c *http.Client) *http.Client {
	s := *c
	s.Jar = nil
	s.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if s.Timeout <= 0 || s.Timeout > patience {
		s.Timeout = patience
	}
	return &s
}

// address reads an address that codes, secrets or tokens pass through. It must be https; http is
// for loopback only, where there is no line to listen on.
func address(field, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, fault.At("", 0, field, "%q is no address; expected one such as https://login.example.com", text)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, fault.At("", 0, field, "%q is not https", text).WithHint("http is taken for 127.0.0.1, ::1 and localhost only")
	case u.User != nil:
		return nil, fault.At("", 0, field, "the address carries a user name or password; expected none")
	case strings.Contains(text, "#"):
		return nil, fault.At("", 0, field, "%q has a fragment; expected none", text)
	}
	return u, nil
}

func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

func domains(list []string) ([]string, error) {
	var out []string
	for _, d := range list {
		d = strings.ToLower(strings.TrimSuffix(d, "."))
		if _, ok := domain("x@" + d); !ok {
			return nil, fault.At("", 0, "domains", "%q is no domain; expected one such as example.com, in its ASCII form", d)
		}
		out = append(out, d)
	}
	return out, nil
}
