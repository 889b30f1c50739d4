package filter

import (
	"encoding/binary"

	"cbdoctor/capture/packet"
)

// EtherTypes and protocol numbers (IANA).
const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherRARP = 0x8035
	etherIPv6 = 0x86dd

	protoTCP      = 6
	protoUDP      = 17
	protoFragment = 44
	protoSCTP     = 132
)

// view is a frame that is being looked at. As in BPF, a load from beyond the captured bytes ends the program: nothing matches then.
type view struct {
	link   packet.LinkType
	b      []byte
	length int
	short  bool
	absent bool // a header that a comparison names is not there: the comparison does not hold
}

func (v *view) load(at, size int) uint32 {
	if at < 0 || at+size > len(v.b) {
		v.short = true
		return 0
	}
	switch size {
	case 1:
		return uint32(v.b[at])
	case 2:
		return uint32(binary.BigEndian.Uint16(v.b[at:]))
	}
	return binary.BigEndian.Uint32(v.b[at:])
}

// linkLayer is where a link type keeps the EtherType, and where the next header begins.
type linkLayer struct{ kind, payload int }

var linkLayers = map[packet.LinkType]linkLayer{
	linkEthernet: {12, 14},
	113:          {14, 16}, // Linux cooked
	276:          {0, 20},  // Linux cooked, version 2
	104:          {2, 4},   // Cisco HDLC
}

const linkEthernet packet.LinkType = 1

// Protocols of PPP (RFC 1661) and address families of BSD loopback: what they mean as EtherTypes.
var (
	pppProtocols = map[uint32]int{0x0021: etherIPv4, 0x0057: etherIPv6}
	families     = map[uint32]int{2: etherIPv4, 10: etherIPv6, 24: etherIPv6, 28: etherIPv6, 30: etherIPv6}
)

// network returns the EtherType behind the tags that the expression has passed so far, and where its header begins.
func (v *view) network(tags int) (kind, at int) {
	switch v.link {
	case 12, 14, 101, 228, 229: // raw IP
		switch v.load(0, 1) >> 4 {
		case 4:
			return etherIPv4, 0
		case 6:
			return etherIPv6, 0
		}
		return 0, 0
	case 0, 108: // loopback: the family in the order of the host that captured
		family := v.load(0, 4)
		if family > 0xffff {
			family = family>>24 | family>>8&0xff00
		}
		return families[family], 4
	case 9, 50: // PPP
		return pppProtocols[v.load(2, 2)], 4
	}
	l, known := linkLayers[v.link]
	if !known {
		return 0, 0
	}
	return int(v.load(l.kind+4*tags, 2)), l.payload + 4*tags
}

// ports finds the header behind IP when it begins in this packet and is of a protocol that has ports.
func (v *view) ports(tags int, protocols func(uint32) bool) (at int, ok bool) {
	switch kind, ip := v.network(tags); kind {
	case etherIPv6:
		return ip + 40, protocols(v.load(ip+6, 1))
	case etherIPv4:
		return v.behindIPv4(ip), protocols(v.load(ip+9, 1)) && v.load(ip+6, 2)&0x1fff == 0
	}
	return 0, false
}

func (v *view) behindIPv4(ip int) int { return ip + int(v.load(ip, 1)&15)*4 }
