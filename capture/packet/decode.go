package packet

import "encoding/binary"

// decoder takes packets apart. When sifting it stops as soon as it is known whether a packet may be wanted, and keeps no state;
// otherwise it fills its packet and puts IP fragments together.
type decoder struct {
	ports   *portSet
	all     bool
	sifting bool
	tracing bool // list the headers in Packet.Layers
	p       Packet
	parts   fragments
	depth   int
	clean   bool // nothing was decoded but what fixed decodes, since begin
}

// outcome says what became of a packet.
type outcome uint8

const (
	ignored outcome = iota
	wanted          // the packet is complete
	foreign         // TCP or UDP of another port: addresses, TTL, IP id and flags are set
)

// maxDepth bounds headers within headers: tags, labels, tunnels.
const maxDepth = 12

// span is a stretch of a packet: the captured bytes and the true length, which is more where the capture was cut short.
type span struct {
	b []byte
	n int
}

// from is the span without its first k bytes; len(s.b) must be at least k.
func (s span) from(k int) span { return span{s.b[k:], max(s.n-k, 0)} }

// clip shortens the span to n bytes: what follows is padding.
func (s span) clip(n int) span {
	s.n = n
	s.b = s.b[:min(len(s.b), n)]
	return s
}

// begin clears what the last packet left behind and not every packet sets.
func (d *decoder) begin(data []byte) {
	p := &d.p
	p.Data = data
	p.Direction = DirectionUnknown
	p.HasSrcMAC, p.HasDstMAC = false, false
	p.VLAN, p.Tunnel = 0, ""
	p.FragmentCount, p.Fragments = 0, p.Fragments[:0]
	p.Layers = p.Layers[:0]
	p.Payload, p.PayloadLen, p.Truncated = nil, 0, false
	d.depth = 0
	d.clean = false
}

// frame decodes a packet of an interface, from its link layer on. A link type that can't be read is ignored.
func (d *decoder) frame(i *iface, b []byte, orig uint32) outcome {
	d.begin(b)
	if i.decode == nil {
		return ignored
	}
	return i.decode(d, span{b, max(int(orig), len(b))})
}

// fixed decodes what [sifter.ethernet] called hitFixed. The segment with the usual options is nearly every one: it is read here without
// a further call.
func (d *decoder) fixed(b []byte) outcome {
	p := &d.p
	if !d.clean {
		d.begin(b)
		p.HasSrcMAC, p.HasDstMAC, p.HasIPID = true, true, true
		d.clean = true
	}
	p.Data = b
	p.DstMAC, p.SrcMAC = [6]byte(b[0:6]), [6]byte(b[6:12])
	h := b[14:34]
	p.Src, p.Dst = AddrFrom4(binary.BigEndian.Uint32(h[12:])), AddrFrom4(binary.BigEndian.Uint32(h[16:]))
	p.TTL, p.ECN = h[8], h[1]&3
	p.IPID, p.DontFragment = binary.BigEndian.Uint16(h[4:]), h[6]&0x40 != 0
	total := int(binary.BigEndian.Uint16(h[2:]))
	const usual = 34 + usualHeader
	if len(b) >= usual && total >= 20+usualHeader && b[46]>>4 == usualHeader/4 && binary.BigEndian.Uint32(b[54:]) == usualOptions {
		t := b[34:usual]
		p.Kind = TCP
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
		p.Seq, p.Ack = binary.BigEndian.Uint32(t[4:]), binary.BigEndian.Uint32(t[8:])
		p.Flags, p.Window = t[13], binary.BigEndian.Uint16(t[14:])
		p.Options = TCPOptions{HasTimestamps: true, TSVal: binary.BigEndian.Uint32(t[24:]), TSEcr: binary.BigEndian.Uint32(t[28:])}
		end := 14 + total
		p.Payload, p.PayloadLen, p.Truncated = b[usual:min(end, len(b))], end-usual, len(b) < end
		return wanted
	}
	return d.tcp(span{b[34:], max(total-20, 0)}.clip(max(total-20, 0)))
}

// nested counts one more header around the packet and reports whether that is still within reason.
func (d *decoder) nested() bool {
	d.depth++
	return d.depth <= maxDepth
}
