// Package outbound is the one way by which the product asks an address that a person could enter:
// web hooks, chat channels, issuers of identities, sources. It checks the address that is dialled,
// after the name was resolved, so that neither a spelling nor a name server that changes its mind
// leads inside the network (server-side request forgery; OWASP ASVS 5.0, V1.3.6).
//
// BUG: a public address of this very host is public; what listens there must defend itself.
package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

const (
	defaultTimeout = 20 * time.Second // Standard Webhooks recommends 15 to 30 s
	defaultBody    = 1 << 20
	maxHeader      = 64 << 10
	maxRedirects   = 10
	connsPerHost   = 8 // one slow receiver holds no more than this
)

// Config is what the operator sets. Its zero value asks public hosts only, by https, on the ports
// 443 and 80, and follows no redirect.
type Config struct {
	Allow     []netip.Prefix // exceptions: ranges inside the network that may be asked, none wider than /8 or fc00::/7
	Ports     []uint16       // that may be asked; empty is 443 and 80
	Plain     bool           // http:// too
	Redirects int            // how many are followed, at most 10; at 0 the answer is the redirect itself
	Timeout   time.Duration  // of one request with its redirects and its body; 0 is 20 s
	MaxBody   int64          // bytes of an answer, after decompression; 0 is 1 MiB
	UserAgent string         // where a request names none; empty is "Assay"
	RootCAs   *x509.CertPool // nil is the system's
	Resolver  *net.Resolver  // nil is the system's
}

// guard decides what may be asked.
type guard struct {
	allow []netip.Prefix
	ports []uint16
	plain bool
}

// Client asks addresses that people entered. It is safe for concurrent use.
type Client struct {
	guard     *guard
	http      *http.Client
	redirects int
}

// New makes a client. A setting that would take the guard away is a fault.Refused.
func New(c Config) (*Client, error) {
	g := &guard{ports: slices.Clone(c.Ports), plain: c.Plain}
	if len(g.ports) == 0 {
		g.ports = []uint16{443, 80}
	}
	for _, p := range c.Allow {
		p, err := exception(p)
		if err != nil {
			return nil, err
		}
		g.allow = append(g.allow, p)
	}
	if c.Redirects < 0 || c.Redirects > maxRedirects {
		return nil, &fault.Error{Kind: fault.Refused, Field: "redirects", What: "is out of range; expected 0 to 10"}
	}
	if c.Timeout < 0 || c.MaxBody < 0 {
		return nil, fault.Refuse("a limit is negative; expected a positive one, or 0 for the default")
	}
	t := &transport{guard: g, agent: c.UserAgent, max: c.MaxBody, base: g.dial(c)}
	if t.agent == "" {
		t.agent = "Assay"
	}
	if t.max == 0 {
		t.max = defaultBody
	}
	client := &Client{guard: g, redirects: c.Redirects}
	client.http = &http.Client{Transport: t, Timeout: c.Timeout, CheckRedirect: client.redirect}
	if c.Timeout == 0 {
		client.http.Timeout = defaultTimeout
	}
	return client, nil
}

// exception normalizes one range of the operator. 0.0.0.0/0 would be no exception.
func exception(p netip.Prefix) (netip.Prefix, error) {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	least := 8
	if p.Addr().Is6() {
		least = 7
	}
	if !p.IsValid() || p.Bits() < least || p.Addr().Is4In6() {
		e := &fault.Error{Kind: fault.Refused, Field: "allow", What: p.String() + " is no range to allow; expected one like 10.20.0.0/16 or fd00:1234::/32"}
		return p, e.WithHint("name the ranges that hold your own receivers, none wider than /8 or fc00::/7")
	}
	return p.Masked(), nil
}

// dial makes the transport below the guard. No proxy: a proxy resolves names where nobody checks.
func (g *guard) dial(c Config) *http.Transport {
	d := &net.Dialer{Timeout: 10 * time.Second, Resolver: c.Resolver}
	control(&d.Control, g.dialled)
	return &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		MaxConnsPerHost:        connsPerHost,
		MaxIdleConns:           4 * connsPerHost,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

// control sets a dialer's Control. The type of the raw connection is left to inference: it belongs
// to package syscall, of which this room uses nothing.
func control[C any](to *func(network, address string, _ C) error, check func(network, address string) error) {
	*to = func(network, address string, _ C) error { return check(network, address) }
}

// dialled checks one address at the moment it is dialled, after resolution.
func (g *guard) dialled(network, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return fault.Refuse("%s %s is nothing to dial; expected an address and a port of TCP", network, address)
	}
	if !slices.Contains(g.ports, at.Port()) {
		return fault.Refuse("port %d is not asked from here; expected %s", at.Port(), g.portList())
	}
	if what := g.refuses(at.Addr()); what != "" {
		return inside("its name leads to %s; expected a public address", what)
	}
	return nil
}

// inside is the refusal of an address inside the network. It names the kind and never the address:
// who enters names here must not read the internal name server.
func inside(format string, args ...any) *fault.Error {
	return fault.Refuse(format, args...).WithHint("if this receiver lies inside your network, the operator of this installation can allow its range")
}

// Do sends a request. What the guard does not let pass is a fault.Refused; the message names the
// host and leaves out the path, which holds the secret of many a hook.
func (c *Client) Do(r *http.Request) (*http.Response, error) { return do(c.http, r) }

func do(client *http.Client, r *http.Request) (*http.Response, error) {
	answer, err := client.Do(r)
	if err == nil {
		return answer, nil
	}
	e := &hostError{host: r.URL.Hostname(), err: err}
	var u *url.Error
	if errors.As(err, &u) {
		e.err, e.late = u.Err, u.Timeout()
	}
	return nil, e
}

// hostError is the failure of a request. Its message has neither the URL nor an address: the
// standard errors name the address that was dialled and the name server that was asked.
type hostError struct {
	host string
	late bool
	err  error
}

func (e *hostError) Error() string {
	var refused *fault.Error
	var name *net.DNSError
	var op *net.OpError
	what := e.err.Error()
	switch {
	case errors.As(e.err, &refused):
		what = refused.Error()
	case e.late:
		what = "no answer in time"
	case errors.As(e.err, &name) && name.IsNotFound:
		what = "no such host"
	case errors.As(e.err, &name):
		what = "the name could not be resolved"
	case errors.As(e.err, &op):
		what = op.Err.Error()
	}
	return "ask " + clip(e.host) + ": " + what
}

func (e *hostError) Unwrap() error { return e.err }

// Timeout reports whether the time was over.
func (e *hostError) Timeout() bool { return e.late }

// HTTP is the same client for libraries that want the standard type. The guard stands in its
// transport; its errors name the whole URL, so keep them from people who may not see it.
func (c *Client) HTTP() *http.Client {
	h := *c.http
	return &h
}

// redirect decides whether the next hop is taken. The address itself is checked by the transport.
func (c *Client) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case c.redirects == 0:
		return http.ErrUseLastResponse
	case len(via) > c.redirects:
		return fault.Refuse("was sent on more than %d times", c.redirects)
	case via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https":
		return fault.Refuse("was sent on from https to %s; expected https to the end", r.URL.Scheme)
	}
	r.Header.Del("Referer") // the path of a hook is its secret
	home := origin(via[0].URL)
	if origin(r.URL) == home && !slices.ContainsFunc(via, func(v *http.Request) bool { return origin(v.URL) != home }) {
		return nil
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return fault.Refuse("was sent on to another host with what it carries; expected an answer from the host that was asked")
	}
	for name := range r.Header {
		if !slices.Contains([]string{"Accept", "Accept-Encoding", "Accept-Language", "User-Agent"}, name) {
			delete(r.Header, name) // credentials come under any name
		}
	}
	return nil
}

// origin is scheme, host and port, RFC 6454.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}

var ports = map[string]string{"http": "80", "https": "443"}

// transport is the guard around every hop.
type transport struct {
	guard *guard
	base  *http.Transport
	agent string
	max   int64
}

// RoundTrip checks the address as it is spelled, sends, and limits what comes back.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	refusal := t.guard.check(r.URL)
	if refusal == nil && r.Host != "" && r.Host != r.URL.Host {
		refusal = fault.Refuse("the Host header names another host than the address; expected the same")
	}
	if refusal != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, refusal
	}
	if r.Header.Get("User-Agent") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", t.agent)
	}
	answer, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	// A long Content-Length alone is no refusal: the status may be all that the caller reads.
	answer.Body = &limited{body: answer.Body, left: t.max, max: t.max}
	return answer, nil
}

// CloseIdleConnections serves http.Client.CloseIdleConnections.
func (t *transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// limited is a body that ends in a refusal instead of being cut in silence.
type limited struct {
	body io.ReadCloser
	left int64
	max  int64
	over bool
}

func (l *limited) Read(p []byte) (int, error) {
	if l.over {
		return 0, tooLong(l.max)
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.body.Read(p)
	if int64(n) <= l.left {
		l.left -= int64(n)
		return n, err
	}
	n, l.left, l.over = int(l.left), 0, true
	return n, tooLong(l.max)
}

func (l *limited) Close() error { return l.body.Close() }

func tooLong(most int64) error { return fault.Refuse("the answer is over %d bytes", most) }
