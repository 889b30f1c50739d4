package analyze

import (
	"slices"
	"strings"

	"cbdoctor/fact"
	"cbdoctor/logline"
	"cbdoctor/stamp"
)

// While a file is read, equal events of one log make a run. When all is read and it is known which machine each log is of, the runs
// of a machine are put together: rotated files continue each other, and copies of a file tell the same again.

// maxEvents bounds the events of a run that are kept; counts stay complete.
const maxEvents = 200_000

type checkKey struct {
	log            *hostLog
	server, reason string
}

// checkRun is the failed health checks of one server with one reason in one log.
type checkRun struct {
	key         checkKey
	alert, text string
	events      []checkEvent
}

// checkGroup is those of a machine, in the order of time.
type checkGroup struct {
	client, server, reason string
	events                 []datedCheck
}

type datedCheck struct {
	*checkEvent
	run *checkRun
	at  stamp.Time
}

// groupChecks puts the runs of each machine together.
func (m *material) groupChecks() {
	type groupKey struct{ client, server, reason string }
	groups := map[groupKey]*checkGroup{}
	seen, alone := copies{}, m.inOneFile()
	slices.SortStableFunc(m.checkOrder, func(a, b checkKey) int { return finest(a.log, b.log) })
	for _, key := range m.checkOrder {
		r, k := m.checks[key], groupKey{key.log.node, key.server, key.reason}
		g := groups[k]
		if g == nil {
			g = &checkGroup{client: k.client, server: k.server, reason: k.reason}
			groups[k] = g
			m.checkGroups = append(m.checkGroups, g)
		}
		g.events = slices.Grow(g.events, len(r.events))
		for i := range r.events {
			e := datedCheck{&r.events[i], r, m.when(key.log, r.events[i].stamp)}
			if alone[k.client] || !seen.again(key.log, e.line, sighting{node: k.client, second: e.at.T.Unix(), text: k.server + k.reason}) {
				g.events = append(g.events, e)
			}
		}
	}
	for _, g := range m.checkGroups {
		slices.SortStableFunc(g.events, func(a, b datedCheck) int { return a.at.T.Compare(b.at.T) })
	}
}

type messageKey struct {
	log                             *hostLog
	class, reason, alert, peer, arg string
}

// messageRun is the messages of one class, and of the same arguments, in one log.
type messageRun struct {
	key         messageKey
	row         *messageClass
	args        map[string]string
	first, last *pgMessage
	events      []*pgMessage // the first ones
	count       int
	moments     []entry
}

// entry is when a backend process told something, and where.
type entry struct {
	at   logline.Stamp
	line int
	pid  int
}

// messageGroup is the runs of a machine.
type messageGroup struct {
	node string
	messageRun
	times []datedEntry // in the order of reading
}

type datedEntry struct {
	entry
	log *hostLog
	t   stamp.Time
}

// note adds a message to the run of its kind.
func (m *material) note(p *pgMessage, key messageKey, row *messageClass, args map[string]string) {
	r := m.messages[key]
	if r == nil {
		if len(m.messages) >= maxRuns {
			return
		}
		r = &messageRun{key: key, row: row, args: args, first: p, last: p}
		m.messages[key] = r
		m.msgOrder = append(m.msgOrder, key)
	}
	r.count++
	if p.line < r.first.line {
		r.first = p
	}
	if p.line > r.last.line {
		r.last = p
	}
	if len(r.moments) < maxEvents {
		r.moments = append(r.moments, entry{p.stamp, p.line, p.pid})
	}
	if len(r.events) < fact.SourceLimit-1 {
		r.events = append(r.events, p)
	}
}

// maxRuns bounds the kinds of events of all logs.
const maxRuns = 50_000

// groupMessages puts the runs of each machine together.
func (m *material) groupMessages(id *identity) {
	type groupKey struct {
		node string
		messageKey
	}
	groups := map[groupKey]*messageGroup{}
	seen, alone := map[*messageGroup]copies{}, m.inOneFile()
	slices.SortStableFunc(m.msgOrder, func(a, b messageKey) int { return finest(a.log, b.log) })
	for _, key := range m.msgOrder {
		r := m.messages[key]
		k := groupKey{key.log.node, key}
		k.log = nil
		if k.peer != "" && !isAddress(k.peer) {
			k.peer = id.node(k.peer)
		}
		g := groups[k]
		if g == nil {
			g = &messageGroup{node: k.node, messageRun: messageRun{key: k.messageKey, row: r.row, args: r.args, first: r.first, last: r.last}}
			groups[k] = g
			if !alone[k.node] {
				seen[g] = copies{}
			}
			m.messageGroups = append(m.messageGroups, g)
		}
		g.add(m, r, seen[g])
	}
}

// add takes a run of another log over, but for what a file before told already. seen is nil when there is none.
func (g *messageGroup) add(m *material, r *messageRun, seen copies) {
	log := r.key.log
	g.count += r.count - len(r.moments)
	told := map[int]bool{} // lines
	g.times = slices.Grow(g.times, len(r.moments))
	for _, at := range r.moments {
		t := m.when(log, at.at)
		if seen != nil && seen.again(log, at.line, sighting{second: t.T.Unix(), pid: at.pid}) {
			told[at.line] = true
			continue
		}
		g.count++
		g.times = append(g.times, datedEntry{at, log, t})
	}
	if at := m.when(log, r.first.stamp); !told[r.first.line] && at.T.Before(m.when(g.first.log, g.first.stamp).T) {
		g.first = r.first
	}
	if !told[r.last.line] && !m.whenLast(r.last).T.Before(m.whenLast(g.last).T) {
		g.last = r.last
	}
	for _, e := range r.events {
		if !told[e.line] {
			g.events = append(g.events, e)
		}
	}
}

// sources are the first messages of a group, in the order of time, and the last.
func (g *messageGroup) sources(m *material) (out []fact.Source) {
	slices.SortStableFunc(g.events, func(a, b *pgMessage) int { return m.when(a.log, a.stamp).T.Compare(m.when(b.log, b.stamp).T) })
	list := g.events[:min(len(g.events), fact.SourceLimit-1)]
	if !slices.ContainsFunc(list, func(p *pgMessage) bool { return p.same(g.last) }) {
		list = append(slices.Clone(list), g.last)
	}
	for _, p := range list {
		out = append(out, fact.Source{File: p.log.file.path, Line: p.line, Text: p.sample})
	}
	return out
}

// same reports whether two messages are one, of which there are copies.
func (p *pgMessage) same(o *pgMessage) bool {
	return p == o || p.pid == o.pid && p.seq == o.seq && p.stamp == o.stamp && p.text == o.text && strings.EqualFold(p.log.node, o.log.node)
}
