package capture

import (
	"context"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"cbdoctor/capture/packet"
)

// syn is the SYN number n of a scan: all from one address and to one server, from ports and addresses as given.
func syn(frame int64, source uint32, port uint16) *packet.Packet {
	return &packet.Packet{
		Kind: packet.TCP, Frame: frame, Time: 1e18 + frame*1e5, Digits: 6, Src: packet.AddrFrom4(source), Dst: packet.AddrFrom4(0x0a000001),
		SrcPort: port, DstPort: DefaultPort, Flags: packet.SYN, Seq: uint32(frame) * 7919, TTL: 64, HasIPID: true, IPID: uint16(frame), Window: 64240,
	}
}

const scanner = 0x0a000100

func feed(t testing.TB, lane *tracker, p *packet.Packet) {
	t.Helper()
	if err := lane.packet(p); err != nil {
		t.Fatal(err)
	}
}

// An attempt is only another form of the session that its SYNs make: what is said of it must be the same, whatever the SYNs hold.
func TestAttemptSaysWhatItsSessionSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := syn(rapid.Int64Range(1, 1<<40).Draw(t, "frame"), scanner, 40000)
		p.Options.MSS = rapid.Uint16().Draw(t, "mss")
		p.Options.HasMSS = p.Options.MSS != 0
		p.TTL, p.Window, p.IPID = rapid.Uint8().Draw(t, "ttl"), rapid.Uint16().Draw(t, "window"), rapid.Uint16Range(0, 3).Draw(t, "id")
		p.HasIPID, p.HasSrcMAC = rapid.Bool().Draw(t, "has id"), rapid.Bool().Draw(t, "has MAC")
		if p.HasSrcMAC {
			p.SrcMAC = [6]byte{1, 2, 3, 4, 5, 6}
		}
		lane := newTracker(Options{})
		var key tuple
		d := lane.direction(p, &key)
		if !begins(p, d) {
			t.Fatal("a SYN does not begin an attempt")
		}
		var a attempt
		a.begin(&key, p)
		whole := session{tuple: key, digits: p.Digits, firstFrame: p.Frame, first: p.Time, last: p.Time}
		whole.take(lane, p, d)
		for range rapid.IntRange(0, 8).Draw(t, "retransmissions") {
			p.Frame += rapid.Int64Range(1, 1<<29).Draw(t, "frames")
			p.Time += rapid.Int64Range(0, 40e12).Draw(t, "pause")
			p.IPID = rapid.Uint16Range(0, 3).Draw(t, "next id")
			if !a.repeats(p) {
				break
			}
			whole.take(lane, p, d)
		}
		a.end = p.Time + rapid.Int64Range(0, 1e12).Draw(t, "rest")
		if rapid.Bool().Draw(t, "final") {
			a.bits |= attemptFinal
		}

		var replayed session
		a.replay(lane, &replayed)
		if diff := cmp.Diff(whole, replayed, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("the session differs (-its SYNs +the attempt):\n%s", diff)
		}
		var short, long Summary
		a.summarise(&short)
		whole.summarise(&long, a.end, a.bits&attemptFinal != 0)
		if diff := cmp.Diff(long, short, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("the summary differs (-the session's +the attempt's):\n%s", diff)
		}
		var named session
		a.identify(&named)
		var entry, entryOfAttempt Session
		whole.build(&entry, &long)
		named.build(&entryOfAttempt, &short)
		if diff := cmp.Diff(entry, entryOfAttempt, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("the entry differs (-the session's +the attempt's):\n%s", diff)
		}
		ofSession, _ := observe(&whole, &long, nil)
		ofAttempt, _ := observe(&lane.blank, &short, nil)
		if diff := cmp.Diff(ofSession, ofAttempt); diff != "" {
			t.Errorf("the observations differ (-the session's +the attempt's):\n%s", diff)
		}
	})
}

// The index finds what was entered and not removed, whatever the order.
func TestIndexAgreesWithAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lane, known := newTracker(Options{}), map[tuple]ref{}
		x := &lane.index
		x.seed = rapid.Uint64().Draw(t, "seed")
		for range rapid.IntRange(0, 600).Draw(t, "steps") {
			k := tuple{client: packet.AddrFrom4(1), server: packet.AddrFrom4(2), clientPort: rapid.Uint16Range(1, 300).Draw(t, "port"), serverPort: 5432}
			h := x.hash(&k)
			at, r := lane.find(h, &k)
			if r != known[k] {
				t.Fatalf("port %d: found %d, entered was %d", k.clientPort, r, known[k])
			}
			if r == none {
				i := lane.attempts.new()
				lane.attempts.at(i).tuple = k
				known[k] = attemptRef(i)
				x.add(h, known[k])
			} else if rapid.Bool().Draw(t, "remove") {
				x.remove(at)
				delete(known, k)
			}
		}
		if x.used != len(known) {
			t.Errorf("it counts %d, there are %d", x.used, len(known))
		}
	})
}

// How many goroutines share the work is nobody's business.
func TestLanesDoNotChangeTheResult(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../fixtures/captures/*/*.pcap*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures among the fixtures: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".json") {
			continue
		}
		var results [2]*Result
		for i := range results {
			if results[i], err = AnalyzeFile(context.Background(), file, Options{lanes: i + 1}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(results[0], results[1], cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Result{})); diff != "" {
			t.Errorf("%s (-one lane +two):\n%s", file, diff)
		}
	}
}

// A scan of a hundred and fifty thousand ports, each tried twice: all are counted, as many as is reasonable are listed, the report
// says what is not, and none of them costs more than 256 bytes.
func TestScanIsBounded(t *testing.T) {
	const attempts = 150_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	lane := newTracker(Options{})
	for i := range int64(attempts) {
		p := syn(i+1, scanner+uint32(i/50_000), uint16(10_000+i%50_000))
		p.Time = 1e18 + i*2e4
		feed(t, lane, p)
	}
	for i := range int64(attempts) {
		p := syn(i+1, scanner+uint32(i/50_000), uint16(10_000+i%50_000))
		p.Frame, p.Time, p.IPID = p.Frame+attempts, 1e18+i*2e4+1e9+attempts*2e4, uint16(i+77)
		feed(t, lane, p)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := int64(after.HeapAlloc-before.HeapAlloc) / attempts; each > 256 {
		t.Errorf("an attempt costs %d bytes", each)
	}
	l := merge("scan", &packet.Info{}, []*tracker{lane})
	if l.Len() != badListed {
		t.Errorf("%d sessions are listed, want %d", l.Len(), badListed)
	}
	counted := int64(0)
	for _, p := range l.Pairs {
		counted += p.Sessions[SYNDropped]
	}
	if counted != attempts {
		t.Errorf("%d sessions are counted, want %d", counted, attempts)
	}
	if want := "50000 sessions that are not good"; !strings.Contains(l.LeftOut, want) {
		t.Errorf("left out: %q, want %q", l.LeftOut, want)
	}
	last := 0
	for s := range l.All() {
		if s.Session != last || s.Verdict != SYNDropped {
			t.Fatalf("session %d is listed as %d, %s", last, s.Session, s.Verdict)
		}
		last++
	}
	all := merge("scan", &packet.Info{}, []*tracker{func() *tracker {
		lane := newTracker(Options{AllSessions: true})
		for i := range int64(badListed + 1) {
			feed(t, lane, syn(i+1, scanner+uint32(i/50_000), uint16(10_000+i%50_000)))
		}
		return lane
	}()})
	if all.Len() != badListed+1 || all.LeftOut != "" {
		t.Errorf("all sessions are asked for and %d of %d are listed, left out: %q", all.Len(), badListed+1, all.LeftOut)
	}
}

// SYNs from forged addresses make a pair each: what goes beyond the limit is said.
func TestForgedAddressesAreBounded(t *testing.T) {
	t.Parallel()
	lane := newTracker(Options{})
	for i := range int64(maxPairs + 100) {
		feed(t, lane, syn(i+1, scanner+uint32(i), 40000))
	}
	l := merge("forged", &packet.Info{}, []*tracker{lane})
	if want := "100 sessions of further pairs of addresses"; len(l.Pairs) != maxPairs || !strings.Contains(l.LeftOut, want) {
		t.Errorf("%d pairs, left out: %q, want %q", len(l.Pairs), l.LeftOut, want)
	}
}

// Sessions that are opened and never end are judged as they stand when there are too many.
func TestOpenSessionsAreBounded(t *testing.T) {
	t.Parallel()
	lane := newTracker(Options{})
	const sessions = maxSessions + 500
	frame := int64(0)
	for i := range sessions {
		opening := syn(frame+1, scanner+uint32(i/1000), uint16(10_000+i%1000))
		answer := *opening
		answer.Src, answer.Dst, answer.SrcPort, answer.DstPort = opening.Dst, opening.Src, opening.DstPort, opening.SrcPort
		answer.Frame, answer.Time, answer.Flags, answer.Ack, answer.Seq = frame+2, opening.Time+1e4, packet.SYN|packet.ACK, opening.Seq+1, 77
		last := *opening
		last.Frame, last.Time, last.Flags, last.Ack, last.Seq, last.IPID = frame+3, opening.Time+2e4, packet.ACK, 78, opening.Seq+1, opening.IPID+1
		feed(t, lane, opening)
		feed(t, lane, &answer)
		feed(t, lane, &last)
		frame += 3
	}
	if open := len(lane.sessions) - len(lane.free); open > maxSessions {
		t.Errorf("%d sessions are followed at a time, want at most %d", open, maxSessions)
	}
	l := merge("open", &packet.Info{}, []*tracker{lane})
	counted := int64(0)
	for _, p := range l.Pairs {
		for _, n := range p.Sessions {
			counted += n
		}
	}
	if counted != sessions || !strings.Contains(l.LeftOut, "judged early") {
		t.Errorf("%d of %d sessions are counted, left out: %q", counted, sessions, l.LeftOut)
	}
}

// A session that never ends, with holes that nobody fills, costs no more in an hour than in a minute.
func TestEndlessSessionIsBounded(t *testing.T) {
	lane := newTracker(Options{})
	payload := make([]byte, 1400)
	p := syn(1, scanner, 40000)
	feed(t, lane, p)
	p.Flags, p.Payload, p.PayloadLen = packet.ACK|packet.PSH, payload, len(payload)
	grow := func(n int) uint64 {
		for range n {
			p.Frame++
			p.Time += 1e6
			p.Seq += 2 * uint32(len(payload)) // every second segment is missing
			p.IPID++
			feed(t, lane, p)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := grow(2000)
	if after := grow(100_000); after > before+64<<10 {
		t.Errorf("%d bytes more after 100,000 more segments", after-before)
	}
}

// Sessions that all wait for the first segment keep no more than there is room for, whatever they send.
func TestKeptPayloadIsBounded(t *testing.T) {
	t.Parallel()
	lane := newTracker(Options{})
	payload := make([]byte, 16<<10)
	const sessions, segments = 400, 12 // 75 MiB
	for i := range sessions {
		p := syn(int64(i*(segments+1)+1), scanner, uint16(10_000+i))
		feed(t, lane, p)
		p.Flags, p.Payload, p.PayloadLen = packet.ACK|packet.PSH, payload, len(payload)
		for range segments {
			p.Frame++
			p.Seq += 2 * uint32(len(payload)) // the one before is missing
			p.IPID++
			feed(t, lane, p)
		}
		if lane.kept > maxKept {
			t.Fatalf("%d bytes are kept after %d sessions, want at most %d", lane.kept, i+1, maxKept)
		}
	}
	l := merge("kept", &packet.Info{}, []*tracker{lane})
	if want := "payload that waited for its rest"; !strings.Contains(l.LeftOut, want) {
		t.Errorf("left out: %q, want %q", l.LeftOut, want)
	}
	if lane.kept != 0 {
		t.Errorf("%d bytes are said to be kept when all is judged", lane.kept)
	}
}
