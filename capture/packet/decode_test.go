package packet_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"cbdoctor/capture/packet"

	"github.com/google/go-cmp/cmp"
)

// frames are Ethernet frames as a pcap file with one second between them.
func frames(data ...[]byte) []byte {
	var r []record
	for i, d := range data {
		r = append(r, record{ns: t0 + int64(i)*1e9, data: d})
	}
	return pcapFile(binary.LittleEndian, false, 1, r...)
}

func TestOnlyTCPOfThePort(t *testing.T) {
	t.Parallel()
	other, client := hello, hello
	other.sport, other.dport = 443, 5060
	client.sport, client.dport = 5432, 40000
	src, dst := netip.MustParseAddr(hello.src), netip.MustParseAddr(hello.dst)
	file := frames(
		hello.frame(),
		other.frame(),
		ethernet(0x0800, ipv4(src, dst, 17, 64, 1, 0, udp(5432, []byte("no TCP")))),
		client.frame(),
	)
	info, got := read(t, file, packet.Options{})
	if len(got) != 2 || got[0].Frame != 1 || got[1].Frame != 4 || info.Packets != 4 || info.PortPackets != 2 {
		t.Errorf("%d packets, %+v", len(got), info)
	}
	if info, _ := read(t, file, packet.Options{Ports: []uint16{5060, 40000}}); info.PortPackets != 2 {
		t.Errorf("other ports: %d packets, want 2", info.PortPackets)
	}
	if info, _ := read(t, file, packet.Options{All: true}); info.PortPackets != 3 {
		t.Errorf("all: %d packets, want 3", info.PortPackets)
	}
	if info, _ := read(t, file, packet.Options{Filter: func(p *packet.Packet) bool { return p.SrcPort == 5432 }}); info.PortPackets != 1 {
		t.Errorf("filter: %d packets, want 1", info.PortPackets)
	}
}

func TestTCPOptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		raw  []byte
		want packet.TCPOptions
	}{
		"none": {nil, packet.TCPOptions{}},
		"SYN of Linux": {
			[]byte{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9, 1, 3, 3, 7},
			packet.TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasTimestamps: true, TSVal: 7, TSEcr: 9, HasWindowScale: true, WindowScale: 7},
		},
		"timestamps as usual":   {[]byte{1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9}, packet.TCPOptions{HasTimestamps: true, TSVal: 7, TSEcr: 9}},
		"12 bytes otherwise":    {[]byte{2, 4, 5, 0xb4, 1, 3, 3, 7, 5, 2, 1, 1}, packet.TCPOptions{HasMSS: true, MSS: 1460, HasWindowScale: true, WindowScale: 7}},
		"SACK":                  {[]byte{1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4}, packet.TCPOptions{}},
		"end before garbage":    {[]byte{0, 2, 99, 99}, packet.TCPOptions{}},
		"length of 0":           {[]byte{2, 0, 5, 0xb4}, packet.TCPOptions{Malformed: true}},
		"length over the rest":  {[]byte{1, 1, 8, 10}, packet.TCPOptions{Malformed: true}},
		"MSS of another length": {[]byte{2, 3, 5, 1}, packet.TCPOptions{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hello
			s.options = tt.raw
			_, got := read(t, frames(s.frame()), packet.Options{})
			if len(got) != 1 {
				t.Fatalf("%d packets", len(got))
			}
			if diff := cmp.Diff(tt.want, got[0].Options); diff != "" {
				t.Error(diff)
			}
			if string(got[0].Payload) != string(hello.payload) {
				t.Errorf("payload % x", got[0].Payload)
			}
		})
	}
}

// TestSnapLength cuts a frame everywhere: the true payload length stays known as long as the TCP header's data offset is there.
func TestSnapLength(t *testing.T) {
	t.Parallel()
	s := hello
	s.payload = make([]byte, 1000)
	whole := s.frame()
	for n := range len(whole) {
		_, got := read(t, pcapFile(binary.LittleEndian, false, 1, record{data: whole[:n], orig: len(whole)}), packet.Options{})
		if readable := n >= 14+20+14; !readable {
			if len(got) != 0 {
				t.Errorf("cut to %d bytes: a packet, though its flags are cut off", n)
			}
			continue
		}
		if len(got) != 1 || !got[0].Truncated || got[0].PayloadLen != 1000 || len(got[0].Payload) != max(n-54, 0) || got[0].Flags != s.flags {
			t.Fatalf("cut to %d bytes: %+v", n, got)
		}
	}
}

func TestICMPErrors(t *testing.T) {
	t.Parallel()
	client, server, router := netip.MustParseAddr(hello.src), netip.MustParseAddr(hello.dst), routerA
	syn := hello
	syn.flags, syn.payload = packet.SYN, nil
	answer := func(kind, code uint8, rest [4]byte, quoted []byte) []byte {
		return ethernet(0x0800, ipv4(router, client, 1, 255, 3, 0, join([]byte{kind, code, 0, 0}, rest[:], quoted)))
	}
	quote := packet.Quote{
		Src: packet.AddrFrom(client), Dst: packet.AddrFrom(server), SrcPort: syn.sport, DstPort: syn.dport, Len: 20,
		Seq: syn.seq, HasSeq: true, TTL: syn.ttl, Flags: packet.SYN, HasFlags: true,
	}
	syn6 := hello6
	syn6.flags, syn6.payload = packet.SYN, nil
	tests := map[string]struct {
		frame []byte
		want  func(q packet.Quote) packet.Quote
	}{
		"administratively prohibited": {answer(3, 13, [4]byte{}, syn.ip()), func(q packet.Quote) packet.Quote { q.Type, q.Code = 3, 13; return q }},
		"eight bytes quoted":          {answer(3, 1, [4]byte{}, syn.ip()[:28]), func(q packet.Quote) packet.Quote { q.Type, q.Code, q.Flags, q.HasFlags = 3, 1, 0, false; return q }},
		"ports only": {answer(3, 1, [4]byte{}, syn.ip()[:24]), func(q packet.Quote) packet.Quote {
			q.Type, q.Code, q.Seq, q.HasSeq, q.Flags, q.HasFlags = 3, 1, 0, false, 0, false
			return q
		}},
		"fragmentation needed": {answer(3, 4, [4]byte{0, 0, 5, 0x14}, syn.ip()), func(q packet.Quote) packet.Quote { q.Type, q.Code, q.MTU = 3, 4, 1300; return q }},
		"time exceeded":        {answer(11, 0, [4]byte{}, syn.ip()), func(q packet.Quote) packet.Quote { q.Type = 11; return q }},
		"packet too big": {
			ethernet(0x86dd, ipv6(router6, netip.MustParseAddr(syn6.src), 58, 64, join([]byte{2, 0, 0, 0, 0, 0, 5, 0}, syn6.ip()))),
			func(q packet.Quote) packet.Quote {
				q.V6, q.Type, q.MTU = true, 2, 1280
				q.Src, q.Dst = packet.AddrFrom(netip.MustParseAddr(syn6.src)), packet.AddrFrom(netip.MustParseAddr(syn6.dst))
				return q
			},
		},
		"no segment of the port":  {answer(3, 13, [4]byte{}, ipv4(client, server, 17, 64, 1, 0, udp(5432, make([]byte, 8)))), nil},
		"a later fragment quoted": {answer(3, 13, [4]byte{}, ipv4(client, server, 6, 64, 1, 100, syn.tcp())), nil},
		"an echo reply":           {answer(0, 0, [4]byte{}, syn.ip()), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info, got := read(t, frames(tt.frame), packet.Options{})
			if info.PortPackets != 0 {
				t.Error("an ICMP error was counted as traffic of the port")
			}
			if tt.want == nil {
				if len(got) != 0 {
					t.Errorf("%+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Kind != packet.ICMPError {
				t.Fatalf("%+v", got)
			}
			if diff := cmp.Diff(tt.want(quote), got[0].Quote); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNeighbors(t *testing.T) {
	t.Parallel()
	ask := []byte{0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 1, 0x19, 10, 48, 54, 119, 0, 0, 0, 0, 0, 0, 10, 48, 36, 61}
	reply := []byte{0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 0x61, 10, 48, 36, 61, 2, 0, 0, 0, 1, 0x19, 10, 48, 54, 119}
	a, b := netip.MustParseAddr("2001:db8::119"), netip.MustParseAddr("2001:db8::61")
	target := b.As16()
	solicit := ipv6(a, netip.MustParseAddr("ff02::1:ff00:61"), 58, 255, join([]byte{135, 0, 0, 0, 0, 0, 0, 0}, target[:], []byte{1, 1, 2, 0, 0, 0, 1, 0x19}))
	advertise := ipv6(netip.MustParseAddr("fe80::61"), a, 58, 255, join([]byte{136, 0, 0, 0, 0x60, 0, 0, 0}, target[:], []byte{2, 1, 2, 0, 0, 0, 0, 0x61}))
	_, got := read(t, frames(ethernet(0x0806, ask), ethernet(0x0806, reply), ethernet(0x86dd, solicit), ethernet(0x86dd, advertise)), packet.Options{})
	c4, s4 := packet.AddrFrom(netip.MustParseAddr("10.48.54.119")), packet.AddrFrom(netip.MustParseAddr("10.48.36.61"))
	c6, s6 := packet.AddrFrom(a), packet.AddrFrom(b)
	cMAC, sMAC := [6]byte{2, 0, 0, 0, 1, 0x19}, [6]byte{2, 0, 0, 0, 0, 0x61}
	want := []packet.Neighbor{
		{Sender: c4, Target: s4, SenderMAC: cMAC},
		{Reply: true, Sender: s4, Target: c4, SenderMAC: sMAC, TargetMAC: cMAC},
		{V6: true, Sender: c6, Target: s6, SenderMAC: cMAC},
		{V6: true, Reply: true, Sender: s6, Target: c6, SenderMAC: sMAC},
	}
	var have []packet.Neighbor
	for _, p := range got {
		have = append(have, p.Neighbor)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

func TestFragments(t *testing.T) {
	t.Parallel()
	src, dst := netip.MustParseAddr(hello.src), netip.MustParseAddr(hello.dst)
	s := hello
	s.payload = make([]byte, 100)
	for i := range s.payload {
		s.payload[i] = byte(i)
	}
	tcp := s.tcp() // 120 bytes
	part := func(from, to int) []byte {
		f := uint16(from / 8)
		if to < len(tcp) {
			f |= 0x2000
		}
		return ethernet(0x0800, ipv4(src, dst, 6, 63, 0x1234, f, tcp[from:to]))
	}
	part6 := func(from, to int) []byte {
		f := uint16(from)
		if to < len(tcp) {
			f |= 1
		}
		head := []byte{6, 0, byte(f >> 8), byte(f), 0, 0, 0, 9}
		return ethernet(0x86dd, ipv6(netip.MustParseAddr(hello6.src), netip.MustParseAddr(hello6.dst), 44, 63, join(head, tcp[from:to])))
	}
	tests := map[string]struct {
		frames [][]byte
		whole  []int64 // frames of the datagram that is put together, nil when none is
	}{
		"in order":                 {[][]byte{part(0, 40), part(40, 80), part(80, 120)}, []int64{1, 2, 3}},
		"last first":               {[][]byte{part(80, 120), part(40, 80), part(0, 40)}, []int64{1, 2, 3}},
		"one twice":                {[][]byte{part(0, 40), part(0, 40), part(40, 120)}, []int64{1, 3}},
		"one missing":              {[][]byte{part(0, 40), part(80, 120)}, nil},
		"overlapping: an attack":   {[][]byte{part(0, 40), part(32, 80), part(80, 120)}, nil},
		"IPv6":                     {[][]byte{part6(0, 64), part6(64, 120)}, []int64{1, 2}},
		"IPv6, another packet too": {[][]byte{part6(64, 120), ethernet(0x0806, make([]byte, 28)), part6(0, 64)}, []int64{1, 3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got := read(t, frames(tt.frames...), packet.Options{})
			if tt.whole == nil {
				if len(got) != 0 {
					t.Errorf("%+v", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("%d packets", len(got))
			}
			p := got[0]
			if !slices.Equal(p.Payload, s.payload) || p.PayloadLen != 100 || p.Truncated || p.Seq != s.seq {
				t.Errorf("%+v", p)
			}
			if !slices.Equal(p.Fragments, tt.whole) || p.FragmentCount != len(tt.whole) || p.Frame != tt.whole[len(tt.whole)-1] {
				t.Errorf("frame %d, fragments %v, want %v", p.Frame, p.Fragments, tt.whole)
			}
		})
	}
}

func TestFragmentsAreBounded(t *testing.T) {
	t.Parallel()
	var flood [][]byte
	for id := range 1000 {
		flood = append(flood, ethernet(0x0800, ipv4(routerA, routerB, 6, 63, uint16(id), 0x2000, make([]byte, 64))))
	}
	info, _ := read(t, frames(flood...), packet.Options{})
	if want := "936 fragmented datagrams: at most 64 are put together at a time"; info.LeftOut != want {
		t.Errorf("left out: %q, want %q", info.LeftOut, want)
	}
}

func TestHostsKnowTheTTLsOfOtherPorts(t *testing.T) {
	t.Parallel()
	web := hello
	web.src, web.sport, web.dport, web.flags, web.ttl, web.id = hello.dst, 443, 40000, packet.SYN|packet.ACK, 60, 77
	reset := web
	reset.flags, reset.ttl = packet.RST|packet.ACK, 1
	hosts := packet.NewHosts()
	var known []int
	file := frames(hello.frame(), web.frame(), hello.frame(), reset.frame(), web.frame(), hello.frame())
	_, err := packet.Read(t.Context(), bytes.NewReader(file), packet.Options{Hosts: hosts}, func(p *packet.Packet) error {
		n := 0
		if h := hosts.Lookup(p.Dst); h != nil {
			n = int(h.TTLs[0].Count)
		}
		known = append(known, n)
		return nil
	})
	if err != nil || !slices.Equal(known, []int{0, 1, 2}) {
		t.Errorf("counts when the packets were delivered: %v, %v", known, err)
	}
	h := hosts.Lookup(packet.AddrFrom(netip.MustParseAddr(hello.dst)))
	if h == nil || h.Len != 1 || h.TTLs[0] != (packet.HostTTL{TTL: 60, Count: 2, FirstFrame: 2}) || h.LastID != 77 || h.LastFrame != 5 {
		t.Errorf("%+v", h)
	}
	if h := hosts.Lookup(packet.AddrFrom(netip.MustParseAddr(hello.src))); h != nil {
		t.Errorf("packets of the port itself were counted: %+v", h)
	}
}
