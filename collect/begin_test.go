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

// The times that are asked for are this machine's, and those of the files the node's: whichever of them is ahead, what was written to in
// the time is taken, rotated logs too, and what is far from it is not.
func TestTimesAreBroughtToTheNodesClock(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		offset   time.Duration // of the node's clock
		from, to time.Duration // before now
		want     string
	}{
		"since 90 minutes":                       {0, 90 * time.Minute, 0, "log log.1"},
		"since 90 minutes, the node is behind":   {-2 * time.Hour, 90 * time.Minute, 0, "log log.1"},
		"since 90 minutes, the node is ahead":    {2 * time.Hour, 90 * time.Minute, 0, "log log.1 log.2.gz"}, // both clocks' times
		"two hours of before":                    {0, 250 * time.Minute, 130 * time.Minute, "log.1 log.2.gz"},
		"two hours of before, the node is ahead": {2 * time.Hour, 250 * time.Minute, 130 * time.Minute, "log.1 log.2.gz log.3.gz"},
		"until 10 hours ago":                     {0, 0, 10 * time.Hour, "log.3.gz"},
		"until 10 hours ago, the node is behind": {-2 * time.Hour, 0, 10 * time.Hour, "log.3.gz"},
	} {
		there := now.Add(c.offset)
		n := node("cms01")
		n.Answers["date"] = there.UTC().Format(time.RFC3339)
		for file, before := range map[string]time.Duration{"log": 0, "log.1": time.Hour, "log.2.gz": 3 * time.Hour, "log.3.gz": 5 * time.Hour} {
			n.Files = append(n.Files, sim.File{Name: file, ModTime: there.Add(-before)})
		}
		cluster := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{n}})
		var s Selection
		if c.from != 0 {
			s.From = now.Add(-c.from)
		}
		if c.to != 0 {
			s.To = now.Add(-c.to)
		}
		var got []string
		for _, l := range List(t.Context(), inventoryOf(t, cluster), Options{Login: simLogin(t, cluster, "x"), Files: s}) {
			if l.Err != nil {
				t.Error(l.Err)
			}
			for _, f := range l.Files {
				got = append(got, f.Path)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
}
