package outbound

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

// TestEveryRangeIsClosed asks for the first and the last address of each range and for the public
// neighbours on both sides.
func TestEveryRangeIsClosed(t *testing.T) {
	t.Parallel()
	g := &guard{}
	for _, s := range spans {
		first, last := s.prefix.Addr(), final(s.prefix)
		for _, a := range []netip.Addr{first, last} {
			if got := g.refuses(a); got == "" {
				t.Errorf("refuses(%s) of %s = none, want a reason", a, s.prefix)
			}
		}
	}
	for _, in := range []string{
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
		"198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "8.8.8.8",
		"2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8",
	} {
		if got := g.refuses(netip.MustParseAddr(in)); got != "" {
			t.Errorf("refuses(%s) = %q, want none", in, got)
		}
	}
	for _, in := range []string{"1fff:ffff::1", "4000::1", "5f00::1", "::2", "fe80::1%eth0", "::ffff:10.0.0.1"} {
		if got := g.refuses(netip.MustParseAddr(in)); got == "" {
			t.Errorf("refuses(%s) = none, want a reason", in)
		}
	}
	link := &guard{allow: []netip.Prefix{netip.MustParsePrefix("fe80::/10")}}
	if got := link.refuses(netip.MustParseAddr("fe80::1%eth0")); got != "" {
		t.Errorf("refuses(fe80::1%%eth0) = %q, want none: its range is allowed", got)
	}
	if got := g.refuses(netip.Addr{}); got == "" {
		t.Error("refuses(zero) = none, want a reason")
	}
}

func final(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func TestAllowedTranslatorOpensNothingBehindIt(t *testing.T) {
	t.Parallel()
	g := &guard{allow: []netip.Prefix{nat64}}
	for in, closed := range map[string]bool{"64:ff9b::8.8.8.8": false, "64:ff9b::10.0.0.1": true, "64:ff9b::169.254.169.254": true} {
		if got := g.refuses(netip.MustParseAddr(in)); (got != "") != closed {
			t.Errorf("refuses(%s) = %q, want refused %v", in, got, closed)
		}
	}
}

func TestNewRefusesWhatTakesTheGuardAway(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{
		{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}},
		{Allow: []netip.Prefix{netip.MustParsePrefix("::/0")}},
		{Allow: []netip.Prefix{netip.MustParsePrefix("128.0.0.0/1")}},
		{Allow: []netip.Prefix{netip.MustParsePrefix("::ffff:0.0.0.0/96")}},
		{Allow: []netip.Prefix{{}}},
		{Redirects: 11}, {Redirects: -1}, {Timeout: -1}, {MaxBody: -1},
	} {
		if _, err := New(c); !errors.Is(err, fault.Refused) {
			t.Errorf("New(%+v) = %v, want a fault.Refused", c, err)
		}
	}
	c := made(t, Config{Allow: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104"), netip.MustParsePrefix("fc00::/7")}})
	for _, in := range []string{"10.1.2.3", "::ffff:10.1.2.3", "fd12::1"} {
		if got := c.guard.refuses(netip.MustParseAddr(in)); got != "" {
			t.Errorf("refuses(%s) = %q, want none: its range is allowed", in, got)
		}
	}
}

func TestRedirectsAreCheckedAgain(t *testing.T) {
	t.Parallel()
	in := listen(t)
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	}))
	t.Cleanup(door.Close)
	// The door stands on 127.0.0.1, which is allowed to it alone; the inner service on 127.0.0.2.
	names, _ := resolver(t, map[string][]string{"inner.example": {"127.0.0.2"}})
	c := made(t, Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Plain: true, Redirects: 3,
		Ports: []uint16{portOf(t, door), in.number()}, Resolver: names})
	for _, to := range []string{
		"http://127.0.0.2:PORT/", "http://inner.example:PORT/", "//127.0.0.2:PORT/", "http://[::1]:PORT/",
		"http://2130706434:PORT/", "http://u:p@127.0.0.1:PORT/", "http://127.0.0.1:1/",
		"file:///etc/passwd", "gopher://127.0.0.1:PORT/", "ftp://127.0.0.1/", "https:127.0.0.1",
	} {
		_, err := get(t, c, door.URL+"/?to="+url.QueryEscape(at(to, in.port)))
		if err == nil {
			t.Errorf("redirect to %s = nil, want an error", to)
		}
		if !errors.Is(err, fault.Refused) {
			t.Errorf("redirect to %s = %v, want a fault.Refused", to, err)
		}
	}
	if n := in.heard.Load(); n != 0 {
		t.Errorf("the inner service heard %d connections, want 0", n)
	}
	// The control: the very same door leads to a service that is allowed.
	if body, err := get(t, c, door.URL+"/?to="+url.QueryEscape(at("http://127.0.0.1:PORT/", in.port))); err != nil || body != "the inner secret" {
		t.Errorf("redirect to the allowed service = %q, %v, want its answer", body, err)
	}
}

func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	hops := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hops++
		http.Redirect(w, r, "/again", http.StatusFound)
	}))
	t.Cleanup(s.Close)
	config := Config{Allow: loopback, Plain: true, Ports: []uint16{portOf(t, s)}, Redirects: 3}
	if _, err := get(t, made(t, config), s.URL); !errors.Is(err, fault.Refused) || hops != 4 {
		t.Errorf("Do(a loop) = %v after %d requests, want a fault.Refused after 4", err, hops)
	}
	config.Redirects, hops = 0, 0
	r, _ := http.NewRequest(http.MethodGet, s.URL, nil)
	answer, err := made(t, config).Do(r)
	if err != nil || answer.StatusCode != http.StatusFound || hops != 1 {
		t.Fatalf("Do without redirects = %v, %v after %d requests, want the 302 itself", answer, err, hops)
	}
	answer.Body.Close()
}

func TestNothingIsCarriedToAnotherHost(t *testing.T) {
	t.Parallel()
	var seen []http.Header
	second := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Clone())
		switch r.URL.Path {
		case "/back":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/home":
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
		}
	}))
	t.Cleanup(second.Close)
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/stay":
			http.Redirect(w, r, "/here", http.StatusFound)
		case "/here":
			seen = append(seen, r.Header.Clone())
		case "/round":
			http.Redirect(w, r, second.URL+"/home?to=http://"+r.Host+"/here", http.StatusFound)
		default:
			http.Redirect(w, r, second.URL+"/back", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(first.Close)
	c := made(t, Config{Allow: loopback, Plain: true, Ports: []uint16{portOf(t, first), portOf(t, second)}, Redirects: 5})
	ask := func(method, path string, body io.Reader) error {
		r, err := http.NewRequestWithContext(t.Context(), method, first.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range []string{"Authorization", "Cookie", "X-Api-Key", "PRIVATE-TOKEN", "Webhook-Signature", "Referer"} {
			r.Header.Set(h, "secret")
		}
		r.Header.Set("Accept", "application/json")
		answer, err := c.Do(r)
		if err == nil {
			answer.Body.Close()
		}
		return err
	}
	if err := ask(http.MethodGet, "/secret-path", nil); err != nil || len(seen) != 2 {
		t.Fatalf("Do = %v with %d requests at the second host, want nil and 2", err, len(seen))
	}
	for i, h := range seen {
		for name, v := range h {
			if strings.Contains(strings.Join(v, " "), "secret") {
				t.Errorf("request %d at the second host carries %s: %q", i, name, v)
			}
		}
		if h.Get("Accept") != "application/json" || h.Get("User-Agent") != "Assay" {
			t.Errorf("request %d has Accept %q and User-Agent %q", i, h.Get("Accept"), h.Get("User-Agent"))
		}
	}
	seen = nil
	if err := ask(http.MethodPost, "/secret-path", strings.NewReader("the body")); !errors.Is(err, fault.Refused) || len(seen) != 0 {
		t.Errorf("Do(POST sent on) = %v with %d requests, want a fault.Refused with 0", err, len(seen))
	}
	if err := ask(http.MethodGet, "/stay", nil); err != nil || len(seen) != 1 || seen[0].Get("X-Api-Key") != "secret" || seen[0].Get("Referer") != "" {
		t.Errorf("Do on the same host = %v, %v, want the headers kept but for Referer", err, seen)
	}
	// Who was away chose where to come back to.
	seen = nil
	if err := ask(http.MethodGet, "/round", nil); err != nil || len(seen) != 2 || seen[1].Get("X-Api-Key") != "" || seen[1].Get("Authorization") != "" {
		t.Errorf("Do by way of another host = %v, %v, want no credentials at the end", err, seen)
	}
}

func TestNoStepDownFromHTTPS(t *testing.T) {
	t.Parallel()
	in := listen(t)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, "http://127.0.0.1:"+in.port+"/", http.StatusFound)
			return
		}
		io.WriteString(w, "over TLS")
	}))
	t.Cleanup(s.Close)
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c := made(t, Config{Allow: loopback, Plain: true, Ports: []uint16{portOf(t, s), in.number()}, Redirects: 3, RootCAs: roots})
	if body, err := get(t, c, s.URL); err != nil || body != "over TLS" {
		t.Errorf("Do(%s) = %q, %v, want the answer", s.URL, body, err)
	}
	if _, err := get(t, c, s.URL+"/down"); !errors.Is(err, fault.Refused) || in.heard.Load() != 0 {
		t.Errorf("Do(down) = %v with %d connections, want a fault.Refused with 0", err, in.heard.Load())
	}
	other := made(t, Config{Allow: loopback, Ports: []uint16{portOf(t, s)}})
	if _, err := get(t, other, s.URL); err == nil || errors.Is(err, fault.Refused) {
		t.Errorf("Do under a strange root = %v, want an error of the certificate", err)
	}
}

func TestAnswersAreLimited(t *testing.T) {
	t.Parallel()
	const most = 1000
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/exact":
			io.WriteString(w, strings.Repeat("x", most))
		case "/announced":
			io.WriteString(w, strings.Repeat("x", most+1))
		case "/stream":
			for range 100 {
				io.WriteString(w, strings.Repeat("x", 100))
				w.(http.Flusher).Flush()
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, 1<<20))
			z.Close()
		case "/header":
			w.Header().Set("X", strings.Repeat("x", maxHeader))
		}
	}))
	t.Cleanup(s.Close)
	c := made(t, Config{Allow: loopback, Plain: true, Ports: []uint16{portOf(t, s)}, MaxBody: most})
	if body, err := get(t, c, s.URL+"/exact"); err != nil || len(body) != most {
		t.Errorf("Do(exact) = %d bytes, %v, want %d", len(body), err, most)
	}
	for _, path := range []string{"/announced", "/stream", "/bomb"} {
		if body, err := get(t, c, s.URL+path); !errors.Is(err, fault.Refused) || len(body) > most {
			t.Errorf("Do(%s) = %d bytes, %v, want a fault.Refused", path, len(body), err)
		}
	}
	if _, err := get(t, c, s.URL+"/header"); err == nil {
		t.Error("Do(header) = nil, want an error")
	}
}

func TestPatienceEndsInTheMiddleOfABody(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/drip" {
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
		}
		select {
		case <-done:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(done) })
	c := made(t, Config{Allow: loopback, Plain: true, Ports: []uint16{portOf(t, s)}, Timeout: 100 * time.Millisecond})
	for _, path := range []string{"/silent/secret", "/drip"} {
		_, err := get(t, c, s.URL+path)
		late, ok := err.(interface{ Timeout() bool })
		if !ok || !late.Timeout() || strings.Contains(err.Error(), "secret") {
			t.Errorf("Do(%s) = %v, want a timeout that keeps the path to itself", path, err)
		}
	}
}

func TestMessagesNameTheHostAlone(t *testing.T) {
	t.Parallel()
	l := httptest.NewServer(nil)
	port := portOf(t, l)
	l.Close()
	names, _ := resolver(t, map[string][]string{"shut.example": {"127.0.0.1"}, "inner.example": {"10.11.12.13"}})
	open := made(t, Config{Allow: loopback, Plain: true, Ports: []uint16{port}, Resolver: names})
	shut := made(t, Config{Plain: true, Ports: []uint16{port}, Resolver: names})
	for _, c := range []struct {
		client    *Client
		url, want string
	}{
		{open, "http://shut.example:PORT/services/T0/secret", "ask shut.example: connect: connection refused"},
		{shut, "http://inner.example:PORT/services/T0/secret", "ask inner.example: its name leads to a private address (RFC 1918); expected a public address"},
		{shut, "https://shut.example/services/T0/secret", "ask shut.example: names port 443, which is not asked from here; expected "},
	} {
		_, err := get(t, c.client, strings.ReplaceAll(c.url, "PORT", strings.TrimPrefix(l.Listener.Addr().String(), "127.0.0.1:")))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("Do(%s) = %v, want %s", c.url, err, c.want)
		}
	}
}

// TestDialledAsksForThePortToo: what is dialled is checked by itself, whatever was spelled.
func TestDialledAsksForThePortToo(t *testing.T) {
	t.Parallel()
	g := &guard{ports: []uint16{443}}
	for _, c := range []struct {
		network, address string
		ok               bool
	}{
		{"tcp4", "8.8.8.8:443", true}, {"tcp6", "[2606:4700::1111]:443", true}, {"tcp4", "8.8.8.8:22", false}, {"tcp4", "10.0.0.1:443", false},
		{"tcp6", "[fe80::1%eth0]:443", false}, {"udp4", "8.8.8.8:443", false}, {"unix", "/run/x", false}, {"tcp4", "8.8.8.8", false},
	} {
		if err := g.dialled(c.network, c.address); (err == nil) != c.ok || err != nil && !errors.Is(err, fault.Refused) {
			t.Errorf("dialled(%s, %s) = %v, want ok %v", c.network, c.address, err, c.ok)
		}
	}
}

func TestHostHeaderIsTheHost(t *testing.T) {
	t.Parallel()
	in := listen(t)
	c := made(t, Config{Allow: loopback, Plain: true, Ports: []uint16{in.number()}})
	r, _ := http.NewRequest(http.MethodGet, "http://127.0.0.1:"+in.port, nil)
	r.Host = "admin.internal"
	if answer, err := c.Do(r); err == nil {
		answer.Body.Close()
		t.Error("Do(Host: admin.internal) = nil, want a fault.Refused")
	} else if !errors.Is(err, fault.Refused) {
		t.Errorf("Do(Host: admin.internal) = %v, want a fault.Refused", err)
	}
	// The client for libraries goes through the same guard.
	if _, err := get(t, made(t, Config{Plain: true, Ports: []uint16{in.number()}}).HTTP(), "http://127.0.0.1:"+in.port); !errors.Is(err, fault.Refused) {
		t.Errorf("HTTP().Do = %v, want a fault.Refused", err)
	}
	if n := in.heard.Load(); n != 0 {
		t.Errorf("the service heard %d connections, want 0", n)
	}
}
