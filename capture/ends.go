package capture

import (
	"cbdoctor/capture/packet"
	"cbdoctor/stamp"
)

// ends remembers sessions that ended, for what comes long after the end: a reset once the other side reads, a retransmission of a host that did
// not believe a reset, the whole session once more where files were put together. Such a packet is no session of its own. It holds the latest 16,384 ends of 32 bytes each, but of those whose hashes
// fall together four at most. The zero value is ready.
type ends struct {
	late  []ended   // not entered yet: what is entered together comes from memory at the same time
	ring  [][]ended // in blocks, so that it grows without copying
	next  int
	index [][4]uint16 // by hash: places in ring, the latest first; what stands there may have been overwritten
}

// ended is a session that ended. It has no pointers.
type ended struct {
	hash  uint64
	at    int64  // nanoseconds: its last packet
	frame int64  // its first
	told  uint32 // unlisted where it is not listed
	isn   uint32 // of a client that was answered, else 0
}

const unlisted = ^uint32(0)

const (
	recentEnds = 1 << 14
	endSets    = 1 << 13
	endBlock   = 1 << 9
	lateEnds   = 16
	// remembered is how long after its last packet an ended session still gets packets: the longest pause between retransmissions of Linux
	// (TCP_RTO_MAX, 120 s), and a little.
	remembered = mostWait
)

func (r *ends) add(e ended) {
	if r.late = append(r.late, e); len(r.late) < lateEnds {
		return
	}
	if r.index == nil {
		r.index = make([][4]uint16, endSets)
	}
	for _, e := range r.late {
		if r.next == len(r.ring)*endBlock {
			r.ring = append(r.ring, make([]ended, endBlock))
		}
		*r.at(uint16(r.next)) = e
		set := &r.index[e.hash%endSets]
		set[3], set[2], set[1], set[0] = set[2], set[1], set[0], uint16(r.next)
		r.next = (r.next + 1) % recentEnds
	}
	r.late = r.late[:0]
}

func (r *ends) at(i uint16) *ended { return &r.ring[i/endBlock][i%endBlock] }

// find returns the latest end with the given hash, nil when there is none.
func (r *ends) find(h uint64) *ended {
	for i := len(r.late) - 1; i >= 0; i-- {
		if e := &r.late[i]; e.hash == h {
			return e
		}
	}
	if r.index == nil {
		return nil
	}
	for _, at := range r.index[h%endSets] {
		if e := r.at(at); e.hash == h {
			return e
		}
	}
	return nil
}

// endsOf is apart by lanes, as reuseOf is.
func (t *tracker) endsOf(k *tuple) *ends {
	return &t.ends[packet.LaneOf(k.client, k.server, k.clientPort, k.serverPort)]
}

// straggles reports whether a packet belongs to a session that has ended, and then notes it as the last one of that. A SYN does that has
// the very number of that session's, which was answered: another answer would be another session.
func (t *tracker) straggles(k *tuple, p *packet.Packet, d int) bool {
	e := t.endsOf(k).find(k.hash())
	if e == nil || p.Time-e.at > remembered || begins(p, d) && (e.isn == 0 || e.isn != p.Seq) {
		return false
	}
	if e.told != unlisted {
		if s := t.told.at(e.told); s.FirstFrame == e.frame && s.tuple == *k {
			s.LastFrame, s.Last = p.Frame, stamp.Later(s.Last, stamp.New(nsTime(p.Time), int(p.Digits)))
		}
	}
	e.at = max(e.at, p.Time)
	return true
}
