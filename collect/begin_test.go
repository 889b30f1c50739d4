package collect

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"cbdoctor/collect/sim"
)

// captureOf is a capture file with one packet.
func captureOf(t *testing.T, first time.Time) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: first, CaptureLength: 60, Length: 60}, make([]byte, 60)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A capture begins with its first packet, whatever the time of the file: --to leaves out what begins later, and nothing of which that
// is not known.
func TestCapturesBeginWithTheirFirstPacket(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2026, 3, 31, hour, 0, 0, 0, time.UTC) }
	big := captureOf(t, at(11))
	for i := range 7 { // the same file of a machine of the other byte order
		at := []int{0, 4, 6, 8, 12, 16, 20}[i]
		width := []int{4, 2, 2, 4, 4, 4, 4}[i]
		for j := range width / 2 {
			big[at+j], big[at+width-1-j] = big[at+width-1-j], big[at+j]
		}
	}
	for j := range 2 {
		big[24+j], big[27-j] = big[27-j], big[24+j]
	}
	files := []sim.File{
		{Name: "before.pcap", Content: captureOf(t, at(5)), ModTime: at(12)},
		{Name: "after.pcap", Content: captureOf(t, at(11)), ModTime: at(12)},
		{Name: "big.pcap", Content: big, ModTime: at(12)},
		{Name: "empty.pcap", Content: captureOf(t, at(11))[:24], ModTime: at(12)},
		{Name: "no.pcap", Content: []byte(strings.Repeat("no capture ", 10)), ModTime: at(12)},
		{Name: "log", Content: []byte("x\n"), ModTime: at(12)},
	}
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", files...)}})
	opt := Options{Login: simLogin(t, c, "x"), Files: Selection{From: at(4), To: at(7)}}
	for _, listing := range List(context.Background(), inventoryOf(t, c), opt) {
		var names []string
		for _, f := range listing.Files {
			names = append(names, f.Path)
		}
		if got := strings.Join(names, " "); got != "before.pcap empty.pcap log no.pcap" || listing.Err != nil {
			t.Errorf("%s would be fetched (%v)", got, listing.Err)
		}
	}
	m, dir := collectTo(t, inventoryOf(t, c), opt)
	checkBundle(t, m, dir)
	if got := fetched(m.Nodes[0]); len(got) != 4 || !m.Complete() {
		t.Errorf("%v", got)
	}
}
