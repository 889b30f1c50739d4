package packet_test

import (
	"encoding/binary"
	"testing"

	"cbdoctor/capture/packet"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"
)

// ipOffset is where gopacket finds the IP header of a frame, -1 when it finds none. It panics on some malformed frames.
func ipOffset(link layers.LinkType, frame []byte) (start int) {
	defer func() {
		if recover() != nil {
			start = -1
		}
	}()
	l := gopacket.NewPacket(frame, link, gopacket.DecodeOptions{NoCopy: true}).Layer(layers.LayerTypeIPv4)
	if l == nil {
		return -1
	}
	return cap(frame) - cap(l.LayerContents()) // without copying, the layer is a slice of the frame
}

// TestRareLinkTypesAsGopacketReadsThem: where gopacket finds an IP packet, we find the same one.
func TestRareLinkTypesAsGopacketReadsThem(t *testing.T) {
	t.Parallel()
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		random := func(n int) []byte { return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "bytes") }
		one := func(name string, of ...byte) byte { return rapid.SampledFrom(of).Draw(t, name) }
		packed := join([]byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, hello.ip(), random(4))
		wlan := join([]byte{one("kind", 0x08, 0x88, 0x18, 0x98, 0x80), one("flags", 0, 1, 2, 3, 0x40, 0x80, 0x83)}, random(22), random(int(one("more", 0, 0, 2, 6, 8, 12))), packed)
		link, frame := layers.LinkTypeFDDI, join([]byte{one("control", 0x50, 0x57, 0x58, 0x40)}, random(12), packed)
		switch rapid.IntRange(0, 4).Draw(t, "link type") {
		case 1:
			link, frame = layers.LinkTypePFLog, join([]byte{61, 2}, random(62), hello.ip())
		case 2:
			link, frame = layers.LinkTypeIEEE802_11, wlan
		case 3: // with the flags that say that the frame ends with its checksum
			link, frame = layers.LinkTypeIEEE80211Radio, join([]byte{0, 0, 9, 0, 2, 0, 0, 0, 0x10}, wlan)
		case 4:
			link, frame = layers.LinkTypePrismHeader, join([]byte{0x44, 0, 0, 0, 144, 0, 0, 0}, make([]byte, 136), wlan)
		}
		at := ipOffset(link, frame)
		if at < 0 {
			return
		}
		found++
		_, want := readAll(t, pcapFile(binary.LittleEndian, false, 228, record{ns: t0, data: frame[at:]}), packet.Options{})
		_, got := readAll(t, pcapFile(binary.LittleEndian, false, packet.LinkType(link), record{ns: t0, data: frame}), packet.Options{})
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(packet.Packet{}, "Offset", "CapLen", "OrigLen", "Link", "Data")); diff != "" {
			t.Errorf("%s, % x (- gopacket, + ours):\n%s", link, frame, diff)
		}
	})
	if found == 0 {
		t.Error("gopacket found no packet at all")
	}
}
