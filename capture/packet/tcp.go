package packet

import "encoding/binary"

const tcpHeaderLen = 20

// tcp reads a segment (RFC 9293 section 3.1). A header that the snap length cut is read as far as its flags.
func (d *decoder) tcp(s span) outcome {
	b, p := s.b, &d.p
	if len(b) < 14 {
		return ignored
	}
	d.pass(LayerTCP, s)
	p.SrcPort, p.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	p.Seq, p.Flags = binary.BigEndian.Uint32(b[4:]), b[13]
	if !d.all && !d.ports.has(p.SrcPort) && !d.ports.has(p.DstPort) {
		return foreign
	}
	header := int(b[12]>>4) * 4
	if header < tcpHeaderLen || header > s.n {
		return ignored
	}
	if d.sifting {
		return wanted
	}
	p.Kind = TCP
	p.Ack = binary.BigEndian.Uint32(b[8:])
	p.Window = 0
	if len(b) >= 16 {
		p.Window = binary.BigEndian.Uint16(b[14:])
	}
	p.Options = TCPOptions{}
	if header > tcpHeaderLen {
		p.Options.read(b[min(tcpHeaderLen, len(b)):min(header, len(b))], header-tcpHeaderLen)
	}
	p.Payload, p.PayloadLen = b[min(header, len(b)):], s.n-header
	p.Truncated = len(b) < s.n
	return wanted
}

// Numbers of TCP options (IANA).
const (
	optionEnd        = 0
	optionNOP        = 1
	optionMSS        = 2
	optionWScale     = 3
	optionSACKOK     = 4
	optionTimestamps = 8
)

// Nearly all segments but SYNs have timestamps and nothing else, in this form (RFC 7323 appendix A).
const (
	usualHeader  = tcpHeaderLen + 12
	usualOptions = optionNOP<<24 | optionNOP<<16 | optionTimestamps<<8 | 10
)

// read reads the options in b, of which length bytes were sent.
func (o *TCPOptions) read(b []byte, length int) {
	o.Malformed = len(b) < length
	for len(b) > 0 {
		switch b[0] {
		case optionEnd:
			return
		case optionNOP:
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			o.Malformed = true
			return
		}
		kind, v := b[0], b[2:b[1]]
		b = b[b[1]:]
		switch {
		case kind == optionTimestamps && len(v) == 8:
			o.HasTimestamps, o.TSVal, o.TSEcr = true, binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
		case kind == optionMSS && len(v) == 2:
			o.HasMSS, o.MSS = true, binary.BigEndian.Uint16(v)
		case kind == optionWScale && len(v) == 1:
			o.HasWindowScale, o.WindowScale = true, v[0]
		case kind == optionSACKOK:
			o.SACKPermitted = true
		}
	}
}
