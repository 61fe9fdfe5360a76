package outbound

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

const maxURL = 2048

// CheckURL tells a person, while the form is open, what is wrong with an address: a fault.Refused
// of the field "url". It asks no name server; the address that a name leads to is checked whenever
// it is dialled.
func (c *Client) CheckURL(text string) error {
	err := c.guard.checkText(text)
	if err == nil {
		return nil
	}
	err.Field = "url"
	return err
}

func (g *guard) checkText(text string) *fault.Error {
	const expected = "expected one like https://hooks.example.com/path"
	switch i := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }); {
	case text == "":
		return fault.Refuse("is empty; %s", expected)
	case len(text) > maxURL:
		return fault.Refuse("is %d characters long; expected at most %d", len(text), maxURL)
	case i >= 0:
		// Programs disagree on what such a character means, and a disagreement is a way around the check.
		return fault.Refuse("has the character %+q at position %d; %s", []rune(text[i:])[0], i+1, expected).
			WithHint("write other letters in a name as xn--..., and in a path percent-encoded")
	}
	u, err := url.Parse(text)
	if err != nil {
		return fault.Refuse("is not an address; %s", expected)
	}
	if strings.Contains(text, "#") {
		return fault.Refuse("has a part after #, which is never sent; %s", expected)
	}
	return g.check(u)
}

// check refuses what must not be asked, as far as the spelling shows it.
func (g *guard) check(u *url.URL) *fault.Error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fault.Refuse("begins with %q; expected https://", clip(u.Scheme)+":")
	case u.Scheme == "http" && !g.plain:
		return fault.Refuse("is http, which anybody on the way can read; expected https://")
	case u.User != nil:
		return fault.Refuse("has a name or password before @; expected the host right after https://").
			WithHint("credentials have a field of their own")
	case u.Opaque != "" || u.Host == "":
		return fault.Refuse("names no host; expected one like https://hooks.example.com/path")
	}
	if err := g.checkPort(u); err != nil {
		return err
	}
	return g.checkHost(u)
}

func (g *guard) checkPort(u *url.URL) *fault.Error {
	text := u.Port()
	if text == "" {
		text = ports[u.Scheme]
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || !slices.Contains(g.ports, uint16(port)) {
		return fault.Refuse("names port %s, which is not asked from here; expected %s", clip(text), g.portList()).
			WithHint("the operator of this installation can allow further ports")
	}
	return nil
}

func (g *guard) portList() string {
	s := make([]string, len(g.ports))
	for i, p := range g.ports {
		s[i] = strconv.Itoa(int(p))
	}
	return strings.Join(s, " or ")
}

func (g *guard) checkHost(u *url.URL) *fault.Error {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		a, err := netip.ParseAddr(host)
		if err != nil || !a.Is6() || a.Zone() != "" {
			return fault.Refuse("has %q between brackets; expected an IPv6 address without a zone", clip(host))
		}
		return g.checkAddr(a)
	}
	if what := misspelt(host); what != "" {
		return fault.Refuse("names the host %q, %s; expected one like hooks.example.com", clip(host), what)
	}
	if numeric(host) {
		a, err := netip.ParseAddr(host)
		if err != nil {
			return fault.Refuse("names the host %q, a number that programs read in different ways; expected a name, or four numbers such as 192.0.2.1", clip(host))
		}
		return g.checkAddr(a)
	}
	return g.checkName(strings.ToLower(host))
}

func (g *guard) checkAddr(a netip.Addr) *fault.Error {
	if what := g.refuses(a); what != "" {
		return inside("names %s; expected a public host", what)
	}
	return nil
}

// checkName refuses names that are internal by their standard, unless the operator has made
// exceptions: then the address behind the name decides.
func (g *guard) checkName(host string) *fault.Error {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761 section 6.3
		if !g.allows(netip.AddrFrom4([4]byte{127, 0, 0, 1})) && !g.allows(netip.IPv6Loopback()) {
			return inside("names this host itself; expected a public host")
		}
		return nil
	}
	if len(g.allow) > 0 {
		return nil
	}
	if !strings.Contains(host, ".") {
		return inside("names the host %q, which has no domain; expected one like hooks.example.com", host)
	}
	for _, s := range []string{".local", ".internal", ".home.arpa"} { // RFC 6762, ICANN 2024-07-29, RFC 8375
		if strings.HasSuffix(host, s) {
			return inside("names the host %q, which is internal by its name; expected a public host", clip(host))
		}
	}
	return nil
}

// misspelt says why a text is no host name of RFC 1123 (with the underscore that is in use), or "".
// A trailing dot is refused: certificates and the Host header know the name without it.
func misspelt(host string) string {
	if len(host) > 253 {
		return "which is over 253 characters"
	}
	for label := range strings.SplitSeq(host, ".") {
		switch {
		case label == "":
			return "which has an empty part or ends with a dot"
		case len(label) > 63:
			return "which has a part of over 63 characters"
		case label[0] == '-' || label[len(label)-1] == '-':
			return "which has a part that begins or ends with a hyphen"
		}
		for _, r := range label {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
				return fmt.Sprintf("which has the character %+q", r)
			}
		}
	}
	return ""
}

// numeric reports whether programs may read a host as an IPv4 address: its last part is a number
// (WHATWG URL, "ends in a number"). Only then can inet_aton take it.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	digits, hex := strings.CutPrefix(strings.ToLower(last), "0x")
	return strings.Trim(digits, "0123456789") == "" || hex && strings.Trim(digits, "0123456789abcdef") == ""
}

// clip keeps a message short whatever was entered.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "..."
	}
	return s
}
