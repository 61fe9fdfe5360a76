package outbound

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// names answers what a name server would: the next of its addresses at each question for an A
// record, the last one from then on. A name that it does not know is 127.0.0.1, as an attacker's
// server has it.
type names struct {
	mu    sync.Mutex
	known map[string][]string
	asked map[string]int
}

func (n *names) next(name string, v6 bool) []netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	list, ok := n.known[name]
	if !ok {
		list = []string{"127.0.0.1"}
	}
	if v6 {
		var all []netip.Addr
		for _, s := range list {
			if a := netip.MustParseAddr(s); a.Is6() {
				all = append(all, a)
			}
		}
		return all
	}
	i := min(n.asked[name], len(list)-1)
	n.asked[name]++
	if a := netip.MustParseAddr(list[i]); a.Is4() {
		return []netip.Addr{a}
	}
	return nil
}

func (n *names) count(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[name]
}

// resolver starts a name server on loopback and gives a resolver that asks nobody else.
func resolver(t testing.TB, known map[string][]string) (*net.Resolver, *names) {
	t.Helper()
	n := &names{known: known, asked: map[string]int{}}
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 1500)
		for {
			size, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			c.WriteTo(n.reply(b[:size]), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", c.LocalAddr().String())
	}}, n
}

// reply answers a query of RFC 1035 with one question.
func (n *names) reply(q []byte) []byte {
	var labels []string
	i := 12
	for q[i] != 0 {
		labels = append(labels, string(q[i+1:i+1+int(q[i])]))
		i += 1 + int(q[i])
	}
	end := i + 5
	kind := binary.BigEndian.Uint16(q[i+1:])
	var addrs []netip.Addr
	if kind == 1 || kind == 28 {
		addrs = n.next(strings.ToLower(strings.Join(labels, ".")), kind == 28)
	}
	out := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, byte(len(addrs)), 0, 0, 0, 0}, q[12:end]...)
	for _, a := range addrs {
		out = append(out, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(a.BitLen()/8))
		out = append(out, a.AsSlice()...)
	}
	return out
}

// inner is a service inside the network that must hear nothing.
type inner struct {
	port  string
	heard atomic.Int64
}

// listen opens it on every loopback address of the machine.
func listen(t testing.TB) *inner {
	t.Helper()
	in, s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return in
}

func open() (*inner, *http.Server, error) {
	l, err := net.Listen("tcp", ":0") // both families where there are two
	if err != nil {
		return nil, nil, err
	}
	in := &inner{}
	_, in.port, _ = net.SplitHostPort(l.Addr().String())
	s := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "the inner secret") }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				in.heard.Add(1) // a connection is enough: a port scan needs no request
			}
		},
	}
	go s.Serve(l)
	return in, s, nil
}

func (in *inner) number() uint16 {
	return netip.MustParseAddrPort("127.0.0.1:" + in.port).Port()
}

func portOf(t testing.TB, s *httptest.Server) uint16 {
	t.Helper()
	return netip.MustParseAddrPort(s.Listener.Addr().String()).Port()
}

func made(t testing.TB, c Config) *Client {
	t.Helper()
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.http.CloseIdleConnections)
	return client
}

func get(t testing.TB, c interface {
	Do(*http.Request) (*http.Response, error)
}, url string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return string(b), err
}

// dialer is one without a guard.
func dialer(r *net.Resolver) func(context.Context, string, string) (net.Conn, error) {
	return (&net.Dialer{Resolver: r}).DialContext
}
