package packet

import "encoding/binary"

// sifter tells at first sight, and without any state, whether a packet may be wanted. Each worker has its own.
type sifter struct {
	ports *portSet
	all   bool
	every bool
	hosts bool // whether TTLs of other traffic are wanted
	look  decoder

	split bool   // several lanes share the packets
	lane  uint8  // of the packet that was looked at last
	id    uint16 // of the packet that was called hitHost last
	sure  bool   // that packet was a SYN-ACK
}

func newSifter(opt Options) *sifter {
	s := &sifter{ports: opt.portSet(), all: opt.All, every: opt.Every, hosts: opt.Hosts != nil, split: opt.split}
	s.look.ports, s.look.all, s.look.sifting = s.ports, s.all, true
	return s
}

// sift tells what to do with a packet of the interface.
func (s *sifter) sift(i *iface, b []byte, orig uint32) hitKind {
	s.lane = 0
	if s.split {
		s.lane = everyLane
	}
	if s.every {
		return hitOther
	}
	if i.link == linkEthernet && !s.all {
		return s.ethernet(i, b, orig)
	}
	return s.any(i, b, orig)
}

// portSet is a set of TCP ports. Nearly always it has one, for which nothing is looked up.
type portSet struct {
	one  uint16
	more *[1 << 10]uint64 // a bit each, where there are several
}

func (s *portSet) has(p uint16) bool {
	return p == s.one || s.more != nil && s.more[p>>6]>>(p&63)&1 != 0
}

// portsOf is the set of at least one port.
func portsOf(ports []uint16) *portSet {
	s := &portSet{one: ports[0]}
	if len(ports) > 1 {
		s.more = new([1 << 10]uint64)
	}
	for _, p := range ports[1:] {
		s.more[p>>6] |= 1 << (p & 63)
	}
	return s
}

// hostStretch is the head of a file in which every packet counts for [Hosts].
const hostStretch = 4 << 20

// wantsHost decides, by the file's content and not by chance, which packets of other ports are worth remembering the TTL of: all
// at first, later SYN-ACKs (which name the servers) and one in 64.
func (s *sifter) wantsHost(offset int64) bool {
	return offset < hostStretch || s.sure || s.id&63 == 0
}

// ethernet settles the common packet (IPv4 without options or fragments, or IPv6, over Ethernet II) by a few loads at fixed
// offsets. It is where most packets of a capture end.
func (s *sifter) ethernet(i *iface, b []byte, orig uint32) hitKind {
	const (
		typeAndIHL = 12 // EtherType and the first byte of the IP header
		ip         = 14
		l4         = ip + 20
		l4v6       = ip + 40
	)
	if len(b) < l4+20 {
		return s.any(i, b, orig)
	}
	switch binary.LittleEndian.Uint32(b[typeAndIHL:]) & 0x00ffffff {
	case 0x45_00_08: // 08 00 45
		if (binary.LittleEndian.Uint16(b[ip+6:])&^0x00c0) != 0 || binary.LittleEndian.Uint16(b[ip+2:]) == 0 {
			break // a fragment, or the length was left to the network card
		}
		ports := binary.BigEndian.Uint32(b[l4:])
		switch b[ip+9] {
		case protoTCP:
			if s.ports.has(uint16(ports>>16)) || s.ports.has(uint16(ports)) {
				if !s.split {
					return hitFixed
				}
				src, dst := binary.BigEndian.Uint32(b[ip+12:]), binary.BigEndian.Uint32(b[ip+16:])
				s.lane = LaneOf(AddrFrom4(src), AddrFrom4(dst), uint16(ports>>16), uint16(ports))
				return hitFixed
			}
			if b[l4+13]&RST != 0 {
				return hitNone
			}
			s.sure = b[l4+13]&(SYN|ACK) == SYN|ACK
		case protoUDP:
			if isTunnelPort(uint16(ports)) {
				return s.any(i, b, orig)
			}
			s.sure = false
		default:
			return s.any(i, b, orig)
		}
		s.id, s.lane = binary.BigEndian.Uint16(b[ip+4:]), hostLane
		return hitHost
	}
	if b[12] == 0x86 && b[13] == 0xdd && len(b) >= l4v6+20 {
		ports := binary.BigEndian.Uint32(b[l4v6:])
		switch b[ip+6] {
		case protoTCP:
			if s.ports.has(uint16(ports>>16)) || s.ports.has(uint16(ports)) {
				return hitOther
			}
			if b[l4v6+13]&RST != 0 {
				return hitNone
			}
			s.lane, s.sure, s.id = hostLane, b[l4v6+13]&(SYN|ACK) == SYN|ACK, binary.BigEndian.Uint16(b[l4v6+6:]) // IPv6 has no id: the sequence number serves
			return hitHost
		case protoUDP:
			if !isTunnelPort(uint16(ports)) {
				return hitNone
			}
		}
	}
	return s.any(i, b, orig)
}

// any looks at a packet through the general decoder.
func (s *sifter) any(i *iface, b []byte, orig uint32) hitKind {
	switch s.look.frame(i, b, orig) {
	case wanted:
		return hitOther
	case foreign:
		p := &s.look.p
		s.lane, s.sure, s.id = hostLane, p.Has(SYN|ACK), p.IPID
		if !p.HasIPID {
			s.id = uint16(p.Seq)
		}
		return hitHost
	}
	return hitNone
}
