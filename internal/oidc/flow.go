package oidc

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/assayhq/assay/internal/fault"
)

// Options are what one sign-in asks of the provider.
type Options struct {
	// Fresh asks that the person prove themselves anew (prompt=login), for a step-up. Finish refuses
	// a provider that does not say when they did, or did so before Begin.
	Fresh bool
	// MaxAge is how long ago the person may have proved themselves to the provider; 0 is no limit.
	// Whole seconds. Finish holds the provider to it.
	MaxAge time.Duration
	// ACR are the authentication context classes of which the provider must confirm one.
	ACR []string
	// LoginHint tells the provider who is likely to sign in, such as the invited address.
	LoginHint string
	// Locales are the languages of the person, best first (BCP 47).
	Locales []string
}

// Flow is one sign-in under way. It holds secrets: keep it on the server, bound to one browser,
// and take it out of the store before Finish. It is plain data for any encoding.
type Flow struct {
	Issuer   string    `json:"issuer"`
	ClientID string    `json:"client_id"`
	Redirect string    `json:"redirect"`
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"` // of PKCE
	Started  time.Time `json:"started"`
	Expires  time.Time `json:"expires"` // the first instant at which an answer is too late

	Fresh  bool          `json:"fresh,omitempty"`
	MaxAge time.Duration `json:"max_age,omitempty"`
	ACR    []string      `json:"acr,omitempty"`
}

// String names the flow without its secrets, for logs.
func (f Flow) String() string {
	return fmt.Sprintf("sign-in with %s since %s", f.Issuer, f.Started.UTC().Format(time.RFC3339))
}

// GoString is String, so that %#v shows no secret either.
func (f Flow) GoString() string { return f.String() }

// Begin starts a sign-in: where to send the browser, and what to keep until it comes back.
func (p *Provider) Begin(ctx context.Context, o Options) (url string, f Flow, err error) {
	if err := o.check(); err != nil {
		return "", Flow{}, err
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return "", Flow{}, err
	}
	f = Flow{
		Issuer: p.cfg.Issuer, ClientID: p.cfg.ClientID, Redirect: p.cfg.Redirect,
		Started: p.cfg.Clock().UTC(), Fresh: o.Fresh, MaxAge: o.MaxAge, ACR: slices.Clone(o.ACR),
	}
	f.Expires = f.Started.Add(lifetime)
	for _, secret := range []*string{&f.State, &f.Nonce, &f.Verifier} {
		if *secret, err = p.secret(); err != nil {
			return "", Flow{}, err
		}
	}
	parameters := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("nonce", f.Nonce), oauth2.S256ChallengeOption(f.Verifier)}
	for name, value := range o.parameters() {
		parameters = append(parameters, oauth2.SetAuthURLParam(name, value))
	}
	return p.oauth(m).AuthCodeURL(f.State, parameters...), f, nil
}

// secret is 256 bits, as 43 letters that an address and RFC 7636 take.
func (p *Provider) secret() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(p.cfg.Random, b[:]); err != nil {
		return "", fmt.Errorf("make a secret for a sign-in: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

func (p *Provider) oauth(m metadata) *oauth2.Config {
	scopes := []string{"openid"}
	for _, s := range p.cfg.Scopes {
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, RedirectURL: p.cfg.Redirect, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: m.Authorization, TokenURL: m.Token, AuthStyle: m.style},
	}
}

func (o Options) check() error {
	if o.MaxAge < 0 || o.MaxAge%time.Second != 0 {
		return fault.At("", 0, "max_age", "%s is no number of whole seconds", o.MaxAge)
	}
	for _, list := range [][]string{o.ACR, o.Locales} {
		for _, word := range list {
			if word == "" || strings.ContainsAny(word, " \t\r\n") {
				return fault.Refuse("%q is not one word; expected an authentication context class or a language", word)
			}
		}
	}
	return nil
}

func (o Options) parameters() map[string]string {
	p := map[string]string{}
	if o.Fresh {
		p["prompt"], p["max_age"] = "login", "0" // some providers know only one of the two
	} else if o.MaxAge > 0 {
		p["max_age"] = strconv.FormatInt(int64(o.MaxAge/time.Second), 10)
	}
	for name, value := range map[string]string{"login_hint": o.LoginHint, "acr_values": strings.Join(o.ACR, " "), "ui_locales": strings.Join(o.Locales, " ")} {
		if value != "" {
			p[name] = value
		}
	}
	return p
}
