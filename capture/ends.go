package capture

import (
	"cbdoctor/capture/packet"
	"cbdoctor/stamp"
)

// ends remembers sessions that ended, for what comes long after the end: a reset once the other side reads, a retransmission of a host that did
// not believe a reset. Such a packet is no session of its own. It holds the latest 8,192 to 16,384 ends of 40 bytes each.
type ends struct{ now, before map[uint64]ended }

// ended is a session that ended. It has no pointers.
type ended struct {
	at     int64 // nanoseconds: its last packet
	frame  int64 // its first
	told   uint32
	listed bool
}

const (
	recentEnds = 1 << 13
	// remembered is how long after its last packet an ended session still gets packets: the longest pause between retransmissions of Linux
	// (TCP_RTO_MAX, 120 s), and a little.
	remembered = mostWait
)

func (r *ends) add(h uint64, e ended) {
	if r.now == nil || len(r.now) == recentEnds {
		r.now, r.before = make(map[uint64]ended, 16), r.now
	}
	r.now[h] = e
}

func (r *ends) find(h uint64) (ended, bool) {
	e, known := r.now[h]
	if !known {
		e, known = r.before[h]
	}
	return e, known
}

// endsOf is apart by lanes, as reuseOf is.
func (t *tracker) endsOf(k *tuple) *ends {
	return &t.ends[packet.LaneOf(k.client, k.server, k.clientPort, k.serverPort)]
}

// straggles reports whether a packet belongs to a session that has ended, and then notes it as the last one of that.
func (t *tracker) straggles(k *tuple, p *packet.Packet) bool {
	r, h := t.endsOf(k), k.hash()
	e, known := r.find(h)
	if !known || p.Time-e.at > remembered {
		return false
	}
	if e.listed {
		if s := t.told.at(e.told); s.FirstFrame == e.frame && s.tuple == *k {
			s.LastFrame, s.Last = p.Frame, stamp.New(nsTime(p.Time), int(p.Digits))
		}
	}
	e.at = p.Time
	r.add(h, e)
	return true
}
