package outbound

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

func TestCheckURLSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := made(t, Config{})
	for _, in := range []string{
		"https://hooks.example.com", "https://hooks.slack.com/services/T0/B0/x", "https://example.com:443/a?b=c&d=%20",
		"https://xn--mller-kva.example/", "https://a_b.example.com/", "https://8.8.8.8/", "https://[2606:4700::1111]/", "HTTPS://EXAMPLE.COM/",
		"https://example.com:80/", "https://1.example.com", "https://127.0.0.1.nip.io/",
	} {
		if err := c.CheckURL(in); err != nil {
			t.Errorf("CheckURL(%s) = %v, want nil", in, err)
		}
	}
	for in, want := range map[string]string{
		"":                                                  "url: is empty",
		"hooks.example.com":                                 `url: begins with ":"`,
		"javascript:alert(1)":                               `url: begins with "javascript:"`,
		"http://example.com/":                               "url: is http",
		"https://":                                          "url: names no host",
		"https:example.com":                                 "url: names no host",
		"https:///path":                                     "url: names no host",
		"https://user@example.com/":                         "url: has a name or password before @",
		"https://:@example.com/":                            "url: has a name or password before @",
		"https://example.com:8443/":                         "url: names port 8443, which is not asked from here; expected 443 or 80",
		"https://example.com:99999/":                        "url: names port 99999",
		"https://example.com/ x":                            "url: has the character ' ' at position 21",
		"https://example.com/\r\nX: y":                      `url: has the character '\r' at position 21`,
		"https://example.com\\@evil.com":                    `url: has the character '\\' at position 20`,
		"https://m\u00fcller.example":                       `url: has the character '\u00fc'`,
		"https://example.com/\u202egnp":                     `url: has the character '\u202e'`,
		"https://example.com/#a":                            "url: has a part after #",
		"https://example..com/":                             `url: names the host "example..com", which has an empty part`,
		"https://example.com./":                             `url: names the host "example.com.", which has an empty part or ends with a dot`,
		"https://-a.example.com/":                           `url: names the host "-a.example.com", which has a part that begins or ends with a hyphen`,
		"https://a!b.example.com/":                          `url: names the host "a!b.example.com", which has the character '!'`,
		"https://2130706433/":                               `url: names the host "2130706433", a number that programs read in different ways`,
		"https://0x7f.1/":                                   `url: names the host "0x7f.1", a number`,
		"https://example.0x/":                               `url: names the host "example.0x", a number`,
		"https://127.0.0.1/":                                "url: names a loopback address; expected a public host",
		"https://10.0.0.1/":                                 "url: names a private address (RFC 1918)",
		"https://169.254.169.254/latest":                    "url: names the metadata service of a cloud",
		"https://168.63.129.16/":                            "url: names the platform service of a cloud",
		"https://[::1]/":                                    "url: names a loopback address",
		"https://[fe80::1%25eth0]/":                         `url: has "fe80::1%eth0" between brackets`,
		"https://[127.0.0.1]/":                              "url: ",
		"https://localhost/":                                "url: names this host itself",
		"https://a.LocalHost/":                              "url: names this host itself",
		"https://intranet/":                                 `url: names the host "intranet", which has no domain`,
		"https://printer.local/":                            `url: names the host "printer.local", which is internal by its name`,
		"https://metadata.google.internal":                  `url: names the host "metadata.google.internal", which is internal`,
		"https://" + strings.Repeat("a", 64) + ".com/":      `url: names the host "aaa`,
		"https://example.com/" + strings.Repeat("a", 1<<20): "url: is 1048596 characters long; expected at most 2048",
	} {
		err := c.CheckURL(in)
		if !errors.Is(err, fault.Refused) || !strings.HasPrefix(err.Error(), want) || len(err.Error()) > 400 {
			t.Errorf("CheckURL(%.60q) = %v, want %s", in, err, want)
		}
	}
}

// FuzzCheckURL holds what passes against a second reading of the host, by the rules of inet_aton
// and of browsers, that shares no code with the first.
func FuzzCheckURL(f *testing.F) {
	for _, s := range spellings {
		f.Add(at(strings.Replace(s, "http:", "https:", 1), "443"))
	}
	for _, s := range []string{"https://example.com", "https://8.8.8.8:443/x?y", "https://[2606:4700::1111]/", "https://a@b@c", "https://[::ffff:8.8.8.8]/"} {
		f.Add(s)
	}
	c := made(f, Config{})
	f.Fuzz(func(t *testing.T, text string) {
		err := c.CheckURL(text)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Errorf("CheckURL(%q) = %v, want a fault.Refused", text, err)
			}
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" || u.User != nil || strings.ContainsAny(text, "\\\r\n\t #") || u.Port() != "" && u.Port() != "443" && u.Port() != "80" && strings.TrimLeft(u.Port(), "0") != "443" && strings.TrimLeft(u.Port(), "0") != "80" {
			t.Fatalf("CheckURL(%q) = nil, want a refusal: %v", text, err)
		}
		// Cut the host out as a careless program does: from // to the first of / ? : or the end.
		authority := text[strings.Index(text, "//")+2:]
		if i := strings.IndexAny(authority, "/?"); i >= 0 {
			authority = authority[:i]
		}
		if strings.Contains(authority, "@") {
			t.Errorf("CheckURL(%q) = nil, want a refusal of @ in %q", text, authority)
		}
		if a, ok := aton(u.Hostname()); ok && inward(a) {
			t.Errorf("CheckURL(%q) = nil, want a refusal: inet_aton reads %s", text, a)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && inward(a.Unmap()) {
			t.Errorf("CheckURL(%q) = nil, want a refusal of %s", text, a)
		}
	})
}

func inward(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || !a.IsGlobalUnicast()
}

// aton reads a host as inet_aton of BSD does: one to four parts in decimal, octal or hexadecimal,
// the last one filling the rest.
func aton(host string) (netip.Addr, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var n uint64
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 0, 64)
		if err != nil || strings.Contains(p, "_") {
			return netip.Addr{}, false
		}
		if i < len(parts)-1 {
			n |= v & 0xff << (24 - 8*i)
		} else {
			n |= v
		}
	}
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), true
}
