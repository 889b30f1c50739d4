package packet

import (
	"encoding/binary"
	"net/netip"
)

// Kind says what a [Packet] is and so which of its fields are set.
type Kind uint8

// The kinds of packets that a [Handler] receives.
const (
	TCP       Kind = iota + 1 // a TCP segment from or to a wanted port
	ICMPError                 // an ICMP or ICMPv6 error that quotes a TCP segment from or to a wanted port: see Packet.Quote
	ARP                       // an ARP message, or an IPv6 neighbor solicitation or advertisement: see Packet.Neighbor
)

// TCP flags as they stand in the header's byte 13 (RFC 9293 section 3.1).
const (
	FIN uint8 = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Direction is what the capturing host said of a packet (Linux cooked captures, pcapng's epb_flags).
type Direction uint8

// The directions, seen from the capturing host.
const (
	DirectionUnknown Direction = iota
	Incoming
	Outgoing
	OtherHost // seen in promiscuous mode, neither from nor to the capturing host
)

// Addr is an IP address in 16 bytes without pointers, so that tables of millions of them cost the garbage collector nothing. IPv4
// stands in its mapped form ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). The zero value is "::" and means "no address".
type Addr struct{ Hi, Lo uint64 }

const mappedPrefix = 0xffff << 32

// AddrFrom4 is the address a.b.c.d given as a big-endian number.
func AddrFrom4(v uint32) Addr { return Addr{Lo: mappedPrefix | uint64(v)} }

// AddrFrom returns the compact form of a; zones are dropped.
func AddrFrom(a netip.Addr) Addr {
	b := a.As16()
	return addr16(b[:])
}

func addr16(b []byte) Addr {
	return Addr{Hi: binary.BigEndian.Uint64(b), Lo: binary.BigEndian.Uint64(b[8:])}
}

// Is4 reports whether a is an IPv4 address.
func (a Addr) Is4() bool { return a.Hi == 0 && a.Lo>>32 == 0xffff }

// IsZero reports whether a is no address.
func (a Addr) IsZero() bool { return a == Addr{} }

// Netip is a in the standard library's form; IPv4 as a true IPv4 address.
func (a Addr) Netip() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.Hi)
	binary.BigEndian.PutUint64(b[8:], a.Lo)
	return netip.AddrFrom16(b).Unmap()
}

// String is the address as people write it.
func (a Addr) String() string { return a.Netip().String() }

// Compare orders addresses: IPv4 before most of IPv6, each by value. It returns -1, 0 or 1.
func (a Addr) Compare(b Addr) int {
	switch {
	case a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo:
		return -1
	case a == b:
		return 0
	}
	return 1
}

// Packet is one decoded packet. The handler gets a pointer to the same value every time: what it wants to keep it copies.
type Packet struct {
	Kind   Kind
	Frame  int64 // number in the file from 1, as Wireshark counts: of the last fragment where IP fragments were put together
	Time   int64 // nanoseconds since 1970-01-01 UTC
	Offset int64 // of the record in the (decompressed) file, bytes

	Digits          uint8    // fractional digits of Time in the file: 6, 9 ...
	CapLen, OrigLen uint32   // captured and original length of the frame
	Interface       int      // index of the pcapng interface in its section, 0 in pcap
	Link            LinkType // link type of that interface
	Data            []byte   // the captured frame from its link layer on; valid during the call only
	Direction       Direction
	Layers          []Layer // outermost first, with [Options.Every] only; valid during the call only

	SrcMAC, DstMAC       [6]byte // of the innermost Ethernet header; cooked captures have the sender's only
	HasSrcMAC, HasDstMAC bool
	VLAN                 uint16 // id of the outermost 802.1Q tag, 0 when there is none
	Tunnel               string // "gre", "vxlan", "erspan" ...: the innermost tunnel the packet came in; "" when none

	Src, Dst      Addr // of the innermost IP header; in an ICMP error Src is who complains; in ARP the sender and target
	TTL           uint8
	IPID          uint16 // IPv4 identification
	HasIPID       bool   // false for IPv6
	DontFragment  bool
	ECN           uint8   // the two ECN bits of the IP header (RFC 3168)
	FragmentCount int     // 0, or of how many IP fragments this packet was put together
	Fragments     []int64 // their frame numbers, this one's included; valid during the call only

	SrcPort, DstPort uint16
	Seq, Ack         uint32
	Flags            uint8
	Window           uint16 // as it stands in the header, not scaled
	Options          TCPOptions
	Payload          []byte // captured payload; valid during the call only
	PayloadLen       int    // true payload length from the IP header, also where the capture is cut short
	Truncated        bool   // the capture's snap length cut the TCP header or the payload

	Quote    Quote    // for ICMPError
	Neighbor Neighbor // for ARP
}

// Arrives reports whether the packet came to the capturing host over a network: then its sender is another host. Packets to itself
// are incoming, too, and have no MAC address.
func (p *Packet) Arrives() bool {
	return p.Direction == Incoming && p.HasSrcMAC && p.SrcMAC != [6]byte{}
}

// Has reports whether all of the given TCP flags are set.
func (p *Packet) Has(flags uint8) bool { return p.Flags&flags == flags }

// TCPOptions are the options of a TCP header (RFC 9293 section 3.2, RFC 7323).
type TCPOptions struct {
	HasMSS, HasWindowScale, SACKPermitted, HasTimestamps bool

	MSS         uint16
	WindowScale uint8
	TSVal       uint32
	TSEcr       uint32
	Malformed   bool // the options' lengths do not add up, or the capture cut them
}

// Quote is the head of the packet that an ICMP error quotes: the segment that did not arrive.
type Quote struct {
	V6               bool // ICMPv6: other numbers for Type and Code
	Type, Code       uint8
	MTU              uint32 // of "fragmentation needed" and "packet too big", 0 when not given
	Src, Dst         Addr
	SrcPort, DstPort uint16
	Cut              bool   // the snap length cut the ports off, and of IPv6 a part of Dst: see Meets
	Len              uint16 // of the segment, with its header
	Seq              uint32
	HasSeq           bool // RFC 792 quotes 8 bytes of the segment: ports and sequence number
	Flags            uint8
	HasFlags         bool // routers following RFC 1812 section 4.3.2.3 quote more
	TTL              uint8
	DstLen           uint8 // where Cut, how many of the 16 bytes of Dst are here
}

// Meets reports whether a packet between two addresses may be the one that is quoted without ports.
func (q *Quote) Meets(src, dst Addr) bool {
	bits := 8 * int(q.DstLen)
	hi, lo := ^uint64(0)<<max(64-bits, 0), ^uint64(0)<<max(128-max(bits, 64), 0)
	return src == q.Src && dst.Hi&hi == q.Dst.Hi && dst.Lo&lo == q.Dst.Lo
}

// Neighbor is an ARP message (RFC 826) or its IPv6 counterpart (RFC 4861 sections 4.3 and 4.4).
type Neighbor struct {
	V6                   bool
	Reply                bool // an answer; otherwise a question
	Sender, Target       Addr // who asks or answers, whose MAC address is asked for. In a reply Sender is whose MAC address is told
	SenderMAC, TargetMAC [6]byte
}
