package packet

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Block types (draft-ietf-opsawg-pcapng section 10.1 and the registry there).
const (
	blockSection      = 0x0a0d0d0a // a palindrome: the same in both byte orders
	blockInterface    = 1
	blockPacket       = 2 // obsolete, still written by old tools
	blockSimple       = 3
	blockNames        = 4
	blockStatistics   = 5
	blockEnhanced     = 6
	blockSystemd      = 9
	blockSecrets      = 10
	blockCustom       = 0x00000bad
	blockCustomNoCopy = 0x40000bad

	byteOrderMagic = 0x1a2b3c4d
	minBlock       = 12 // type, length, length again
	packetBlockLen = 32 // of an enhanced or obsolete packet block, its data and options not counted
	packetData     = 28 // where its data begins
)

// maxInterfaces bounds the interfaces of one section.
const maxInterfaces = 1 << 16

// pcapng walks the blocks of a pcapng file. What sections and interfaces say stands in the batch's section.
type pcapng struct{}

func (pcapng) walk(b *batch, s *sifter) {
	for b.next < b.limit && b.block(s) {
	}
}

// block takes the block at b.next and reports whether to go on behind it.
func (b *batch) block(s *sifter) bool {
	off, sec := b.next, b.current()
	if len(b.buf)-off < minBlock {
		b.need = minBlock
		return false
	}
	h := b.buf[off:]
	kind := sec.uint32(h)
	if kind == blockSection {
		if b.halt = !b.sequential; b.halt {
			return false
		}
		order := byteOrder(h[8:])
		if order == nil {
			b.damage = fmt.Sprintf("the section header has the byte-order mark % x", h[8:12])
			return false
		}
		if len(h) >= minBlock+4 {
			if b.damage = unknownVersion(order, h[12:]); b.damage != "" {
				return false
			}
		}
		sec = &section{order: order, swap: order == binary.BigEndian, index: sec.index + 1}
	}
	length := sec.uint32(h[4:])
	if length < minBlock {
		b.damage = fmt.Sprintf("the block claims a length of %d", length)
		return false
	}
	padded := (int64(length) + 3) &^ 3 // some writers forget the padding in the length
	isPacket := kind == blockEnhanced || kind == blockPacket || kind == blockSimple
	if padded > maxRecord {
		if b.skip = padded; isPacket {
			b.frames++
			b.packets++
		}
		return false
	}
	if int64(len(b.buf)-off) < padded {
		if !b.eof || len(b.buf)-off < int(length) { // the padding may be missing at the end of the file
			b.need = padded
			return false
		}
		padded = int64(length)
	}
	block := b.buf[off : off+int(padded)]
	if sec.uint32(block[length-4:]) != length && sec.uint32(block[padded-4:]) != length {
		b.damage = fmt.Sprintf("the block says %d bytes at its head and %d at its end", length, sec.uint32(block[length-4:]))
		return false
	}
	switch {
	case isPacket:
		b.packetBlock(s, kind, block[:length])
	case kind == blockInterface:
		if b.halt = !b.sequential; b.halt {
			return false
		}
		sec = sec.with(block[:length])
	case kind == blockCustom, kind == blockCustomNoCopy, kind == blockSystemd:
		b.frames++ // Wireshark gives these numbers as if they were packets
	}
	if sec != b.current() {
		b.sections = append(b.sections, sec)
	}
	switch kind {
	case blockSection, blockInterface, blockNames, blockStatistics, blockSecrets:
		b.notes = append(b.notes, note{offset: uint32(off), cap: length, frame: b.frames, origin: origin{section: uint32(len(b.sections) - 1)}, block: true})
	}
	b.next = off + int(padded)
	return true
}

// packetBlock takes a block that carries a packet: enhanced, obsolete or simple.
func (b *batch) packetBlock(s *sifter, kind uint32, block []byte) {
	b.frames++
	b.packets++
	sec, off := b.current(), b.next
	n, o := hit{time: noTime}, origin{section: uint32(len(b.sections) - 1)}
	start, room := packetData, len(block)-packetBlockLen
	if kind == blockSimple {
		start, room = 12, len(block)-16
	}
	if room < 0 {
		b.odd(fmt.Sprintf("a packet block of %d bytes is too short", len(block)))
		return
	}
	switch kind {
	case blockEnhanced:
		o.iface = sec.uint32(block[8:])
	case blockPacket:
		o.iface = uint32(sec.uint16(block[8:]))
	}
	if int64(o.iface) >= int64(len(sec.ifaces)) {
		b.odd(fmt.Sprintf("interface %d was not declared", o.iface))
		return
	}
	i := &sec.ifaces[o.iface]
	if i.decode == nil {
		b.unread = countUnread(b.unread, i.link, 1)
	}
	if kind == blockSimple {
		n.orig = sec.uint32(block[8:])
		n.cap = min(n.orig, uint32(room))
		if i.snap > 0 {
			n.cap = min(n.cap, i.snap)
		}
	} else {
		n.time = i.scale.nanoseconds(uint64(sec.uint32(block[12:]))<<32 | uint64(sec.uint32(block[16:])))
		n.cap, n.orig = sec.uint32(block[20:]), sec.uint32(block[24:])
		b.clock(n.time)
		if n.cap > uint32(room) {
			b.odd(fmt.Sprintf("%d captured bytes are claimed in a block that has room for %d", n.cap, room))
			n.cap = uint32(room)
		}
	}
	if n.cap < n.orig {
		b.cut++
	}
	n.offset = uint32(off + start)
	data := block[start : start+int(n.cap)]
	if options := (start + int(n.cap) + 3) &^ 3; kind != blockSimple && options+4 < len(block) {
		o.options = uint32(len(block) - 4 - options)
	}
	if o.options > 0 && hasComment(sec, block[len(block)-4-int(o.options):]) {
		b.notes = append(b.notes, note{origin: o, offset: n.offset, cap: n.cap, frame: b.frames})
	}
	k := s.sift(i, data, n.orig)
	if k != hitNone && (k != hitHost || s.hosts && s.wantsHost(b.base+int64(off))) {
		n.what = whatOf(k, b.frames)
		b.from(o)
		b.add(&n, s.lane)
	}
}

// odd notes the first thing that is wrong with a record in a file that can be read on.
func (b *batch) odd(text string) {
	if b.oddity == "" {
		b.oddity, b.oddFrame, b.oddOffset = text, b.frames, b.base+int64(b.next)
	}
}

// guess looks for three blocks in a row whose lengths at head and end agree, the first of them an enhanced packet block.
func (pcapng) guess(b *batch, s *section) (int, bool) {
	for start := int(-b.base & 3); start < b.limit; start += 4 {
		off, row := start, 0
		for ; row < 3; row++ {
			if len(b.buf)-off < packetBlockLen {
				break
			}
			kind, length := s.uint32(b.buf[off:]), int(s.uint32(b.buf[off+4:]))
			if row == 0 && kind != blockEnhanced || length < minBlock || length > 1<<18 || length%4 != 0 || length > len(b.buf)-off {
				break
			}
			if int(s.uint32(b.buf[off+length-4:])) != length {
				break
			}
			off += length
		}
		if row == 3 {
			return start, true
		}
	}
	return 0, false
}

// unknownVersion says which version a section header has, where it is one that the draft tells readers not to read (section 4.1): 1.0 is
// known, and 1.2 is the same.
func unknownVersion(order binary.ByteOrder, b []byte) string {
	major, minor := order.Uint16(b), order.Uint16(b[2:])
	if major == 1 && (minor == 0 || minor == 2) {
		return ""
	}
	return fmt.Sprintf("pcapng version %d.%d, known is 1.0", major, minor)
}

func byteOrder(mark []byte) binary.ByteOrder {
	switch uint32(byteOrderMagic) {
	case binary.LittleEndian.Uint32(mark):
		return binary.LittleEndian
	case binary.BigEndian.Uint32(mark):
		return binary.BigEndian
	}
	return nil
}

func (s *section) uint32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if s.swap {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (s *section) uint16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if s.swap {
		v = bits.ReverseBytes16(v)
	}
	return v
}

// with is the section with one more interface: its description block (section 4.2).
func (s *section) with(block []byte) *section {
	if len(block) < 20 || len(s.ifaces) >= maxInterfaces {
		return s
	}
	i := newInterface(LinkType(s.uint16(block[8:])), s.uint32(block[12:]), decimalClock(6), 6)
	var offset int64
	s.options(block[16:len(block)-4], func(code uint16, value []byte) {
		switch {
		case code == optionTSResol && len(value) >= 1:
			i.scale, i.digits = resolution(value[0])
		case code == optionTSOffset && len(value) >= 8:
			offset = int64(s.order.Uint64(value))
		}
	})
	i.scale.offset = offset
	next := *s
	next.ifaces = append(s.ifaces, i) // only the sequential walk appends, so that sharing the array is safe
	return &next
}
