package packet

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The classic format (draft-ietf-opsawg-pcap): a file header of 24 bytes, then records with a header of 16.
const (
	pcapHeaderLen = 24
	pcapRecordLen = 16

	magicMicro = 0xa1b2c3d4
	magicNano  = 0xa1b23c4d
)

// maxPcapPacket is the longest packet that a record header is believed to announce. libpcap's own bound is 256 KiB, on D-Bus and
// USB links 128 MiB; a longer one is damage.
const maxPcapPacket = maxRecord - pcapRecordLen

// pcap walks the records of one pcap file. It holds no state: any number of batches may be walked at a time.
type pcap struct {
	swap    bool // the file's byte order is not the little-endian one
	old     bool // before 2.4 some writers put the original length first (libpcap, sf-pcap.c)
	perTick uint64
	ticks   uint32 // ticks a second
}

// pcapHeader reads the file header, whose magic number has been looked at already.
func pcapHeader(h []byte) (*pcap, *section, string, error) {
	var order binary.ByteOrder = binary.LittleEndian
	magic := order.Uint32(h)
	f := &pcap{}
	if magic != magicMicro && magic != magicNano {
		order, f.swap = binary.BigEndian, true
		magic = order.Uint32(h)
	}
	name, digits := "pcap", uint8(6)
	f.perTick, f.ticks = 1000, 1e6
	if magic == magicNano {
		name, digits, f.perTick, f.ticks = "pcap-ns", 9, 1, 1e9
	}
	major, minor := order.Uint16(h[4:]), order.Uint16(h[6:])
	if major == 2<<8 && minor <= 4<<8 { // some writers take care of the magic number only
		major, minor = major>>8, minor>>8
	}
	if major != 2 || minor > 4 {
		return nil, nil, "", fmt.Errorf("%w: pcap version %d.%d, known are 2.0 to 2.4", ErrNotCapture, major, minor)
	}
	f.old = minor < 4
	link := order.Uint32(h[20:])
	i := newInterface(LinkType(link), order.Uint32(h[16:]), scale{}, digits) // the link type's upper half tells of frame check sequences
	return f, &section{order: order, ifaces: []iface{i}}, name, nil
}

// record reads a record header.
func (f *pcap) record(h []byte) (sec, tick, captured, original uint32) {
	_ = h[15]
	sec, tick = binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
	captured, original = binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
	if f.swap {
		sec, tick = bits.ReverseBytes32(sec), bits.ReverseBytes32(tick)
		captured, original = bits.ReverseBytes32(captured), bits.ReverseBytes32(original)
	}
	if f.old && captured > original {
		captured, original = original, captured
	}
	return
}

func (f *pcap) walk(b *batch, s *sifter) {
	i := &b.current().ifaces[0]
	off, before := b.next, b.frames
	for off < b.limit {
		if len(b.buf)-off < pcapRecordLen {
			b.need = pcapRecordLen
			break
		}
		sec, tick, captured, original := f.record(b.buf[off : off+pcapRecordLen])
		if captured > maxPcapPacket {
			b.damage = fmt.Sprintf("the record header claims %d captured bytes", captured)
			b.early = "old Red Hat and SuSE systems and Nokia devices wrote longer record headers, which editcap -F pcapng converts"
			break
		}
		end := off + pcapRecordLen + int(captured)
		if end > len(b.buf) {
			b.need = int64(end - off)
			break
		}
		data := b.buf[off+pcapRecordLen : end]
		b.frames++
		if captured < original {
			b.cut++
		}
		ns := int64(uint64(sec)*1e9 + uint64(tick)*f.perTick)
		b.clock(ns)
		kind := s.sift(i, data, original)
		if kind != hitNone && (kind != hitHost || s.hosts && s.wantsHost(b.base+int64(off))) {
			b.add(&hit{time: ns, offset: uint32(off + pcapRecordLen), cap: captured, orig: original, what: whatOf(kind, b.frames)}, s.lane)
		}
		off = end
	}
	b.packets = int64(b.frames)
	if n := b.frames - before; i.decode == nil && n > 0 {
		b.unread = countUnread(b.unread, i.link, int64(n))
	}
	b.next = off
}

// guess looks for five plausible record headers in a row: whole ticks, sane lengths, and times near each other.
func (f *pcap) guess(b *batch, _ *section) (int, bool) {
	for start := range b.limit {
		if f.plausible(b.buf, start) {
			return start, true
		}
	}
	return 0, false
}

func (f *pcap) plausible(buf []byte, off int) bool {
	const inARow, day, most = 5, 24 * 3600, 1 << 18
	var before uint32
	for n := range inARow {
		if len(buf)-off < pcapRecordLen {
			return false
		}
		sec, tick, captured, original := f.record(buf[off : off+pcapRecordLen])
		if tick >= f.ticks || captured > original || original > most || captured == 0 {
			return false
		}
		if n > 0 && sec-before+day > 2*day { // modulo 2^32: within a day before or after
			return false
		}
		before = sec
		off += pcapRecordLen + int(captured)
		if off > len(buf) {
			return false
		}
	}
	return true
}
