package packet

import "encoding/binary"

// Types of ICMP (RFC 792) and ICMPv6 (RFC 4443, RFC 4861) that matter here.
const (
	icmpUnreachable  = 3
	icmpTimeExceeded = 11
	icmpParameter    = 12
	icmpNeedFrag     = 4 // code of icmpUnreachable (RFC 1191)

	icmp6Unreachable  = 1
	icmp6TooBig       = 2
	icmp6TimeExceeded = 3
	icmp6Parameter    = 4
	icmp6Solicit      = 135
	icmp6Advertise    = 136
)

// icmp reads errors that quote a TCP segment of a wanted port, and neighbor discovery.
func (d *decoder) icmp(s span, v6 bool) outcome {
	if len(s.b) < 8 {
		return ignored
	}
	if v6 {
		d.pass(LayerICMPv6, s)
	} else {
		d.pass(LayerICMP, s)
	}
	q := Quote{V6: v6, Type: s.b[0], Code: s.b[1]}
	switch {
	case v6 && (q.Type == icmp6Solicit || q.Type == icmp6Advertise):
		return d.neighborDiscovery(s.b)
	case v6 && q.Type == icmp6TooBig:
		q.MTU = binary.BigEndian.Uint32(s.b[4:])
	case v6 && (q.Type == icmp6Unreachable || q.Type == icmp6TimeExceeded || q.Type == icmp6Parameter):
	case !v6 && q.Type == icmpUnreachable && q.Code == icmpNeedFrag:
		q.MTU = uint32(binary.BigEndian.Uint16(s.b[6:]))
	case !v6 && (q.Type == icmpUnreachable || q.Type == icmpTimeExceeded || q.Type == icmpParameter):
	default:
		return ignored
	}
	if !q.read(s.b[8:], len(s.b) < s.n) || !d.all && !q.Cut && !d.ports.has(q.SrcPort) && !d.ports.has(q.DstPort) {
		return ignored
	}
	d.p.Kind, d.p.Quote = ICMPError, q
	d.p.Truncated = len(s.b) < s.n
	return wanted
}

// read reads the quoted head of a TCP segment. Its ports must be there, unless the snap length cut them off.
func (q *Quote) read(b []byte, cut bool) bool {
	if len(b) < 20 {
		return false
	}
	var protocol uint8
	here := 16 // bytes of Dst
	switch b[0] >> 4 {
	case 4:
		header := int(b[0]&15) * 4
		if header < 20 || len(b) < header && !cut || binary.BigEndian.Uint16(b[6:])&0x1fff != 0 { // a later fragment has no ports
			return false
		}
		q.Src, q.Dst = AddrFrom4(binary.BigEndian.Uint32(b[12:])), AddrFrom4(binary.BigEndian.Uint32(b[16:]))
		q.Len = binary.BigEndian.Uint16(b[2:]) - uint16(header)
		q.TTL, protocol, b = b[8], b[9], b[min(header, len(b)):]
	case 6:
		if len(b) < 40 && !cut || len(b) < 24 {
			return false
		}
		var dst [16]byte
		here = copy(dst[:], b[24:])
		q.Src, q.Dst = addr16(b[8:]), addr16(dst[:])
		q.Len = binary.BigEndian.Uint16(b[4:])
		q.TTL, protocol, b = b[7], b[6], b[min(40, len(b)):]
		for range maxDepth { // extension headers that a TCP segment may have
			if protocol != protoHopByHop && protocol != protoRouting && protocol != protoDestOpts || len(b) < 8 {
				break
			}
			skip := (int(b[1]) + 1) * 8
			if skip > len(b) {
				return false
			}
			protocol, b = b[0], b[skip:]
		}
	}
	if protocol != protoTCP {
		return false
	}
	if len(b) < 4 {
		q.Cut, q.DstLen = cut, uint8(here)
		return cut
	}
	q.SrcPort, q.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if q.HasSeq = len(b) >= 8; q.HasSeq {
		q.Seq = binary.BigEndian.Uint32(b[4:])
	}
	if q.HasFlags = len(b) >= 14; q.HasFlags {
		q.Flags = b[13]
	}
	return true
}

// neighborDiscovery reads a solicitation or advertisement: type, code, checksum, flags, target, options.
func (d *decoder) neighborDiscovery(b []byte) outcome {
	if len(b) < 24 {
		return ignored
	}
	if d.sifting {
		return wanted
	}
	p := &d.p
	n := Neighbor{V6: true, Reply: b[0] == icmp6Advertise, Sender: p.Src, Target: addr16(b[8:])}
	if n.Reply { // who advertises an address owns it, whatever source address it uses
		n.Sender, n.Target = n.Target, p.Dst
	}
	const sourceLink, targetLink = 1, 2 // options of RFC 4861 section 4.6.1
	for o := b[24:]; len(o) >= 8; {
		length := int(o[1]) * 8
		if length == 0 || length > len(o) {
			break
		}
		if o[0] == sourceLink || o[0] == targetLink {
			n.SenderMAC = [6]byte(o[2:8])
		}
		o = o[length:]
	}
	p.Kind, p.Neighbor = ARP, n
	return wanted
}

// arp reads RFC 826's message for IPv4 over Ethernet.
func (d *decoder) arp(s span) outcome {
	b := s.b
	if len(b) < 28 || binary.BigEndian.Uint16(b[2:]) != etherIPv4 || b[4] != 6 || b[5] != 4 {
		return ignored
	}
	op := binary.BigEndian.Uint16(b[6:])
	if op != 1 && op != 2 {
		return ignored
	}
	d.pass(LayerARP, s)
	if d.sifting {
		return wanted
	}
	p := &d.p
	p.Kind = ARP
	p.Src, p.Dst = AddrFrom4(binary.BigEndian.Uint32(b[14:])), AddrFrom4(binary.BigEndian.Uint32(b[24:]))
	p.TTL, p.HasIPID, p.IPID = 0, false, 0
	p.Neighbor = Neighbor{Reply: op == 2, Sender: p.Src, Target: p.Dst, SenderMAC: [6]byte(b[8:14]), TargetMAC: [6]byte(b[18:24])}
	return wanted
}
