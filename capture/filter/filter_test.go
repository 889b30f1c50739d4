package filter_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cbdoctor/capture/filter"
	"cbdoctor/capture/packet"
)

// record is a packet of a pcap file.
type record struct {
	data   []byte
	length int
}

// readPcap reads a classic pcap file; the filter is judged on all packets, not on those of a port alone.
func readPcap(t *testing.T, path string) (packet.LinkType, []record) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var order binary.ByteOrder
	switch {
	case len(b) < 24:
		return 0, nil
	case binary.LittleEndian.Uint32(b) == 0xa1b2c3d4:
		order = binary.LittleEndian
	case binary.BigEndian.Uint32(b) == 0xa1b2c3d4:
		order = binary.BigEndian
	default:
		return 0, nil
	}
	link := packet.LinkType(order.Uint32(b[20:]))
	var out []record
	for b = b[24:]; len(b) >= 16; {
		n := int(order.Uint32(b[8:]))
		if n > len(b)-16 {
			break
		}
		out = append(out, record{b[16 : 16+n], int(order.Uint32(b[12:]))})
		b = b[16+n:]
	}
	return link, out
}

// corpora are where captures of all kinds lie: the fixtures, and the public captures when they are there.
func corpora(t *testing.T) (out []string) {
	t.Helper()
	for _, pattern := range []string{"../../fixtures/captures/*/*.pcap", "../../../shared/captures-public/format/*.pcap", "../../../shared/captures-public/tcp/*.pcap"} {
		files, _ := filepath.Glob(pattern)
		out = append(out, files...)
	}
	return out
}

// dump is tcpdump's opinion: which frames match.
func dump(t *testing.T, file, expression string) (string, error) {
	t.Helper()
	var errs strings.Builder
	cmd := exec.Command("tcpdump", "-r", file, "-w", "-", expression)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, errs.String())
	}
	return string(out), nil
}

// expressions are what engineers write, and corners of the language.
var expressions = []string{
	"tcp", "udp", "icmp", "icmp6", "arp", "ip", "ip6", "ip or ip6", "not ip", "sctp or esp or ah or pim or igmp or vrrp or rarp",
	"port 5432", "tcp port 5432", "tcp src port 5432", "tcp dst port 5432", "src port 5432 or dst port 5432", "src and dst port 5432", "port 5432 or 443",
	"portrange 5000-6000", "tcp portrange 1-1023", "udp port 4789", "port postgresql",
	"host 10.48.36.118", "src host 10.48.36.118 and dst host 10.48.36.61", "host 10.48.36.118 and 10.48.36.61", "host (10.48.36.118 or 10.48.36.61)",
	"ip host 10.48.36.61", "arp host 10.48.36.61", "not host 10.48.36.61 and port 5432", "src 10.48.36.118", "dst 10.48.36.61 and port 5432",
	"net 10.48.0.0/16", "net 10.48", "net 10", "src net 10.48.36.0/24 and not dst net 10.0.0.0/8", "net 192.168.0.0 mask 255.255.0.0",
	"host fe80::21b:54ff:feaa:1", "net fe80::/10", "ip6 and not icmp6", "dst host ff02::16", "net 2001:db8::/32",
	"ether host 00:50:56:bc:10:76", "ether src 00:1b:54:aa:00:01", "ether dst 0:1b:54:aa:0:1", "ether proto 0x0800", `ether proto \arp`, `ether proto \ip6`,
	`ip proto \tcp`, "ip proto 6", "ip proto 47", "ip6 proto 58", "proto 17", "proto gre",
	"less 100", "greater 1000", "len > 200", "len >= 66 and len <= 74",
	"tcp[13] & 2 != 0", "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn", "tcp[tcpflags] == tcp-syn|tcp-ack", "tcp[tcpflags] & tcp-rst != 0", "not (tcp[13] = 2)",
	"ip[8] < 64", "ip[8] = 64 and tcp[2:2] = 5432", "ip[2:2] > 1000", "ip[6:2] & 0x1fff = 0", "ether[12:2] = 0x0800", "ether[0] & 1 = 1",
	"tcp[((tcp[12] & 0xf0) >> 2):4] = 0x00000008", "tcp port 5432 and (((ip[2:2] - ((ip[0] & 0xf) << 2)) - ((tcp[12] & 0xf0) >> 2)) != 0)",
	"icmp[icmptype] = icmp-unreach", "icmp[0] = 3 and icmp[1] = 3", "icmp6[0] = 135", "udp[4:2] > 100", "arp[6:2] = 1",
	"broadcast", "multicast", "ether multicast", "ip multicast", "ip6 multicast", "ether broadcast",
	"vlan", "vlan and tcp", "vlan 100 and ip", "vlan and vlan", "not vlan", "tcp or (vlan and tcp)",
	"tcp and port 5432 or udp", "udp or tcp and port 5432", "!tcp && !udp || arp", "(tcp or udp) and not (port 443 or port 53)", "",
	"ip[0] & 0xf > 5", "5 < ip[0] & 0xf", "ip[8] * 2 = 128", "ip[8] % 2 = 1 or ip[8] / 3 = 21", "0 - 1 = 0xffffffff",
}

// TestAsTcpdump: every expression selects the packets that tcpdump selects.
func TestAsTcpdump(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("tcpdump is not installed (scripts/setup.sh installs it)")
	}
	// One file of each kind of link is enough for each expression: the files are joined per link type first.
	joined := map[packet.LinkType][]record{}
	for _, file := range corpora(t) {
		link, records := readPcap(t, file)
		for _, r := range records {
			if len(joined[link]) < 1500 {
				joined[link] = append(joined[link], r)
			}
		}
	}
	if len(joined[1]) < 500 {
		t.Fatalf("only %d Ethernet frames", len(joined[1]))
	}
	for link, records := range joined {
		if !comparable[link] {
			continue
		}
		t.Run(link.String(), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "joined.pcap")
			if err := os.WriteFile(file, pcap(link, records), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, x := range expressions {
				want, err := dump(t, file, x)
				if err != nil {
					if link == 1 {
						t.Errorf("tcpdump does not take %q: %v", x, err)
					}
					continue // not on this link type
				}
				f, err := filter.Compile(x)
				if err != nil {
					t.Errorf("%q: %v", x, err)
					continue
				}
				var got []record
				for _, r := range records {
					if f.Match(link, r.data, r.length) {
						got = append(got, r)
					}
				}
				if mine := string(pcap(link, got)); mine != want {
					_, theirs := readBytes(t, want)
					t.Errorf("%q selects %d packets, with tcpdump %d", x, len(got), len(theirs))
				}
			}
		})
	}
}

// comparable are the link types of which both readers know where the network layer is.
var comparable = map[packet.LinkType]bool{1: true, 101: true, 113: true, 276: true, 108: true, 50: true, 9: true, 104: true}

func pcap(link packet.LinkType, records []record) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	for _, v := range []uint32{0, 0, 262144, uint32(link)} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	for _, r := range records {
		for _, v := range []uint32{0, 0, uint32(len(r.data)), uint32(r.length)} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		b = append(b, r.data...)
	}
	return b
}

func readBytes(t *testing.T, s string) (packet.LinkType, []record) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "theirs.pcap")
	if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
		t.Fatal(err)
	}
	return readPcap(t, file)
}

// TestRefused: what is not understood is said, and never taken for something else.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, x := range []string{
		"host", "port", "port 70000", "port nosuchservice", "net 10.48.36.1/24", "tcp port 5432 and", "and tcp", "(tcp", "tcp)",
		"tcp 5432", "tcp[13:3] = 2", "tcp[13", "ip[0] &", "proto nosuch", "ether host 10.0.0.1", "tcp host 10.0.0.1", "5432", "10.48.36.118", "§", "not",
		"icmp port 7", "ip broadcast",
	} {
		if _, err := filter.Compile(x); err == nil {
			t.Errorf("%q is taken", x)
		} else if !errors.Is(err, filter.ErrExpression) {
			t.Errorf("%q: %v", x, err)
		}
	}
}

// TestAnyFrame: no frame of any link type, whole or cut, does more than not match.
func TestAnyFrame(t *testing.T) {
	t.Parallel()
	var compiled []filter.Filter
	for _, x := range expressions {
		f, err := filter.Compile(x)
		if err != nil {
			t.Fatal(err)
		}
		compiled = append(compiled, f)
	}
	rapid.Check(t, func(t *rapid.T) {
		link := packet.LinkType(rapid.SampledFrom([]uint16{0, 1, 9, 12, 101, 104, 108, 113, 276, 999}).Draw(t, "link"))
		frame := rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(t, "frame")
		for _, f := range compiled {
			f.Match(link, frame, len(frame))
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, x := range expressions {
		f.Add(x)
	}
	frame := make([]byte, 60)
	f.Fuzz(func(t *testing.T, x string) {
		c, err := filter.Compile(x)
		if err != nil {
			if !errors.Is(err, filter.ErrExpression) {
				t.Errorf("%q: %v", x, err)
			}
			return
		}
		c.Match(1, frame, len(frame))
	})
}
