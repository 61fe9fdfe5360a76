package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/assayhq/assay/internal/fault"
)

// person is what both the ID token and the userinfo endpoint say of somebody.
type person struct {
	Subject  string  `json:"sub"`
	Name     string  `json:"name"`
	Email    string  `json:"email"`
	Verified boolean `json:"email_verified"`
	Locale   string  `json:"locale"`
}

// claims is what is read of an ID token (OpenID Connect Core 1.0, section 2).
type claims struct {
	person
	Issuer    string   `json:"iss"`
	Audience  list     `json:"aud"`
	Party     *string  `json:"azp"`
	Expires   *instant `json:"exp"`
	Issued    *instant `json:"iat"`
	NotBefore *instant `json:"nbf"`
	AuthTime  *instant `json:"auth_time"`
	Nonce     string   `json:"nonce"`
	ACR       string   `json:"acr"`
	AMR       list     `json:"amr"`
}

// verified checks an ID token as OpenID Connect Core 1.0 section 3.1.3.7 has it: first the
// signature, by go-oidc, then each claim, here, so that each refusal says which one.
func (p *Provider) verified(ctx context.Context, m metadata, f Flow, raw, access string) (claims, error) {
	if err := header(m, raw); err != nil {
		return claims{}, err
	}
	keys := &keySet{p: p, algorithms: m.Algorithms, err: errForm} // until it has been asked
	verifier := oidc.NewVerifier(p.cfg.Issuer, keys, &oidc.Config{
		SupportedSigningAlgs: m.Algorithms,
		SkipIssuerCheck:      true, SkipClientIDCheck: true, SkipExpiryCheck: true, // all three below
	})
	token, err := verifier.Verify(ctx, raw)
	if keys.err != nil {
		return claims{}, signatureFault(keys.err)
	}
	var c claims
	if err != nil || token.Claims(&c) != nil {
		return claims{}, refuse("id_token", "a claim of the ID token is not of the kind that OpenID Connect gives it")
	}
	for _, check := range []func() error{
		func() error { return p.addressed(c) },
		func() error { return timely(c, f, p.cfg.Clock()) },
		func() error { return answers(c, f) },
		func() error { return stepped(c, f, p.cfg.Clock()) },
	} {
		if err := check(); err != nil {
			return claims{}, err
		}
	}
	if token.AccessTokenHash != "" && token.VerifyAccessToken(access) != nil {
		return claims{}, refuse("at_hash", "the access token is not the one that the ID token was made with")
	}
	return c, nil
}

// header refuses a token by what its header says, before any key is looked for.
func header(m metadata, raw string) error {
	var h struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
	}
	first, _, _ := strings.Cut(raw, ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || json.Unmarshal(text, &h) != nil || strings.Count(raw, ".") != 2 {
		return refuse("id_token", "is no signed JSON Web Token")
	}
	if !slices.Contains(m.Algorithms, h.Algorithm) {
		return refuse("alg", "the ID token is signed with %s; expected one of %s", ascii(h.Algorithm), strings.Join(m.Algorithms, ", "))
	}
	if h.Type != "" && !strings.EqualFold(h.Type, "JWT") {
		return refuse("typ", "the token is a %s; expected an ID token", ascii(h.Type))
	}
	return nil
}

// signatureFault tells keys that could not be had from a signature that does not hold.
func signatureFault(err error) error {
	var f *fault.Error
	if errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, errForm) {
		return refuse("id_token", "is no signed JSON Web Token")
	}
	return refuse("id_token", "its signature is by no key that the provider publishes").WithHint("if the provider has just changed its keys, try again in a moment")
}

// addressed holds a token against issuer and audience: from whom, and for us alone.
func (p *Provider) addressed(c claims) error {
	others := slices.DeleteFunc(slices.Clone(c.Audience), func(a string) bool { return a == p.cfg.ClientID || slices.Contains(p.cfg.Audiences, a) })
	switch {
	case c.Issuer != p.cfg.Issuer:
		return refuse("iss", "the ID token was issued by %s; expected %s", ascii(c.Issuer), p.cfg.Issuer)
	case !slices.Contains(c.Audience, p.cfg.ClientID):
		return refuse("aud", "the ID token was made for %s, not for this application", ascii(strings.Join(c.Audience, " ")))
	case len(others) > 0:
		return refuse("aud", "the ID token is also for %s, which the set-up of this provider does not name", ascii(strings.Join(others, " ")))
	case len(c.Audience) > 1 && c.Party == nil:
		return refuse("azp", "the ID token has several audiences and does not say to whom it was given")
	case c.Party != nil && *c.Party != p.cfg.ClientID:
		return refuse("azp", "the ID token was given to %s, not to this application", ascii(*c.Party))
	case c.Subject == "" || len(c.Subject) > 255 || strings.ContainsFunc(c.Subject, func(r rune) bool { return r < ' ' || r > '~' }):
		return refuse("sub", "the ID token names nobody; expected 1 to 255 ASCII characters")
	}
	return nil
}

// timely holds a token against the clock: made for this sign-in, and not run out.
func timely(c claims, f Flow, now time.Time) error {
	switch {
	case c.Expires == nil || c.Issued == nil:
		return refuse("exp", "the ID token does not say when it was issued and when it ends")
	case !now.Before(c.Expires.Add(skew)):
		return refuse("exp", "the ID token ended at %s", stamp(c.Expires.Time))
	case c.Issued.After(now.Add(skew)):
		return refuse("iat", "the ID token was issued at %s, which is still to come", stamp(c.Issued.Time)).WithHint("compare the clocks of this server and of the provider")
	case c.Issued.Before(f.Started.Add(-skew)):
		return refuse("iat", "the ID token was issued at %s, before the sign-in was started at %s", stamp(c.Issued.Time), stamp(f.Started))
	case c.NotBefore != nil && c.NotBefore.After(now.Add(skew)):
		return refuse("nbf", "the ID token is not valid before %s", stamp(c.NotBefore.Time))
	case c.AuthTime != nil && c.AuthTime.After(now.Add(skew)):
		return refuse("auth_time", "the ID token says that the person signed in at %s, which is still to come", stamp(c.AuthTime.Time))
	}
	return nil
}

// answers holds a token against the nonce of the flow, which is never empty.
func answers(c claims, f Flow) error {
	if subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(f.Nonce)) != 1 {
		return refuse("nonce", "the ID token was made for another sign-in")
	}
	return nil
}

// stepped holds a token against what the sign-in asked for beyond who it is. A provider that
// says nothing is taken to have done nothing (ASVS 5.0, 6.8.4).
func stepped(c claims, f Flow, now time.Time) error {
	limited := f.Fresh || f.MaxAge > 0
	switch {
	case limited && c.AuthTime == nil:
		return refuse("auth_time", "the provider does not say when you last proved yourself there, and this act needs it").
			WithHint("have the provider put auth_time into its ID tokens, or confirm with a passkey here")
	case f.Fresh && c.AuthTime.Before(f.Started.Add(-skew)):
		return refuse("auth_time", "you last proved yourself to the provider at %s; this act needs it anew", stamp(c.AuthTime.Time))
	case f.MaxAge > 0 && c.AuthTime.Before(now.Add(-f.MaxAge-skew)):
		return refuse("auth_time", "you last proved yourself to the provider at %s; this act needs it within %s", stamp(c.AuthTime.Time), f.MaxAge)
	case len(f.ACR) > 0 && !slices.Contains(f.ACR, c.ACR):
		return refuse("acr", "the provider confirms the authentication context %s; this act needs one of %s", ascii(c.ACR), strings.Join(f.ACR, ", "))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// instant is a NumericDate (RFC 7519, section 2).
type instant struct{ time.Time }

func (i *instant) UnmarshalJSON(b []byte) error {
	var seconds float64
	if err := json.Unmarshal(b, &seconds); err != nil {
		return err
	}
	const last = 253402300799 // the end of the year 9999
	if seconds < 0 || seconds > last {
		return errors.New("no time between 1970 and 9999")
	}
	i.Time = time.Unix(int64(seconds), 0).UTC()
	return nil
}

// list is one string or several.
type list []string

func (l *list) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

// boolean is true when it is written so, as JSON or, by some providers, as a string. All else is false.
type boolean bool

func (v *boolean) UnmarshalJSON(b []byte) error {
	*v = string(b) == "true" || string(b) == `"true"`
	return nil
}
