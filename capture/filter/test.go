package filter

import (
	"net/netip"
	"strconv"
)

// test is one node of a compiled expression.
type test func(v *view) bool

func and(a, b test) test { return func(v *view) bool { return a(v) && !v.short && b(v) } }
func or(a, b test) test  { return func(v *view) bool { return a(v) || !v.short && b(v) } }
func not(a test) test    { return func(v *view) bool { return !a(v) } }

// tagged is a test of what lies behind so many VLAN tags.
type tagged func(v *view, tags int) bool

func at(t tagged, tags int) test { return func(v *view) bool { return t(v, tags) } }

// protocol is a word that may stand alone or before a kind.
type protocol struct {
	ether int // EtherType, 0 when it is a protocol within IP
	ip    int // number within IPv4, -1 when there is none
	ip6   int
}

var protocols = map[string]protocol{
	"ether": {}, "ip": {ether: etherIPv4}, "ip6": {ether: etherIPv6}, "arp": {ether: etherARP}, "rarp": {ether: etherRARP},
	"tcp": {ip: protoTCP, ip6: protoTCP}, "udp": {ip: protoUDP, ip6: protoUDP}, "sctp": {ip: protoSCTP, ip6: protoSCTP},
	"icmp": {ip: 1, ip6: -1}, "icmp6": {ip: -1, ip6: 58}, "igmp": {ip: 2, ip6: -1}, "igrp": {ip: 9, ip6: -1},
	"esp": {ip: 50, ip6: 50}, "ah": {ip: 51, ip6: 51}, "pim": {ip: 103, ip6: 103}, "vrrp": {ip: 112, ip6: -1}, "carp": {ip: 112, ip6: -1},
}

func (p protocol) test(tags int) test {
	switch {
	case p.ether != 0:
		return func(v *view) bool { kind, _ := v.network(tags); return kind == p.ether }
	case p.ip == 0 && p.ip6 == 0: // ether
		return func(v *view) bool { return v.link == linkEthernet }
	}
	return func(v *view) bool { return v.carries(tags, p.ip, p.ip6) }
}

// carries reports whether IP carries a protocol. Of IPv6's extension headers libpcap looks behind the fragment header only.
func (v *view) carries(tags, ip, ip6 int) bool {
	switch kind, at := v.network(tags); {
	case kind == etherIPv6 && ip6 >= 0:
		next := v.load(at+6, 1)
		return next == uint32(ip6) || !v.short && next == protoFragment && v.load(at+40, 1) == uint32(ip6)
	case kind == etherIPv4 && ip >= 0:
		return v.load(at+9, 1) == uint32(ip)
	}
	return false
}

var protocolNumbers = map[string]int{
	"icmp": 1, "igmp": 2, "igrp": 9, "tcp": protoTCP, "udp": protoUDP, "esp": 50, "ah": 51, "icmp6": 58, "pim": 103, "vrrp": 112, "sctp": protoSCTP, "gre": 47,
}

var etherTypes = map[string]int{"ip": etherIPv4, "ip6": etherIPv6, "arp": etherARP, "rarp": etherRARP}

func numberOf(names map[string]int, s string) (int, bool) {
	if n, known := names[s]; known {
		return n, true
	}
	n, err := strconv.ParseUint(s, 0, 16)
	return int(n), err == nil
}

func protoTest(proto string, n int) tagged {
	switch proto {
	case "ether":
		return func(v *view, tags int) bool { kind, _ := v.network(tags); return kind == n }
	case "ip":
		return func(v *view, tags int) bool { return v.carries(tags, n, -1) }
	case "ip6":
		return func(v *view, tags int) bool { return v.carries(tags, -1, n) }
	}
	return func(v *view, tags int) bool { return v.carries(tags, n, n) }
}

// portProtocols are the protocols whose ports a qualifier means.
var portProtocols = map[string]func(uint32) bool{
	"":     func(n uint32) bool { return n == protoTCP || n == protoUDP || n == protoSCTP },
	"tcp":  func(n uint32) bool { return n == protoTCP },
	"udp":  func(n uint32) bool { return n == protoUDP },
	"sctp": func(n uint32) bool { return n == protoSCTP },
}

func portTest(set func(uint32) bool, direction string, low, high uint32) tagged {
	in := func(v *view, at int) bool { n := v.load(at, 2); return low <= n && n <= high }
	return func(v *view, tags int) bool {
		at, ok := v.ports(tags, set)
		return ok && !v.short && either(direction, func() bool { return in(v, at) }, func() bool { return in(v, at+2) }, v)
	}
}

// either asks of the source and the destination what the direction says.
func either(direction string, src, dst func() bool, v *view) bool {
	switch direction {
	case "src":
		return src()
	case "dst":
		return dst()
	case "both":
		return src() && !v.short && dst()
	}
	return src() || !v.short && dst()
}

// addressHeaders are where IP and ARP keep source and destination.
var addressHeaders = map[int]struct {
	proto    string
	src, dst int
	v6       bool
}{
	etherIPv4: {"ip", 12, 16, false},
	etherARP:  {"arp", 14, 24, false},
	etherRARP: {"rarp", 14, 24, false},
	etherIPv6: {"ip6", 8, 24, true},
}

func addressTest(proto, direction string, prefix netip.Prefix) tagged {
	return func(v *view, tags int) bool {
		kind, header := v.network(tags)
		h, known := addressHeaders[kind]
		if !known || h.v6 != prefix.Addr().Is6() || proto != "" && proto != h.proto {
			return false
		}
		in := func(at int) bool { return v.within(prefix, at) }
		return either(direction, func() bool { return in(header + h.src) }, func() bool { return in(header + h.dst) }, v)
	}
}

// within reports whether the address at an offset lies in a network.
func (v *view) within(prefix netip.Prefix, at int) bool {
	size := prefix.Addr().BitLen() / 8
	if v.load(at, 4); at+size > len(v.b) {
		v.short = true
		return false
	}
	a, _ := netip.AddrFromSlice(v.b[at : at+size])
	return prefix.Contains(a)
}

func hardwareTest(direction string, want [6]byte) tagged {
	return func(v *view, _ int) bool {
		if v.link != linkEthernet || len(v.b) < 12 {
			v.short = v.short || v.link == linkEthernet
			return false
		}
		return either(direction, func() bool { return [6]byte(v.b[6:12]) == want }, func() bool { return [6]byte(v.b[:6]) == want }, v)
	}
}

func vlanTest(id int) tagged {
	return func(v *view, tags int) bool {
		kind, at := v.network(tags)
		return (kind == 0x8100 || kind == 0x88a8 || kind == 0x9100) && (id < 0 || v.load(at, 2)&0xfff == uint32(id))
	}
}

func longer(greater bool, n int) test {
	return func(v *view) bool { return greater && v.length >= n || !greater && v.length <= n }
}

// casts are the tests of broadcast and multicast.
var casts = map[string]tagged{
	"ether broadcast": func(v *view, _ int) bool {
		return v.link == linkEthernet && v.load(0, 4) == 0xffffffff && v.load(4, 2) == 0xffff
	},
	"ether multicast": func(v *view, _ int) bool { return v.link == linkEthernet && v.load(0, 1)&1 == 1 },
	"ip multicast": func(v *view, tags int) bool {
		kind, at := v.network(tags)
		return kind == etherIPv4 && v.load(at+16, 1) >= 224
	},
	"ip6 multicast": func(v *view, tags int) bool {
		kind, at := v.network(tags)
		return kind == etherIPv6 && v.load(at+24, 1) == 255
	},
}
