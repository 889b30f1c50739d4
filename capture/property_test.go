package capture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"cbdoctor/capture"
)

// The properties that a verdict must have whatever the capture: they are tried on every capture of the fixtures, which real
// peers made.

// frame is one packet of a capture as it lies in the file.
type frame struct {
	at   time.Time
	data []byte
}

// recording is a capture in memory.
type recording struct {
	name   string
	link   layers.LinkType
	frames []frame
}

// recordings reads the captures of the fixtures.
func recordings(t *testing.T) []recording {
	t.Helper()
	files, err := filepath.Glob("../fixtures/captures/*/*.pcap*")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d captures in the fixtures: %v", len(files), err)
	}
	var out []recording
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var r interface {
			LinkType() layers.LinkType
			ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
		}
		if r, err = pcapgo.NewReader(f); err != nil {
			if _, err = f.Seek(0, io.SeekStart); err == nil {
				r, err = pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		c := recording{name: filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file), link: r.LinkType()}
		for {
			data, info, err := r.ReadPacketData()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			c.frames = append(c.frames, frame{info.Timestamp, data})
		}
		if c.link == linuxSLL2 { // the same packets over Ethernet, so that every property can be tried on them
			c.link = layers.LinkTypeEthernet
			for i := range c.frames {
				b := c.frames[i].data
				c.frames[i].data = slices.Concat([]byte{2, 0, 0, 0, 9, 9}, b[12:18], b[:2], b[20:])
			}
		}
		if c.link != layers.LinkTypeEthernet {
			t.Fatalf("%s has link type %s: say here how it is put over Ethernet", file, c.link)
		}
		out = append(out, c)
	}
	return out
}

// write makes a pcap file; order and nanoseconds are the variants of the format.
func (c recording) write(order binary.ByteOrder, nanoseconds bool, link uint32, snap int) []byte {
	var b bytes.Buffer
	magic := uint32(0xa1b2c3d4)
	if nanoseconds {
		magic = 0xa1b23c4d
	}
	head := make([]byte, 24)
	order.PutUint32(head, magic)
	order.PutUint16(head[4:], 2)
	order.PutUint16(head[6:], 4)
	order.PutUint32(head[16:], uint32(snap))
	order.PutUint32(head[20:], link)
	b.Write(head)
	for _, f := range c.frames {
		fraction := uint32(f.at.Nanosecond())
		if !nanoseconds {
			fraction /= 1000
		}
		record := make([]byte, 16)
		order.PutUint32(record, uint32(f.at.Unix()))
		order.PutUint32(record[4:], fraction)
		order.PutUint32(record[8:], uint32(min(len(f.data), snap)))
		order.PutUint32(record[12:], uint32(len(f.data)))
		b.Write(record)
		b.Write(f.data[:min(len(f.data), snap)])
	}
	return b.Bytes()
}

const linuxSLL2 = layers.LinkType(20) // what gopacket v1.1.19, which keeps 8 bits of it, makes of LINKTYPE_LINUX_SLL2

const ethernet, snapAll = 1, 262144

func (c recording) judge(t *testing.T) *capture.Result {
	t.Helper()
	return judge(t, c.name, c.write(binary.LittleEndian, true, ethernet, snapAll))
}

func judge(t *testing.T, name string, file []byte) *capture.Result {
	t.Helper()
	r, err := capture.Analyze(context.Background(), name, bytes.NewReader(file), capture.Options{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

// verdicts lists what matters of each session, in the order of their first packets.
func verdicts(r *capture.Result) []string {
	var out []string
	for _, s := range r.Sessions {
		out = append(out, fmt.Sprintf("%s %s", s.Client, s.Verdict))
	}
	return out
}

// each runs a property over all recordings.
func each(t *testing.T, property func(t *testing.T, c recording, want *capture.Result)) {
	t.Parallel()
	for _, c := range recordings(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			property(t, c, c.judge(t))
		})
	}
}

func same(t *testing.T, what string, want, got *capture.Result) {
	t.Helper()
	if diff := cmp.Diff(verdicts(want), verdicts(got)); diff != "" {
		t.Errorf("%s changes the verdicts (-plain +changed):\n%s", what, diff)
	}
}

func TestTheFormatOfTheFileChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		same(t, "swapped byte order", want, judge(t, c.name, c.write(binary.BigEndian, true, ethernet, snapAll)))
		same(t, "microseconds", want, judge(t, c.name, c.write(binary.LittleEndian, false, ethernet, snapAll)))
		same(t, "pcapng", want, judge(t, c.name, c.pcapng(t)))
	})
}

func (c recording) pcapng(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, c.link)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.frames {
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: f.at, CaptureLength: len(f.data), Length: len(f.data)}, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// relink changes the link layer: all of them carry the bytes behind the Ethernet header.
func (c recording) relink(header func(ethernet []byte) []byte) recording {
	out := recording{name: c.name, link: c.link}
	for _, f := range c.frames {
		out.frames = append(out.frames, frame{f.at, slices.Concat(header(f.data[:14]), f.data[14:])})
	}
	return out
}

func TestTheLinkLayerChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		vlan := c.relink(func(e []byte) []byte { return slices.Concat(e[:12], []byte{0x81, 0, 0, 42}, e[12:]) })
		same(t, "802.1Q", want, judge(t, c.name, vlan.write(binary.LittleEndian, true, ethernet, snapAll)))
		sll := c.relink(func(e []byte) []byte { return slices.Concat([]byte{0, 0, 0, 1, 0, 6}, e[6:12], []byte{0, 0}, e[12:14]) })
		same(t, "Linux cooked v1", want, judge(t, c.name, sll.write(binary.LittleEndian, true, 113, snapAll)))
		sll2 := c.relink(func(e []byte) []byte {
			return slices.Concat(e[12:14], []byte{0, 0, 0, 0, 0, 2, 0, 1, 0, 6}, e[6:12], []byte{0, 0})
		})
		same(t, "Linux cooked v2", want, judge(t, c.name, sll2.write(binary.LittleEndian, true, 276, snapAll)))
	})
}

// onlyIP leaves out what is no IPv4, which raw links can't carry.
func (c recording) onlyIP() recording {
	out := recording{name: c.name, link: c.link}
	for _, f := range c.frames {
		if binary.BigEndian.Uint16(f.data[12:]) == 0x0800 {
			out.frames = append(out.frames, f)
		}
	}
	return out
}

func TestRawIPIsJudgedAsEthernet(t *testing.T) {
	each(t, func(t *testing.T, c recording, _ *capture.Result) {
		ip := c.onlyIP()
		raw := ip.relink(func([]byte) []byte { return nil })
		same(t, "raw IP", ip.judge(t), judge(t, c.name, raw.write(binary.LittleEndian, true, 101, snapAll)))
	})
}

func TestTimeMayBeShifted(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		shifted := recording{name: c.name, link: c.link}
		for _, f := range c.frames {
			shifted.frames = append(shifted.frames, frame{f.at.Add(-3 * time.Hour), f.data})
		}
		same(t, "another time", want, shifted.judge(t))
	})
}

// TestEachPacketTwice is a capture on the interface "any" of a node with a bridge: every packet is seen twice, with the same IP id.
func TestEachPacketTwice(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		twice := recording{name: c.name, link: c.link}
		for _, f := range c.frames {
			twice.frames = append(twice.frames, f, frame{f.at.Add(11 * time.Microsecond), f.data})
		}
		same(t, "seeing each packet twice", want, twice.judge(t))
	})
}

// TestBothSidesOfARouter is a capture of two VLANs that a router joins: every packet again, in another VLAN, between other MAC addresses, and
// with one hop less to go.
func TestBothSidesOfARouter(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		ttl := map[uint16]int{0x0800: 8, 0x86dd: 7} // where it stands in the header
		both := c.each(func(f frame) []frame {
			kind := binary.BigEndian.Uint16(f.data[12:])
			out := []frame{{f.at, slices.Concat(f.data[:12], []byte{0x81, 0, 0, 10}, f.data[12:])}}
			if at, routed := ttl[kind]; routed && f.data[14+at] < 255 { // neighbor discovery, which is not routed, has 255
				other := slices.Concat([]byte{2, 0, 0, 0, 9, 1, 2, 0, 0, 0, 9, 2, 0x81, 0, 0, 20}, f.data[12:])
				other[18+at]--
				out = append(out, frame{f.at.Add(13 * time.Microsecond), other})
			}
			return out
		})
		same(t, "both sides of a router", want, both.judge(t))
	})
}

// TestJoinedSegments: network cards join what follows each other (GRO) before the capture sees it.
func TestJoinedSegments(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		same(t, "joining segments", want, c.joined().judge(t))
	})
}

// joined puts the payload of a segment into the one before where both are of IPv4 and follow each other.
func (c recording) joined() recording {
	const tcp = 14 + 20
	payload := func(f frame) (at int, is bool) {
		if len(f.data) < tcp+20 || binary.BigEndian.Uint16(f.data[12:]) != 0x0800 || f.data[14] != 0x45 || f.data[14+9] != 6 || f.data[tcp+13]&7 != 0 {
			return 0, false
		}
		at, end := tcp+int(f.data[tcp+12]>>4)*4, 14+int(binary.BigEndian.Uint16(f.data[16:]))
		return at, end == len(f.data) && end > at
	}
	out := recording{name: c.name, link: c.link}
	for _, f := range c.frames {
		if n := len(out.frames) - 1; n >= 0 {
			last := &out.frames[n]
			a, isA := payload(*last)
			b, isB := payload(f)
			if isA && isB && bytes.Equal(last.data[26:38], f.data[26:38]) && f.at.Sub(last.at) < time.Millisecond &&
				binary.BigEndian.Uint32(f.data[tcp+4:])-binary.BigEndian.Uint32(last.data[tcp+4:]) == uint32(len(last.data)-a) {
				last.data = append(slices.Clone(last.data), f.data[b:]...)
				binary.BigEndian.PutUint16(last.data[16:], uint16(len(last.data)-14))
				continue
			}
		}
		out.frames = append(out.frames, f)
	}
	return out
}

// TestEachPacketAgainAfterOthers is a capture on both sides of a device that holds packets back for a while: the second copies stand between
// what came after.
func TestEachPacketAgainAfterOthers(t *testing.T) {
	const later = 700 * time.Microsecond
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		if slices.ContainsFunc(want.Sessions, func(s capture.Session) bool {
			return s.Verdict == capture.NotPostgres && s.Last.T.Sub(s.First.T) < 2*later
		}) {
			return // all is over before the second SYN
		}
		again := recording{name: c.name, link: c.link}
		for _, f := range c.frames {
			if binary.BigEndian.Uint16(f.data[12:]) != 0x0800 {
				return // IPv6 has no ids that tell
			}
			again.frames = append(again.frames, f, frame{f.at.Add(later), f.data})
		}
		slices.SortStableFunc(again.frames, func(a, b frame) int { return a.at.Compare(b.at) })
		same(t, "seeing each packet again", want, again.judge(t))
	})
}

func TestOtherAddresses(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		other := recording{name: c.name, link: c.link}
		for _, f := range c.frames {
			// The first two bytes of every address of the fixtures are 10.48; nothing else in the packets is read as one.
			other.frames = append(other.frames, frame{f.at, bytes.ReplaceAll(f.data, []byte{10, 48, 36}, []byte{172, 19, 7})})
		}
		got := other.judge(t)
		for i := range got.Sessions {
			got.Sessions[i].Client = string(bytes.ReplaceAll([]byte(got.Sessions[i].Client), []byte("172.19.7."), []byte("10.48.36.")))
		}
		same(t, "other addresses", want, got)
	})
}

// TestIPv6 puts every packet behind an IPv6 header; ICMP and ARP, which have no simple counterpart, are left out on both sides.
func TestIPv6(t *testing.T) {
	each(t, func(t *testing.T, c recording, _ *capture.Result) {
		four, six := recording{name: c.name, link: c.link}, recording{name: c.name, link: c.link}
		for _, f := range c.onlyIP().frames {
			ip := f.data[14:]
			if ip[9] != 6 || binary.BigEndian.Uint16(ip[6:])&0x3fff != 0 {
				continue
			}
			header := make([]byte, 40)
			header[0] = 0x60
			length, start := int(binary.BigEndian.Uint16(ip[2:])), int(ip[0]&15)*4
			segment := ip[start:min(length, len(ip))]
			if len(ip) < length { // cut off by the snap length; the file says so with the length of its frame only
				continue
			}
			binary.BigEndian.PutUint16(header[4:], uint16(len(segment)))
			header[6], header[7] = 6, ip[8]
			copy(header[8:], []byte{0xfd, 0})
			copy(header[20:], ip[12:16])
			copy(header[24:], []byte{0xfd, 0})
			copy(header[36:], ip[16:20])
			four.frames = append(four.frames, f)
			six.frames = append(six.frames, frame{f.at, slices.Concat(f.data[:12], []byte{0x86, 0xdd}, header, segment)})
		}
		var want, got []capture.Verdict
		for _, s := range four.judge(t).Sessions {
			want = append(want, s.Verdict)
		}
		for _, s := range six.judge(t).Sessions {
			got = append(got, s.Verdict)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("IPv6 changes the verdicts (-IPv4 +IPv6):\n%s", diff)
		}
	})
}

// healthy reports whether every session of a capture works.
func healthy(r *capture.Result) bool {
	return len(r.Sessions) > 0 && !slices.ContainsFunc(r.Sessions, func(s capture.Session) bool { return !s.Verdict.Good() })
}

// innocent are the verdicts that accuse nobody.
var innocent = []capture.Verdict{capture.OK, capture.OKRecovered, capture.OKPlaintext, capture.Open, capture.Midstream, capture.OneWay, capture.ClosedByClient}

func noneAccused(t *testing.T, what string, r *capture.Result) {
	t.Helper()
	for _, s := range r.Sessions {
		if !slices.Contains(innocent, s.Verdict) {
			t.Errorf("%s: a healthy session (%s) is called %s: %s", what, s.Client, s.Verdict, s.Reason)
		}
	}
}

// TestCuttingAHealthyCapture: wherever a capture begins or ends, and whichever packet it missed, a healthy session is not accused.
func TestCuttingAHealthyCapture(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		lossy := slices.ContainsFunc(want.Sessions, func(s capture.Session) bool { return s.Verdict == capture.OKRecovered })
		if !healthy(want) || lossy { // a SYN that was lost and sent again looks blocked until the second one is answered
			return
		}
		if n := len(want.Sessions); n == 2 && want.Sessions[0].Client == want.Sessions[1].Client { // without the SYN that tells them apart the reset of a half-open one is just that
			return
		}
		for i := range c.frames {
			noneAccused(t, fmt.Sprintf("ending before frame %d", i+1), recording{c.name, c.link, c.frames[:i]}.judge(t))
			noneAccused(t, fmt.Sprintf("beginning with frame %d", i+1), recording{c.name, c.link, c.frames[i:]}.judge(t))
			noneAccused(t, fmt.Sprintf("without frame %d", i+1), recording{c.name, c.link, slices.Delete(slices.Clone(c.frames), i, i+1)}.judge(t))
		}
	})
}

// TestLossyCaptures: a capture that could not keep up does not make one fault out of another. What a tenth of the packets would have
// told may be missing, so nothing at all is a fair verdict; TLS that was refused may not be called working, nor the reverse.
func TestLossyCaptures(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		if len(c.frames) > 200 {
			return
		}
		judged := map[string]capture.Verdict{}
		for _, s := range want.Sessions {
			judged[s.Client] = s.Verdict
		}
		for seed := range uint64(12) {
			random := rand.New(rand.NewPCG(seed, 1))
			lossy := recording{name: c.name, link: c.link}
			for _, f := range c.frames {
				if random.IntN(10) > 0 {
					lossy.frames = append(lossy.frames, f)
				}
			}
			for _, s := range lossy.judge(t).Sessions {
				before := judged[s.Client]
				for _, v := range []capture.Verdict{capture.TLSRejectedEncrypted, capture.PGRejectedEncrypted, capture.TLSStalled} {
					if s.Verdict == v && before.Good() {
						t.Errorf("seed %d: %s, which is %s, is called %s: %s", seed, s.Client, before, s.Verdict, s.Reason)
					}
				}
				if s.Verdict == capture.OK && before == capture.TLSRejectedEncrypted {
					t.Errorf("seed %d: %s, which is %s, is called %s: %s", seed, s.Client, before, s.Verdict, s.Reason)
				}
			}
		}
	})
}

// TestShortSnapLength: the first 96 bytes of packets, which hold the headers and the beginning of a message, tell what whole ones tell. Where they
// do not, as behind the long headers of IPv6, or where only headers were kept, nothing else is said in its place.
func TestShortSnapLength(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		for _, snap := range []int{66, 96, 128, 200, 256} {
			got := judge(t, c.name, c.write(binary.LittleEndian, true, ethernet, snap))
			if healthy(want) {
				noneAccused(t, fmt.Sprintf("snap length %d", snap), got)
			}
			if snap == 66 { // not even the beginning of a message
				continue
			}
			for i, s := range want.Sessions {
				six := strings.HasPrefix(s.Client, "[")
				leaves := c.name == "65-half-open/client.pcap" // the client closes without a word when the last thing that tells was cut off
				undecided := got.Sessions[i].Verdict == capture.Open && (six && snap == 96 || leaves)
				if got.Sessions[i].Verdict != s.Verdict && !undecided {
					t.Errorf("snap length %d: %s becomes %s: %s", snap, s.Verdict, got.Sessions[i].Verdict, got.Sessions[i].Reason)
				}
			}
		}
	})
}

// together is how close in time packets are that a network card with several queues may hand over in the wrong order.
const together = 10 * time.Millisecond

// TestReordering: neighbours in time that change places are no fault.
func TestReordering(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		if !healthy(want) {
			return
		}
		for i := range len(c.frames) - 1 {
			if c.frames[i+1].at.Sub(c.frames[i].at) > together {
				continue
			}
			swapped := slices.Clone(c.frames)
			swapped[i].data, swapped[i+1].data = swapped[i+1].data, swapped[i].data
			what, got := fmt.Sprintf("frames %d and %d swapped", i+1, i+2), recording{c.name, c.link, swapped}.judge(t)
			noneAccused(t, what, got)
			if len(got.Sessions) != len(want.Sessions) {
				t.Errorf("%s: %d sessions instead of %d", what, len(got.Sessions), len(want.Sessions))
				continue
			}
			for n, s := range got.Sessions {
				if w := want.Sessions[n]; s.BytesClient != w.BytesClient || s.BytesServer != w.BytesServer {
					t.Errorf("%s: session %d has %d and %d bytes instead of %d and %d", what, n, s.BytesClient, s.BytesServer, w.BytesClient, w.BytesServer)
				}
			}
		}
	})
}

// TestICMPErrorIsNoPacketOfTheSession: it is evidence, and the session ends with its last TCP packet.
func TestICMPErrorIsNoPacketOfTheSession(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		for _, s := range want.Sessions {
			for _, n := range []int64{s.FirstFrame, s.LastFrame} {
				if f := c.frames[n-1].data; s.Verdict != capture.ARPUnanswered && binary.BigEndian.Uint16(f[12:]) == 0x0800 && f[14+9] != 6 {
					t.Errorf("session %d: frame %d is not of TCP", s.Session, n)
				}
			}
		}
	})
}

// TestPacketsLongAfterTheEnd: a reset or a retransmission that comes seconds or a minute after both sides closed is of the same session.
func TestPacketsLongAfterTheEnd(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		if c.name != "01-ok-tls12/client.pcap" && c.name != "18-cert-client-expired-tls12/client.pcap" {
			return
		}
		for _, flags := range []byte{0x04, 0x14, 0x10, 0x11, 0x18} { // RST, RST and ACK, ACK, FIN and ACK, PSH and ACK
			for _, after := range []time.Duration{3 * time.Second, time.Minute} {
				s := want.Sessions[0]
				last := frame{c.frames[s.LastFrame-1].at.Add(after), slices.Clone(c.frames[s.LastFrame-1].data)}
				last.data[14+20+13] = flags
				late := recording{name: c.name, link: c.link, frames: append(slices.Clone(c.frames), last)}
				got := late.judge(t)
				same(t, fmt.Sprintf("a packet with flags %#x %s later", flags, after), want, got)
				if n := int64(len(late.frames)); got.Sessions[0].LastFrame != n {
					t.Errorf("the session ends with frame %d, not %d", got.Sessions[0].LastFrame, n)
				}
			}
		}
	})
}

// TestTheSameFileTwice: where files were put together that have the same packets, a session that has ended stays one.
func TestTheSameFileTwice(t *testing.T) {
	each(t, func(t *testing.T, c recording, want *capture.Result) {
		if c.name != "01-ok-tls12/client.pcap" && c.name != "18-cert-client-expired-tls12/client.pcap" {
			return
		}
		got := recording{name: c.name, link: c.link, frames: slices.Concat(c.frames, c.frames)}.judge(t)
		same(t, "the capture twice", want, got)
		if n := int64(len(c.frames)); got.Sessions[0].LastFrame != n+want.Sessions[0].LastFrame {
			t.Errorf("the session ends with frame %d, not %d", got.Sessions[0].LastFrame, n+want.Sessions[0].LastFrame)
		}
	})
}

// TestSessionGoesOnAfterAReset: a reset that its receiver does not believe ends nothing, and what comes seconds later belongs
// to the same session.
func TestSessionGoesOnAfterAReset(t *testing.T) {
	t.Parallel()
	for _, c := range recordings(t) {
		if c.name != "01-ok-tls12/client.pcap" {
			continue
		}
		const synAck = 8 // its frame number
		reset := slices.Clone(c.frames[synAck-1].data)
		reset[14+20+13] = 0x14 // RST, ACK
		late := recording{name: c.name, link: c.link, frames: slices.Insert(slices.Clone(c.frames), synAck-1, frame{c.frames[synAck-2].at, reset})}
		for i := synAck; i < len(late.frames); i++ {
			late.frames[i].at = late.frames[i].at.Add(time.Duration(i-synAck) * 300 * time.Millisecond)
		}
		got := late.judge(t)
		if want := c.judge(t); len(got.Sessions) != len(want.Sessions) {
			t.Errorf("%d sessions instead of %d: %v", len(got.Sessions), len(want.Sessions), verdicts(got))
		}
	}
}
