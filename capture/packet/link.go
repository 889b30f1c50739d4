package packet

import "encoding/binary"

// EtherTypes (IANA, IEEE).
const (
	etherIPv4    = 0x0800
	etherARP     = 0x0806
	etherTEB     = 0x6558 // Ethernet within GRE or Geneve
	etherVLAN    = 0x8100
	etherQinQ    = 0x88a8
	etherQinQOld = 0x9100
	etherIPv6    = 0x86dd
	etherMPLS    = 0x8847
	etherMPLSUp  = 0x8848
	etherPPPoE   = 0x8864
	etherPPP     = 0x880b // PPP within GRE
	etherERSPAN  = 0x88be
	etherERSPAN3 = 0x22eb
	etherNSH     = 0x894f
	etherAruba   = 0x8200 // and up to 0x82ff: 802.11 within GRE, as Aruba's access points send it
	etherWCCP    = 0x883e // what a router redirects within GRE
	etherFabric  = 0x8903 // Cisco FabricPath
	etherCMD     = 0x8909 // Cisco MetaData: a TrustSec security group tag
	etherPBB     = 0x88e7 // provider backbone bridges (IEEE 802.1ah)
	etherETag    = 0x893f // the tag of bridge port extenders (IEEE 802.1BR)
	etherVNTag   = 0x8926 // the tag of Cisco UCS and its fabric extenders (IEEE 802.1BR's forerunner)
)

const linkEthernet LinkType = 1

// etherType goes on with what an EtherType names.
func (d *decoder) etherType(t uint16, s span) outcome {
	for d.nested() {
		switch t {
		case etherIPv4:
			return d.ipv4(s)
		case etherIPv6:
			return d.ipv6(s)
		case etherARP:
			return d.arp(s)
		case etherVLAN, etherQinQ, etherQinQOld:
			if len(s.b) < 4 {
				return ignored
			}
			if d.p.VLAN == 0 {
				d.p.VLAN = binary.BigEndian.Uint16(s.b) & 0xfff
			}
			t, s = binary.BigEndian.Uint16(s.b[2:]), s.from(4)
		case etherVNTag: // two interface numbers
			if len(s.b) < 6 {
				return ignored
			}
			t, s = binary.BigEndian.Uint16(s.b[4:]), s.from(6)
		case etherETag: // priority and channels
			if len(s.b) < 8 {
				return ignored
			}
			t, s = binary.BigEndian.Uint16(s.b[6:]), s.from(8)
		case etherCMD: // version, length, option, tag
			if len(s.b) < 8 {
				return ignored
			}
			t, s = binary.BigEndian.Uint16(s.b[6:]), s.from(8)
		case etherFabric: // forwarding tag and TTL, then the whole frame
			if len(s.b) < 2 {
				return ignored
			}
			return d.ethernet(s.from(2))
		case etherPBB: // priority and service, then the customer's frame
			if len(s.b) < 4 {
				return ignored
			}
			return d.ethernet(s.from(4))
		case etherMPLS, etherMPLSUp:
			return d.mpls(s)
		case etherPPPoE:
			if len(s.b) < 6 {
				return ignored
			}
			return d.ppp(s.from(6))
		case etherPPP:
			return d.ppp(s)
		case etherTEB:
			return d.ethernet(s)
		case etherNSH:
			return d.nsh(s)
		default:
			return ignored
		}
	}
	return ignored
}

// ethernet reads Ethernet II, and LLC/SNAP where the type field is a length (IEEE 802.3).
func (d *decoder) ethernet(s span) outcome {
	if len(s.b) < 14 || !d.nested() {
		return ignored
	}
	d.pass(LayerEthernet, s)
	p := &d.p
	p.DstMAC, p.SrcMAC = [6]byte(s.b), [6]byte(s.b[6:])
	p.HasDstMAC, p.HasSrcMAC = true, true
	t := binary.BigEndian.Uint16(s.b[12:])
	if t < 0x0600 {
		return d.llc(s.from(14))
	}
	return d.etherType(t, s.from(14))
}

// llc reads IEEE 802.2 with SNAP (RFC 1042): AA AA 03, organisation 0, EtherType.
func (d *decoder) llc(s span) outcome {
	if len(s.b) < 8 || s.b[0] != 0xaa || s.b[1] != 0xaa || s.b[2] != 3 || s.b[3]|s.b[4]|s.b[5] != 0 {
		return ignored
	}
	return d.etherType(binary.BigEndian.Uint16(s.b[6:]), s.from(8))
}

// mpls passes over the label stack (RFC 3032); what lies below is told by its first nibble (RFC 4928).
func (d *decoder) mpls(s span) outcome {
	for len(s.b) >= 4 {
		bottom := s.b[2]&1 != 0
		s = s.from(4)
		if !bottom {
			continue
		}
		if len(s.b) > 4 && s.b[0]>>4 == 0 { // a pseudowire's control word, then Ethernet (RFC 4448)
			return d.ethernet(s.from(4))
		}
		return d.ip(s)
	}
	return ignored
}

// cooked reads LINUX_SLL: packet type, ARPHRD, address length, address, protocol.
func (d *decoder) cooked(s span) outcome {
	if len(s.b) < 16 {
		return ignored
	}
	return d.sll(binary.BigEndian.Uint16(s.b), binary.BigEndian.Uint16(s.b[4:]), s.from(6), binary.BigEndian.Uint16(s.b[14:]), s.from(16))
}

// cooked2 reads LINUX_SLL2: protocol, interface index, ARPHRD, packet type, address length, address.
func (d *decoder) cooked2(s span) outcome {
	if len(s.b) < 20 {
		return ignored
	}
	return d.sll(uint16(s.b[10]), uint16(s.b[11]), s.from(12), binary.BigEndian.Uint16(s.b), s.from(20))
}

func (d *decoder) sll(packetType, addressLen uint16, address span, protocol uint16, s span) outcome {
	const toUs, broadcast, multicast, toOther, fromUs = 0, 1, 2, 3, 4
	switch packetType {
	case toUs, broadcast, multicast:
		d.p.Direction = Incoming
	case toOther:
		d.p.Direction = OtherHost
	case fromUs:
		d.p.Direction = Outgoing
	}
	if addressLen == 6 {
		d.pass(LayerCooked, address)
		d.p.SrcMAC, d.p.HasSrcMAC = [6]byte(address.b), true
	}
	const llc = 4 // LINUX_SLL_P_802_2
	if protocol == llc {
		return d.llc(s)
	}
	return d.etherType(protocol, s)
}

// null reads BSD loopback: an address family of 4 bytes in an unknown byte order, which the IP version makes unnecessary.
func (d *decoder) null(s span) outcome {
	if len(s.b) < 4 {
		return ignored
	}
	return d.ip(s.from(4))
}

// hdlc reads PPP in HDLC-like framing (RFC 1662), or Cisco's HDLC, which the first byte tells apart.
func (d *decoder) hdlc(s span) outcome {
	if len(s.b) >= 4 && (s.b[0] == 0x0f || s.b[0] == 0x8f) {
		return d.etherType(binary.BigEndian.Uint16(s.b[2:]), s.from(4))
	}
	return d.ppp(s)
}

// ppp reads the protocol field of RFC 1661, with or without address and control.
func (d *decoder) ppp(s span) outcome {
	if len(s.b) >= 2 && s.b[0] == 0xff && s.b[1] == 3 {
		s = s.from(2)
	}
	if len(s.b) < 2 {
		return ignored
	}
	protocol, n := binary.BigEndian.Uint16(s.b), 2
	if s.b[0]&1 == 1 { // protocol field compression
		protocol, n = uint16(s.b[0]), 1
	}
	switch protocol {
	case 0x0021, 0x0057:
		return d.ip(s.from(n))
	case 0x0281: // MPLS (RFC 3032 section 4.3)
		return d.mpls(s.from(n))
	}
	return ignored
}

// pppDirected reads LINKTYPE_PPP_WITH_DIR: one byte, 0 when received.
func (d *decoder) pppDirected(s span) outcome {
	if len(s.b) < 1 {
		return ignored
	}
	d.p.Direction = Incoming
	if s.b[0] != 0 {
		d.p.Direction = Outgoing
	}
	return d.ppp(s.from(1))
}

// nflog reads what Linux's firewall logged: a header of 4 bytes, then type-length-values in the capturing host's byte order. One of them is the packet.
func (d *decoder) nflog(s span) outcome {
	const header, payload = 4, 9
	if len(s.b) < header+4 {
		return ignored
	}
	s = s.from(header)
	order := binary.ByteOrder(binary.LittleEndian)
	if s.b[0] == 0 { // a length below 256, its high byte first
		order = binary.BigEndian
	}
	for len(s.b) >= 4 {
		length, kind := int(order.Uint16(s.b)), order.Uint16(s.b[2:])
		if kind == payload {
			return d.ip(s.from(4))
		}
		if length < 4 || length > len(s.b) {
			return ignored
		}
		s = s.from(min((length+3)&^3, len(s.b)))
	}
	return ignored
}

// pppoe reads LINKTYPE_PPP_ETHER: a PPPoE session header of 6 bytes (RFC 2516).
func (d *decoder) pppoe(s span) outcome {
	if len(s.b) < 6 {
		return ignored
	}
	return d.ppp(s.from(6))
}
