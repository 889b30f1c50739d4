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
	own    int    // how many of its observations are about its own certificates: they stand first
	issuer uint16 // of the client's chain, in issuers
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
	slices.SortFunc(l.entries, func(a, b listed) int { return cmp.Compare(a.frame, b.frame) })
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

// drop forgets a listed session.
func (t *tracker) drop(e listed) {
	if e.attempt {
		t.attempts.release(e.at)
		return
	}
	t.told[e.at] = told{}
	t.freeTold = append(t.freeTold, e.at)
}

// keep enters a session in full.
func (t *tracker) keep(s told) uint32 {
	if n := len(t.freeTold); n > 0 {
		at := t.freeTold[n-1]
		t.freeTold = t.freeTold[:n-1]
		t.told[at] = s
		return at
	}
	t.told = append(t.told, s)
	return uint32(len(t.told) - 1)
}

// tell makes the report's entry of an attempt. It needs nothing of the tracker that changes, so that two may be told at a time;
// scratch is what they are told with.
func (t *tracker) tell(a *attempt, scratch *session) told {
	*scratch = session{}
	a.replay(t, scratch)
	var m Summary
	scratch.summarise(&m, a.end, a.bits&attemptFinal != 0)
	row := rowOf(&m)
	confidence, reason, evidence := row.Judge(&m)
	observations, own := observe(scratch, &m, nil)
	return told{scratch.tell(&m, row.Verdict, confidence, reason, evidence, observations), a.tuple, own, 0}
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
