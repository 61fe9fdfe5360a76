package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	netmail "net/mail"

	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/mail"
	"github.com/assayhq/assay/internal/oidc"
	"github.com/assayhq/assay/internal/outbound"
)

// openID fits an OpenID provider to the accounts.
type openID struct{ p *oidc.Provider }

// Begin starts a sign-in.
func (o openID) Begin(ctx context.Context, fresh bool, hint string) (string, []byte, error) {
	address, flow, err := o.p.Begin(ctx, oidc.Options{Fresh: fresh, LoginHint: hint})
	if err != nil {
		return "", nil, err
	}
	b, err := json.Marshal(flow)
	return address, b, err
}

// Finish ends it.
func (o openID) Finish(ctx context.Context, flow []byte, query url.Values) (account.Identity, error) {
	var f oidc.Flow
	if err := json.Unmarshal(flow, &f); err != nil {
		return account.Identity{}, err
	}
	x, err := o.p.Finish(ctx, f, query)
	return account.Identity{Issuer: x.Issuer, Subject: x.Subject, Email: x.Email, Authoritative: x.Authoritative, Name: x.Name}, err
}

// provider wires the sign-in through the organization's own provider, when one is named. The operator named it on the command
// line: an address of the operator's own network may be asked, which a page could not make happen.
func (a *App) provider(s cli.Serving, origin string) (account.OpenID, error) {
	if s.OIDC.Issuer == "" {
		return nil, nil //nolint:nilnil // none is named, which is no fault
	}
	u, err := url.Parse(s.OIDC.Issuer)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Refused, Field: "--oidc-issuer", What: err.Error()}
	}
	conf := outbound.Config{Allow: insideRanges(), Ports: []uint16{443}, Timeout: patience}
	if ip, err := netip.ParseAddr(u.Hostname()); (err == nil && ip.IsLoopback()) || u.Hostname() == "localhost" {
		conf.Plain = true
	}
	if p := portOf(u); p != 0 {
		conf.Ports = append(conf.Ports, p)
	}
	client, err := outbound.New(conf)
	if err != nil {
		return nil, err
	}
	p, err := oidc.New(oidc.Config{Issuer: s.OIDC.Issuer, ClientID: s.OIDC.ClientID, ClientSecret: s.OIDC.Secret, Domains: s.OIDC.Domains,
		Redirect: origin + "/oidc/callback", Scopes: []string{"email", "profile"}, HTTP: client.HTTP(), Clock: a.Clock, Random: a.Random})
	if err != nil {
		return nil, err
	}
	return openID{p}, nil
}

// insideRanges are the private ranges of RFC 1918 and RFC 4193, and this machine.
func insideRanges() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/8", "fd00::/8"} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func portOf(u *url.URL) uint16 {
	if p, err := netip.ParseAddrPort("127.0.0.1:" + u.Port()); err == nil {
		return p.Port()
	}
	if u.Scheme == "http" {
		return 80
	}
	return 0
}

// sender wires e-mail; nil when no server is named.
func (a *App) sender(s cli.Serving) (*mail.Sender, error) {
	if s.SMTP == "" {
		return nil, nil //nolint:nilnil // none is named, which is no fault
	}
	refuse := func(what string) error {
		return &fault.Error{Kind: fault.Refused, Field: "--smtp", What: what + "; expected smtp://user:password@host:587?from=assay@example.com"}
	}
	u, err := url.Parse(s.SMTP)
	if err != nil {
		return nil, refuse("the address cannot be read") // it may hold a password: it is not repeated
	}
	c := mail.Config{Host: u.Hostname(), Port: int(portOf(u)), Username: u.User.Username()}
	if p, ok := u.User.Password(); ok {
		c.Password = mail.Password(p)
	}
	switch ip, err := netip.ParseAddr(u.Hostname()); {
	case u.Scheme == "smtps":
		c.Security = mail.Implicit
	case u.Scheme == "smtp" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback()):
		c.Security = mail.Loopback
	case u.Scheme == "smtp":
		c.Security = mail.StartTLS
	default:
		return nil, refuse("the scheme is " + u.Scheme)
	}
	from, err := netmail.ParseAddress(u.Query().Get("from"))
	if err != nil {
		return nil, refuse("from is no address of e-mail")
	}
	c.From = *from
	return mail.New(c, a.Clock)
}

// accountsKey is what seals second factors: 32 random bytes in a file of their own, made once.
func (in *installation) accountsKey() (key [32]byte, err error) {
	name := filepath.Join(in.data, "keys", "accounts.key")
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return key, err
		}
		b = make([]byte, 32)
		if _, err := in.app.Random.Read(b); err != nil {
			return key, err
		}
		if err := replace(name, true, write(b)); err != nil {
			return key, err
		}
	} else if err != nil {
		return key, err
	}
	if len(b) != 32 {
		return key, &fault.Error{Kind: fault.Integrity, File: name, What: "the key is not 32 bytes", Hint: "restore it from the backup of the data folder: without it nobody's second factor can be read"}
	}
	return [32]byte(b), nil
}

// origin is under which address browsers reach the installation.
func origin(s cli.Serving) (string, error) {
	if s.URL == "" {
		return "", nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", &fault.Error{Kind: fault.Refused, Field: "--url", What: "not the address of a host; expected https://assay.example.com"}
	}
	return u.Scheme + "://" + u.Host, nil
}
