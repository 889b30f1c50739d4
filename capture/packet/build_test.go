package packet_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"cbdoctor/capture/packet"
)

// segment is a TCP segment to build; checksums are left 0, as on a host with offload.
type segment struct {
	src, dst     string
	sport, dport uint16
	seq, ack     uint32
	flags        uint8
	ttl          uint8
	id           uint16
	options      []byte
	payload      []byte
}

// hello is the segment that most tests send.
var hello = segment{
	src: "10.48.54.119", dst: "10.48.36.61", sport: 35826, dport: 5432, seq: 0x01020304, ack: 0x0a0b0c0d,
	flags: packet.PSH | packet.ACK, ttl: 63, id: 0x1234, payload: []byte{0, 0, 0, 8, 4, 210, 22, 47},
}

// hello6 is hello over IPv6.
var hello6 = func() segment {
	s := hello
	s.src, s.dst = "2001:db8::119", "2001:db8::61"
	return s
}()

func (s segment) tcp() []byte {
	b := make([]byte, 20, 60)
	binary.BigEndian.PutUint16(b, s.sport)
	binary.BigEndian.PutUint16(b[2:], s.dport)
	binary.BigEndian.PutUint32(b[4:], s.seq)
	binary.BigEndian.PutUint32(b[8:], s.ack)
	b[12], b[13] = uint8(20+len(s.options))/4<<4, s.flags
	binary.BigEndian.PutUint16(b[14:], 501)
	return append(append(b, s.options...), s.payload...)
}

// ip is the segment as an IP packet of the version that its addresses have.
func (s segment) ip() []byte {
	src, dst := netip.MustParseAddr(s.src), netip.MustParseAddr(s.dst)
	if src.Is4() {
		return ipv4(src, dst, 6, s.ttl, s.id, 0, s.tcp())
	}
	return ipv6(src, dst, 6, s.ttl, s.tcp())
}

func ipv4(src, dst netip.Addr, protocol, ttl uint8, id, fragment uint16, payload []byte) []byte {
	b := make([]byte, 20)
	b[0] = 0x45
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], fragment)
	b[8], b[9] = ttl, protocol
	copy(b[12:], src.AsSlice())
	copy(b[16:], dst.AsSlice())
	return append(b, payload...)
}

func ipv6(src, dst netip.Addr, next, hops uint8, payload []byte) []byte {
	b := make([]byte, 40)
	b[0] = 0x60
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	b[6], b[7] = next, hops
	copy(b[8:], src.AsSlice())
	copy(b[24:], dst.AsSlice())
	return append(b, payload...)
}

func udp(dport uint16, payload []byte) []byte {
	b := []byte{0x30, 0x39, byte(dport >> 8), byte(dport), 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[4:], uint16(8+len(payload)))
	return append(b, payload...)
}

// ethernet puts a header with the given EtherType before the payload.
func ethernet(etherType uint16, payload []byte) []byte {
	b := []byte{0x02, 0, 0, 0, 0, 0x61, 0x02, 0, 0, 0, 0x01, 0x19, byte(etherType >> 8), byte(etherType)}
	return append(b, payload...)
}

// frame is the segment as an Ethernet frame.
func (s segment) frame() []byte {
	if netip.MustParseAddr(s.src).Is4() {
		return ethernet(0x0800, s.ip())
	}
	return ethernet(0x86dd, s.ip())
}

// record is one packet of a file to build.
type record struct {
	ns   int64
	orig int // 0: as long as data
	data []byte
}

func (r record) length() uint32 { return uint32(max(r.orig, len(r.data))) }

// pcapFile builds a pcap file.
func pcapFile(order binary.AppendByteOrder, nano bool, link packet.LinkType, records ...record) []byte {
	magic, unit := uint32(0xa1b2c3d4), int64(1000)
	if nano {
		magic, unit = 0xa1b23c4d, 1
	}
	var b []byte
	b = order.AppendUint32(b, magic)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, 262144)
	b = order.AppendUint32(b, uint32(link))
	for _, r := range records {
		b = order.AppendUint32(b, uint32(r.ns/1e9))
		b = order.AppendUint32(b, uint32(r.ns%1e9/unit))
		b = order.AppendUint32(b, uint32(len(r.data)))
		b = order.AppendUint32(b, r.length())
		b = append(b, r.data...)
	}
	return b
}

// ngFile builds a pcapng file block by block.
type ngFile struct {
	order binary.AppendByteOrder
	b     []byte
}

func newNG(order binary.AppendByteOrder) *ngFile {
	f := &ngFile{order: order}
	return f.section()
}

func (f *ngFile) section(options ...[]byte) *ngFile {
	body := f.order.AppendUint32(nil, 0x1a2b3c4d)
	body = f.order.AppendUint16(body, 1)
	body = f.order.AppendUint16(body, 0)
	body = f.order.AppendUint64(body, 1<<64-1)
	return f.block(0x0a0d0d0a, append(body, bytes.Join(options, nil)...))
}

// block appends a block with its two lengths.
func (f *ngFile) block(kind uint32, body []byte) *ngFile {
	body = pad4(body)
	f.b = f.order.AppendUint32(f.b, kind)
	f.b = f.order.AppendUint32(f.b, uint32(len(body)+12))
	f.b = append(f.b, body...)
	f.b = f.order.AppendUint32(f.b, uint32(len(body)+12))
	return f
}

func (f *ngFile) iface(link packet.LinkType, options ...[]byte) *ngFile {
	body := f.order.AppendUint16(nil, uint16(link))
	body = append(body, 0, 0, 0, 0, 0, 0)
	return f.block(1, append(body, bytes.Join(options, nil)...))
}

func (f *ngFile) option(code uint16, value []byte) []byte {
	b := f.order.AppendUint16(nil, code)
	b = f.order.AppendUint16(b, uint16(len(value)))
	return append(b, pad4(value)...)
}

// packet appends an enhanced packet block; ticks are those of its interface.
func (f *ngFile) packet(iface uint32, ticks uint64, data []byte, options ...[]byte) *ngFile {
	return f.block(6, f.packetBody(f.order.AppendUint32(nil, iface), ticks, data, options...))
}

func (f *ngFile) packetBody(body []byte, ticks uint64, data []byte, options ...[]byte) []byte {
	body = f.order.AppendUint32(body, uint32(ticks>>32))
	body = f.order.AppendUint32(body, uint32(ticks))
	body = f.order.AppendUint32(body, uint32(len(data)))
	body = f.order.AppendUint32(body, uint32(len(data)))
	body = append(body, pad4(data)...)
	return append(body, bytes.Join(options, nil)...)
}

func pad4(b []byte) []byte {
	b = bytes.Clone(b)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// seen is what a handler was given, kept.
type seen []packet.Packet

func (s *seen) keep(p *packet.Packet) error {
	c := *p
	c.Data, c.Payload, c.Fragments = bytes.Clone(p.Data), append([]byte{}, p.Payload...), append([]int64{}, p.Fragments...)
	*s = append(*s, c)
	return nil
}

// read reads a whole file from memory and fails the test when it can't be read.
func read(t testing.TB, file []byte, opt packet.Options) (packet.Info, seen) {
	t.Helper()
	var s seen
	info, err := packet.Read(t.Context(), bytes.NewReader(file), opt, s.keep)
	if err != nil {
		t.Fatal(err)
	}
	return info, s
}

const t0 = int64(1774857600_123456789)
