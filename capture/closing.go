package capture

import (
	"math"
	"time"
)

// straggling is how long packets that come after the end still belong to a session; a later one with SYN is a new session. Windows sends a
// SYN that was refused again, after half a second or three. That of a
// session that is settled is judged after what was under way has arrived, while the cache still has it.
var straggling = [2]int64{int64(4 * time.Second), int64(100 * time.Millisecond)}

// closing is a queue of closed sessions, all kept for the same time. The zero value is ready.
type closing struct {
	list []ending // oldest first
	done int      // of list, those that have been dealt with
}

// ending is a session that is closed. It may have been judged since, and its memory be another session's: the frame tells.
type ending struct {
	session *session
	frame   int64 // its first
	closed  int64 // when that was, or its last packet since
}

func (q *closing) add(s *session) { q.list = append(q.list, ending{s, s.firstFrame, s.closedAt}) }

// next is a session for which nothing came for so long, nil when there is none.
func (q *closing) next(now, wait int64) *session {
	for q.done < len(q.list) && now-q.list[q.done].closed > wait {
		e := q.list[q.done]
		q.done++
		if q.done > 64 && q.done > len(q.list)/2 { // move what is left to the front now and then, not every time
			q.list = append(q.list[:0], q.list[q.done:]...)
			q.done = 0
		}
		switch s := e.session; {
		case s.firstFrame != e.frame:
		case now-s.last <= wait: // it goes on: the reset was not believed
			s.closedAt = s.last
			q.add(s)
		default:
			return s
		}
	}
	return nil
}

// due is when next must be asked again.
func (q *closing) due(wait int64) int64 {
	if q.done == len(q.list) {
		return math.MaxInt64
	}
	return q.list[q.done].closed + wait
}

// complete reports whether all that both sides ever sent is here and acknowledged, to the last FIN. What may still come changes nothing:
// see [tracker.straggles].
func (s *session) complete() bool {
	for d := range s.sides {
		if a := &s.sides[d]; a.fin == 0 || a.rst > 0 || !a.hasISN || !a.hasAcked || a.acked != a.finSeq+1 || a.order.next != a.finSeq || len(a.order.held) > 0 {
			return false
		}
	}
	return true
}

// settled reports whether a closed session was answered, and whoever reset it had ended it before: a client that has closed its socket
// resets what still comes, such as the server's close_notify. What was under way arrives within a few round trips.
func (s *session) settled() bool {
	for d := range s.sides {
		if a := &s.sides[d]; a.rst > 0 && a.fin == 0 {
			return false
		}
	}
	return s.wire != nil && s.wire.answered() && 4*max(s.synAckAfterSYN, s.ackAfterSYNACK) < straggling[1]
}

// answered reports whether the client went on after the server's answer to its StartupMessage.
func (w *wire) answered() bool {
	if !w.pg.TLS {
		return w.pg.Ready
	}
	f := w.flow()
	return f.serverCount > 0 && f.clientMore > 0
}
