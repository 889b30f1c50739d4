package capture

import (
	"fmt"

	"cbdoctor/capture/packet"
)

// icmp attaches an error to the session that it quotes.
func (t *tracker) icmp(p *packet.Packet) {
	q := &p.Quote
	s := t.quoted(p)
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

// quoted is the session that an ICMP error is about, nil where there is none.
func (t *tracker) quoted(p *packet.Packet) *session {
	q := &p.Quote
	if !q.Cut {
		if s := t.whole(&tuple{q.Src, q.Dst, q.SrcPort, q.DstPort}); s != nil {
			return s
		}
		return t.whole(&tuple{q.Dst, q.Src, q.DstPort, q.SrcPort})
	}
	const longestHeader = 60
	var found *tuple
	latest := p.Time - answerWait
	for i := range t.begun[:min(t.begins, recentlyBegun)] {
		k := &t.begun[i]
		d := client
		if !q.Meets(k.client, k.server) {
			if d = server; !q.Meets(k.server, k.client) {
				continue
			}
		}
		at, data := t.waits(k, d)
		if data == (q.Len > longestHeader) && at > latest && at <= p.Time {
			latest, found = at, k
		}
	}
	if found == nil {
		return nil
	}
	return t.whole(found)
}

// waits is when a side of a connection last sent what was not answered yet, and whether that was data or what opens the connection; 0 when
// nothing.
func (t *tracker) waits(k *tuple, d int) (at int64, data bool) {
	switch _, r := t.find(t.index.hash(k), k); {
	case r == none:
	case r&isSession == 0:
		if d == client {
			return t.attempt(r).last(), false
		}
	default:
		me, other := &t.session(r).sides[d], &t.session(r).sides[1-d]
		switch {
		case me.data > 0 && me.hasAcked && seqLess(me.acked, me.next):
			return me.lastTime, true
		case me.data == 0 && me.syn > 0 && (d == client && other.packets == 0 || d == server && other.packets == other.syn):
			return me.lastTime, false
		}
	}
	return 0, false
}

// whole is the session of a tuple that is followed, or nil. An attempt is made a session.
func (t *tracker) whole(key *tuple) *session {
	switch at, r := t.find(t.index.hash(key), key); {
	case r == none:
		return nil
	case r&isSession != 0:
		return t.session(r)
	default:
		return t.promote(at, r)
	}
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
