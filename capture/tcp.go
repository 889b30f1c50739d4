package capture

import "cbdoctor/capture/packet"

// take notes one packet of the session.
func (s *session) take(t *tracker, p *packet.Packet, d int) {
	now := p.Time
	if s.isDuplicate(p, d) || s.sides[d].sentLongAgo(p) {
		if provesDuplicate(p) {
			s.duplicates++
		}
		if p.Flags&packet.SYN != 0 {
			s.sides[d].synCopies++
		}
		s.lastFrame, s.last = p.Frame, max(s.last, now)
		return
	}
	if s.ofBefore(p, d) {
		s.challenged = true
		s.lastFrame, s.last = p.Frame, max(s.last, now)
		return
	}
	pause := int64(0)
	if s.packets > 0 {
		pause = now - s.last
		s.notePause(pause, d, p)
	}
	s.packets++
	s.lastFrame, s.last = p.Frame, max(s.last, now)
	me, other := &s.sides[d], &s.sides[1-d]
	me.packets++
	me.lastTime = now
	s.noteOrigin(me, p)
	flags := p.Flags
	if flags&packet.RST != 0 {
		s.reset(me, p)
		return
	}
	if me.rst > 0 && (p.PayloadLen > 0 || flags&packet.ACK != 0) && !me.wasOnItsWay(p) {
		me.afterRST++
	}
	if flags&packet.SYN != 0 {
		s.syn(me, p, d)
	} else if s.established == 0 && d == client && me.syn+other.syn > 0 && flags&packet.ACK != 0 {
		s.established = p.Frame // an ACK after the SYN proves the SYN-ACK, in the capture or not
		if other.syn > 0 {
			s.ackAfterSYNACK = now - other.synTime
		}
	} else if s.established == 0 && d == server && me.syn > 0 && s.sides[client].syn > 0 && s.sides[client].packets > s.sides[client].syn {
		s.established = p.Frame
	}
	if flags&packet.ACK != 0 {
		s.acknowledge(me, other, p)
		if len(other.order.held) > 0 {
			other.order.acknowledged(p.Ack, func(frame int64, b []byte) { s.read(t, 1-d, frame, b) }, func(frame int64, n int, cut bool) { s.skip(t, 1-d, frame, n, cut) })
		}
	}
	s.noteWindow(me, p)
	other.probes = 0
	if me.probesWith(p) && (other.window != 0 || other.zeroCount == 0) {
		if me.probes++; me.probes == 1 {
			me.probeFrame, me.probeIdle = p.Frame, pause
		}
		return
	}
	if p.Truncated && p.PayloadLen > len(p.Payload) {
		s.cutShort = true
	}
	if p.PayloadLen > 0 || flags&packet.FIN != 0 {
		s.payload(t, me, p, d)
	} else if !me.hasNext || seqLess(me.next, p.Seq) && flags&packet.SYN == 0 {
		if !me.hasNext {
			me.next, me.hasNext = p.Seq, true
			me.order.start(p.Seq)
		}
	}
	if s.sides[client].fin > 0 && s.sides[server].fin > 0 && !s.closed && s.finsAcked() {
		s.closed, s.closedAt = true, now
	}
}

// ofBefore reports whether a packet belongs to the connection that had these ports before, half-open since its client was gone: the
// server, which still holds it, answers the new SYN with an ACK of the old numbers (RFC 9293 section 3.10.7.4, RFC 5961 section 4.2),
// and the client answers that with a reset. Both sides then open the new connection.
func (s *session) ofBefore(p *packet.Packet, d int) bool {
	c := &s.sides[client]
	if s.established != 0 || c.syn == 0 || c.packets > c.syn || s.sides[server].syn > 0 || p.Flags&packet.SYN != 0 {
		return false
	}
	if d == server {
		return p.Flags&(packet.ACK|packet.RST) == packet.ACK && !seqLess(c.isn, p.Ack)
	}
	return p.Flags&packet.RST != 0 && p.Seq != c.isn && p.Seq != c.isn+1
}

func (s *session) finsAcked() bool {
	for d := range s.sides {
		if a := &s.sides[d]; a.hasAcked && seqLess(a.acked, a.finSeq+1) {
			return false
		}
	}
	return true
}

// idleAfter is how long a session must rest before a fault counts as one of an idle session. Firewalls forget idle
// connections after minutes to hours; shorter pauses are ordinary think time.
const idleAfter = 60e9 // ns

// notePause follows the longest pause. Of several long ones the last counts that the other side did not end by speaking: what comes
// between the retransmissions of a packet that gets lost is not another rest.
func (s *session) notePause(pause int64, d int, p *packet.Packet) {
	if s.longestIdle < idleAfter && pause > s.longestIdle || pause >= idleAfter && s.pauseOver {
		s.longestIdle, s.idleBefore, s.pauseSide, s.pauseOver = pause, p.Frame, d, false
		s.afterPause = [2]segment{}
		return
	}
	s.pauseOver = s.pauseOver || d != s.pauseSide
}

// probesWith reports whether a packet is a keep-alive: one byte before what is due, although all was acknowledged (RFC 9293 section
// 3.8.4). A probe of a closed window looks the same.
func (me *side) probesWith(p *packet.Packet) bool {
	return p.PayloadLen <= 1 && p.Flags&(packet.SYN|packet.FIN|packet.RST|packet.ACK) == packet.ACK && me.hasNext && p.Seq == me.next-1 && me.hasAcked && me.acked == me.next
}

// noteOrigin notes how a side's packets come, those aside that others send in its name to end the session.
func (s *session) noteOrigin(me *side, p *packet.Packet) {
	if p.Flags&(packet.RST|packet.FIN) != 0 {
		return
	}
	if !me.hasTTL {
		me.ttl, me.ttlMin, me.ttlMax, me.hasTTL = p.TTL, p.TTL, p.TTL, true
	} else if me.ttl != p.TTL {
		me.ttlMin, me.ttlMax = min(me.ttlMin, p.TTL), max(me.ttlMax, p.TTL)
	}
	if p.HasSrcMAC && !me.hasMAC {
		me.mac, me.hasMAC, me.arrives = p.SrcMAC, true, p.Arrives()
	}
	if p.IPID != 0 {
		if me.lastID != 0 && me.idSteps < idSteady {
			if idFollows(me.lastID, p.IPID) {
				me.idSteps++
			} else {
				me.idJumps++
			}
		}
		me.lastID = p.IPID
	}
}

// idSteady is from how many steps on a host is known to count its IP ids; others draw them by lot (RFC 6864 allows both).
const idSteady = 3

// idFollows reports whether an IP id is a little after another. Hosts that count for all connections together skip some.
func idFollows(before, id uint16) bool { return id-before < 2048 }

func (s *session) reset(me *side, p *packet.Packet) {
	if me.rst == 0 {
		me.rstFrame, me.rstTime, me.rstAck = p.Frame, p.Time, p.Ack
		me.rstTTL, me.rstID, me.rstMAC, me.rstLeaves = p.TTL, p.IPID, p.SrcMAC, p.Direction == packet.Outgoing
		me.rstSeq = p.Seq
	}
	me.rstVaries = me.rstVaries || p.Seq != me.rstSeq
	if s.established != 0 {
		me.noteResetNumber(p.Seq)
	}
	me.rst++
	me.rstPayload += int64(p.PayloadLen)
	if !s.closed {
		s.closed, s.closedAt = true, p.Time
	}
}

// noteResetNumber compares a reset's sequence number with what its named sender has sent: a host resets with the number that comes next,
// or with one that the other side has acknowledged (RFC 9293 section 3.10.7). Devices guess, and try several: one that lies
// beyond what was sent may be the host's own, whose last data was lost before it came here.
func (me *side) noteResetNumber(seq uint32) {
	if !me.hasNext || !me.hasISN {
		return
	}
	end := me.next
	if me.fin > 0 {
		end = me.finSeq + 1
	}
	switch beyond := int32(seq - end); {
	case seqLess(seq, me.isn):
		me.rstBefore = true
	case beyond > 1 && me.rstBeyond == 0: // one may be a FIN that the capture lost
		me.rstBeyond, me.rstUpTo = uint32(beyond), seq
	}
}

// scans reports whether a SYN is one that a scanner makes without the host's TCP, as nmap does (its windows are 1 to 4 KiB): hosts
// permit SACK, scale windows or send timestamps. The host itself then resets the connection that it knows nothing of.
func scans(p *packet.Packet) bool {
	o := &p.Options
	return !o.SACKPermitted && !o.HasWindowScale && !o.HasTimestamps && p.Window > 0 && p.Window <= 4096 && p.Window%1024 == 0
}

func (s *session) syn(me *side, p *packet.Packet, d int) {
	acks := p.Flags&packet.ACK != 0
	if me.syn > 0 && acks && !me.synAcks {
		return // simultaneous open: each side's SYN comes again with an ACK (RFC 9293 section 3.5, figure 8)
	}
	if me.syn == 0 {
		me.synAcks = acks
		me.synFrame, me.synTime = p.Frame, p.Time
		me.isn, me.hasISN = p.Seq, true
		me.synAcked = p.Ack
		me.mss = p.Options.MSS
		me.synBare = scans(p)
		if !me.hasNext {
			me.next, me.hasNext = p.Seq+1, true
		}
		me.order.start(p.Seq + 1)
		if d == server && s.sides[client].syn > 0 {
			s.synAckAfterSYN = p.Time - s.sides[client].synLastTime
		}
	}
	me.syn++
	me.synLast, me.synLastTime = p.Frame, p.Time
}

func (s *session) acknowledge(me, other *side, p *packet.Packet) {
	me.acks++
	if !other.hasAcked || seqLess(other.acked, p.Ack) {
		me.ackMoved = me.ackMoved || other.hasAcked
		other.acked, other.hasAcked = p.Ack, true
		if other.pendingAny {
			other.arrived(p.Ack)
		}
		if other.tail.times > 0 && !seqLess(p.Ack, other.tail.seq+uint32(other.tail.len)) {
			other.tail = tail{}
		}
	}
}

// arrived learns from an acknowledgement how large the segments are that arrive.
func (me *side) arrived(ack uint32) {
	me.pendingAny = false
	for i := range me.pending {
		g := &me.pending[i]
		if g.len > 0 && !seqLess(ack, g.end) {
			me.biggestAcked = max(me.biggestAcked, g.len)
			g.len = 0
		}
		me.pendingAny = me.pendingAny || g.len > 0
	}
}

// noteWindow follows windows of zero (RFC 9293 section 3.8.6.1).
func (s *session) noteWindow(me *side, p *packet.Packet) {
	me.window = p.Window
	if p.Window == 0 && p.Flags&packet.ACK != 0 {
		me.zeroCount++
		if me.zeroWindow == 0 {
			me.zeroWindow, me.zeroFrame = p.Time, p.Frame
		}
	} else {
		me.zeroWindow = 0
	}
}

// payload notes a segment with data or a FIN.
func (s *session) payload(t *tracker, me *side, p *packet.Packet, d int) {
	seq := p.Seq
	if p.Flags&packet.SYN != 0 {
		seq++
	}
	end := seq + uint32(p.PayloadLen)
	if !me.hasNext {
		me.next, me.hasNext = seq, true
		me.order.start(seq)
	}
	if me.probesWith(p) {
		return
	}
	me.biggest = max(me.biggest, int32(p.PayloadLen))
	switch {
	case p.PayloadLen > 0 && seqLess(me.next, end) || p.PayloadLen > 0 && me.data == 0:
		fresh := int64(p.PayloadLen)
		if seqLess(seq, me.next) && me.data > 0 {
			fresh = int64(int32(end - me.next))
		}
		me.payload += fresh
		if s.afterPause[d].len == 0 {
			s.afterPause[d] = segment{end, int32(p.PayloadLen)}
		}
		me.data++
		me.lastData, me.lastDataTime = p.Frame, p.Time
		me.next = end
		if n := int32(p.PayloadLen); n > me.biggestAcked {
			me.pending[me.pendingNext] = segment{end, n}
			me.pendingNext = (me.pendingNext + 1) % uint8(len(me.pending))
			me.pendingAny = true
		}
	case p.PayloadLen > 0 && me.order.waitsFor(seq):
		me.payload += int64(p.PayloadLen)
	case p.PayloadLen > 0:
		s.retransmitted(me, p, seq)
	}
	if p.Flags&packet.FIN != 0 {
		if me.fin == 0 {
			me.finFrame, me.finTime, me.finSeq, me.finAck = p.Frame, p.Time, end, p.Ack
			me.finTTL, me.finID = p.TTL, p.IPID
		}
		me.fin++
		me.finLast = p.Frame
	}
	switch {
	case p.PayloadLen == 0:
	case me.order.expects(seq) && len(p.Payload) == p.PayloadLen:
		me.order.next = end
		s.read(t, d, p.Frame, p.Payload)
	default:
		if me.order.started && seqLess(me.order.next, seq) && me.hasAcked && !seqLess(me.acked, seq) && len(me.order.held) == 0 {
			s.skip(t, d, p.Frame, me.order.missed(seq), false) // what is missing before it was acknowledged: the capture lost it, not the network
		}
		me.order.take(seq, p.PayloadLen, p.Payload, p.Frame, func(frame int64, b []byte) { s.read(t, d, frame, b) }, func(frame int64, n int, cut bool) { s.skip(t, d, frame, n, cut) })
	}
}

func (s *session) retransmitted(me *side, p *packet.Packet, seq uint32) {
	me.retrans++
	if s.wire == nil || !s.wire.worked() {
		me.handshakeRetrans++
	}
	if me.hasAcked && !seqLess(me.acked, seq+uint32(p.PayloadLen)) {
		return // acknowledged already: the ACK was late or lost, nothing is missing
	}
	if me.tail.times == 0 || me.tail.seq != seq {
		if me.tail.times > 0 && seqLess(me.tail.seq, seq) {
			return // the oldest one counts
		}
		me.tail = tail{seq: seq, len: int32(p.PayloadLen), first: p.Frame, started: p.Time}
	}
	me.tail.len = max(me.tail.len, int32(p.PayloadLen))
	me.tail.times++
	me.tail.last = p.Frame
}
