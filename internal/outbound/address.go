package outbound

import "net/netip"

// span is a range of addresses that leads to no public host.
type span struct {
	prefix netip.Prefix
	what   string
}

// spans are the ranges of the IANA special-purpose address registries (RFC 6890 and its updates)
// that are not globally reachable, or that are reachable only by way of a relay which would
// carry a private address inside a public one. The narrower range stands first.
var spans = []span{
	{netip.MustParsePrefix("169.254.169.254/32"), "the metadata service of a cloud"},
	{netip.MustParsePrefix("168.63.129.16/32"), "the platform service of a cloud"}, // Azure; public by number, internal by route
	{netip.MustParsePrefix("fd00:ec2::254/128"), "the metadata service of a cloud"},

	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified address (RFC 791)"},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private address (RFC 1918)"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a shared address of a provider (RFC 6598)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "a loopback address"},
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local address (RFC 3927)"},
	{netip.MustParsePrefix("172.16.0.0/12"), "a private address (RFC 1918)"},
	{netip.MustParsePrefix("192.0.0.0/24"), "an address of protocol assignments (RFC 6890)"},
	{netip.MustParsePrefix("192.0.2.0/24"), "a documentation address (RFC 5737)"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay (RFC 7526)"},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private address (RFC 1918)"},
	{netip.MustParsePrefix("198.18.0.0/15"), "a benchmarking address (RFC 2544)"},
	{netip.MustParsePrefix("198.51.100.0/24"), "a documentation address (RFC 5737)"},
	{netip.MustParsePrefix("203.0.113.0/24"), "a documentation address (RFC 5737)"},
	{netip.MustParsePrefix("224.0.0.0/4"), "a multicast address"},
	{netip.MustParsePrefix("255.255.255.255/32"), "the broadcast address"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved address (RFC 1112)"},

	{netip.MustParsePrefix("::/128"), "an unspecified address"},
	{netip.MustParsePrefix("::1/128"), "a loopback address"},
	{netip.MustParsePrefix("::/96"), "an IPv4 address inside an IPv6 one (RFC 4291)"},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), "a translated address (RFC 2765)"},
	{nat64, "a translated address (NAT64, RFC 6052)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "a translated address (NAT64, RFC 8215)"},
	{netip.MustParsePrefix("100::/64"), "a discard address (RFC 6666)"},
	{netip.MustParsePrefix("2001::/32"), "a tunnelled address (Teredo, RFC 4380)"},
	{netip.MustParsePrefix("2001::/23"), "an address of protocol assignments (RFC 2928)"},
	{netip.MustParsePrefix("2001:db8::/32"), "a documentation address (RFC 3849)"},
	{netip.MustParsePrefix("2002::/16"), "a tunnelled address (6to4, RFC 3056)"},
	{netip.MustParsePrefix("3fff::/20"), "a documentation address (RFC 9637)"},
	{netip.MustParsePrefix("fc00::/7"), "a private address (RFC 4193)"},
	{netip.MustParsePrefix("fe80::/10"), "a link-local address (RFC 4291)"},
	{netip.MustParsePrefix("fec0::/10"), "a site-local address (RFC 3879)"},
	{netip.MustParsePrefix("ff00::/8"), "a multicast address"},
}

var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	global = netip.MustParsePrefix("2000::/3") // all that IANA has given out for unicast, RFC 4291 section 2.4
)

// special says what an address is when it leads to no public host, or "". An IPv6 address outside
// the one block that is given out for public hosts is special though no range names it.
func special(a netip.Addr) string {
	for _, s := range spans {
		if s.prefix.Contains(a) {
			return s.what
		}
	}
	if a.Is6() && !global.Contains(a) {
		return "an IPv6 address outside the public block"
	}
	return ""
}

// refuses says what an address is when this installation does not ask it, or "".
func (g *guard) refuses(a netip.Addr) string {
	if !a.IsValid() {
		return "no address"
	}
	a = a.WithZone("").Unmap()
	if !g.allows(a) {
		return special(a)
	}
	if nat64.Contains(a) {
		// An operator on a network without IPv4 allows the translator, not what lies behind it.
		b := a.As16()
		return g.refuses(netip.AddrFrom4([4]byte(b[12:])))
	}
	return ""
}

// allows reports whether an exception of the operator covers the address.
func (g *guard) allows(a netip.Addr) bool {
	for _, p := range g.allow {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
