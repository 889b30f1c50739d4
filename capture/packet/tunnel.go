package packet

import "encoding/binary"

// UDP ports of tunnels.
const (
	portGTP        = 2152 // 3GPP TS 29.281
	portGRE        = 4754 // RFC 8086
	portVXLAN      = 4789 // RFC 7348
	portVXLANLinux = 8472 // Linux before the assignment, still its default
	portVXLANGPE   = 4790 // draft-ietf-nvo3-vxlan-gpe
	portGeneve     = 6081 // RFC 8926
)

func isTunnelPort(p uint16) bool {
	switch p {
	case portGTP, portGRE, portVXLAN, portVXLANLinux, portVXLANGPE, portGeneve:
		return true
	}
	return false
}

// tunnel goes on inside a tunnel and remembers its name.
func (d *decoder) tunnel(name string, inner func(*decoder, span) outcome, s span) outcome {
	if !d.nested() {
		return ignored
	}
	d.p.Tunnel = name
	return inner(d, s)
}

// udp looks for tunnels only.
func (d *decoder) udp(s span) outcome {
	const header = 8
	if len(s.b) < header {
		return ignored
	}
	d.pass(LayerUDP, s)
	switch port := binary.BigEndian.Uint16(s.b[2:]); port {
	case portVXLAN, portVXLANLinux, portVXLANGPE:
		return d.vxlan(s.from(header), port == portVXLANGPE)
	case portGeneve:
		return d.geneve(s.from(header))
	case portGTP:
		return d.gtp(s.from(header))
	case portGRE:
		return d.gre(s.from(header))
	}
	d.p.Flags, d.p.Seq = 0, 0
	return foreign
}

// vxlan reads RFC 7348's header of 8 bytes, and the generic extension's next protocol.
func (d *decoder) vxlan(s span, generic bool) outcome {
	if len(s.b) < 8 || s.b[0]&0x08 == 0 {
		return ignored
	}
	inner := (*decoder).ethernet
	if generic && s.b[0]&0x04 != 0 {
		switch s.b[3] {
		case 1:
			inner = (*decoder).ipv4
		case 2:
			inner = (*decoder).ipv6
		case 3:
		case 4:
			inner = (*decoder).nsh
		default:
			return ignored
		}
	}
	return d.tunnel("vxlan", inner, s.from(8))
}

// nsh reads the network service header (RFC 8300 section 2.2): length in 4 bytes, next protocol.
func (d *decoder) nsh(s span) outcome {
	if len(s.b) < 8 {
		return ignored
	}
	length := int(s.b[1]&0x3f) * 4
	if length < 8 || length > len(s.b) {
		return ignored
	}
	switch s.b[3] {
	case 1:
		return d.ipv4(s.from(length))
	case 2:
		return d.ipv6(s.from(length))
	case 3:
		return d.ethernet(s.from(length))
	}
	return ignored
}

// geneve reads RFC 8926's header of 8 bytes and options.
func (d *decoder) geneve(s span) outcome {
	if len(s.b) < 8 || s.b[0]>>6 != 0 {
		return ignored
	}
	header, protocol := 8+int(s.b[0]&0x3f)*4, binary.BigEndian.Uint16(s.b[2:])
	if header > len(s.b) {
		return ignored
	}
	return d.tunnel("geneve", func(d *decoder, s span) outcome { return d.etherType(protocol, s) }, s.from(header))
}

// gtp reads a packet of the user plane of a mobile network (3GPP TS 29.281 section 5.1): version 1, optional fields, extension headers
// that give their length in 4 bytes first and the type of the next one last.
func (d *decoder) gtp(s span) outcome {
	const optional, extended, carriesPacket = 0x07, 0x04, 255
	if len(s.b) < 12 || s.b[0]>>4 != 3 || s.b[1] != carriesPacket {
		return ignored
	}
	header, next := 8, byte(0)
	if s.b[0]&optional != 0 {
		header = 12
	}
	if s.b[0]&extended != 0 {
		next = s.b[11]
	}
	for next != 0 {
		if header >= len(s.b) || s.b[header] == 0 || header+int(s.b[header])*4 > len(s.b) {
			return ignored
		}
		header += int(s.b[header]) * 4
		next = s.b[header-1]
	}
	return d.tunnel("gtp", (*decoder).ip, s.from(header))
}

// gre reads generic routing encapsulation (RFC 2784, RFC 2890), PPTP's version (RFC 2637), and ERSPAN in it
// (draft-foschiano-erspan).
func (d *decoder) gre(s span) outcome {
	if len(s.b) < 4 {
		return ignored
	}
	flags, version, protocol := s.b[0], s.b[1]&7, binary.BigEndian.Uint16(s.b[2:])
	const checksum, routing, key, sequence = 0x80, 0x40, 0x20, 0x10
	if version > 1 || flags&routing != 0 {
		return ignored
	}
	header := 4
	for _, bit := range [...]uint8{checksum, key, sequence} {
		if flags&bit != 0 {
			header += 4
		}
	}
	if version == 1 && s.b[1]&0x80 != 0 { // an acknowledgment number
		header += 4
	}
	if header > len(s.b) {
		return ignored
	}
	s = s.from(header)
	if protocol&0xff00 == etherAruba {
		return d.tunnel("gre", (*decoder).wlan, s)
	}
	switch protocol {
	case etherERSPAN: // type I has no header of its own and no sequence number; type II has both
		if flags&sequence != 0 {
			if len(s.b) < 8 {
				return ignored
			}
			s = s.from(8)
		}
		return d.tunnel("erspan", (*decoder).ethernet, s)
	case etherERSPAN3:
		header := 12
		if len(s.b) >= 12 && s.b[11]&1 != 0 { // the O bit: a platform-specific header follows
			header = 20
		}
		if header > len(s.b) {
			return ignored
		}
		return d.tunnel("erspan", (*decoder).ethernet, s.from(header))
	case etherWCCP: // a header of 4 bytes since version 2, which an IP packet can't begin like
		if len(s.b) >= 4 && s.b[0]>>4 != 4 {
			s = s.from(4)
		}
		return d.tunnel("gre", (*decoder).ip, s)
	}
	return d.tunnel("gre", func(d *decoder, s span) outcome { return d.etherType(protocol, s) }, s)
}
