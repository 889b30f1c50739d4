package capture

import (
	"cmp"
	"slices"

	"cbdoctor/capture/packet"
)

// How many sessions are listed: those that began first. The counts of pairs are complete whatever their number.
const (
	// goodListed is how many sessions without a fault are listed unless all are asked for.
	goodListed = 1000
	// badListed bounds the listed sessions of all other verdicts. An incident has thousands of them; a scan or an attack has
	// millions, and nobody reads the hundred thousandth, but its memory and its time would be somebody else's to decide.
	badListed = 100_000
)

// listed is a judged session that the report lists: in full, or an attempt to be told when it is printed.
type listed struct {
	frame   int64 // its first
	at      uint32
	attempt bool
	lane    uint8
}

// told is a session in full and what its completion needs.
type told struct {
	Session
	tuple  tuple
	own    int // how many of its observations are about its own certificates: they stand first
	chains chainsOf
}

// listing gathers the sessions of a class that began first, up to a limit.
type listing struct {
	limit   int // 0: none
	entries []listed
	until   int64 // what began later has no place; 0 while there is room
	leftOut int64
}

// wants reports whether a session that began at the given frame may be among the first.
func (l *listing) wants(frame int64) bool {
	if l.until == 0 || frame < l.until {
		return true
	}
	l.leftOut++
	return false
}

// add enters a session, and from time to time drops those that turned out not to be among the first: sessions are judged in the
// order of their ends.
func (l *listing) add(e listed, drop func(listed)) {
	l.entries = append(l.entries, e)
	if l.limit > 0 && len(l.entries) >= l.limit+l.limit/4+1 {
		l.trim(drop)
	}
}

// trim sorts the sessions and drops those over the limit.
func (l *listing) trim(drop func(listed)) {
	slices.SortFunc(l.entries, byFrame)
	if l.limit == 0 || len(l.entries) <= l.limit {
		return
	}
	for _, e := range l.entries[l.limit:] {
		l.leftOut++
		drop(e)
	}
	l.entries = l.entries[:l.limit]
	l.until = l.entries[l.limit-1].frame
}

func byFrame(a, b listed) int { return cmp.Compare(a.frame, b.frame) }

// interleave merges two lists, each in the order of frames, up to a limit; 0 is none.
func interleave(a, b []listed, limit int) []listed {
	n := len(a) + len(b)
	if limit > 0 {
		n = min(n, limit)
	}
	out := make([]listed, 0, n)
	for len(out) < n {
		if len(b) == 0 || len(a) > 0 && a[0].frame < b[0].frame {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}

// drop forgets a listed session.
func (t *tracker) drop(e listed) {
	if e.attempt {
		t.attempts.release(e.at)
		return
	}
	*t.told.at(e.at) = told{}
	t.told.free = append(t.told.free, e.at)
}

// tolds keeps sessions in full, in blocks so that their number costs no copying. The zero value is ready.
type tolds struct {
	blocks [][]told
	free   []uint32
	next   uint32
}

const toldBlock = 1 << 6

func (s *tolds) at(i uint32) *told { return &s.blocks[i/toldBlock][i%toldBlock] }

// new returns a place for a session, and what is to be filled in there: all of it is zero.
func (s *tolds) new() (uint32, *told) {
	i := s.next
	if n := len(s.free); n > 0 {
		i, s.free = s.free[n-1], s.free[:n-1]
	} else {
		if int(i) == len(s.blocks)*toldBlock {
			s.blocks = append(s.blocks, make([]told, toldBlock))
		}
		s.next++
	}
	return i, s.at(i)
}

// firstShown is the certificate that a server showed in the earliest session with one.
type firstShown struct {
	frame  int64
	sha256 string
}

// maxServers bounds the servers whose certificate is remembered.
const maxServers = 8192

func (t *tracker) noteServer(server packet.Addr, frame int64, sha256 string) {
	first, known := t.servers[server]
	if known && first.frame <= frame || !known && len(t.servers) >= maxServers {
		return
	}
	t.servers[server] = firstShown{frame, sha256}
}
