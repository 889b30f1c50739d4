package packet_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cbdoctor/capture/packet"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"pgregory.net/rapid"
)

// drawRecords draws packets of all sorts: of the port, of other ports, IPv6, fragments, cut ones, and plain noise.
func drawRecords(t *rapid.T) []record {
	one := rapid.Custom(func(t *rapid.T) []byte {
		s := hello
		if rapid.Bool().Draw(t, "IPv6") {
			s = hello6
		}
		s.seq, s.id = rapid.Uint32().Draw(t, "seq"), rapid.Uint16().Draw(t, "id")
		s.payload = rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "payload")
		if rapid.IntRange(0, 2).Draw(t, "other") == 0 {
			s.dport = rapid.Uint16().Draw(t, "dport")
		}
		b := s.frame()
		switch rapid.IntRange(0, 5).Draw(t, "sort") {
		case 0:
			return rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "noise")
		case 1:
			b[20] |= 0x20 // more fragments
		case 2:
			return b[:rapid.IntRange(0, len(b)).Draw(t, "cut")]
		}
		return b
	})
	var r []record
	for _, data := range rapid.SliceOfN(one, 0, 40).Draw(t, "packets") {
		r = append(r, record{
			ns:   rapid.Int64Range(0, 4e18).Draw(t, "time") / 1000 * 1000,
			orig: len(data) + rapid.IntRange(0, 3).Draw(t, "missing"),
			data: data,
		})
	}
	return r
}

func readAll(t *rapid.T, file []byte, opt packet.Options) (packet.Info, seen) {
	var s seen
	info, err := packet.Read(context.Background(), bytes.NewReader(file), opt, s.keep)
	if err != nil {
		t.Fatal(err)
	}
	return info, s
}

// TestEncodingMakesNoDifference: byte order, resolution and container change nothing of what is decoded.
func TestEncodingMakesNoDifference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := drawRecords(t)
		for i := range records {
			records[i].ns %= 4294967295e9 // pcap counts seconds in 32 bits
		}
		info, want := readAll(t, pcapFile(little, false, 1, records...), packet.Options{})
		for name, file := range map[string][]byte{
			"big-endian":             pcapFile(big, false, 1, records...),
			"nanoseconds":            pcapFile(little, true, 1, records...),
			"big-endian nanoseconds": pcapFile(big, true, 1, records...),
			"pcapng":                 ngWithOriginals(little, records),
			"big-endian pcapng":      ngWithOriginals(big, records),
		} {
			other, got := readAll(t, file, packet.Options{})
			if diff := cmp.Diff(want, got, sameStart); diff != "" {
				t.Fatalf("%s: %s", name, diff)
			}
			if other.Packets != info.Packets || other.Truncated != info.Truncated || other.Problem != info.Problem || !other.First.T.Equal(info.First.T) || !other.Last.T.Equal(info.Last.T) {
				t.Fatalf("%s: %+v, want %+v", name, other, info)
			}
		}
	})
}

func ngWithOriginals(order binary.AppendByteOrder, records []record) []byte {
	f := newNG(order).iface(1)
	for _, r := range records {
		from := len(f.b)
		f.packet(0, uint64(r.ns/1000), r.data)
		copy(f.b[from+24:], order.AppendUint32(nil, r.length()))
	}
	return f.b
}

// TestChunksMakeNoDifference: wherever the seams lie, and however often a guess is wrong, the result is that of one pass. Payloads
// that look like record headers, and interfaces declared on the way, are meant to lead the guess astray.
func TestChunksMakeNoDifference(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		records := drawRecords(t)
		decoy := pcapFile(little, false, 1, conversation(8)...)[24:]
		for i := range records {
			if rapid.IntRange(0, 9).Draw(t, "decoy") == 0 {
				s := hello
				s.payload = decoy
				records[i] = record{ns: records[i].ns, data: s.frame()}
			}
		}
		file := pcapFile(little, false, 1, records...)
		if rapid.Bool().Draw(t, "pcapng") {
			f := newNG(little).iface(1)
			last := uint32(0)
			for _, r := range records {
				switch rapid.IntRange(0, 9).Draw(t, "block") {
				case 0:
					f.iface(packet.LinkType(rapid.SampledFrom([]int{1, 101, 113}).Draw(t, "link")))
					last++
				case 1:
					f.section().iface(1)
					last = 0
				case 2:
					f.block(4, []byte("names")).block(0xbad, []byte("custom"))
				}
				f.packet(rapid.Uint32Range(0, last).Draw(t, "iface"), uint64(r.ns/1000), r.data)
			}
			file = f.b
		}
		if len(file) > 200 {
			file = file[:len(file)-rapid.IntRange(0, 100).Draw(t, "cut off")]
		}
		info, want := readAll(t, file, packet.Options{})
		path := filepath.Join(dir, "capture")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		var got seen
		chunked, err := packet.ReadFile(context.Background(), path, packet.Options{
			Workers: rapid.IntRange(1, 4).Draw(t, "workers"), ChunkSize: rapid.IntRange(40, 3000).Draw(t, "chunk size"),
		}, got.keep)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got) + cmp.Diff(info, chunked); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestPcapgoReadsTheSame holds our reader against gopacket's on files that gopacket writes and reads.
func TestPcapgoReadsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := drawRecords(t)
		var classic, ng bytes.Buffer
		w := pcapgo.NewWriter(&classic)
		if err := w.WriteFileHeader(262144, layers.LinkTypeEthernet); err != nil {
			t.Fatal(err)
		}
		n, err := pcapgo.NewNgWriter(&ng, layers.LinkTypeEthernet)
		if err != nil {
			t.Fatal(err)
		}
		for i := range records {
			records[i].ns %= 4294967295e9
			info := gopacket.CaptureInfo{Timestamp: time.Unix(0, records[i].ns), CaptureLength: len(records[i].data), Length: int(records[i].length())}
			if err := w.WritePacket(info, records[i].data); err != nil {
				t.Fatal(err)
			}
			if err := n.WritePacket(info, records[i].data); err != nil {
				t.Fatal(err)
			}
		}
		if err := n.Flush(); err != nil {
			t.Fatal(err)
		}
		_, want := readAll(t, pcapFile(little, false, 1, records...), packet.Options{All: true})
		for name, file := range map[string][]byte{"pcap": classic.Bytes(), "pcapng": ng.Bytes()} {
			info, got := readAll(t, file, packet.Options{All: true})
			if diff := cmp.Diff(want, got, sameStart); diff != "" || info.Packets != int64(len(records)) || info.Problem != "" {
				t.Fatalf("%s: %+v %s", name, info, diff)
			}
		}
	})
}

// TestWrittenPacketsReadTheSame: what the writer writes, our reader and gopacket's find in it again.
func TestWrittenPacketsReadTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		nano := rapid.Bool().Draw(t, "nano")
		records := drawRecords(t)
		for i := range records {
			records[i].ns = records[i].ns%4294967295e9 + 999
		}
		_, want := readAll(t, pcapFile(little, nano, 1, records...), packet.Options{})
		var file bytes.Buffer
		w := packet.NewWriter(&file, "test")
		for i := range want {
			if err := w.Write(&want[i], "packet"); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		info, got := readAll(t, file.Bytes(), packet.Options{})
		for i := range want {
			want[i].Frame, want[i].Offset = int64(i+1), 0
		}
		for i := range got {
			got[i].Offset = 0
		}
		if diff := cmp.Diff(want, got); diff != "" || len(info.Comments) != len(want) || info.Problem != "" {
			t.Fatalf("%+v %s", info, diff)
		}
		r, err := pcapgo.NewNgReader(bytes.NewReader(file.Bytes()), pcapgo.NgReaderOptions{})
		if len(want) == 0 {
			return // pcapgo wants an interface
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			data, ci, err := r.ReadPacketData()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(data, want[i].Data) || ci.Timestamp.UnixNano() != want[i].Time || ci.Length != int(want[i].OrigLen) {
				t.Fatalf("packet %d: %+v, want %+v", i, ci, want[i])
			}
		}
	})
}
