package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// addresses maps IP and MAC addresses. IPv4 keeps its subnets on octet boundaries and the number of digits of each octet, so that
// a text keeps its length; IPv6 does so by groups of four hexadecimal digits. Private, loopback, link-local and multicast ranges and
// netmasks stay what they are: their meaning is part of a diagnosis.
type addresses struct {
	key  []byte
	real map[netip.Addr]bool

	networks map[[3]byte][3]byte // of /24 networks
	taken    map[[3]byte]bool    // stand-ins in use, and networks of the material: no stand-in is an address that really occurs
	round    byte                // varies IPv6 stand-ins until none is an address that really occurs
	macs     map[[6]byte][6]byte
}

func newAddresses(key []byte) *addresses {
	return &addresses{key: key, real: map[netip.Addr]bool{}, networks: map[[3]byte][3]byte{}, taken: map[[3]byte]bool{}, macs: map[[6]byte][6]byte{}}
}

// learn notes an address of the material. All must be learnt before the first is mapped.
func (a *addresses) learn(ip netip.Addr) {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() || keptWhole(ip) || a.real[ip] {
		return
	}
	a.real[ip] = true
	if ip.Is4() {
		b := ip.As4()
		a.taken[[3]byte(b[:3])] = true
	}
}

// settle makes IPv6 stand-ins differ from all real addresses.
func (a *addresses) settle() {
	for a.round = 0; a.round < 255; a.round++ {
		clash := false
		for ip := range a.real {
			clash = clash || ip.Is6() && a.real[a.v6(ip)]
		}
		if !clash {
			return
		}
	}
}

// keptWhole: addresses that mean the same everywhere.
func keptWhole(ip netip.Addr) bool {
	if ip.Is4() {
		b := ip.As4()
		return b[0] == 0 || b[0] == 127 || b[0] >= 224
	}
	return ip.IsUnspecified() || ip.IsLoopback() || ip.IsMulticast()
}

// ip is the stand-in of an address.
func (a *addresses) ip(ip netip.Addr) netip.Addr {
	switch {
	case keptWhole(ip):
		return ip
	case ip.Is4():
		return netip.AddrFrom4(a.v4(ip.As4()))
	case ip.Is4In6():
		b := ip.As16()
		mapped := a.v4([4]byte(b[12:]))
		copy(b[12:], mapped[:])
		return netip.AddrFrom16(b)
	}
	return a.v6(ip)
}

func (a *addresses) v4(b [4]byte) [4]byte {
	network := [3]byte(b[:3])
	standIn, known := a.networks[network]
	if !known {
		for round := range byte(255) {
			standIn = a.network(network, round)
			if !a.taken[standIn] {
				break
			}
		}
		a.networks[network], a.taken[standIn] = standIn, true
	}
	return [4]byte{standIn[0], standIn[1], standIn[2], a.octet(b[:3], 0, b[3], hostClass)}
}

// network is a candidate for the stand-in of a /24 network. Only its last octet varies by round, so that /16 networks stay together.
func (a *addresses) network(n [3]byte, round byte) [3]byte {
	return [3]byte{a.octet(nil, 0, n[0], firstClass), a.octet(n[:1], 0, n[1], secondClass(n[0])), a.octet(n[:2], round, n[2], digitClass)}
}

// octet permutes v within the values of its class, by what stands before it in the address.
func (a *addresses) octet(before []byte, round, v byte, class func(byte) int) byte {
	var values []byte
	at := 0
	for x := range 256 {
		if c := byte(x); class(c) == class(v) {
			if c == v {
				at = len(values)
			}
			values = append(values, c)
		}
	}
	order := rand.New(rand.NewChaCha8(a.seed("octet", append([]byte{round, byte(class(v))}, before...)))).Perm(len(values))
	return values[order[at]]
}

// digitClass keeps the number of digits.
func digitClass(v byte) int {
	switch {
	case v < 10:
		return 1
	case v < 100:
		return 2
	}
	return 3
}

// alone is the class of an octet that stays what it is.
func alone(v byte) int { return 256 + int(v) }

// firstClass: the first octets of ranges that mean something stay (RFC 6890), the others stay outside of these ranges.
func firstClass(v byte) int {
	switch {
	case v == 0, v == 10, v == 127, v == 169, v == 172, v == 192, v >= 224:
		return alone(v)
	}
	return digitClass(v)
}

// secondClass keeps 169.254/16, 172.16/12 and 192.168/16 apart from their neighbours.
func secondClass(first byte) func(byte) int {
	return func(v byte) int {
		switch {
		case first == 172 && v >= 16 && v < 32:
			return 4
		case first == 169 && v == 254, first == 192 && v == 168:
			return alone(v)
		}
		return digitClass(v)
	}
}

// hostClass: the address of the network itself and its broadcast address stay what they are.
func hostClass(v byte) int {
	if v == 0 || v == 255 {
		return alone(v)
	}
	return digitClass(v)
}

// v6 permutes each group within the numbers of as many hexadecimal digits; zero stays zero, and the kind of address (its first
// digit, fe80 and fd as a whole) stays.
func (a *addresses) v6(ip netip.Addr) netip.Addr {
	b := ip.As16()
	out := b
	for i := 0; i < 16; i += 2 {
		v := binary.BigEndian.Uint16(b[i:])
		if v == 0 || i == 0 && (v&0xffc0 == 0xfe80 || v == 0x2001) || i == 12 && v == 0xfffe || i == 10 && v&0xff == 0xff && b[12] == 0xfe {
			continue // the last two: fffe in the middle shows that the interface id is made of a MAC address
		}
		low, high := groupRange(v)
		if i == 0 { // the first digit stays
			low, high = v&0xf000, v|0x0fff
		}
		binary.BigEndian.PutUint16(out[i:], a.group(b[:i], v, max(low, 1), high))
	}
	return netip.AddrFrom16(out)
}

func groupRange(v uint16) (low, high uint16) {
	switch {
	case v < 0x10:
		return 0x1, 0xf
	case v < 0x100:
		return 0x10, 0xff
	case v < 0x1000:
		return 0x100, 0xfff
	}
	return 0x1000, 0xffff
}

// group permutes v in low..high by a four-round Feistel network of 16 bits that is walked until it comes back into the range
// (Black and Rogaway, "Ciphers with arbitrary finite domains"); small ranges are shuffled.
func (a *addresses) group(before []byte, v, low, high uint16) uint16 {
	seed := a.seed("group", append([]byte{a.round}, before...))
	if n := int(high) - int(low) + 1; n <= 256 {
		return low + uint16(rand.New(rand.NewChaCha8(seed)).Perm(n)[int(v)-int(low)])
	}
	for {
		l, r := byte(v>>8), byte(v)
		for round := range byte(4) {
			mac := hmac.New(sha256.New, seed[:])
			mac.Write([]byte{round, r})
			l, r = r, l^mac.Sum(nil)[0]
		}
		if v = uint16(l)<<8 | uint16(r); v >= low && v <= high {
			return v
		}
	}
}

// mac is the stand-in of a MAC address: the vendor's part and the two flag bits stay, broadcast and multicast stay whole.
func (a *addresses) mac(m [6]byte) [6]byte {
	if m[0]&1 == 1 || m == [6]byte{} {
		return m
	}
	out, known := a.macs[m]
	if !known {
		out = m
		sum := a.seed("mac", m[:])
		copy(out[3:], sum[:3])
		a.macs[m] = out
	}
	return out
}

// seed derives 32 bytes from the key for one use.
func (a *addresses) seed(use string, data []byte) [32]byte { return derive(a.key, use, data) }

func derive(key []byte, use string, data []byte) (out [32]byte) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(use))
	mac.Write([]byte{0})
	mac.Write(data)
	mac.Sum(out[:0])
	return out
}
