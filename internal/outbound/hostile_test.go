package outbound

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

// spellings of addresses that lead to this host, or to where only this host gets. PORT is the inner
// service's. The second half are names, which only the dialled address gives away.
var spellings = []string{
	"http://127.0.0.1:PORT/",
	"http://127.0.0.2:PORT/",
	"http://127.255.255.254:PORT/",
	"http://127.1:PORT/",
	"http://127.0.1:PORT/",
	"http://2130706433:PORT/",
	"http://02130706433:PORT/",
	"http://017700000001:PORT/",
	"http://0x7f000001:PORT/",
	"http://0X7F000001:PORT/",
	"http://0x7f.0.0.1:PORT/",
	"http://0x7f.0x0.0x0.0x1:PORT/",
	"http://0177.0.0.1:PORT/",
	"http://0177.0000.0000.0001:PORT/",
	"http://00000177.0.0.1:PORT/",
	"http://127.0.0.01:PORT/",
	"http://127.0.0.0x1:PORT/",
	"http://127.0.0.1.:PORT/",
	"http://0:PORT/",
	"http://0.0.0.0:PORT/",
	"http://00.00.00.00:PORT/",
	"http://[::1]:PORT/",
	"http://[0:0:0:0:0:0:0:1]:PORT/",
	"http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
	"http://[::]:PORT/",
	"http://[::ffff:127.0.0.1]:PORT/",
	"http://[::ffff:7f00:1]:PORT/",
	"http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
	"http://[::127.0.0.1]:PORT/",
	"http://[::ffff:0:127.0.0.1]:PORT/",
	"http://[64:ff9b::127.0.0.1]:PORT/",
	"http://[64:ff9b:1::127.0.0.1]:PORT/",
	"http://[2002:7f00:1::]:PORT/",
	"http://[2001:0:7f00:1::]:PORT/",
	"http://[fe80::1%25lo]:PORT/",
	"http://[::1%25lo]:PORT/",
	"http://169.254.169.254:PORT/latest/meta-data/",
	"http://[fd00:ec2::254]:PORT/",
	"http://\uff11\uff12\uff17.0.0.1:PORT/", // full-width digits, which IDNA maps to ASCII
	"http://127\u30020\u30020\u30021:PORT/", // ideographic full stops
	"http://\u2460\u2461\u2466.0.0.1:PORT/", // circled digits
	"http://%31%32%37.0.0.1:PORT/",
	"http://example.com@127.0.0.1:PORT/",
	"http://example.com:443@127.0.0.1:PORT/",
	"http://127.0.0.1:PORT\\@example.com/",
	"http://127.0.0.1:PORT#@example.com/",
	"http://127.0.0.1:PORT?@example.com/",
	"http:127.0.0.1:PORT/",
	"http:///127.0.0.1:PORT/",
	"http://127.0.0.1:0PORT/",
	"HTTP://127.0.0.1:PORT/",

	"http://localhost:PORT/",
	"http://localhost.:PORT/",
	"http://LOCALHOST:PORT/",
	"http://app.localhost:PORT/",
	"http://127.0.0.1.nip.example:PORT/",
	"http://7f000001.nip.example:PORT/",
	"http://127-0-0-1.sslip.example:PORT/",
	"http://customer1.app.localhost.example.com:PORT/",
	"http://loop6.example:PORT/",
	"http://mapped.example:PORT/",
	"http://mixed.example:PORT/",
	"http://metadata.google.internal:PORT/",
	"http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:PORT/", // circled letters
}

func known() map[string][]string {
	return map[string][]string{
		"loop6.example":            {"::1"},
		"mapped.example":           {"::ffff:127.0.0.1"},
		"mixed.example":            {"::1", "127.0.0.1"},
		"metadata.google.internal": {"169.254.169.254"},
	}
}

func at(spelling, port string) string { return strings.ReplaceAll(spelling, "PORT", port) }

// TestHostileSpellingsReachNothing asks an inner service under every spelling through the whole
// client, and the form's check says no beforehand wherever the spelling shows it.
func TestHostileSpellingsReachNothing(t *testing.T) {
	t.Parallel()
	in := listen(t)
	names, _ := resolver(t, known())
	c := made(t, Config{Ports: []uint16{in.number()}, Plain: true, Resolver: names})
	if len(spellings) < 40 {
		t.Fatalf("len(spellings) = %d, want 40 and more", len(spellings))
	}
	for _, s := range spellings {
		url := at(s, in.port)
		body, err := get(t, c, url)
		if err == nil {
			t.Errorf("Do(%s) = %q, want a refusal", url, body)
		}
		// What does not even parse never becomes a request; everything else is refused by us.
		if _, bad := http.NewRequest(http.MethodGet, url, nil); bad == nil && !errors.Is(err, fault.Refused) {
			t.Errorf("Do(%s) = %v, want a fault.Refused", url, err)
		}
		behind := strings.Contains(s, ".example:") || strings.Contains(s, ".example.com:PORT")
		if err := c.CheckURL(url); err == nil && !behind {
			t.Errorf("CheckURL(%s) = nil, want a refusal", url)
		}
	}
	if n := in.heard.Load(); n != 0 {
		t.Errorf("the inner service heard %d connections, want 0", n)
	}
}

// TestDialledAddressAloneIsEnough takes the check of spellings away: what is left is the dialler.
// The same requests through a client without it show that the spellings are hostile in earnest.
func TestDialledAddressAloneIsEnough(t *testing.T) {
	t.Parallel()
	in := listen(t)
	names, _ := resolver(t, known())
	g := &guard{ports: []uint16{in.number()}, plain: true}
	guarded := &http.Client{Transport: g.dial(Config{Resolver: names})}
	bare := g.dial(Config{})
	bare.DialContext = dialer(names)
	plain := &http.Client{Transport: bare}
	for _, s := range spellings {
		if body, err := get(t, guarded, at(s, in.port)); err == nil {
			t.Errorf("guarded Do(%s) = %q, want an error", at(s, in.port), body)
		}
	}
	if n := in.heard.Load(); n != 0 {
		t.Errorf("the inner service heard %d connections of the guarded client, want 0", n)
	}
	reached := 0
	for _, s := range spellings {
		url := at(s, in.port)
		if strings.Contains(url, "169.254") || strings.Contains(url, "[64:") || strings.Contains(url, "[200") || strings.Contains(url, "[f") || strings.Contains(url, "0:127") || strings.Contains(url, "metadata") {
			continue // a plain client would leave this machine
		}
		if body, err := get(t, plain, url); err == nil && body == "the inner secret" {
			reached++
		}
		plain.CloseIdleConnections()
	}
	if reached < 30 {
		t.Errorf("a plain client reached the inner service %d times, want 30 and more: the spellings prove too little", reached)
	}
	t.Logf("of %d spellings a plain client reached the inner service with %d, the guarded one with 0", len(spellings), reached)
}

// TestAllowedLoopbackIsReached is the control: the same service, the same client but for Allow.
func TestAllowedLoopbackIsReached(t *testing.T) {
	t.Parallel()
	in := listen(t)
	names, _ := resolver(t, known())
	c := made(t, Config{Allow: loopback, Ports: []uint16{in.number()}, Plain: true, Resolver: names})
	for _, s := range []string{
		"http://127.0.0.1:PORT/", "http://127.0.0.2:PORT/", "http://[::ffff:127.0.0.1]:PORT/", "http://localhost:PORT/",
		"http://127.0.0.1.nip.example:PORT/", "http://mixed.example:PORT/", "http://intranet:PORT/",
	} {
		url := at(s, in.port)
		if err := c.CheckURL(url); err != nil {
			t.Errorf("CheckURL(%s) = %v, want nil", url, err)
		}
		if body, err := get(t, c, url); err != nil || body != "the inner secret" {
			t.Errorf("Do(%s) = %q, %v, want the inner secret", url, body, err)
		}
	}
	// An exception opens its own range and the guard stays for the rest.
	for _, s := range []string{"http://10.0.0.1:PORT/", "http://0.0.0.0:PORT/", "http://2130706433:PORT/", "http://metadata.google.internal:PORT/"} {
		if body, err := get(t, c, at(s, in.port)); !errors.Is(err, fault.Refused) {
			t.Errorf("Do(%s) = %q, %v, want a fault.Refused", s, body, err)
		}
	}
}

// TestRebinding: the name is public when it is asked for first and inside from then on.
func TestRebinding(t *testing.T) {
	t.Parallel()
	const name = "rebind.example"
	in := listen(t)
	resolve, asked := resolver(t, map[string][]string{name: {"203.0.114.7", "127.0.0.1"}})
	first, err := resolve.LookupNetIP(t.Context(), "ip4", name)
	if err != nil || len(first) != 1 || first[0] != netip.MustParseAddr("203.0.114.7") {
		t.Fatalf("LookupNetIP(%s) = %v, %v, want the public address", name, first, err)
	}
	if g := (&guard{}); g.refuses(first[0]) != "" {
		t.Fatalf("refuses(%s) = %q, want none", first[0], g.refuses(first[0]))
	}
	c := made(t, Config{Ports: []uint16{in.number()}, Plain: true, Resolver: resolve})
	url := "http://" + name + ":" + in.port + "/"
	if err := c.CheckURL(url); err != nil {
		t.Fatalf("CheckURL(%s) = %v, want nil", url, err)
	}
	_, err = get(t, c, url)
	if !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("Do(%s) = %v, want a refusal of the loopback address", url, err)
	}
	if strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("Do(%s) = %v, want no inner address in the message", url, err)
	}
	if n, heard := asked.count(name), in.heard.Load(); n < 2 || heard != 0 {
		t.Errorf("the name was asked for %d times and the inner service heard %d, want 2 and more, and 0", n, heard)
	}
}

// environment is the proxy of this process: net/http reads the variables once, so it stays open.
var environment = sync.OnceValues(func() (*inner, error) {
	in, _, err := open()
	return in, err
})

func TestNoProxyOfTheEnvironment(t *testing.T) {
	proxy, err := environment()
	if err != nil {
		t.Fatal(err)
	}
	heard := proxy.heard.Load()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:"+proxy.port)
	t.Setenv("http_proxy", "http://127.0.0.1:"+proxy.port)
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	t.Setenv("REQUEST_METHOD", "")
	in := listen(t)
	names, _ := resolver(t, map[string][]string{"shop.example": {"127.0.0.1"}})
	url := "http://shop.example:" + in.port + "/"

	control := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}}
	if _, err := get(t, control, url); err != nil || proxy.heard.Load() == heard {
		t.Fatalf("control Do(%s) = %v with %d connections to the proxy, want it used", url, err, proxy.heard.Load())
	}
	control.CloseIdleConnections()
	before := proxy.heard.Load()
	c := made(t, Config{Allow: loopback, Ports: []uint16{in.number(), proxy.number()}, Plain: true, Resolver: names})
	if _, err := get(t, c, url); err != nil {
		t.Fatalf("Do(%s) = %v, want nil", url, err)
	}
	if got := proxy.heard.Load() - before; got != 0 || in.heard.Load() != 1 {
		t.Errorf("the proxy heard %d connections and the service %d, want 0 and 1", got, in.heard.Load())
	}
}
