package app

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// addressOf gives the network address that a request comes from. Behind proxies that the operator trusts it is the last address
// that none of them has: what stands before it in X-Forwarded-For anybody can write.
func addressOf(trusted []string) (func(r *http.Request) string, error) {
	var nets []netip.Prefix
	for _, s := range trusted {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, &fault.Error{Kind: fault.Refused, Field: "--trusted-proxy", What: err.Error() + "; expected a network such as 10.0.0.0/8"}
		}
		nets = append(nets, p.Masked())
	}
	trust := func(s string) (netip.Addr, bool) {
		a, err := netip.ParseAddr(strings.TrimSpace(s))
		if err != nil {
			return a, false
		}
		a = a.Unmap()
		for _, n := range nets {
			if n.Contains(a) {
				return a, true
			}
		}
		return a, false
	}
	return func(r *http.Request) string {
		peer := r.RemoteAddr
		if host, _, err := net.SplitHostPort(peer); err == nil {
			peer = host
		}
		if _, ok := trust(peer); !ok {
			return peer
		}
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0; i-- {
			a, ok := trust(hops[i])
			if !a.IsValid() {
				break
			}
			if !ok {
				return a.String()
			}
		}
		return peer
	}, nil
}
