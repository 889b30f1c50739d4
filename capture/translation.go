package capture

import (
	"fmt"
	"strings"
	"time"
)

// A capture on all interfaces of a firewall or a router may have both sides of an address translation: one connection is two sessions
// there, with other addresses or ports, and perhaps with two verdicts. The client's sequence numbers stay (RFC 3022 section 4.1), or, where a
// firewall draws them anew, what is said in TLS.

const (
	crossing       = int64(100 * time.Millisecond) // a device takes less to pass a packet on
	neighbours     = 8                             // sessions that may begin meanwhile
	mostTranslated = 20_000                        // listed sessions that are compared
)

// opening is what tells a connection again on the other side.
type opening struct {
	tuple  *tuple
	at     int64
	isn    uint32
	hasISN bool
	hello  uint64
}

func (l *Listing) opening(e *listed) opening {
	t := l.lanes[e.lane]
	if e.attempt {
		a := t.attempts.at(e.at)
		return opening{tuple: &a.tuple, at: a.first, isn: a.seq, hasISN: true}
	}
	s := t.told.at(e.at)
	return opening{tuple: &s.tuple, at: s.First.T.UnixNano(), isn: s.Trail.ISN[client], hasISN: s.Trail.HasISN[client], hello: s.Trail.Hello}
}

// continues reports whether o is the connection of an earlier one, with other addresses or ports.
func (o *opening) continues(earlier *opening) bool {
	if o.at-earlier.at > crossing || *o.tuple == *earlier.tuple {
		return false
	}
	if o.hello != 0 && earlier.hello != 0 {
		return o.hello == earlier.hello
	}
	return o.hasISN && earlier.hasISN && o.isn == earlier.isn
}

// pairTranslated finds the sessions that are two sides of one connection. Where more than two could be, as of a scanner that always takes the
// same number, none is taken for one.
func (l *Listing) pairTranslated() {
	if len(l.Pairs) < 2 {
		return
	}
	var before [neighbours]opening
	others := map[int][]int{}
	for i := range l.entries[:min(len(l.entries), mostTranslated)] {
		now := l.opening(&l.entries[i])
		for j := max(i-neighbours, 0); j < i; j++ {
			if now.continues(&before[j%neighbours]) {
				others[i], others[j] = append(others[i], j), append(others[j], i)
			}
		}
		before[i%neighbours] = now
	}
	l.translated = map[int]int{}
	for i, found := range others {
		if len(found) == 1 && len(others[found[0]]) == 1 {
			l.translated[i] = found[0]
		}
	}
}

// sayTranslated says in a session's reason as which other one it is in the capture.
func (r *teller) sayTranslated(s *Session, other int) {
	k := r.listing.opening(&r.listing.entries[other]).tuple
	says := fmt.Sprintf("; session %d, %s to %s, is the same connection on the other side of an address translation", r.listing.numbers[other],
		joinPort(r.name(k.client), k.clientPort, k.client.Is4()), joinPort(r.name(k.server), k.serverPort, k.server.Is4()))
	at := len(s.Reason)
	if asks := strings.Index(s.Reason, "; a capture on "); s.NextCapture != "" && asks >= 0 {
		at = asks // which another capture may answer: see Answer
	}
	s.Reason = s.Reason[:at] + says + s.Reason[at:]
}
