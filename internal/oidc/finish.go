package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/assayhq/assay/internal/fault"
)

// Finish judges the provider's answer, as it stands in the query of the callback, and says who
// signed in. The caller has removed the Flow from its store before: it is for one answer.
//
// An answer that is not to be trusted is a fault.Refused with a sentence and the parameter or
// claim as its field; a provider that does not answer is a fault.Busy.
func (p *Provider) Finish(ctx context.Context, f Flow, query url.Values) (Identity, error) {
	if err := p.mine(f); err != nil {
		return Identity{}, err
	}
	if err := sound(f, query); err != nil {
		return Identity{}, err
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return Identity{}, err
	}
	code, err := p.code(m, query)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client) // of golang.org/x/oauth2 as well
	token, err := p.oauth(m).Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Identity{}, exchangeFault(m.Token, err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return Identity{}, refuse("id_token", "the provider gave no ID token for the code").WithHint("is this an OpenID provider, and is the application registered for OpenID Connect there?")
	}
	c, err := p.verified(ctx, m, f, raw, token.AccessToken)
	if err != nil {
		return Identity{}, err
	}
	if c.Email == "" && m.Userinfo != "" && slices.Contains(p.cfg.Scopes, "email") {
		if err := p.complete(ctx, m, &c, token.AccessToken); err != nil {
			return Identity{}, err
		}
	}
	return p.identity(c), nil
}

// refuse is a refusal of one parameter or claim.
func refuse(field, format string, args ...any) *fault.Error {
	return fault.At("", 0, field, format, args...)
}

// mine holds a flow against this provider and the clock.
func (p *Provider) mine(f Flow) error {
	switch now := p.cfg.Clock(); {
	case f.State == "" || f.Nonce == "" || f.Verifier == "":
		return refuse("flow", "there is no sign-in under way here").WithHint("start again from the sign-in page, in the same browser")
	case f.Issuer != p.cfg.Issuer || f.ClientID != p.cfg.ClientID || f.Redirect != p.cfg.Redirect:
		return refuse("flow", "the sign-in was started with another provider or another set-up of it").WithHint("start again from the sign-in page")
	case !now.Before(f.Expires) || now.Before(f.Started.Add(-skew)) || f.Expires.Sub(f.Started) > lifetime:
		return refuse("flow", "the sign-in was started at %s, more than %s ago", f.Started.UTC().Format("15:04:05 UTC"), lifetime).WithHint("start again from the sign-in page")
	}
	return nil
}

// sound reads the answer as far as that needs no provider: one value each, and our state.
func sound(f Flow, query url.Values) error {
	for _, name := range []string{"state", "code", "error", "error_description", "iss"} {
		switch values := query[name]; {
		case len(values) > 1:
			return refuse(name, "the answer names it %d times; expected once at most", len(values))
		case len(values) == 1 && len(values[0]) > maxParam:
			return refuse(name, "is longer than %d bytes", maxParam)
		}
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(f.State)) != 1 {
		return refuse("state", "the answer does not belong to the sign-in that this browser started").WithHint("start again from the sign-in page, in one tab")
	}
	for _, name := range []string{"id_token", "access_token", "response"} {
		if query.Has(name) {
			return refuse(name, "the provider sent tokens through the browser; only the code flow is used here, and they may have been seen").
				WithHint("turn the implicit and hybrid flows off for this application at the provider")
		}
	}
	return nil
}

// code takes the code out of an answer, if the provider is who we asked and did not decline.
func (p *Provider) code(m metadata, query url.Values) (string, error) {
	// RFC 9207, section 2.4: what is announced must come, and what comes must agree.
	switch {
	case query.Has("iss") && query.Get("iss") != p.cfg.Issuer:
		return "", refuse("iss", "the answer comes from %.200q; the sign-in was started with %s", query.Get("iss"), p.cfg.Issuer)
	case m.NamesIssuer && !query.Has("iss"):
		return "", refuse("iss", "the answer does not say which provider it comes from, though %s announces that it does", p.cfg.Issuer)
	}
	if query.Has("error") {
		return "", declined(query.Get("error"), query.Get("error_description"))
	}
	code := query.Get("code")
	if code == "" {
		return "", refuse("code", "the answer has neither a code nor an error")
	}
	return code, nil
}

// sentences for the errors of RFC 6749 section 4.1.2.1 and OpenID Connect Core 1.0 section 3.1.2.6.
var sentences = map[string]string{
	"access_denied":              "the provider did not let you in, or you declined",
	"login_required":             "the provider wants you to sign in there first",
	"interaction_required":       "the provider wants something of you first",
	"consent_required":           "the provider wants your consent first",
	"account_selection_required": "the provider wants you to choose an account first",
	"temporarily_unavailable":    "the provider is not available now",
	"server_error":               "the provider failed",
	"unauthorized_client":        "the provider does not let this application sign people in",
	"invalid_scope":              "the provider does not offer one of the scopes asked for",
	"invalid_request":            "the provider did not understand the request",
	"unsupported_response_type":  "the provider does not offer the code flow to this application",
}

func declined(code, description string) error {
	what, known := sentences[code]
	if !known {
		what = "the provider answers with the error " + ascii(code)
	}
	if description != "" {
		what += "; it says " + ascii(description)
	}
	return refuse("error", "%s", what)
}

// ascii quotes what a stranger wrote: short, and nothing that turns or hides text.
func ascii(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most]
	}
	return strconv.QuoteToASCII(s)
}

// exchangeFault says why the code brought no token. The body of the answer stays out of it.
func exchangeFault(endpoint string, err error) error {
	var r *oauth2.RetrieveError
	var u *url.Error
	switch {
	case errors.As(err, &r) && r.ErrorCode == "invalid_grant":
		return refuse("code", "the provider does not take the code: it was used before, is too old, or was made for another sign-in").WithHint("start again from the sign-in page")
	case errors.As(err, &r) && (r.ErrorCode == "invalid_client" || r.ErrorCode == "unauthorized_client"):
		return refuse("client_secret", "the provider does not know this application by its client ID and secret (%s)", r.ErrorCode).WithHint("compare both with the provider's page of this application")
	case errors.As(err, &r) && r.ErrorCode != "":
		return refuse("code", "the provider does not exchange the code: %s", ascii(r.ErrorCode))
	case errors.As(err, &r) && r.Response != nil:
		return answered(endpoint, r.Response.StatusCode)
	case errors.As(err, &u):
		return unreachable(err)
	}
	return refuse("code", "%s does not answer with a token as RFC 6749 section 5.1 has it", endpoint)
}

// complete fetches what the ID token left out: with the code flow a provider may give e-mail and
// name at the userinfo endpoint only (OpenID Connect Core 1.0, section 5.4).
func (p *Provider) complete(ctx context.Context, m metadata, c *claims, access string) error {
	if access == "" {
		return nil
	}
	var u person
	if err := p.get(ctx, m.Userinfo, access, &u); err != nil {
		return fmt.Errorf("userinfo of %s: %w", p.cfg.Issuer, err)
	}
	if u.Subject != c.Subject {
		return refuse("sub", "the userinfo endpoint speaks of another person than the ID token")
	}
	c.person = u
	return nil
}
