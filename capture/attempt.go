package capture

import (
	"time"

	"cbdoctor/capture/packet"
)

// attempt is a session of which there is nothing but the client's SYN and its retransmissions. A scan, or a firewall that drops
// them, makes a million of these; a whole [session] of 1.4 KB is made only when something else arrives. It has no pointers.
type attempt struct {
	tuple  tuple
	first  int64 // nanoseconds
	frame  int64 // of the first SYN
	end    int64 // of the capture, when the attempt was judged
	seq    uint32
	ack    uint32
	window uint16
	mss    uint16
	id     uint16 // IP id of the first SYN
	flags  uint8
	ttl    uint8
	digits uint8
	more   uint8 // how many of again are set
	bits   attemptBits
	mac    [6]byte
	again  [attemptSYNs - 1]laterSYN
}

type attemptBits uint8

const (
	attemptHasMAC attemptBits = 1 << iota
	attemptHasID
	attemptFinal  // it was judged because the capture ended
	attemptScans  // it is made by a scanner
	attemptListed // it is judged, and kept to be told at the end
)

// attemptSYNs is how many SYNs an attempt can hold: Linux sends one and repeats it 6 times (tcp_syn_retries).
const attemptSYNs = 7

// laterSYN is a retransmission, counted from the first SYN.
type laterSYN struct {
	frames uint32
	timeLo uint32 // nanoseconds, 48 bits: 78 hours
	timeHi uint16
	id     uint16
}

func (l *laterSYN) after() int64 { return int64(l.timeHi)<<32 | int64(l.timeLo) }

// How long an attempt is waited for. Senders double the pause between SYNs, from 1 or 3 s up to 120 s (RFC 6298 section 5.5,
// TCP_RTO_MAX of Linux): when nothing came for three times the last pause, nothing will.
const (
	leastWait = int64(20 * time.Second)
	mostWait  = int64(130 * time.Second)
)

// due is when the attempt is given up unless something comes.
func (a *attempt) due() int64 {
	last, before := a.last(), a.first
	if a.more > 1 {
		before += a.again[a.more-2].after()
	}
	return last + min(max(3*(last-before), leastWait), mostWait)
}

// begins reports whether a packet can begin an attempt.
func begins(p *packet.Packet, d int) bool {
	const opening = packet.SYN | packet.ACK | packet.RST | packet.FIN
	return d == client && p.Flags&opening == packet.SYN && p.PayloadLen == 0 && !p.Truncated
}

func (a *attempt) begin(key *tuple, p *packet.Packet) {
	*a = attempt{
		tuple: *key, first: p.Time, frame: p.Frame, seq: p.Seq, ack: p.Ack, window: p.Window, mss: p.Options.MSS, id: p.IPID,
		flags: p.Flags, ttl: p.TTL, digits: p.Digits, mac: p.SrcMAC,
	}
	if p.HasSrcMAC {
		a.bits |= attemptHasMAC
	}
	if p.HasIPID {
		a.bits |= attemptHasID
	}
	if scans(p) {
		a.bits |= attemptScans
	}
}

// repeats takes a retransmission of the SYN. It refuses whatever is more than that: a SYN that differs or that may be one packet
// captured twice, or that does not fit.
func (a *attempt) repeats(p *packet.Packet) bool {
	if p.Seq != a.seq || p.Flags != a.flags || p.Ack != a.ack || p.Window != a.window || p.Options.MSS != a.mss || p.TTL != a.ttl || p.Digits != a.digits ||
		p.HasIPID != (a.bits&attemptHasID != 0) || p.HasSrcMAC != (a.bits&attemptHasMAC != 0) || p.HasSrcMAC && p.SrcMAC != a.mac || int(a.more) == len(a.again) {
		return false
	}
	frames, after := p.Frame-a.frame, p.Time-a.first
	if frames <= 0 || frames >= 1<<32 || after < 0 || after >= 1<<48 || p.Time-a.last() < duplicateWithin || p.IPID != 0 && p.IPID == a.id {
		return false
	}
	for _, l := range a.again[:a.more] {
		if p.IPID != 0 && p.IPID == l.id {
			return false
		}
	}
	a.again[a.more] = laterSYN{uint32(frames), uint32(after), uint16(after >> 32), p.IPID}
	a.more++
	return true
}

func (a *attempt) last() int64 {
	if a.more == 0 {
		return a.first
	}
	return a.first + a.again[a.more-1].after()
}

func (a *attempt) lastFrame() int64 {
	if a.more == 0 {
		return a.frame
	}
	return a.frame + int64(a.again[a.more-1].frames)
}

// replay makes s the session that the attempt's packets make.
func (a *attempt) replay(t *tracker, s *session) {
	s.tuple, s.digits, s.firstFrame, s.first, s.last = a.tuple, a.digits, a.frame, a.first, a.first
	p := packet.Packet{
		Kind: packet.TCP, Digits: a.digits, Src: a.tuple.client, Dst: a.tuple.server, SrcPort: a.tuple.clientPort, DstPort: a.tuple.serverPort,
		Frame: a.frame, Time: a.first, Seq: a.seq, Ack: a.ack, Flags: a.flags, Window: a.window, TTL: a.ttl,
		IPID: a.id, HasIPID: a.bits&attemptHasID != 0, SrcMAC: a.mac, HasSrcMAC: a.bits&attemptHasMAC != 0,
	}
	p.Options.MSS, p.Options.HasMSS = a.mss, a.mss != 0
	p.Options.SACKPermitted = a.bits&attemptScans == 0
	s.take(t, &p, client)
	for i := range a.again[:a.more] {
		l := &a.again[i]
		p.Frame, p.Time, p.IPID = a.frame+int64(l.frames), a.first+l.after(), l.id
		s.take(t, &p, client)
	}
}

// identify fills in s, which is otherwise zero, what the entry of an attempt needs of a session besides its summary.
func (a *attempt) identify(s *session) {
	s.tuple, s.digits, s.firstFrame, s.lastFrame, s.first, s.last = a.tuple, a.digits, a.frame, a.lastFrame(), a.first, a.last()
	s.sides[client].isn, s.sides[client].hasISN = a.seq, true
}

// summarise says of the attempt what [session.summarise] says of the session that replay makes, without making it: a capture may
// hold a million. A test compares the two.
func (a *attempt) summarise(m *Summary) {
	last, lastFrame := a.last(), a.lastFrame()
	*m = Summary{
		Start: a.first, End: last, Rest: a.end - last, CaptureEnd: a.bits&attemptFinal != 0, FirstFrame: a.frame, LastFrame: lastFrame,
		Packets: [2]int64{1 + int64(a.more)}, SYN: 1 + int64(a.more), SYNFrames: [2]int64{a.frame, lastFrame}, SYNSpan: last - a.first,
		MSS: int32(a.mss), TTL: [2]uint8{a.ttl}, LastTime: [2]int64{last},
	}
	before := int64(0)
	for i := range a.again[:a.more] {
		l := &a.again[i]
		if pause := l.after() - before; m.Pause < idleAfter && pause > m.Pause {
			m.Pause, m.PauseFrame = pause, a.frame+int64(l.frames)
		}
		before = l.after()
	}
}

// attempts keeps attempts in slabs, so that their number costs neither the allocator nor the garbage collector anything. The zero
// value is ready.
type attempts struct {
	slabs [][]attempt
	free  []uint32
	next  uint32
}

const slabSize = 1 << 9

func (s *attempts) new() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	if int(s.next) == len(s.slabs)*slabSize {
		s.slabs = append(s.slabs, make([]attempt, slabSize))
	}
	s.next++
	return s.next - 1
}

func (s *attempts) at(i uint32) *attempt { return &s.slabs[i/slabSize][i%slabSize] }

func (s *attempts) release(i uint32) {
	s.at(i).frame = 0
	s.free = append(s.free, i)
}

// attemptRef names an attempt in the index.
func attemptRef(i uint32) ref { return ref(i) + 1 }

// is reports whether the attempt is open and the one with the given lower half of its first frame.
func (a *attempt) is(frame uint32) bool {
	return a.frame != 0 && uint32(a.frame) == frame && a.bits&attemptListed == 0
}

// lineUp is the order in which attempts are looked at again. It grows and shrinks by blocks. The zero value is ready.
type lineUp struct {
	blocks [][]waiting
	head   int // in the first block
}

// waiting is an attempt and which one: its place may have been given to another since.
type waiting struct {
	at    uint32
	frame uint32 // the lower half of its first frame
	due   dueTime
}

// dueTime is a time in units of about a second, which is all the precision that giving up needs.
type dueTime uint32

const dueUnit = 30 // bits of nanoseconds

func dueAt(ns int64) dueTime { return dueTime(ns>>dueUnit) + 1 }

func (d dueTime) passed(now int64) bool { return int32(dueTime(now>>dueUnit)-d) >= 0 }

const lineUpBlock = 1 << 10

func (l *lineUp) push(w waiting) {
	if n := len(l.blocks); n == 0 || len(l.blocks[n-1]) == lineUpBlock {
		l.blocks = append(l.blocks, make([]waiting, 0, lineUpBlock))
	}
	last := &l.blocks[len(l.blocks)-1]
	*last = append(*last, w)
}

// first is the head of the line, nil when it is empty.
func (l *lineUp) first() *waiting {
	if len(l.blocks) == 0 || l.head == len(l.blocks[0]) {
		return nil
	}
	return &l.blocks[0][l.head]
}

func (l *lineUp) pop() {
	if l.head++; l.head == lineUpBlock {
		l.blocks, l.head = l.blocks[1:], 0
	}
}
