package logline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var testTags = []string{"postgres", "sfpool", "cli"}

// told is all that a handler was told, as text.
type told []string

func (t *told) Wanted(n int, l *Line, raw []byte) {
	*t = append(*t, fmt.Sprintf("%d wanted %+v %q %q", n, l.Stamp, []any{l.Facility, l.Severity, l.Host, l.Tag, l.PID, string(l.Text)}, raw))
}

func (t *told) Other(n int, raw []byte) { *t = append(*t, fmt.Sprintf("%d other %q", n, raw)) }

// lineByLine is what Read has to do, in the plainest way: every line is split, one after the other.
func lineByLine(text string) (*File, told) {
	k := newBlock(testTags)
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for i, l := range lines {
		if i == 0 {
			l = strings.TrimPrefix(l, string(byteOrderMark))
		}
		k.lines++
		if l = strings.TrimSuffix(l, "\n"); len(l) > MaxLine {
			k.tooLong++
			continue
		}
		k.split([]byte(l))
	}
	var heard told
	r := &reading{handler: &heard, file: &File{Hosts: map[string]*Host{}}}
	r.merge(k)
	return r.file, heard
}

// counted is a file as values that can be compared; stretches that meet are joined.
func counted(f *File) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f.Hosts)) {
		h := f.Hosts[name]
		h.join()
		fmt.Fprintf(&b, "%q: %d lines %+v\n", name, h.Lines, h.Stretches)
	}
	fmt.Fprintf(&b, "seen %d recognised %d too long %d year %d dated %+v bare %+v", f.Seen, f.Recognised, f.TooLong, f.Year, f.LastDated, f.LastBare)
	return b.String()
}

// pieces are what a log is made of, and what may stand in one by mistake or malice.
var pieces = struct{ stamps, facilities, hosts, programs, texts, odd []string }{
	[]string{
		"Mar 30 12:39:04", "Mar 30 12:39:04", "Mar 30 12:39:05", "Mar 30 12:39:04.867", "Mar 30 12:39:04.866", "Mar 30 13:20:00.001", "Jul 3 15:01:22.811", "Jul  3 15:01:22", "Dec 31 23:59:59", "Jan  1 00:00:01",
		"Feb 28 23:59:00", "Mar  1 00:01:00", "2024-03-05T16:50:25.736", "2024-03-05T16:50:25.735", "2024-03-05T16:50:26", "2024-03-05T16:50:26Z", "2024-03-05T16:50:26+02:00", "2024-03-05 16:50:26.123456", "2024-13-05T16:50:26", "2025-01-01T00:00:00.000",
		"<11>Jan 16 04:25:44", "<134>Mar 30 12:39:04.5", "Mar 30 12:39:04,867", "Mar 30 12:39", "",
	},
	[]string{"user.info", "user.info", "user.info", "local0.warning", "kern.info", "authpriv.warning", "user.what", "userinfo", "user.info ", ""},
	[]string{"cms1", "cms1", "cms1", "cms-core-node-01.example.com", "a-host-16-letter", "cms2", "cms\x1b[1m1", " cms1", ""},
	[]string{
		"host:server:", "host:server:", "host:server: ", "client_backend: ", "ntpd[803]:", "ntpd[8]:", "ntpd[803x]:", "ntpd[]:", "recorder-proxy[1]: ", "a-program-with-a-long-name:", "sfpool:", "postgres[20882]:", "postgres [20882]: ", "cli:",
		"host:server", "host:serv\x00r:", "host\t:", ":", "[1]:", "sfpool;", "",
	},
	[]string{
		"INFO : call 49: becoming floor", "[2-7] #011SQL statement", "Health check 10.48.54.119: error (up = 1): timeout expired|", "", " ", "\r", "a chat about sfpool: Health check", "\x1b[0m", "\x00", strings.Repeat("long ", 30),
	},
	[]string{"", " ", "\r", "cms1> database cluster status", "Status : Enabled", "2024-03-06  12:36:05.737  Info     call 49: becoming floor", "<165>1 2024-03-05T16:50:25.736Z cms01 postgres 811 - - [5-1] LOG:  x", "<134>Mar 30 12:39:04 cms01 postgres[20882]: [2-1] ERROR:  y", "\xef\xbb\xbfMar 30 12:39:04 user.info cms1 cli: x"},
}

// logText draws a log whose lines are mostly alike, as in a real one.
var logText = rapid.Custom(func(t *rapid.T) string {
	one := func(from []string, name string) string { return rapid.SampledFrom(from).Draw(t, name) }
	var b strings.Builder
	for range rapid.IntRange(0, 12).Draw(t, "groups") {
		stamp, host := one(pieces.stamps, "stamp"), one(pieces.hosts, "host")
		for range rapid.IntRange(1, 6).Draw(t, "lines") {
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0:
				b.WriteString(one(pieces.odd, "odd"))
			case 1:
				b.WriteString(strings.Join([]string{one(pieces.stamps, "other stamp"), one(pieces.facilities, "facility"), one(pieces.hosts, "other host"), one(pieces.programs, "program"), one(pieces.texts, "text")}, " "))
			default:
				b.WriteString(strings.Join([]string{stamp, one(pieces.facilities, "facility"), host, one(pieces.programs, "program"), one(pieces.texts, "text")}, " "))
			}
			b.WriteString(one([]string{"\n", "\n", "\n", "\r\n", "\n\n"}, "end"))
		}
	}
	return strings.TrimSuffix(b.String(), one([]string{"", "\n"}, "cut"))
})

// TestReadCountsAsSplitDoes: neither the fast way, nor the blocks, nor the order in which cores finish changes what is found.
func TestReadCountsAsSplitDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := logText.Draw(t, "log")
		compare(t, text, rapid.IntRange(64, 1024).Draw(t, "block size"))
	})
}

func compare(t interface{ Errorf(string, ...any) }, text string, size int) {
	wantFile, want := lineByLine(text)
	reader := NewReader(testTags)
	for _, src := range []blocks{&stream{src: iotest.HalfReader(strings.NewReader(text)), size: size}, &places{src: strings.NewReader(text), size: size}} {
		var got told
		file, err := reader.blocks(src, &got)
		if err != nil {
			t.Errorf("%T: %v", src, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%T in blocks of %d: lines (- split, + read):\n%s\n%q", src, size, diff, text)
		}
		if diff := cmp.Diff(counted(wantFile), counted(file)); diff != "" {
			t.Errorf("%T in blocks of %d: counts (- split, + read):\n%s\n%q", src, size, diff, text)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range lineSamples {
		f.Add([]byte(s.line+"\n"+s.line+"\r\n\n"), uint16(100))
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint16) { compare(t, string(text), 64+int(size)) })
}

// endless gives the same byte again and again, and counts what was asked for at once.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	n := min(int64(len(p)), e.left)
	if n == 0 {
		return 0, io.EOF
	}
	e.left -= n
	for i := range p[:n] {
		p[i] = 'x'
	}
	return int(n), nil
}

func TestOverlongLineIsPassedOver(t *testing.T) {
	t.Parallel()
	const before, after = "Mar 30 12:39:04 user.info cms1 sfpool: first\n", "\nMar 30 12:39:05 user.info cms1 sfpool: second\n"
	for _, length := range []int64{MaxLine, MaxLine + 1, blockSize, blockSize + MaxLine, 5*blockSize + 17} {
		text := before + strings.Repeat("x", int(length)) + after
		for _, src := range []blocks{
			&stream{src: io.MultiReader(strings.NewReader(before), &endless{length}, strings.NewReader(after)), size: blockSize},
			&places{src: strings.NewReader(text), size: blockSize},
		} {
			var got told
			file, err := NewReader(testTags).blocks(src, &got)
			if err != nil {
				t.Fatal(err)
			}
			tooLong := int64(0)
			if length > MaxLine {
				tooLong = 1
			}
			if file.TooLong != tooLong || file.Recognised != 2 || file.Seen != 3-tooLong || !strings.HasPrefix(got[len(got)-1], "3 wanted") {
				t.Errorf("%T, a line of %d bytes: %d too long, %d of %d recognised, last line %.60s", src, length, file.TooLong, file.Recognised, file.Seen, got[len(got)-1])
			}
		}
	}
}

// broken is a disk that can't read from some place on.
type broken struct {
	*strings.Reader
	from int64
}

var errBroken = errors.New("input/output error")

func (b broken) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) <= b.from {
		return b.Reader.ReadAt(p, at)
	}
	n, _ := b.Reader.ReadAt(p[:max(0, b.from-at)], at)
	return n, errBroken
}

func (b broken) Read(p []byte) (int, error) {
	if at := b.Size() - int64(b.Len()); at < b.from {
		return b.Reader.Read(p[:min(int64(len(p)), b.from-at)])
	}
	return 0, errBroken
}

func TestBrokenSourceKeepsWhatWasRead(t *testing.T) {
	t.Parallel()
	const line = "Mar 30 12:39:04 user.info cms1 host:server: INFO : call 49: becoming floor\n"
	text := strings.Repeat(line, 1000)
	for from := range int64(20) {
		from *= 997
		src := broken{strings.NewReader(text), from}
		for _, src := range []blocks{&stream{src: src, size: 4096}, &places{src: src, size: 4096}} {
			var got told
			file, err := NewReader(testTags).blocks(src, &got)
			if !errors.Is(err, errBroken) || file.Seen < from/int64(len(line))-4096/int64(len(line))-1 {
				t.Errorf("%T, broken from %d: error %v, %d lines seen", src, from, err, file.Seen)
			}
		}
	}
}

// TestAlikeLinesNeedNoSecondLook: what differs between them is the fraction, the program that is known already, and the text.
func TestAlikeLinesNeedNoSecondLook(t *testing.T) {
	t.Parallel()
	if !wide {
		t.Skip("this processor has no wide instructions")
	}
	for _, stamps := range [][]string{{"Mar 30 12:39:04", "Mar 30 12:39:04"}, {"Mar 30 12:39:04.250", "Mar 30 12:39:04.867"}, {"2024-03-05T16:50:25.250", "2024-03-05T16:50:25.867"}} {
		known := strings.Repeat(stamps[0]+" user.info cms1 host:server: one\n"+stamps[1]+" kern.info cms1 kernel: two\n", 2)
		text := strings.Repeat(known, 10) + "\n"
		room := []byte(known + text + strings.Repeat("\n", slack))
		k := newBlock(testTags)
		k.scan(room, len(known))
		k.pending = true // as if the block went on
		ends := lineEnds(room, len(known), len(known)+len(text), make([]uint32, len(text)+slack))
		n, low, high := k.alike(unsafe.Pointer(unsafe.SliceData(room)), len(known), ends, ^uint32(0), 0)
		if n != 40 {
			t.Errorf("%s: %d of 40 lines were settled", stamps[0], n)
		}
		if k.second.Digits == 3 && (k.second.plus(low).OfDay%time.Second != 250*time.Millisecond || k.second.plus(high).OfDay%time.Second != 867*time.Millisecond) {
			t.Errorf("%s: fractions from %x to %x", stamps[0], low, high)
		}
	}
}

func TestLineEndsAreThoseOfTheBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.SampledFrom([]byte("\n\nab\x00\x8a")), 1, 700).Draw(t, "bytes")
		to := len(b)
		b = append(b, bytes.Repeat([]byte("\n"), slack)...)
		from := rapid.IntRange(0, to).Draw(t, "from")
		room := func() []uint32 { return make([]uint32, to+slack) }
		if diff := cmp.Diff(plainEnds(b, from, to, room()), lineEnds(b, from, to, room())); diff != "" {
			t.Errorf("from %d to %d (- plain, + fast):\n%s", from, to, diff)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text bytes.Buffer
	for i := range 100_000 {
		fmt.Fprintf(&text, "Mar 30 12:%02d:%02d.%03d user.info cms1 host:server: INFO : call %d: SIP call ringing\n", i/6000%60, i/100%60, i%100*10, i)
	}
	b.SetBytes(int64(text.Len()))
	reader := NewReader(testTags)
	for b.Loop() {
		var heard told
		if _, err := reader.Read(bytes.NewReader(text.Bytes()), &heard); err != nil {
			b.Fatal(err)
		}
	}
}
