package analyze

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cbdoctor/stamp"
)

// A rotated or split log may cut a PostgreSQL message in two: its head is the last one of a file, the rest begins another. Both are
// kept until all files are read, because the younger file may be read first.

// cutMessages are the halves.
type cutMessages struct {
	atEnd bool         // a file ends: what is put together now may go on elsewhere
	heads []*pgMessage // the last messages of files
	tails []*pgMessage // messages whose head is missing
}

// Bounds: beyond them a message is taken as it is.
const (
	maxHalves = 20_000
	// together is how far apart the lines of one message may be dated: they are written at once.
	together = 5 * time.Second
)

// hold keeps a message that may be half of one.
func (c *cutMessages) hold(p *pgMessage) bool {
	switch {
	case p.headMissing && p.firstChunk > 1 && len(c.tails) < maxHalves:
		c.tails = append(c.tails, p)
	case c.atEnd && !p.headMissing && len(c.heads) < maxHalves:
		c.heads = append(c.heads, p)
	default:
		return false
	}
	return true
}

// endOfFile closes the messages that are open when a file ends.
func (m *material) endOfFile() {
	m.cut.atEnd = true
	m.postgres.flush()
	m.cut.atEnd = false
}

// joinCut puts the halves together and takes all messages that were held.
func (m *material) joinCut() {
	heads := map[pgKey][]*pgMessage{}
	for _, h := range m.cut.heads {
		k := pgKey{h.log.host, h.pid, h.seq}
		heads[k] = append(heads[k], h)
	}
	slices.SortStableFunc(m.cut.tails, func(a, b *pgMessage) int { return m.when(a.log, a.stamp).T.Compare(m.when(b.log, b.stamp).T) })
	joined := map[*pgMessage]bool{}
	upTo := map[*pgMessage]int{} // by head: the first chunk of its last tail. Of copies of a log, each head gets its own tail
	for _, t := range m.cut.tails {
		for _, h := range heads[pgKey{t.log.host, t.pid, t.seq}] {
			if apart := m.when(t.log, t.stamp).T.Sub(m.whenLast(h).T); h.log != t.log && apart >= 0 && apart <= together && !joined[t] && t.firstChunk > upTo[h] {
				h.join(t)
				joined[t], upTo[h] = true, t.firstChunk
			}
		}
	}
	for _, h := range m.cut.heads {
		m.classified(h)
	}
	for _, t := range m.cut.tails {
		if !joined[t] {
			m.classified(t)
		}
	}
	m.cut = cutMessages{}
}

// join adds the rest of a message to its head.
func (p *pgMessage) join(tail *pgMessage) {
	for _, f := range []struct{ into, from *string }{
		{&p.detail, &tail.detail}, {&p.hint, &tail.hint}, {&p.statement, &tail.statement}, {&p.context, &tail.context},
	} {
		*f.into = strings.TrimSpace(*f.into + " " + *f.from)
	}
	p.function = functionIn(p.context)
	p.lastStamp, p.lastLog = tail.lastStamp, tail.log
}

// whenLast dates the last line of a message.
func (m *material) whenLast(p *pgMessage) stamp.Time {
	return m.when(cmp.Or(p.lastLog, p.log), p.lastStamp)
}
