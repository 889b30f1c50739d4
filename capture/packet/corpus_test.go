package packet_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cbdoctor/capture/packet"
)

// corpusDir has captures of other projects, with what tshark, tcpdump and the bytes of the container say of each. They are
// never part of this repository.
const corpusDir = "../../../shared/captures-public"

// corpusTruth is the part of a truth file that concerns this package.
type corpusTruth struct {
	RC        int   `json:"rc"`
	Packets   int64 `json:"packets"`
	Container struct {
		Format       string `json:"format"`
		PacketBlocks int64  `json:"packet_blocks"`
		LinkTypes    []int  `json:"linktypes"`
	} `json:"container"`
	Streams []struct {
		Packets struct{ Client, Server int64 } `json:"packets"`
	} `json:"streams"`
	ICMPErrors []json.RawMessage `json:"icmp_errors"`
}

// corpusDiffers are the captures of which we see other TCP packets than tshark 4.0, and why that is right.
var corpusDiffers = map[string]string{
	"tcpdump--bigtcp-ipv6-vxlan-ipv6.pcap":  "a jumbogram without its option, in a UDP tunnel: tshark gives up, tcpdump reads it",
	"tcpdump--bigtcp-ipv6-vxlan-ipv4.pcap":  "the same",
	"tcpdump--bigtcp-ipv4-vxlan-ipv6.pcap":  "the same",
	"tcpdump--bigtcp-ipv6-geneve-ipv6.pcap": "the same",
	"tcpdump--bigtcp-ipv6-geneve-ipv4.pcap": "the same",

	"suricata-verify--tcp-session-decode-malformed-ipv4.pcap": "IPv4 options that end behind the header: the segment in the packet is sound",
}

// TestCorpus reads every public capture and compares with what others found in it. Of a malformed one it asks that reading
// ends, and that it says why where tshark could not read to the end either.
func TestCorpus(t *testing.T) {
	t.Parallel()
	truths, _ := filepath.Glob(filepath.Join(corpusDir, "truth", "*", "*.json"))
	if len(truths) == 0 {
		t.Skipf("the public captures are not at %s", corpusDir)
	}
	for _, path := range truths {
		kind, name := filepath.Base(filepath.Dir(path)), strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(kind+"/"+name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var truth corpusTruth
			if err := json.Unmarshal(raw, &truth); err != nil {
				t.Fatal(err)
			}
			var tcp int64
			errorsSeen := 0
			info, err := packet.ReadFile(t.Context(), filepath.Join(corpusDir, kind, name), packet.Options{All: true}, func(p *packet.Packet) error {
				switch p.Kind {
				case packet.TCP:
					tcp++
				case packet.ICMPError:
					errorsSeen++
				}
				return nil
			})
			t.Logf("%+v", info)
			if err != nil {
				if !errors.Is(err, packet.ErrNotCapture) || truth.RC == 0 && truth.Container.Format != "" && kind != "malformed" && !strings.Contains(err.Error(), "modified") {
					t.Fatal(err)
				}
				t.Log(err)
				return
			}
			if kind == "malformed" {
				return
			}
			packets := truth.Packets
			if truth.Container.Format == "pcapng" { // tshark counts custom blocks as packets
				packets = truth.Container.PacketBlocks
			}
			if info.Packets != packets {
				t.Errorf("%d packets, the container has %d (problem %q)", info.Packets, packets, info.Problem)
			}
			var want int64
			for _, s := range truth.Streams {
				want += s.Packets.Client + s.Packets.Server
			}
			if tcp != want && corpusDiffers[name] == "" {
				t.Errorf("%d TCP packets, tshark has %d", tcp, want)
			}
			if errorsSeen != len(truth.ICMPErrors) {
				t.Errorf("%d ICMP errors about TCP, tshark has %d", errorsSeen, len(truth.ICMPErrors))
			}
		})
	}
}
