package packet_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"cbdoctor/capture/packet"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// little and big are the two byte orders, for appending and for reading.
var (
	little = binary.LittleEndian
	big    = binary.BigEndian
)

// conversation is enough packets for several chunks of a small size.
func conversation(n int) []record {
	var r []record
	for i := range n {
		s := hello
		s.seq += uint32(i)
		s.payload = bytes.Repeat([]byte{byte(i)}, i*37%1400)
		if i%3 == 1 {
			s.sport, s.dport = 443, 40000
		}
		r = append(r, record{ns: t0/1000*1000 + int64(i)*1e6, data: s.frame()})
	}
	return r
}

// ngOf is the records as one pcapng section.
func ngOf(order binary.AppendByteOrder, records []record) *ngFile {
	f := newNG(order).iface(1)
	for _, r := range records {
		f.packet(0, uint64(r.ns/1000), r.data)
	}
	return f
}

// sameStart compares packets without what a container may say differently.
var sameStart = cmpopts.IgnoreFields(packet.Packet{}, "Offset", "Digits")

// TestAllContainersHoldTheSamePackets reads one conversation from every container, byte order and compression.
func TestAllContainersHoldTheSamePackets(t *testing.T) {
	t.Parallel()
	records := conversation(60)
	_, want := read(t, pcapFile(little, false, 1, records...), packet.Options{})
	if len(want) != 40 {
		t.Fatalf("%d packets, want 40", len(want))
	}
	plain := pcapFile(little, false, 1, records...)
	compress := func(open func(io.Writer) io.WriteCloser) []byte {
		var b bytes.Buffer
		w := open(&b)
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	tests := []struct {
		format string
		file   []byte
	}{
		{"pcap", plain},
		{"pcap", pcapFile(big, false, 1, records...)},
		{"pcap-ns", pcapFile(little, true, 1, records...)},
		{"pcap-ns", pcapFile(big, true, 1, records...)},
		{"pcapng", ngOf(little, records).b},
		{"pcapng", ngOf(big, records).b},
		{"pcap+gzip", compress(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })},
		{"pcap+zstd", compress(func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z })},
		{"pcap+lz4", compress(func(w io.Writer) io.WriteCloser { return lz4.NewWriter(w) })},
	}
	for _, tt := range tests {
		info, got := read(t, tt.file, packet.Options{})
		if diff := cmp.Diff(want, got, sameStart); diff != "" {
			t.Errorf("%s: %s", tt.format, diff)
		}
		if info.Format != tt.format || info.Packets != 60 || info.PortPackets != 40 || info.Problem != "" || info.LinkTypes[0] != "ETHERNET" {
			t.Errorf("%s: %+v", tt.format, info)
		}
		digits := map[bool]string{false: "2026-03-30T08:00:00.123456Z", true: "2026-03-30T08:00:00.123456000Z"}[tt.format == "pcap-ns"]
		if info.First.String() != digits {
			t.Errorf("%s: first %s, want %s", tt.format, info.First, digits)
		}

		path := filepath.Join(t.TempDir(), "capture")
		if err := os.WriteFile(path, tt.file, 0o600); err != nil {
			t.Fatal(err)
		}
		var fromFile seen
		fileInfo, err := packet.ReadFile(t.Context(), path, packet.Options{}, fromFile.keep)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, fromFile) + cmp.Diff(info, fileInfo, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("%s: a file reads otherwise than a stream: %s", tt.format, diff)
		}
	}
}

func TestPcapngBlocks(t *testing.T) {
	t.Parallel()
	data := hello.frame()
	for _, order := range []binary.AppendByteOrder{little, big} {
		f := newNG(order)
		f.b = nil
		u64 := func(v uint64) []byte { return order.AppendUint64(nil, v) }
		u32 := func(v uint32) []byte { return order.AppendUint32(nil, v) }
		f.section(f.option(2, []byte("AMD64")), f.option(3, []byte("Linux 6.1")), f.option(4, []byte("dumpcap")), f.option(1, []byte("taken at the client")), f.option(0, nil))
		f.iface(1, f.option(2, []byte("eth0")), f.option(11, []byte("\x00tcp port 5432")), f.option(9, []byte{9})) // nanoseconds
		f.iface(101, f.option(9, []byte{0x80 | 20}))                                                               // 2^-20 s
		f.iface(1, f.option(14, u64(1774857600)), f.option(9, []byte{3}))                                          // milliseconds from an offset
		f.packet(0, uint64(t0), data, f.option(1, []byte("the first one")), f.option(2, u32(2)), f.option(0, nil)) // frame 1, outbound
		f.packet(1, 1774857600<<20|1<<19, hello.ip())                                                              // 2, half past
		f.packet(2, 250, data)                                                                                     // 3
		f.block(3, append(u32(uint32(len(data))), data...))                                                        // 4: a simple packet block
		f.block(0xbad, append(u32(32473), "anything"...))                                                          // 5: Wireshark counts it
		old := order.AppendUint16(order.AppendUint16(nil, 0), 0xffff)
		f.block(2, f.packetBody(old, uint64(t0), data)) // 6: an obsolete packet block
		f.block(4, join(order.AppendUint16(nil, 1), order.AppendUint16(nil, 10), []byte{10, 48, 36, 61}, []byte("db-01\x00\x00\x00"), make([]byte, 4)))
		f.block(5, join(u32(0), make([]byte, 8), f.option(5, u64(3)), f.option(7, u64(4))))
		f.block(5, join(u32(0), make([]byte, 8), f.option(5, u64(5)), f.option(7, u64(4))))
		f.block(10, join(u32(0x544c534b), u32(13), []byte("CLIENT_RANDOM")))
		f.block(0x7fffffff, make([]byte, 40))                 // not known: passed over
		f.section().iface(1).packet(0, uint64(t0/1000), data) // frame 7, of another section
		info, got := read(t, f.b, packet.Options{})

		type row struct {
			frame, ns int64
			iface     int
			digits    uint8
			direction packet.Direction
		}
		var rows []row
		for _, p := range got {
			rows = append(rows, row{p.Frame, p.Time, p.Interface, p.Digits, p.Direction})
		}
		want := []row{
			{1, t0, 0, 9, packet.Outgoing},
			{2, 1774857600_500000000, 1, 7, 0},
			{3, 1774857600_250000000, 2, 3, 0},
			{4, 1774857600_250000000, 0, 9, 0}, // has no time of its own
			{6, t0, 0, 9, 0},
			{7, t0 / 1000 * 1000, 0, 6, 0},
		}
		if diff := cmp.Diff(want, rows, cmp.AllowUnexported(row{})); diff != "" {
			t.Error(diff)
		}
		wantInfo := packet.Info{
			Format: "pcapng", LinkTypes: []string{"ETHERNET", "RAW"}, Packets: 6, PortPackets: 6, First: info.First, Last: info.Last,
			Dropped: 9, Hardware: "AMD64", OS: "Linux 6.1", Application: "dumpcap", LateSecrets: true, Secrets: [][]byte{[]byte("CLIENT_RANDOM")},
			Names:    []packet.Name{{Addr: packet.AddrFrom(netip.MustParseAddr("10.48.36.61")), Names: []string{"db-01"}}},
			Comments: []packet.Comment{{Text: "taken at the client"}, {Frame: 1, Text: "the first one"}},
			Interfaces: []packet.Interface{
				{Link: 1, Name: "eth0", Filter: "tcp port 5432", Digits: 9},
				{Link: 101, Digits: 7},
				{Link: 1, Digits: 3},
				{Section: 1, Link: 1, Digits: 6},
			},
		}
		if diff := cmp.Diff(wantInfo, info); diff != "" {
			t.Error(diff)
		}
		if info.First.String() != "2026-03-30T08:00:00.123456000Z" || info.Last.String() != "2026-03-30T08:00:00.500000000Z" {
			t.Errorf("first %s, last %s", info.First, info.Last)
		}
	}
}

// TestCommentOfAnotherPort: a comment counts whatever packet carries it.
func TestCommentOfAnotherPort(t *testing.T) {
	t.Parallel()
	other := hello
	other.sport, other.dport = 1, 2
	f := newNG(little).iface(1)
	f.packet(0, 1, other.frame()).packet(0, 2, other.frame(), f.option(1, []byte("here")))
	info, got := read(t, f.b, packet.Options{})
	if len(got) != 0 || !cmp.Equal(info.Comments, []packet.Comment{{Frame: 2, Text: "here"}}) {
		t.Errorf("%+v", info)
	}
}

func TestOldPcapWithLengthsInterchanged(t *testing.T) {
	t.Parallel()
	file := pcapFile(little, false, 1, record{data: hello.frame(), orig: 2000})
	file[6] = 2 // version 2.2
	captured, original := bytes.Clone(file[32:36]), bytes.Clone(file[36:40])
	copy(file[32:], original)
	copy(file[36:], captured)
	info, got := read(t, file, packet.Options{})
	if len(got) != 1 || got[0].OrigLen != 2000 || info.Problem != "" {
		t.Errorf("%+v", info)
	}
}

// TestVersionInTheOtherByteOrder: tshark reads such files, which DeepFlow and others made.
func TestVersionInTheOtherByteOrder(t *testing.T) {
	t.Parallel()
	file := pcapFile(little, false, 1, record{data: hello.frame()})
	copy(file[4:], []byte{0, 2, 0, 4})
	info, got := read(t, file, packet.Options{})
	if len(got) != 1 || info.Problem != "" {
		t.Errorf("%+v", info)
	}
}

func TestCapturedLengthOverTheSnapLength(t *testing.T) {
	t.Parallel()
	file := pcapFile(little, false, 1, record{data: hello.frame()})
	copy(file[16:], []byte{16, 0, 0, 0})
	info, got := read(t, file, packet.Options{})
	if len(got) != 1 || info.Problem != "" {
		t.Errorf("%+v", info)
	}
}

func TestNoCapture(t *testing.T) {
	t.Parallel()
	header := pcapFile(little, false, 1)
	version := bytes.Clone(header)
	version[4] = 3
	bomb := newNG(little).b
	bomb[8] = 0
	later := newNG(big).b
	later[13] = 2
	tests := map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "not a capture file: it has only 0 bytes"},
		"text":            {[]byte("Mar 30 08:00:00 host"), "not a capture file: it begins with 4d 61 72 20"},
		"half a header":   {header[:20], "not a capture file: a pcap header that ends after 20 of 24 bytes"},
		"version":         {version, "not a capture file: pcap version 3.4, known are 2.0 to 2.4"},
		"modified":        {join([]byte{0x34, 0xcd, 0xb2, 0xa1}, header[4:]), "not a capture file: a pcap file in Kuznetzov's modified format (magic a1b2cd34): convert it with editcap -F pcapng"},
		"byte-order mark": {bomb, "not a capture file: a pcapng section header whose byte-order mark is 00 3c 2b 1a"},
		"pcapng version":  {later, "not a capture file: pcapng version 2.0, known is 1.0"},
		"gzip of nothing": {[]byte{0x1f, 0x8b, 8}, "not a capture file: gzip: unexpected EOF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := packet.Read(t.Context(), bytes.NewReader(tt.file), packet.Options{}, func(*packet.Packet) error { return nil })
			if !errors.Is(err, packet.ErrNotCapture) || err.Error() != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// TestSectionOfAnotherVersion: what comes before it is read, and no more; minor version 2 is another name of 0.
func TestSectionOfAnotherVersion(t *testing.T) {
	t.Parallel()
	f := newNG(little).iface(1).packet(0, 1, hello.frame())
	at := len(f.b)
	f.section().iface(1).packet(0, 2, hello.frame())
	for minor, want := range map[byte]int{2: 2, 1: 1} {
		file := bytes.Clone(f.b)
		file[at+14] = minor
		info, got := read(t, file, packet.Options{})
		if len(got) != want || (info.Problem == "") != (want == 2) {
			t.Errorf("minor version %d: %d packets, %q", minor, len(got), info.Problem)
		}
	}
}

// TestDamageKeepsWhatWasRead: what stands before the damage is delivered, and the problem says where it is.
func TestDamageKeepsWhatWasRead(t *testing.T) {
	t.Parallel()
	whole := frames(hello.frame(), hello.frame(), hello.frame())
	size := (len(whole) - 24) / 3
	absurd := bytes.Clone(whole)
	little.PutUint32(absurd[24+2*size+8:], 0xfffffff0)
	longer := slices.Insert(bytes.Clone(whole), 24+size, 0, 0, 0, 0, 0, 0, 0, 0) // of the second record, as in old Red Hat's format
	little.PutUint32(longer[24+size+8:], 1795518989)
	ng := newNG(little).iface(1).packet(0, 1, hello.frame()).packet(0, 2, hello.frame())
	two := len(ng.b)
	ng.packet(0, 3, hello.frame())
	trailer := bytes.Clone(ng.b)
	trailer[len(trailer)-4]++
	short := bytes.Clone(ng.b)
	little.PutUint32(short[two+4:], 8)
	undeclared := newNG(little).iface(1).packet(0, 1, hello.frame()).packet(7, 2, hello.frame()).packet(0, 3, hello.frame())
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(whole)
	z.Close()

	tests := map[string]struct {
		file      []byte
		delivered int
		problem   string
	}{
		"cut within a packet":  {whole[:len(whole)-1], 2, "cut off after frame 2, at byte 180: 77 of at least 78 bytes of the next record are there"},
		"cut within a header":  {whole[:24+2*size+7], 2, "cut off after frame 2, at byte 180: 7 of at least 16 bytes of the next record are there"},
		"absurd length":        {absurd, 2, "damaged after frame 2, at byte 180: the record header claims 4294967280 captured bytes"},
		"longer headers":       {longer, 1, "which editcap -F pcapng converts"},
		"block cut":            {ng.b[:len(ng.b)-9], 2, "cut off after frame 2, at byte 240: 87 of at least 96 bytes of the next record are there"},
		"lengths differ":       {trailer, 2, "damaged after frame 2, at byte 240: the block says 96 bytes at its head and 97 at its end"},
		"block too short":      {short, 2, "damaged after frame 2, at byte 240: the block claims a length of 8"},
		"undeclared interface": {undeclared.b, 2, "frame 2 at byte 144: interface 7 was not declared"},
		"compression broken":   {zipped.Bytes()[:zipped.Len()-12], -1, "unexpected EOF"},
		"checksum of gzip":     {append(bytes.Clone(zipped.Bytes()[:zipped.Len()-8]), make([]byte, 8)...), 3, "gzip: invalid checksum"},
		"nothing wrong":        {whole, 3, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info, got := read(t, tt.file, packet.Options{})
			if tt.delivered >= 0 && len(got) != tt.delivered {
				t.Errorf("%d packets, want %d", len(got), tt.delivered)
			}
			if !strings.Contains(info.Problem, tt.problem) || (tt.problem == "") != (info.Problem == "") {
				t.Errorf("problem %q, want %q", info.Problem, tt.problem)
			}
		})
	}
}

// TestHugeBlockIsPassedOver: a block is passed over, not held in memory, and what follows is read.
func TestHugeBlockIsPassedOver(t *testing.T) {
	t.Parallel()
	const huge = 20 << 20
	f := newNG(little).iface(1).packet(0, 1, hello.frame())
	before := bytes.Clone(f.b)
	head := little.AppendUint32(little.AppendUint32(nil, 0x4711), huge)
	f.b = nil
	f.packet(0, 2, hello.frame())
	file := io.MultiReader(bytes.NewReader(before), bytes.NewReader(head), io.LimitReader(zeros{}, huge-8), bytes.NewReader(f.b))
	var got seen
	info, err := packet.Read(t.Context(), file, packet.Options{}, got.keep)
	if err != nil || len(got) != 2 || info.Problem != "" || info.LeftOut != "a block of 20971520 bytes at byte 144: blocks over 16 MiB are passed over" {
		t.Errorf("%d packets, %v, %+v", len(got), err, info)
	}

	file = io.MultiReader(bytes.NewReader(before), bytes.NewReader(little.AppendUint32(little.AppendUint32(nil, 6), 0xfffffff0)), io.LimitReader(zeros{}, 1000))
	info, err = packet.Read(t.Context(), file, packet.Options{}, got.keep)
	if err != nil || !strings.HasPrefix(info.Problem, "cut off after frame 2") {
		t.Errorf("%v, %+v", err, info)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestStopAndErrors(t *testing.T) {
	t.Parallel()
	file := pcapFile(little, false, 1, conversation(200)...)
	path := filepath.Join(t.TempDir(), "capture")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	mine := errors.New("mine")
	for _, give := range []error{packet.ErrStop, mine} {
		for name, reading := range map[string]func(h packet.Handler) (packet.Info, error){
			"stream": func(h packet.Handler) (packet.Info, error) {
				return packet.Read(t.Context(), bytes.NewReader(file), packet.Options{}, h)
			},
			"file": func(h packet.Handler) (packet.Info, error) {
				return packet.ReadFile(t.Context(), path, packet.Options{ChunkSize: 1000}, h)
			},
		} {
			n := 0
			_, err := reading(func(*packet.Packet) error {
				if n++; n == 5 {
					return give
				}
				return nil
			})
			if n != 5 || give == packet.ErrStop && err != nil || give == mine && !errors.Is(err, mine) {
				t.Errorf("%s: %d packets, %v after %v", name, n, err, give)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := packet.ReadFile(ctx, path, packet.Options{}, func(*packet.Packet) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	r, w := io.Pipe() // a pipe in which nothing comes any more
	defer w.Close()
	go func() {
		w.Write(file[:1000])
		cancel()
	}()
	if _, err := packet.Read(ctx, r, packet.Options{}, func(*packet.Packet) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled while waiting: %v", err)
	}
	if _, err := packet.ReadFile(t.Context(), path+".not", packet.Options{}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}

// TestReadersOfFewBytes: how a stream is cut into reads makes no difference.
func TestReadersOfFewBytes(t *testing.T) {
	t.Parallel()
	file := ngOf(little, conversation(60)).b
	_, want := read(t, file, packet.Options{})
	for name, r := range map[string]io.Reader{
		"one byte":             iotest.OneByteReader(bytes.NewReader(file)),
		"half":                 iotest.HalfReader(bytes.NewReader(file)),
		"data and end at once": iotest.DataErrReader(bytes.NewReader(file)),
	} {
		var got seen
		info, err := packet.Read(t.Context(), r, packet.Options{}, got.keep)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || info.Problem != "" {
			t.Errorf("%s: %v %q %s", name, err, info.Problem, diff)
		}
	}
	info, err := packet.Read(t.Context(), io.MultiReader(bytes.NewReader(file), iotest.ErrReader(errors.New("the disk is gone"))), packet.Options{}, func(*packet.Packet) error { return nil })
	if err != nil || info.Problem != "after frame 60, at byte "+strconv.Itoa(len(file))+": the disk is gone" || info.Packets != 60 {
		t.Errorf("%v, %+v", err, info)
	}
}
