package packet

import (
	"bytes"
	"fmt"
	"net/netip"
	"unicode/utf8"
)

// Option codes (draft-ietf-opsawg-pcapng sections 3.5 and 4).
const (
	optionEndOfOptions = 0
	optionComment      = 1

	optionHardware    = 2 // of a section
	optionOS          = 3
	optionApplication = 4

	optionName          = 2 // of an interface
	optionDescription   = 3
	optionTSResol       = 9
	optionCaptureFilter = 11
	optionTSOffset      = 14

	optionPacketFlags = 2 // of a packet

	optionEndTime  = 3 // of interface statistics
	optionReceived = 4
	optionIfDrop   = 5
	optionAccepted = 6
	optionOSDrop   = 7
)

// secretsTLS marks a decryption secrets block that holds lines of an NSS key log.
const secretsTLS = 0x544c534b

// Bounds of what is kept of a file's own notes.
const (
	maxComments      = 1000
	maxText          = 4096 // bytes of one text
	maxNames         = 10000
	maxSecrets       = 16 << 20
	maxListedInterfs = 1000
	maxStatistics    = 1 << 16
)

// options calls each for the options in b, up to their end.
func (s *section) options(b []byte, each func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, length := s.uint16(b), int(s.uint16(b[2:]))
		b = b[4:]
		if code == optionEndOfOptions || length > len(b) {
			return
		}
		each(code, b[:length])
		b = b[min((length+3)&^3, len(b)):]
	}
}

// hasComment reports whether a comment is among the options of a packet.
func hasComment(s *section, b []byte) (found bool) {
	s.options(b, func(code uint16, _ []byte) { found = found || code == optionComment })
	return found
}

// note takes a block that carries no packet, behind the given number of frames.
func (d *delivery) note(s *section, frames int64, block []byte) {
	body := block[8 : len(block)-4]
	switch s.uint32(block) {
	case blockSection:
		if len(body) >= 16 {
			d.noteSection(s, body[16:])
		}
	case blockInterface:
		if len(body) >= 8 {
			d.noteInterface(s, body[8:])
		}
	case blockNames:
		d.noteNames(s, body)
	case blockStatistics:
		if len(body) >= 12 {
			d.noteStatistics(s, s.uint32(body), body[12:])
		}
	case blockSecrets:
		if len(body) >= 8 && s.uint32(body) == secretsTLS {
			d.info.LateSecrets = d.info.LateSecrets || frames > 0
			d.noteSecrets(body[8 : 8+min(uint64(s.uint32(body[4:])), uint64(len(body)-8))])
		}
	}
}

func (d *delivery) noteSection(s *section, b []byte) {
	s.options(b, func(code uint16, value []byte) {
		switch code {
		case optionComment:
			d.comment(0, value)
		case optionHardware:
			d.info.Hardware = text(value)
		case optionOS:
			d.info.OS = text(value)
		case optionApplication:
			d.info.Application = text(value)
		}
	})
}

// noteInterface lists the interface that the section has since this block.
func (d *delivery) noteInterface(s *section, b []byte) {
	if len(s.ifaces) == 0 {
		return
	}
	i := s.ifaces[len(s.ifaces)-1]
	listed := Interface{Section: s.index, Link: i.link, SnapLen: i.snap, Digits: int(i.digits)}
	s.options(b, func(code uint16, value []byte) {
		switch code {
		case optionComment:
			d.comment(0, value)
		case optionName:
			listed.Name = text(value)
		case optionDescription:
			listed.Description = text(value)
		case optionCaptureFilter:
			if len(value) > 1 && value[0] == 0 { // 0: the filter as text
				listed.Filter = text(value[1:])
			}
		}
	})
	d.listInterface(listed)
}

// noteNames reads a name resolution block: records of an address and its names (section 4.5).
func (d *delivery) noteNames(s *section, b []byte) {
	const recordIPv4, recordIPv6 = 1, 2
	for len(b) >= 4 {
		kind, length := s.uint16(b), int(s.uint16(b[2:]))
		b = b[4:]
		if kind == 0 || length > len(b) {
			return
		}
		value := b[:length]
		b = b[min((length+3)&^3, len(b)):]
		var addr Addr
		switch {
		case kind == recordIPv4 && length > 4:
			addr, value = AddrFrom(netip.AddrFrom4([4]byte(value))), value[4:]
		case kind == recordIPv6 && length > 16:
			addr, value = addr16(value), value[16:]
		default:
			continue
		}
		n := Name{Addr: addr}
		for name := range bytes.SplitSeq(value, []byte{0}) {
			if len(name) > 0 && len(n.Names) < 16 {
				n.Names = append(n.Names, text(name))
			}
		}
		if len(d.info.Names) >= maxNames {
			d.leaveOut(fmt.Sprintf("names of more than %d addresses", maxNames))
			return
		}
		d.info.Names = append(d.info.Names, n)
	}
}

// statistics is what the capturing host says of an interface at last; the counts grow from block to block.
type statistics struct{ lost, received uint64 }

// noteStatistics keeps how many packets the host lost on an interface, and until when it listened.
func (d *delivery) noteStatistics(s *section, id uint32, b []byte) {
	var now statistics
	s.options(b, func(code uint16, value []byte) {
		if len(value) < 8 {
			return
		}
		switch code {
		case optionIfDrop, optionOSDrop:
			now.lost += s.order.Uint64(value)
		case optionReceived, optionAccepted: // the latter comes second, and says more
			now.received = s.order.Uint64(value)
		case optionEndTime:
			if ticks := uint64(s.uint32(value))<<32 | uint64(s.uint32(value[4:])); int64(id) < int64(len(s.ifaces)) {
				d.until = max(d.until, s.ifaces[id].scale.nanoseconds(ticks))
				d.untilMicro = max(d.untilMicro, microseconds.nanoseconds(ticks))
			}
		}
	})
	key := [2]uint32{uint32(s.index), id}
	before, known := d.statistics[key]
	if !known && len(d.statistics) >= maxStatistics {
		return
	}
	now.lost, now.received = max(now.lost, before.lost), max(now.received, before.received)
	d.statistics[key] = now
	d.info.Dropped += now.lost - before.lost
	d.received += now.received - before.received
}

var microseconds = decimalClock(6)

// listenedUntil is when the capture ended, noTime where the file does not say so, or holds less than what was received: who cuts
// packets out of a file (editcap, Wireshark's "export specified packets") leaves its statistics as they were. isb_endtime has the
// unit of the interface's packets, except that Dumpcap writes microseconds whatever that is (Wireshark 4.0): where that is
// nanoseconds, the time seems to lie in January 1970.
func (d *delivery) listenedUntil() int64 {
	until := d.until
	if until < d.last/2 {
		until = d.untilMicro
	}
	if d.last == noTime || until <= d.last || d.received > uint64(d.info.Packets) {
		return noTime
	}
	return until
}

func (d *delivery) noteSecrets(b []byte) {
	if d.secrets += len(b); d.secrets > maxSecrets {
		d.leaveOut(fmt.Sprintf("TLS secrets beyond %d MiB", maxSecrets>>20))
		return
	}
	d.info.Secrets = append(d.info.Secrets, bytes.Clone(b))
	if d.tell != nil {
		d.tell(b)
	}
}

// packetOptions are the options of a packet block: behind the packet's bytes and their padding.
func (b *batch) packetOptions(offset, captured, length uint32) []byte {
	from := (offset + captured + 3) &^ 3
	return b.buf[from : from+length]
}

// direction reads the direction of a packet from the options of its block.
func (s *section) direction(options []byte) (dir Direction) {
	s.options(options, func(code uint16, value []byte) {
		if code == optionPacketFlags && len(value) >= 4 {
			dir = Direction(s.uint32(value) & 3) // 1 inbound, 2 outbound (section 4.3.1)
		}
	})
	return min(dir, Outgoing)
}

// noteComments keeps the comments of a packet.
func (d *delivery) noteComments(s *section, frame int64, options []byte) {
	s.options(options, func(code uint16, value []byte) {
		if code == optionComment {
			d.comment(frame, value)
		}
	})
}

func (d *delivery) comment(frame int64, value []byte) {
	if len(d.info.Comments) >= maxComments {
		d.leaveOut(fmt.Sprintf("comments beyond the first %d", maxComments))
		return
	}
	d.info.Comments = append(d.info.Comments, Comment{frame, text(value)})
}

// text is a string of the file, cut to a sane length at a character's edge.
func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	if len(b) > maxText {
		b = b[:maxText]
		for len(b) > 0 && !utf8.RuneStart(b[len(b)-1]) {
			b = b[:len(b)-1]
		}
	}
	return string(bytes.ToValidUTF8(b, []byte("\ufffd")))
}
