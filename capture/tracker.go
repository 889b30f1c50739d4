package capture

import (
	"math"
	"math/rand/v2"

	"cbdoctor/capture/packet"
	"cbdoctor/capture/tlskeys"
	"cbdoctor/certificate"
)

// tracker follows the sessions of one lane and judges them as they end. It is for one goroutine; what lanes must know of each
// other is put together when all have come to the end of the file: see merge.go.
type tracker struct {
	port uint16
	lane uint8
	last int64 // time of the latest packet

	key      tuple // of the packet that is being followed
	index    index
	attempts attempts                 // of which there is a SYN and no more
	queue    lineUp                   // of attempts, by when they must be looked at again
	waiting  int                      // open attempts
	recent   [recentSessions]*session // the latest one of each place: most packets belong to one of these
	sessions []*session               // by number of their ref; nil where free
	free     []uint32                 // places in sessions
	clock    int                      // where makeRoom goes on to look
	closing  [2]closing               // sessions that are closed and kept a little for stragglers: see settled
	wake     int64                    // when the first of them must be looked at

	begun  [recentlyBegun]tuple // the latest connections, for ICMP errors that were cut short
	begins int                  // how many there were

	starts    starts
	pairs     pairs
	good, bad listing
	told      tolds
	late      []lateSession // bad ones whose reset must be compared with other traffic, when all is read
	early     int64         // sessions that were judged to make room
	kept      int           // bytes of payload that all sessions keep
	shed      int64         // how often one had to let go of them

	ports        map[packet.Addr]origin
	servers      map[packet.Addr]firstShown
	reuse        [packet.MaxLanes]reuse
	ends         [packet.MaxLanes]ends
	arp          map[arpKey]*arpAsk
	hosts        *packet.Hosts
	certificates certificate.Cache
	keys         *tlskeys.Log // of all lanes
	issuers      issuers
	chain        []*certificate.Certificate // that is being shown
	trusted      []*certificate.Certificate
	pool         []*wire
	idle         []*session // judged, to be used again
	summary      Summary    // of the session that is being judged
	notes        []string   // its observations
	blank        session    // what an attempt is where a session is asked for
}

// recentSessions is how many sessions can be found by their client's port alone.
const recentSessions = 256

// recentlyBegun is how many connections an ICMP error may be about of which the snap length left no ports.
const recentlyBegun = 64

type arpKey struct{ asker, target packet.Addr }

type arpAsk struct {
	count               int
	firstFrame, last    int64
	firstTime, lastTime int64
	answered            bool
}

// lateSession is a session whose reset was not compared yet.
type lateSession struct {
	at      uint32 // in told
	listed  bool
	summary Summary
	judged  judged
	resets  [2]reset
	tuple   tuple
}

// What a lane follows at a time. A cluster has some hundred sessions; what goes beyond is a scan or an attack, and then the one that
// has been quiet for the longest is judged as it stands. The report says how many.
const (
	maxAttempts = 1 << 20 // of 168 bytes
	maxSessions = 1 << 13 // of about 3 KB, and 32 MiB of payload for all together: see maxKept
)

// maxTTLs bounds the hosts whose TTL on the port is remembered.
const maxTTLs = 8192

// maxLate bounds the sessions whose reset waits for comparison; the others are compared with what their lane has seen so far.
const maxLate = 1 << 14

func newTracker(opt Options) *tracker {
	keys := &tlskeys.Log{}
	keys.Add(opt.KeyLog)
	t := &tracker{
		keys: keys, trusted: opt.Trusted,
		port: opt.port(), index: newIndex(rand.Uint64()), good: listing{limit: goodListed}, bad: listing{limit: badListed},
		ports: map[packet.Addr]origin{}, servers: map[packet.Addr]firstShown{},
		arp: map[arpKey]*arpAsk{}, hosts: packet.NewHosts(), wake: math.MaxInt64,
	}
	if opt.AllSessions {
		t.good.limit, t.bad.limit = 0, 0
	}
	return t
}

func (t *tracker) session(r ref) *session { return t.sessions[r&^isSession] }

func (t *tracker) attempt(r ref) *attempt { return t.attempts.at(uint32(r - 1)) }

// packet takes the next packet of the file.
func (t *tracker) packet(p *packet.Packet) error {
	t.last = max(t.last, p.Time)
	if p.Time > t.wake {
		t.release(p.Time)
	}
	if t.waiting > manyAttempts {
		t.expire(p.Time)
	}
	if len(t.free) == 0 && len(t.sessions) == maxSessions {
		t.makeRoom() // beforehand: to judge a session moves others in the index
	}
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

// direction tells the tuple of a packet, in k, and which side sent it.
func (t *tracker) direction(p *packet.Packet, k *tuple) int {
	if p.SrcPort == p.DstPort {
		return t.ambiguous(p, k)
	}
	if p.DstPort == t.port {
		k.set(&p.Src, &p.Dst, p.SrcPort, p.DstPort)
		return client
	}
	k.set(&p.Dst, &p.Src, p.DstPort, p.SrcPort)
	return server
}

// ambiguous is direction where both ports are that of the database.
func (t *tracker) ambiguous(p *packet.Packet, k *tuple) int {
	toServer, toClient := tuple{p.Src, p.Dst, p.SrcPort, p.DstPort}, tuple{p.Dst, p.Src, p.DstPort, p.SrcPort}
	*k = toServer
	if t.known(&toServer) {
		return client
	}
	if p.Flags&(packet.SYN|packet.ACK) == packet.SYN|packet.ACK || t.known(&toClient) {
		*k = toClient
		return server
	}
	return client
}

func (t *tracker) known(key *tuple) bool {
	_, r := t.find(t.index.hash(key), key)
	return r != none
}

func (t *tracker) tcp(p *packet.Packet) {
	d := t.direction(p, &t.key)
	recent := &t.recent[t.key.clientPort%recentSessions]
	s := *recent
	if s == nil || !s.tuple.same(&t.key) || startsAnew(s, p, d) {
		if s = t.sessionOf(p, d); s == nil {
			return
		}
		*recent = s
	}
	if me := &s.sides[d]; p.Flags&(packet.RST|packet.FIN) == 0 && (!me.hasTTL || me.ttl != p.TTL) {
		t.noteOrigin(p, s)
	}
	wasClosed := s.closed
	s.take(t, p, d)
	if p.PayloadLen > 0 || s.kept > 0 {
		s.settle(t)
	}
	switch {
	case s.closed && s.complete():
		t.finish(s, false)
	case s.closed && !wasClosed:
		t.close(s)
	}
}

// sessionOf is the session of a packet of t.key, a new one where there is none, nil where the packet makes no session.
func (t *tracker) sessionOf(p *packet.Packet, d int) *session {
	key := &t.key
	h := t.index.hash(key)
	at, r := t.find(h, key)
	switch {
	case r == none:
	case r&isSession != 0:
		s := t.session(r)
		if !startsAnew(s, p, d) {
			return s
		}
		t.finish(s, false)
	case begins(p, d) && t.attempt(r).repeats(p):
		return nil
	case begins(p, d) && t.attempt(r).seq != p.Seq:
		t.finishAttempt(r, false)
	default:
		return t.promote(at, r)
	}
	if t.straggles(key, p, d) {
		return nil
	}
	t.starts.add(p.Frame)
	t.noteReuse(key)
	t.begun[t.begins%recentlyBegun] = *key
	t.begins++
	if begins(p, d) {
		t.noteOrigin(p, nil)
		t.newAttempt(h, key, p)
		return nil
	}
	s := t.newSession()
	s.tuple, s.digits, s.firstFrame, s.first, s.last = *key, p.Digits, p.Frame, p.Time, p.Time
	t.index.add(h, t.follow(s))
	return s
}

// startsAnew: a SYN of the client with another sequence number opens a new session on the same ports (RFC 9293 section 3.6.1). So does the
// answer to another one.
func startsAnew(s *session, p *packet.Packet, d int) bool {
	if p.Flags&packet.SYN == 0 {
		return false
	}
	c, v := &s.sides[client], &s.sides[server]
	if d == server { // where the capture lacks what the client sends
		return c.packets == 0 && v.hasISN && v.isn != p.Seq && v.synAcked != p.Ack
	}
	if p.Flags&packet.ACK != 0 {
		return false
	}
	if !c.hasISN && v.hasISN { // the SYN-ACK stands before its SYN in the file
		return v.synAcked != p.Seq+1
	}
	if !c.hasISN && v.rst > 0 && v.packets == v.rst { // and so may the reset
		return v.rstAck != p.Seq+1
	}
	return !c.hasISN && s.packets > 0 || c.hasISN && c.isn != p.Seq
}

// newAttempt begins to follow a SYN.
func (t *tracker) newAttempt(h uint32, key *tuple, p *packet.Packet) {
	if t.waiting == maxAttempts {
		t.early++
		t.finishAttempt(t.oldestAttempt(), false)
	}
	i := t.attempts.new()
	t.attempts.at(i).begin(key, p)
	t.index.add(h, attemptRef(i))
	t.waiting++
	t.queue.push(waiting{i, uint32(p.Frame), dueAt(p.Time + leastWait)})
}

// promote makes a session of an attempt, now that there is more to say of it.
func (t *tracker) promote(at int, r ref) *session {
	s := t.newSession()
	t.attempt(r).replay(t, s)
	t.attempts.release(uint32(r - 1))
	t.waiting--
	t.index.slots[at].ref = t.follow(s)
	return s
}

// follow gives a session a place.
func (t *tracker) follow(s *session) ref {
	if n := len(t.free); n > 0 {
		s.at = t.free[n-1]
		t.free = t.free[:n-1]
	} else {
		s.at = uint32(len(t.sessions))
		t.sessions = append(t.sessions, nil)
	}
	t.sessions[s.at] = s
	return isSession | ref(s.at)
}

// manyAttempts is from how many on attempts are given up: below, memory is no reason to, and clocks have been known to jump.
const manyAttempts = 1 << 12

// expire judges the attempts that have been waited for long enough.
func (t *tracker) expire(now int64) {
	for t.waiting > manyAttempts {
		w := t.queue.first()
		if w == nil || !w.due.passed(now) {
			return
		}
		again := *w
		t.queue.pop()
		a := t.attempts.at(again.at)
		switch due := a.due(); {
		case !a.is(again.frame): // judged, or a session by now
		case due <= now:
			t.finishAttempt(attemptRef(again.at), false)
		default:
			again.due = dueAt(due)
			t.queue.push(again)
		}
	}
}

// oldestAttempt is the first in the queue that is still open; there must be one.
func (t *tracker) oldestAttempt() ref {
	for {
		w := *t.queue.first()
		t.queue.pop()
		if t.attempts.at(w.at).is(w.frame) {
			return attemptRef(w.at)
		}
	}
}

// release judges sessions whose end lies back far enough.
func (t *tracker) release(now int64) {
	t.wake = math.MaxInt64
	for i := range t.closing {
		q := &t.closing[i]
		for s := q.next(now, straggling[i]); s != nil; s = q.next(now, straggling[i]) {
			t.finish(s, false)
		}
		t.wake = min(t.wake, q.due(straggling[i]))
	}
}

// close keeps a closed session a little for stragglers.
func (t *tracker) close(s *session) {
	i := boolInt(s.settled())
	t.closing[i].add(s)
	t.wake = min(t.wake, s.closedAt+straggling[i])
}

// makeRoom judges the session that has been quiet for the longest, of a few: the hand goes round as that of a clock.
func (t *tracker) makeRoom() {
	const looked = 16
	var quiet *session
	for range looked {
		t.clock = (t.clock + 1) % len(t.sessions)
		if s := t.sessions[t.clock]; s != nil && (quiet == nil || s.last < quiet.last) {
			quiet = s
		}
	}
	t.early++
	t.finish(quiet, false)
}
