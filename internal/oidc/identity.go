package oidc

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Identity is who signed in, on the provider's word.
type Identity struct {
	Issuer  string // with Subject, the identity; see Key
	Subject string

	// Email is an address that the caller may act on: verified by the provider, or in a domain for
	// which the operator says that the issuer is authoritative. Empty otherwise. The domain is in
	// lower case, the rest as the provider wrote it; ASCII only, since letters that look alike would
	// pass for another's.
	Email string
	// Authoritative says that Email is in such a domain.
	Authoritative bool
	// Unproven is an address that was claimed and not taken. It may be shown to the person who
	// signed in, to tell them why; it must never be looked up.
	Unproven string

	Name   string // to show; at most 200 characters, without control or direction marks
	Locale string // BCP 47, as the provider wrote it; may be empty

	ACR      string     // authentication context class; empty if the provider says none
	AMR      []string   // methods, RFC 8176: pwd, otp, hwk, mfa and so on
	AuthTime *time.Time // when the person proved themselves to the provider, UTC; nil if it does not say
	Issued   time.Time  // when the ID token was made, UTC
}

// Key names the person for ever: issuer and subject in one string. An issuer has no fragment, so
// that no two pairs share a key.
func (i Identity) Key() string { return i.Issuer + "#" + i.Subject }

func (p *Provider) identity(c claims) Identity {
	i := Identity{
		Issuer: p.cfg.Issuer, Subject: c.Subject, Name: plain(c.Name, 200), Locale: plain(c.Locale, 35),
		ACR: c.ACR, AMR: c.AMR, Issued: c.Issued.Time,
	}
	if c.AuthTime != nil {
		i.AuthTime = &c.AuthTime.Time
	}
	d, ok := domain(c.Email)
	if !ok {
		return i
	}
	address := c.Email[:len(c.Email)-len(d)] + d
	i.Authoritative = slices.Contains(p.cfg.Domains, d)
	if i.Authoritative || bool(c.Verified) && !p.cfg.Confined {
		i.Email = address
	} else {
		i.Unproven = address
	}
	return i
}

// domain gives the domain of an e-mail address in lower case, if the address is one: a bare
// addr-spec of RFC 5322 in ASCII, without quoting, of at most 254 bytes.
func domain(address string) (string, bool) {
	local, d, found := strings.Cut(address, "@")
	parsed, err := mail.ParseAddress(address)
	if !found || err != nil || parsed.Address != address || len(address) > 254 || len(local) > 64 {
		return "", false
	}
	for _, r := range address {
		if r <= ' ' || r > '~' {
			return "", false
		}
	}
	for label := range strings.SplitSeq(d, ".") {
		bare := strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
		if label == "" || len(label) > 63 || bare != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	return strings.ToLower(d), true
}

// plain is text that shows as what it is.
func plain(s string, most int) string {
	var out []rune
	for _, r := range strings.ToValidUTF8(s, "") {
		if unicode.IsPrint(r) && len(out) < most { // no control, format or direction marks
			out = append(out, r)
		}
	}
	return strings.TrimSpace(string(out))
}
