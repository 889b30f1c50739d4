package capture

import "cbdoctor/capture/packet"

// duplicateWithin is how close in time two equal packets without an IP id must be to be one packet captured twice. A host
// never sends the same segment again so soon: the shortest retransmission timeout of Linux is 200 ms (TCP_RTO_MIN).
const duplicateWithin = 3e6 // ns

// isDuplicate tells a packet that was captured twice from a retransmission: the IP id of a retransmission is new, unless the
// host sends no ids at all; then only the time can tell.
func (s *session) isDuplicate(p *packet.Packet, d int) bool {
	numbers := uint64(p.Seq)<<32 | uint64(p.Ack)
	what := uint32(p.PayloadLen)<<10 | uint32(p.Flags)<<2 | uint32(d)<<1 | 1
	if !s.goesOn(p, d) && (s.seen(p, numbers, what) || s.sides[d].sentBefore(p)) {
		return true
	}
	r := &s.latest[s.latestNext]
	r.numbers, r.time, r.what, r.ipid, r.mss = numbers, p.Time, what, p.IPID, p.Options.MSS
	if s.latestNext++; s.latestNext == uint8(len(s.latest)) {
		s.latestNext = 0
	}
	return false
}

// goesOn reports whether a packet has the next byte of its side, or acknowledges more than any before: none like it was captured.
func (s *session) goesOn(p *packet.Packet, d int) bool {
	me, other := &s.sides[d], &s.sides[1-d]
	switch {
	case p.Flags&^packet.PSH != packet.ACK:
		return false
	case p.PayloadLen > 0:
		return me.hasNext && p.Seq == me.next
	}
	return other.hasAcked && seqLess(other.acked, p.Ack)
}

// seen reports whether a packet is among the latest ones.
func (s *session) seen(p *packet.Packet, numbers uint64, what uint32) bool {
	for i := range s.latest {
		r := &s.latest[i]
		if r.numbers != numbers || r.what != what {
			continue
		}
		if p.HasIPID && p.IPID != 0 && r.ipid == p.IPID || (!p.HasIPID || p.IPID == 0) && r.ipid == 0 && p.Time-r.time < duplicateWithin {
			if p.Options.MSS != r.mss {
				s.mssChanged = true
			}
			return true
		}
	}
	return false
}

// sentBefore tells a piece of a segment that was captured before: a capture on all interfaces of a router sees a segment whole when
// it comes in and cut to the MTU when it goes out, with another TTL and less than a retransmission's time later.
func (me *side) sentBefore(p *packet.Packet) bool {
	return p.PayloadLen > 0 && me.hasTTL && p.TTL != me.ttl && me.hasNext && !seqLess(me.next, p.Seq+uint32(p.PayloadLen)) &&
		p.Time-me.lastDataTime < duplicateWithin && p.Flags&(packet.SYN|packet.FIN|packet.RST) == 0
}

// sentLongAgo tells a packet that was captured a second time after many others, as behind a device that holds packets back: its IP id comes
// before that of the latest, where those of a retransmission come after it, and what it carries has been read.
func (me *side) sentLongAgo(p *packet.Packet) bool {
	const behind = 256
	return me.lastID-p.IPID-1 < behind && p.IPID != 0 && me.idSteps >= 2 && me.idJumps == 0 && p.Flags&packet.RST == 0 &&
		(p.PayloadLen == 0 || me.order.started && !seqLess(me.order.next, p.Seq+uint32(p.PayloadLen)))
}

// wasOnItsWay reports whether a packet without an IP id, right behind the side's reset, may be an older one that is captured once more.
func (me *side) wasOnItsWay(p *packet.Packet) bool {
	return p.IPID == 0 && p.Time-me.rstTime < duplicateWithin && !seqLess(me.next, p.Seq+uint32(p.PayloadLen))
}

// provesDuplicate: where packets have an IP id, only an id that comes twice proves that one packet was captured twice. Linux
// gives resets and SYN-ACKs the id 0, and two of them may be equal and yet sent apart; so may acknowledgements of IPv6.
func provesDuplicate(p *packet.Packet) bool {
	if p.HasIPID {
		return p.IPID != 0
	}
	return p.PayloadLen > 0 || p.Flags&packet.SYN != 0
}
