package redact

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"

	"cbdoctor/capture/packet"
)

// plainLinks are the link types whose headers hold no address beside those that are replaced.
var plainLinks = map[packet.LinkType]bool{0: true, 1: true, 9: true, 12: true, 14: true, 50: true, 51: true, 101: true, 104: true, 108: true, 113: true, 228: true, 229: true, 276: true}

// learnCapture is the first pass over a capture: addresses, and what the database's connections say in clear text.
func (r *Redactor) learnCapture(ctx context.Context, src io.Reader, port uint16) (*streams, error) {
	s := newStreams(port)
	info, err := packet.Read(ctx, src, everyPacket(port), func(p *packet.Packet) error {
		if !plainLinks[p.Link] {
			return fmt.Errorf("packets of link type %s can't be redacted: convert the capture, or leave it out", p.Link)
		}
		eachHeaderAddress(p, r.addresses.learn)
		if s.wanted(p) {
			s.add(p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.secrets = len(info.Secrets) > 0
	var failed error
	s.each(r.learner(&failed))
	return s, failed
}

func everyPacket(port uint16) packet.Options {
	return packet.Options{Ports: []uint16{port}, Every: true, Workers: 1}
}

// writeCapture is the second pass: a pcapng file of as many packets, all of their lengths and times. Names, comments, secrets and
// descriptions that the file carried are not in it.
func (r *Redactor) writeCapture(ctx context.Context, dst io.Writer, src io.Reader, s *streams) error {
	s.rewind(r.writer())
	out := packet.NewWriter(dst, "cbdoctor")
	whole := &packet.Source{}
	out.From(whole)
	var frame []byte
	info, err := packet.Read(ctx, src, everyPacket(s.port), func(p *packet.Packet) error {
		frame = append(frame[:0], p.Data...)
		if s.wanted(p) {
			at := len(p.Data) - cap(p.Payload)
			s.payload(p, frame[at:at+len(p.Payload)])
			r.frame(p.Layers, frame, int(p.OrigLen), at+len(p.Payload))
		} else {
			r.frame(p.Layers, frame, int(p.OrigLen), -1)
		}
		q := *p
		q.Data, q.Time = frame, r.shift.packet(p.Time)
		return out.Write(&q, "")
	})
	if err != nil {
		return err
	}
	if !info.Until.IsZero() {
		whole.Until = r.shift.packet(info.Until.T.UnixNano())
	}
	return out.Flush()
}

// eachHeaderAddress calls found for the addresses in a packet's headers, those that an ICMP error quotes included.
func eachHeaderAddress(p *packet.Packet, found func(netip.Addr)) {
	for _, l := range p.Layers {
		for _, at := range addressOffsets(p.Data, l) {
			if ip, ok := netip.AddrFromSlice(p.Data[at.offset : at.offset+at.length]); ok {
				found(ip)
			}
		}
	}
}

// place is where an address lies in a frame: of 4, 16 or, for MAC addresses, 6 bytes.
type place struct{ offset, length int }

const macLen = 6

// addressOffsets lists the addresses of a header that lie within the captured bytes.
func addressOffsets(b []byte, l packet.Layer) []place {
	var list []place
	add := func(offset, length int) {
		if l.Offset+offset+length <= len(b) {
			list = append(list, place{l.Offset + offset, length})
		}
	}
	switch h := b[l.Offset:]; l.Kind {
	case packet.LayerEthernet:
		add(0, macLen)
		add(6, macLen)
	case packet.LayerCooked:
		add(0, macLen)
	case packet.LayerARP:
		add(8, macLen)
		add(14, 4)
		add(18, macLen)
		add(24, 4)
	case packet.LayerIPv4:
		add(12, 4)
		add(16, 4)
	case packet.LayerIPv6:
		add(8, 16)
		add(24, 16)
	case packet.LayerICMP, packet.LayerICMPv6:
		const quoted = 8
		if l.Kind == packet.LayerICMP && len(h) > 0 && h[0] == 5 { // a redirect names the better gateway (RFC 792)
			add(4, 4)
		}
		switch {
		case isNeighbor(h, l.Kind):
			add(8, 16)
			for o := 24; o+8 <= len(h) && h[o+1] > 0; o += 8 * int(h[o+1]) {
				if h[o] == 1 || h[o] == 2 { // link-layer addresses (RFC 4861 section 4.6.1)
					add(o+2, macLen)
				}
			}
		case isError(h, l.Kind) && len(h) > quoted && h[quoted]>>4 == 4:
			add(quoted+12, 4)
			add(quoted+16, 4)
		case isError(h, l.Kind) && len(h) > quoted && h[quoted]>>4 == 6:
			add(quoted+8, 16)
			add(quoted+24, 16)
		}
	}
	return list
}

func isNeighbor(h []byte, k packet.LayerKind) bool {
	return k == packet.LayerICMPv6 && len(h) >= 24 && (h[0] == 135 || h[0] == 136)
}

// isError: types of RFC 792 that quote a packet, and those of RFC 4443, which all lie below 128.
func isError(h []byte, k packet.LayerKind) bool {
	if len(h) == 0 {
		return false
	}
	if k == packet.LayerICMPv6 {
		return h[0] < 128
	}
	return h[0] == 3 || h[0] == 4 || h[0] == 5 || h[0] == 11 || h[0] == 12
}

// frame rewrites a frame in place: addresses and checksums. What lies behind the last header that is understood becomes zero, up to
// the payload that was dealt with before, which ends at keep (-1: there is none).
func (r *Redactor) frame(layers []packet.Layer, b []byte, orig, keep int) {
	for _, l := range layers {
		for _, at := range addressOffsets(b, l) {
			a := b[at.offset : at.offset+at.length]
			if at.length == macLen {
				m := r.addresses.mac([6]byte(a))
				copy(a, m[:])
			} else if ip, ok := netip.AddrFromSlice(a); ok {
				copy(a, r.addresses.ip(ip).AsSlice())
			}
		}
	}
	for i, l := range layers {
		if l.Kind == packet.LayerIPv4 {
			clearOptions(b[l.Offset:])
		}
		if l.Kind == packet.LayerIPv6 && i+1 < len(layers) { // extension headers: all that is not a length or a next header
			clearBetween(b, l.Offset+40, layers[i+1].Offset)
		}
	}
	end := headersEnd(layers, b)
	clear(b[min(max(end, keep), len(b)):])
	whole := len(b) >= orig
	for i := len(layers) - 1; i >= 0; i-- { // the innermost first: outer checksums are over inner bytes
		if l := layers[i]; l.Kind == packet.LayerIPv4 {
			fixIPv4(b[l.Offset:])
		} else if i > 0 {
			fixTransport(b, layers[i-1], l, whole)
		}
	}
}

// headersEnd is where the last header ends.
func headersEnd(layers []packet.Layer, b []byte) int {
	if len(layers) == 0 {
		return 0
	}
	l := layers[len(layers)-1]
	h := b[l.Offset:]
	n := 0
	switch l.Kind {
	case packet.LayerEthernet:
		n = 14
	case packet.LayerCooked:
		n = 8
	case packet.LayerARP:
		n = 28
	case packet.LayerIPv4:
		n = ipv4HeaderLen(h)
	case packet.LayerIPv6:
		n = 40
	case packet.LayerUDP:
		n = 8
	case packet.LayerTCP:
		n = 20
		if len(h) > 12 {
			n = max(20, int(h[12]>>4)*4)
		}
	case packet.LayerICMP, packet.LayerICMPv6:
		n = 8
		if isNeighbor(h, l.Kind) {
			n = len(h)
		} else if isError(h, l.Kind) && len(h) > 8 {
			n = 8 + quotedLen(h[8:])
		}
	}
	return l.Offset + n
}

// quotedLen is how much of a quoted packet stays: its IP header and the head of what it carries.
func quotedLen(q []byte) int {
	const head = 20
	switch q[0] >> 4 {
	case 4:
		clearOptions(q)
		return ipv4HeaderLen(q) + head
	case 6:
		return 40 + head
	}
	return 0
}

func ipv4HeaderLen(h []byte) int { return max(20, int(h[0]&15)*4) }

// clearOptions makes the options of an IPv4 header end at once: routes that were recorded are addresses.
func clearOptions(h []byte) {
	if n := min(ipv4HeaderLen(h), len(h)); n > 20 {
		clear(h[20:n])
	}
}

func clearBetween(b []byte, from, to int) {
	for from+2 <= to && to <= len(b) {
		n := min(from+8+8*int(b[from+1]), to)
		clear(b[min(from+8, n):n])
		from = n
	}
}

func fixIPv4(h []byte) {
	n := min(ipv4HeaderLen(h), len(h))
	if n < 20 {
		return
	}
	h[10], h[11] = 0, 0
	binary.BigEndian.PutUint16(h[10:], ^fold(sum(0, h[:n])))
}

// protocols are the numbers that a checksum's pseudo-header has (IANA).
var protocols = map[packet.LayerKind]uint64{packet.LayerTCP: 6, packet.LayerUDP: 17, packet.LayerICMPv6: 58}

// fixTransport makes the checksum of TCP, UDP and ICMP right where all bytes are there, and zero where they are not.
func fixTransport(b []byte, ip, l packet.Layer, whole bool) {
	h := b[l.Offset:]
	at := 0
	switch l.Kind {
	case packet.LayerTCP:
		at = 16
	case packet.LayerUDP:
		at = 6
	case packet.LayerICMP, packet.LayerICMPv6:
		at = 2
		if isError(h, l.Kind) && len(h) >= 28 && h[8]>>4 == 4 {
			fixIPv4(h[8:])
		}
	default:
		return
	}
	if at+2 > len(h) {
		return
	}
	had := h[at] | h[at+1]
	h[at], h[at+1] = 0, 0
	if !whole || l.Kind == packet.LayerUDP && had == 0 {
		return
	}
	start, protocol := uint64(0), protocols[l.Kind]
	outer := b[ip.Offset:]
	switch ip.Kind {
	case packet.LayerIPv4:
		length := int(binary.BigEndian.Uint16(outer[2:])) - (l.Offset - ip.Offset)
		if length < at+2 || length > len(h) {
			return
		}
		h = h[:length]
		if l.Kind != packet.LayerICMP {
			start = sum(protocol+uint64(length), outer[12:20])
		}
	case packet.LayerIPv6:
		length := int(binary.BigEndian.Uint16(outer[4:])) + 40 - (l.Offset - ip.Offset)
		if length < at+2 || length > len(h) {
			return
		}
		h = h[:length]
		start = sum(protocol+uint64(length), outer[8:40])
	default:
		return
	}
	check := ^fold(sum(start, h))
	if check == 0 && l.Kind == packet.LayerUDP {
		check = 0xffff
	}
	binary.BigEndian.PutUint16(h[at:], check)
}

// sum adds 16-bit words (RFC 1071).
func sum(start uint64, b []byte) uint64 {
	for ; len(b) >= 2; b = b[2:] {
		start += uint64(b[0])<<8 | uint64(b[1])
	}
	if len(b) == 1 {
		start += uint64(b[0]) << 8
	}
	return start
}

func fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
