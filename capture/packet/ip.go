package packet

import "encoding/binary"

// Protocol numbers of the IANA registry.
const (
	protoHopByHop = 0
	protoICMP     = 1
	protoIPIP     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoAH       = 51
	protoICMPv6   = 58
	protoDestOpts = 60
	protoMobility = 135
)

// ip reads a packet whose version only its first nibble tells.
func (d *decoder) ip(s span) outcome {
	if len(s.b) == 0 {
		return ignored
	}
	switch s.b[0] >> 4 {
	case 4:
		return d.ipv4(s)
	case 6:
		return d.ipv6(s)
	}
	return ignored
}

// ipv4 reads RFC 791's header.
func (d *decoder) ipv4(s span) outcome {
	if len(s.b) < 20 || s.b[0]>>4 != 4 || !d.nested() {
		return ignored
	}
	d.pass(LayerIPv4, s)
	b, p := s.b, &d.p
	header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 { // a packet over 64 KiB before segmentation: the network card would have filled the length in
		total = s.n
	}
	if header < 20 || len(b) < header || total < header {
		return ignored
	}
	p.Src, p.Dst = AddrFrom4(binary.BigEndian.Uint32(b[12:])), AddrFrom4(binary.BigEndian.Uint32(b[16:]))
	p.TTL, p.ECN = b[8], b[1]&3
	p.IPID, p.HasIPID, p.DontFragment = binary.BigEndian.Uint16(b[4:]), true, b[6]&0x40 != 0
	payload := s.clip(total).from(header)
	if f := binary.BigEndian.Uint16(b[6:]); f&0x3fff != 0 {
		return d.fragment(fragmentKey{p.Src, p.Dst, uint32(p.IPID), b[9]}, int(f&0x1fff)*8, f&0x2000 != 0, payload)
	}
	return d.transport(b[9], payload)
}

// ipv6 reads RFC 8200's header and its extension headers.
func (d *decoder) ipv6(s span) outcome {
	if len(s.b) < 40 || s.b[0]>>4 != 6 || !d.nested() {
		return ignored
	}
	d.pass(LayerIPv6, s)
	b, p := s.b, &d.p
	p.Src, p.Dst = addr16(b[8:]), addr16(b[24:])
	p.TTL, p.ECN = b[7], b[1]>>4&3
	p.IPID, p.HasIPID, p.DontFragment = 0, false, true
	next, length := b[6], int(binary.BigEndian.Uint16(b[4:]))
	s = s.from(40)
	if length != 0 { // 0: a jumbogram (RFC 2675) or a packet before segmentation. The rest of the frame is payload then
		s = s.clip(length)
	}
	for range maxDepth {
		skip := 0
		switch next {
		case protoHopByHop, protoRouting, protoDestOpts, protoMobility:
			if len(s.b) < 8 {
				return ignored
			}
			skip = (int(s.b[1]) + 1) * 8
		case protoAH: // RFC 4302: counted in 4 bytes, less 2
			if len(s.b) < 8 {
				return ignored
			}
			skip = (int(s.b[1]) + 2) * 4
		case protoFragment:
			if len(s.b) < 8 {
				return ignored
			}
			f, id := binary.BigEndian.Uint16(s.b[2:]), binary.BigEndian.Uint32(s.b[4:])
			if f&0xfff9 != 0 {
				return d.fragment(fragmentKey{p.Src, p.Dst, id, s.b[0]}, int(f&0xfff8), f&1 != 0, s.from(8))
			}
			skip = 8 // an atomic fragment (RFC 6946) is whole
		default:
			return d.transport(next, s)
		}
		if skip > len(s.b) {
			return ignored
		}
		next, s = s.b[0], s.from(skip)
	}
	return ignored
}

// transport goes on with what an IP packet carries.
func (d *decoder) transport(protocol uint8, s span) outcome {
	switch protocol {
	case protoTCP:
		return d.tcp(s)
	case protoUDP:
		return d.udp(s)
	case protoICMP:
		return d.icmp(s, false)
	case protoICMPv6:
		return d.icmp(s, true)
	case protoIPIP, protoIPv6:
		return d.tunnel("ip-in-ip", (*decoder).ip, s)
	case protoGRE:
		return d.gre(s)
	case protoAH:
		if len(s.b) < 8 {
			return ignored
		}
		if skip := (int(s.b[1]) + 2) * 4; skip <= len(s.b) && d.nested() {
			return d.transport(s.b[0], s.from(skip))
		}
	}
	return ignored
}
