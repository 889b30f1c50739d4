package capture

import (
	"fmt"
	"time"

	"cbdoctor/capture/packet"
	"cbdoctor/capture/tlswire"
	"cbdoctor/certificate"
)

// tracker finds the session of each packet and judges sessions as they end.
type tracker struct {
	port   uint16
	all    bool
	open   map[tuple]*session
	ending []ending // closed, kept a little for stragglers, oldest first
	nextID int
	last   int64 // time of the latest packet

	result       *Result
	good         int
	pairs        pairs
	late         []lateSession // bad ones whose reset must be compared with other traffic, when all is read
	ports        map[packet.Addr]ttlSeen
	servers      map[packet.Addr]string // SHA-256 of the first certificate that each server showed
	reused       map[uint64]bool
	bloom        [1 << 14]uint64
	arp          map[arpKey]*arpAsk
	hosts        *packet.Hosts
	certificates certificate.Cache
	pool         []*wire
	idle         []*session // judged, to be used again
	summary      Summary    // of the session that is being judged
}

// ending is a session that is closed. It may have been judged since, and its memory be another session's: the number tells.
type ending struct {
	session *session
	id      int
}

// ttlSeen is the TTL of a host's packets on the port, resets aside.
type ttlSeen struct {
	ttl   uint8
	mixed bool
}

type arpKey struct{ asker, target packet.Addr }

type arpAsk struct {
	count               int
	firstFrame, last    int64
	firstTime, lastTime int64
	answered            bool
}

// lateSession is a session in the result with what its reset showed.
type lateSession struct {
	index   int
	summary Summary
	judged  judged
	ttl     [2]uint8
	tuple   tuple
}

// stragglers: packets that come so long after the end still belong to a session; a later one with SYN is a new session.
const stragglers = int64(2 * time.Second)

// maxTTLs bounds the hosts whose TTL on the port is remembered.
const maxTTLs = 8192

func newTracker(opt Options) *tracker {
	return &tracker{
		port: opt.port(), all: opt.AllSessions, open: map[tuple]*session{}, result: &Result{Sessions: []Session{}, Pairs: []Pair{}},
		ports: map[packet.Addr]ttlSeen{}, servers: map[packet.Addr]string{}, reused: map[uint64]bool{},
		arp: map[arpKey]*arpAsk{}, hosts: packet.NewHosts(),
	}
}

// packet takes the next packet of the file.
func (t *tracker) packet(p *packet.Packet) error {
	t.last = max(t.last, p.Time)
	t.release(p.Time)
	switch p.Kind {
	case packet.TCP:
		t.tcp(p)
	case packet.ICMPError:
		t.icmp(p)
	case packet.ARP:
		t.neighbor(p)
	}
	return nil
}

// direction tells the tuple of a packet and which side sent it.
func (t *tracker) direction(p *packet.Packet) (tuple, int) {
	toServer := tuple{p.Src, p.Dst, p.SrcPort, p.DstPort}
	toClient := tuple{p.Dst, p.Src, p.DstPort, p.SrcPort}
	if p.SrcPort != p.DstPort {
		if p.DstPort == t.port {
			return toServer, client
		}
		return toClient, server
	}
	if t.open[toServer] != nil {
		return toServer, client
	}
	if t.open[toClient] != nil || p.Flags&(packet.SYN|packet.ACK) == packet.SYN|packet.ACK {
		return toClient, server
	}
	return toServer, client
}

func (t *tracker) tcp(p *packet.Packet) {
	key, d := t.direction(p)
	s := t.open[key]
	if s != nil && startsAnew(s, p, d) {
		t.finish(s, false)
		s = nil
	}
	if s == nil {
		s = t.newSession()
		s.id, s.tuple, s.digits, s.firstFrame, s.first, s.last = t.nextID, key, p.Digits, p.Frame, p.Time, p.Time
		t.nextID++
		t.open[key] = s
		t.noteReuse(key)
	}
	if me := &s.sides[d]; p.Flags&packet.RST == 0 && (!me.hasTTL || me.ttl != p.TTL) {
		t.noteTTL(p)
	}
	wasClosed := s.closed
	s.take(t, p, d)
	if s.closed && !wasClosed {
		t.ending = append(t.ending, ending{s, s.id})
	}
}

// startsAnew: a SYN of the client with another sequence number opens a new session on the same ports (RFC 9293 section 3.6.1).
func startsAnew(s *session, p *packet.Packet, d int) bool {
	if d != client || p.Flags&(packet.SYN|packet.ACK) != packet.SYN {
		return false
	}
	c, v := &s.sides[client], &s.sides[server]
	if !c.hasISN && v.hasISN { // the SYN-ACK stands before its SYN in the file
		return v.synAcked != p.Seq+1
	}
	return !c.hasISN && s.packets > 0 || c.hasISN && c.isn != p.Seq
}

func (t *tracker) noteTTL(p *packet.Packet) {
	if seen, known := t.ports[p.Src]; known {
		if seen.ttl != p.TTL && !seen.mixed {
			seen.mixed = true
			t.ports[p.Src] = seen
		}
	} else if len(t.ports) < maxTTLs {
		t.ports[p.Src] = ttlSeen{ttl: p.TTL}
	}
}

func (k tuple) hash() uint64 {
	h := k.client.Lo*0x9e3779b97f4a7c15 ^ k.client.Hi*0xc2b2ae3d27d4eb4f ^ k.server.Lo*0x165667b19e3779f9 ^ k.server.Hi*0x27d4eb2f165667c5
	h ^= (uint64(k.clientPort)<<16 | uint64(k.serverPort)) * 0x85ebca77c2b2ae63
	return h ^ h>>29
}

// noteReuse remembers which port pairs may have been used more than once: their filters need a range of frames. A chance
// hit costs a longer filter, never a wrong one.
func (t *tracker) noteReuse(k tuple) {
	h := k.hash()
	word, bit := h%uint64(len(t.bloom)), uint64(1)<<(h>>58)
	if t.bloom[word]&bit != 0 && len(t.reused) < 1<<16 {
		t.reused[h] = true
	}
	t.bloom[word] |= bit
}

// release judges sessions whose end lies back far enough.
func (t *tracker) release(now int64) {
	n := 0
	for n < len(t.ending) {
		e := t.ending[n]
		if s := e.session; s.id == e.id {
			if now-s.closedAt <= stragglers {
				break
			}
			if now-s.last <= stragglers { // it goes on: the reset was not believed
				s.closedAt = s.last
				t.ending = append(t.ending, e)
			} else {
				t.finish(s, false)
			}
		}
		n++
	}
	if n > 0 {
		t.ending = append(t.ending[:0], t.ending[n:]...)
	}
}

// icmp attaches an error to the session that it quotes.
func (t *tracker) icmp(p *packet.Packet) {
	q := &p.Quote
	s := t.open[tuple{q.Src, q.Dst, q.SrcPort, q.DstPort}]
	if s == nil {
		s = t.open[tuple{q.Dst, q.Src, q.DstPort, q.SrcPort}]
	}
	if s == nil {
		return
	}
	name := icmpName(q.V6, q.Type, q.Code)
	if !q.V6 && q.Type == 3 && q.Code == 4 || q.V6 && q.Type == 2 {
		s.fragNeeded = p.Frame
		return
	}
	if s.icmp == nil {
		s.icmp = &ICMP{Frame: p.Frame, Type: q.Type, Code: q.Code, Name: name, Sender: p.Src.String(), V6: q.V6}
		s.icmpFirst = s.sides[server].packets == 0
	}
	s.last = max(s.last, p.Time)
}

// maxAsks bounds the address questions that are followed.
const maxAsks = 1024

func (t *tracker) neighbor(p *packet.Packet) {
	n := &p.Neighbor
	if n.Reply {
		for k, a := range t.arp {
			if k.target == n.Sender {
				a.answered = true
			}
		}
		return
	}
	if n.Sender.IsZero() || n.Sender == n.Target || n.V6 {
		return // a probe for a duplicate address (RFC 5227), or an announcement
	}
	k := arpKey{n.Sender, n.Target}
	a := t.arp[k]
	if a == nil {
		if len(t.arp) >= maxAsks {
			return
		}
		a = &arpAsk{firstFrame: p.Frame, firstTime: p.Time}
		t.arp[k] = a
	}
	a.count++
	a.last, a.lastTime = p.Frame, p.Time
}

func (t *tracker) newSession() *session {
	if n := len(t.idle); n > 0 {
		s := t.idle[n-1]
		t.idle = t.idle[:n-1]
		return s
	}
	return &session{}
}

// maxIdle bounds the sessions kept for use again; a quarter as many keep their buffers for payload.
const maxIdle = 1024

// discard lets go of a judged session.
func (t *tracker) discard(s *session) {
	t.recycle(s.wire)
	*s = session{id: -1}
	if len(t.idle) < maxIdle {
		t.idle = append(t.idle, s)
	}
}

func (t *tracker) newWire() *wire {
	if n := len(t.pool); n > 0 {
		w := t.pool[n-1]
		t.pool = t.pool[:n-1]
		return w
	}
	w := &wire{}
	w.tls.Certificates = func(side tlswire.Side, _ int64, chain [][]byte) { w.show(t, int(side), chain) }
	return w
}

func (t *tracker) recycle(w *wire) {
	if w == nil || len(t.pool) >= maxIdle/4 {
		return
	}
	w.pg.Reset()
	w.tls.Reset()
	w.upgraded = false
	w.session, w.chain, w.notes = nil, [2][]*certificate.Certificate{w.chain[client][:0], w.chain[server][:0]}, [2][]string{}
	t.pool = append(t.pool, w)
}

// icmpNames are those of RFC 792, RFC 1812 and RFC 4443.
var icmpNames = map[[3]uint8]string{
	{4, 3, 0}: "network unreachable", {4, 3, 1}: "host unreachable", {4, 3, 2}: "protocol unreachable", {4, 3, 3}: "port unreachable",
	{4, 3, 5}: "source route failed", {4, 3, 6}: "network unknown", {4, 3, 7}: "host unknown", {4, 3, 9}: "network administratively prohibited",
	{4, 3, 10}: "host administratively prohibited", {4, 3, 13}: "communication administratively prohibited", {4, 11, 0}: "time to live exceeded",
	{6, 1, 0}: "no route to destination", {6, 1, 1}: "communication administratively prohibited", {6, 1, 2}: "beyond scope of source address",
	{6, 1, 3}: "address unreachable", {6, 1, 4}: "port unreachable", {6, 1, 5}: "source address failed policy", {6, 1, 6}: "reject route to destination",
	{6, 3, 0}: "hop limit exceeded",
}

func icmpName(v6 bool, kind, code uint8) string {
	version := uint8(4)
	if v6 {
		version = 6
	}
	if n, known := icmpNames[[3]uint8{version, kind, code}]; known {
		return n
	}
	return fmt.Sprintf("type %d code %d", kind, code)
}
