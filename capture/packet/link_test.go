package packet_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"cbdoctor/capture/packet"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var (
	routerA = netip.MustParseAddr("192.0.2.1")
	routerB = netip.MustParseAddr("192.0.2.2")
	router6 = netip.MustParseAddr("2001:db8:ffff::1")
)

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

// TestSegmentIsFoundInEveryWrapping wraps one and the same segment in all the ways that are known: what is decoded must be the same.
func TestSegmentIsFoundInEveryWrapping(t *testing.T) {
	t.Parallel()
	v4, v6 := hello.ip(), hello6.ip()
	sll := func(packetType byte, protocol uint16) []byte {
		return []byte{0, packetType, 0, 1, 0, 6, 2, 0, 0, 0, 1, 0x19, 0, 0, byte(protocol >> 8), byte(protocol)}
	}
	gre := func(protocol uint16) []byte { return []byte{0, 0, byte(protocol >> 8), byte(protocol)} }
	snap := []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}
	vxlan := []byte{8, 0, 0, 0, 0, 0, 7, 0}
	outer := func(protocol uint8, payload []byte) []byte {
		return ethernet(0x0800, ipv4(routerA, routerB, protocol, 200, 7, 0, payload))
	}
	longV4 := slices.Insert(slices.Clone(v4), 20, 7, 3, 4, 0) // an empty record-route option and the end of options
	longV4[0] = 0x46
	binary.BigEndian.PutUint16(longV4[2:], uint16(len(longV4)))
	noLength := slices.Clone(v4)
	noLength[2], noLength[3] = 0, 0
	extended := ipv6(netip.MustParseAddr(hello6.src), netip.MustParseAddr(hello6.dst), 0, hello6.ttl,
		join([]byte{60, 0, 5, 2, 0, 0, 1, 0}, []byte{44, 0, 1, 4, 0, 0, 0, 0}, []byte{6, 0, 0, 0, 0, 0, 0, 9}, hello6.tcp()))
	jumbo := slices.Clone(v6)
	jumbo[4], jumbo[5] = 0, 0

	tests := []struct {
		name   string
		link   packet.LinkType
		data   []byte
		tunnel string
	}{
		{"ethernet", 1, ethernet(0x0800, v4), ""},
		{"ethernet with padding", 1, join(ethernet(0x0800, v4), make([]byte, 9)), ""},
		{"802.1Q", 1, ethernet(0x8100, join([]byte{0x20, 100, 8, 0}, v4)), ""},
		{"QinQ", 1, ethernet(0x88a8, join([]byte{0, 100, 0x81, 0, 0, 200, 8, 0}, v4)), ""},
		{"VN-Tag", 1, ethernet(0x8926, join([]byte{0x80, 1, 0, 2, 8, 0}, v4)), ""},
		{"VN-Tag and 802.1Q", 1, ethernet(0x8926, join([]byte{0x80, 1, 0, 2, 0x81, 0, 0, 100, 8, 0}, v4)), ""},
		{"E-Tag", 1, ethernet(0x893f, join([]byte{0xe0, 0, 0, 1, 0, 0, 8, 0}, v4)), ""},
		{"backbone bridges", 1, ethernet(0x88e7, join([]byte{0, 0, 0, 7}, ethernet(0x0800, v4))), ""},
		{"Cisco MetaData behind 802.1Q", 1, ethernet(0x8100, join([]byte{0, 100, 0x89, 9, 1, 1, 0, 1, 0, 2, 8, 0}, v4)), ""},
		{"FabricPath", 1, ethernet(0x8903, join([]byte{0, 0x40}, ethernet(0x0800, v4))), ""},
		{"LLC and SNAP", 1, ethernet(uint16(8+len(v4)), join([]byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, v4)), ""},
		{"IPv4 options", 1, ethernet(0x0800, longV4), ""},
		{"IPv4 without length", 1, ethernet(0x0800, noLength), ""},
		{"MPLS, two labels", 1, ethernet(0x8847, join([]byte{0, 1, 0, 64, 0, 2, 1, 64}, v4)), ""},
		{"MPLS pseudowire", 1, ethernet(0x8847, join([]byte{0, 2, 1, 64, 0, 0, 0, 0}, ethernet(0x0800, v4))), ""},
		{"PPPoE", 1, ethernet(0x8864, join([]byte{0x11, 0, 0, 1, 0, 0, 0, 0x21}, v4)), ""},
		{"ethernet IPv6", 1, ethernet(0x86dd, v6), ""},
		{"IPv6 extension headers", 1, ethernet(0x86dd, extended), ""},
		{"IPv6 without length", 1, ethernet(0x86dd, jumbo), ""},
		{"802.1Q IPv6", 1, ethernet(0x8100, join([]byte{0, 100, 0x86, 0xdd}, v6)), ""},
		{"GRE", 1, outer(47, join(gre(0x0800), v4)), "gre"},
		{"GRE with checksum, key and sequence", 1, outer(47, join([]byte{0xb0, 0, 8, 0}, make([]byte, 12), v4)), "gre"},
		{"GRE, Ethernet", 1, outer(47, join(gre(0x6558), ethernet(0x0800, v4))), "gre"},
		{"GRE, redirected by WCCP", 1, outer(47, join(gre(0x883e), v4)), "gre"},
		{"GRE, redirected by WCCP 2", 1, outer(47, join(gre(0x883e), []byte{0, 5, 0, 1}, v4)), "gre"},
		{"GRE, 802.11 of Aruba's", 1, outer(47, join(gre(0x8240), []byte{8, 1, 0, 0}, make([]byte, 20), snap, v4)), "gre"},
		{"GRE in UDP", 1, outer(17, udp(4754, join(gre(0x0800), v4))), "gre"},
		{"GTP", 1, outer(17, udp(2152, join([]byte{0x30, 255, 0, byte(len(v4)), 0, 0, 0, 1}, v4))), "gtp"},
		{"GTP, IPv6 behind two extension headers", 1, outer(17, udp(2152, join([]byte{0x34, 255, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 16, 0, 0xc0, 2, 0, 0, 0, 0, 0, 0, 0}, v6))), "gtp"},
		{"ERSPAN I", 1, outer(47, join(gre(0x88be), ethernet(0x0800, v4))), "erspan"},
		{"ERSPAN II", 1, outer(47, join([]byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1}, make([]byte, 8), ethernet(0x0800, v4))), "erspan"},
		{"ERSPAN III", 1, outer(47, join([]byte{0x10, 0, 0x22, 0xeb, 0, 0, 0, 1}, make([]byte, 12), ethernet(0x0800, v4))), "erspan"},
		{"ERSPAN III with platform header", 1, outer(47, join([]byte{0x10, 0, 0x22, 0xeb, 0, 0, 0, 1}, make([]byte, 11), []byte{1}, make([]byte, 8), ethernet(0x0800, v4))), "erspan"},
		{"IP in IP", 1, outer(4, v4), "ip-in-ip"},
		{"IPv6 in IPv4", 1, outer(41, v6), "ip-in-ip"},
		{"VXLAN", 1, outer(17, udp(4789, join(vxlan, ethernet(0x0800, v4)))), "vxlan"},
		{"VXLAN, Linux port", 1, outer(17, udp(8472, join(vxlan, ethernet(0x0800, v4)))), "vxlan"},
		{"VXLAN over IPv6", 1, ethernet(0x86dd, ipv6(router6, router6, 17, 9, udp(4789, join(vxlan, ethernet(0x0800, v4))))), "vxlan"},
		{"VXLAN-GPE, IPv6", 1, outer(17, udp(4790, join([]byte{0x0c, 0, 0, 2, 0, 0, 7, 0}, v6))), "vxlan"},
		{"Geneve with an option", 1, outer(17, udp(6081, join([]byte{1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0}, ethernet(0x0800, v4)))), "geneve"},
		{"AH", 1, outer(51, join([]byte{4, 4, 0, 0}, make([]byte, 20), v4)), "ip-in-ip"},
		{"cooked", 113, join(sll(0, 0x0800), v4), ""},
		{"cooked, 802.1Q", 113, join(sll(0, 0x8100), []byte{0, 100, 8, 0}, v4), ""},
		{"cooked, IPv6", 113, join(sll(4, 0x86dd), v6), ""},
		{"cooked v2", 276, join([]byte{8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 1, 0x19, 0, 0}, v4), ""},
		{"raw", 101, v4, ""},
		{"raw IPv6", 101, v6, ""},
		{"raw, as BSD numbers it", 12, v4, ""},
		{"IPV4", 228, v4, ""},
		{"IPV6", 229, v6, ""},
		{"null, little-endian", 0, join([]byte{2, 0, 0, 0}, v4), ""},
		{"null, IPv6 of macOS", 0, join([]byte{30, 0, 0, 0}, v6), ""},
		{"loop", 108, join([]byte{0, 0, 0, 2}, v4), ""},
		{"PPP", 9, join([]byte{0xff, 3, 0, 0x21}, v4), ""},
		{"PPP, compressed fields", 9, join([]byte{0x21}, v4), ""},
		{"PPP, IPv6", 9, join([]byte{0, 0x57}, v6), ""},
		{"PPP in HDLC", 50, join([]byte{0xff, 3, 0, 0x21}, v4), ""},
		{"Cisco HDLC", 104, join([]byte{0x0f, 0, 8, 0}, v4), ""},
		{"Cisco HDLC, called PPP", 9, join([]byte{0x0f, 0, 8, 0}, v4), ""},
		{"PPPoE without Ethernet", 51, join([]byte{0x11, 0, 0, 1, 0, 0, 0, 0x21}, v4), ""},
		{"PPP with direction", 204, join([]byte{1, 0xff, 3, 0, 0x21}, v4), ""},
		{"MPLS", 219, join([]byte{0, 2, 1, 64}, v4), ""},
		{"NFLOG", 239, join([]byte{2, 0, 0, 5, 8, 0, 1, 0, 8, 0, 0, 0, 5, 0, 10, 0, 0, 0, 0, 0, byte(len(v4) + 4), 0, 9, 0}, v4), ""},
		{"NFLOG, big-endian", 239, join([]byte{2, 0, 0, 5, 0, 8, 0, 1, 8, 0, 0, 0, 0, byte(len(v4) + 4), 0, 9}, v4), ""},
		{"FDDI", 10, join([]byte{0x54}, make([]byte, 12), snap, v4), ""},
		{"PFLOG", 117, join([]byte{61, 2}, make([]byte, 62), v4), ""},
		{"802.11 with LLC", 105, join([]byte{8, 1, 0, 0}, make([]byte, 20), snap, v4, []byte{0, 0, 0, 0}), ""},
		{"802.11 with QoS, between access points", 105, join([]byte{0x88, 3, 0, 0}, make([]byte, 28), snap, v4), ""},
		{"802.11 behind radiotap", 127, join([]byte{0, 0, 8, 0, 0, 0, 0, 0, 8, 1, 0, 0}, make([]byte, 20), snap, v4), ""},
		{"802.11 behind per-packet information", 192, join([]byte{0, 0, 8, 0, 105, 0, 0, 0, 8, 1, 0, 0}, make([]byte, 20), snap, v4), ""},
		{"Ethernet behind per-packet information", 192, join([]byte{0, 0, 12, 0, 1, 0, 0, 0, 0, 0, 0, 0}, ethernet(0x0800, v4)), ""},
		{"IP over InfiniBand", 242, join(make([]byte, 40), []byte{0x86, 0xdd, 0, 0}, v6), ""},
		{"ARCNET", 7, join([]byte{1, 2, 212, 0, 0, 1}, v4), ""},
		{"ARCNET, old, of Linux", 129, join([]byte{1, 2, 0, 0, 240}, v4), ""},
		{"802.11 behind a Prism header", 119, join([]byte{0x44, 0, 0, 0, 144, 0, 0, 0}, make([]byte, 136), []byte{8, 1, 0, 0}, make([]byte, 20), snap, v4), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			info, got := read(t, pcapFile(binary.LittleEndian, false, tt.link, record{ns: t0, data: tt.data}), packet.Options{})
			if len(got) != 1 || info.PortPackets != 1 || info.Problem != "" || info.LeftOut != "" {
				t.Fatalf("%d packets, info %+v", len(got), info)
			}
			sent := hello
			want := packet.Packet{TTL: 63, IPID: 0x1234, HasIPID: true}
			if got[0].Src.Netip().Is6() {
				sent = hello6
				want = packet.Packet{TTL: 63, DontFragment: true}
			}
			want.Kind, want.Frame, want.Time, want.Digits = packet.TCP, 1, t0/1000*1000, 6
			want.Src, want.Dst = packet.AddrFrom(netip.MustParseAddr(sent.src)), packet.AddrFrom(netip.MustParseAddr(sent.dst))
			want.SrcPort, want.DstPort, want.Seq, want.Ack, want.Flags, want.Window = sent.sport, sent.dport, sent.seq, sent.ack, sent.flags, 501
			want.Payload, want.PayloadLen, want.Tunnel = sent.payload, len(sent.payload), tt.tunnel
			ignore := cmpopts.IgnoreFields(packet.Packet{}, "Offset", "CapLen", "OrigLen", "Link", "Data", "Direction",
				"SrcMAC", "DstMAC", "HasSrcMAC", "HasDstMAC", "VLAN", "Fragments")
			if diff := cmp.Diff(want, got[0], ignore); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatTheLinkLayerSays(t *testing.T) {
	t.Parallel()
	mac := [6]byte{2, 0, 0, 0, 1, 0x19}
	one := func(link packet.LinkType, data []byte) packet.Packet {
		_, got := read(t, pcapFile(binary.LittleEndian, false, link, record{data: data}), packet.Options{})
		if len(got) != 1 {
			t.Fatalf("link type %s: %d packets", link, len(got))
		}
		return got[0]
	}
	if p := one(1, hello.frame()); p.SrcMAC != mac || p.DstMAC != [6]byte{2, 0, 0, 0, 0, 0x61} || !p.HasSrcMAC || !p.HasDstMAC {
		t.Errorf("ethernet: %v %v", p.SrcMAC, p.DstMAC)
	}
	if p := one(1, ethernet(0x88a8, join([]byte{0, 100, 0x81, 0, 0, 200, 8, 0}, hello.ip()))); p.VLAN != 100 || p.SrcMAC != mac {
		t.Errorf("QinQ: VLAN %d, want the outer one, 100", p.VLAN)
	}
	for packetType, want := range map[byte]packet.Direction{0: packet.Incoming, 3: packet.OtherHost, 4: packet.Outgoing} {
		p := one(113, join([]byte{0, packetType, 0, 1, 0, 6, 2, 0, 0, 0, 1, 0x19, 0, 0, 8, 0}, hello.ip()))
		if p.Direction != want || p.SrcMAC != mac || !p.HasSrcMAC || p.HasDstMAC {
			t.Errorf("cooked, packet type %d: %+v", packetType, p)
		}
		p = one(276, join([]byte{8, 0, 0, 0, 0, 0, 0, 2, 0, 1, packetType, 6, 2, 0, 0, 0, 1, 0x19, 0, 0}, hello.ip()))
		if p.Direction != want || p.SrcMAC != mac {
			t.Errorf("cooked v2, packet type %d: %+v", packetType, p)
		}
	}
}

// TestUnknownLinkTypeWithoutPackets: nothing is left out of an interface that only the file's head mentions.
func TestUnknownLinkTypeWithoutPackets(t *testing.T) {
	t.Parallel()
	f := newNG(little).iface(189).iface(1)
	info, got := read(t, f.packet(1, 1, hello.frame()).b, packet.Options{})
	if len(got) != 1 || info.LeftOut != "" {
		t.Errorf("%d packets, %+v", len(got), info)
	}
	info, _ = read(t, f.packet(0, 2, hello.ip()).packet(0, 3, hello.ip()).b, packet.Options{})
	if info.LeftOut != "packets of link type USB_LINUX (2), which is not known here" {
		t.Errorf("left out: %q", info.LeftOut)
	}
}

func TestUnknownLinkTypeIsNamed(t *testing.T) {
	t.Parallel()
	for link, want := range map[packet.LinkType]string{189: "USB_LINUX", 4711: "LINKTYPE_4711"} {
		info, got := read(t, pcapFile(binary.LittleEndian, false, link, record{data: hello.ip()}), packet.Options{})
		if len(got) != 0 || info.Packets != 1 || !slices.Equal(info.LinkTypes, []string{want}) {
			t.Errorf("link type %d: %d packets, %+v", link, len(got), info)
		}
		if info.LeftOut != "packets of link type "+want+" (1), which is not known here" {
			t.Errorf("left out: %q", info.LeftOut)
		}
	}
}
