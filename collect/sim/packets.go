package sim

import (
	"bytes"
	"net"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// unansweredSYNs is the capture that the cut-off replica made: its SYNs to the primary, each sent again after 1 and 3
// seconds (RFC 6298), and never an answer.
func (i incident) unansweredSYNs() []byte {
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	_ = w.WriteFileHeader(65535, layers.LinkTypeEthernet) // a bytes.Buffer never fails
	id := uint16(1000)
	for attempt := range 4 {
		at := 30*time.Minute + time.Duration(attempt)*20*time.Second
		for _, again := range []time.Duration{0, time.Second, 3 * time.Second} {
			write(w, i.begin.Add(at+again), syn(uint16(41000+attempt), uint32(7_000_000*(attempt+1)), id))
			id++
		}
	}
	return b.Bytes()
}

func syn(port uint16, seq uint32, id uint16) []byte {
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Id: id, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolTCP, SrcIP: net.ParseIP(cutOff), DstIP: net.ParseIP(primary)}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(port), DstPort: 5432, Seq: seq, SYN: true, Window: 29200, Options: []layers.TCPOption{
		{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{0x05, 0xb4}},
		{OptionType: layers.TCPOptionKindNop},
		{OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{7}},
	}}
	_ = tcp.SetNetworkLayerForChecksum(ip)
	out := gopacket.NewSerializeBuffer()
	_ = gopacket.SerializeLayers(out, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: net.HardwareAddr{0, 0x50, 0x56, 0xbc, 0, 0x76}, DstMAC: net.HardwareAddr{0, 0x50, 0x56, 0xbc, 0, 1}, EthernetType: layers.EthernetTypeIPv4}, ip, tcp)
	return out.Bytes()
}

func write(w *pcapgo.Writer, at time.Time, data []byte) {
	_ = w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(data), Length: len(data)}, data)
}
