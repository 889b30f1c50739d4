package analyze

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/stamp"
)

// Clocks are compared by events that two of them dated: a failed connection stands in the log of the client, in that of the
// server, and in a capture of it. offset.go finds the difference that lays most of them on each other.

// sharedEvents says which messages of the server stand for a health check, or a replication connection, that failed for a reason.
// What never reached the server (refused, timed out, no route) is not among them.
var sharedEvents = map[string][]string{
	fact.ReasonTLSAlert:   {"ssl-accept-failed"},
	fact.ReasonTLSVerify:  {"ssl-accept-failed"},
	fact.ReasonTLSVersion: {"ssl-accept-failed"},
	fact.ReasonTLSCipher:  {"ssl-accept-failed"},
	fact.ReasonTLSOther:   {"ssl-accept-failed"},
	fact.ReasonCertFile:   {"ssl-accept-failed"},
	fact.ReasonClientCN:   {"client-cn-mismatch", "cert-auth-failed"},
	fact.ReasonClientCert: {"client-cert-required"},
	fact.ReasonAuth:       {"no-hba-entry", "auth-failed", "cert-auth-failed"},
	fact.ReasonTooMany:    {"too-many-connections", "max-wal-senders"},
	fact.ReasonStarting:   {"server-starting"},
	fact.ReasonStopping:   {"server-stopping"},
}

// connectTimeout is the connect_timeout of a health check (tech note 210530, connect line): one that meets silence is logged that
// long after its SYN.
const connectTimeout = 4 * time.Second

// quickVerdicts end a connection at once, so that its first packet and the log line lie within a second of each other.
var quickVerdicts = map[capture.Verdict]bool{
	capture.Refused: true, capture.RefusedByMiddlebox: true, capture.TLSAlert: true, capture.TLSRejectedEncrypted: true, capture.PGRejectedEncrypted: true,
	capture.PGError: true, capture.SSLRefused: true, capture.NotPostgres: true, capture.TLSClosed: true, capture.ClosedEarly: true, capture.ResetByServer: true,
}

// moments is a series of times that one clock gave to events of one kind.
type moments struct {
	clock string // node, capture file, or collector
	at    []time.Time
	where map[time.Time]fact.Source
	whole bool // the stamps have no fraction of a second
}

func (m *moments) add(t stamp.Time, where fact.Source) {
	if t.IsZero() || len(m.at) >= maxMoments {
		return
	}
	if m.where == nil {
		m.where = map[time.Time]fact.Source{}
	}
	m.at = append(m.at, t.T)
	m.where[t.T] = where
	m.whole = m.whole || t.Digits == 0
}

// maxMoments bounds what is compared: the first thousand failures settle it.
const maxMoments = 1000

// series is the messages of a group, as its node dated them.
func (g *messageGroup) series() moments {
	s := moments{clock: g.node}
	for _, at := range g.times[:min(len(g.times), maxMoments)] {
		s.add(at.t, fact.Source{File: at.log.file.path, Line: at.line})
	}
	return s
}

// makeClocks estimates the offsets between the clocks of nodes and of captures.
func (m *material) makeClocks(s *fact.Set, id *identity) {
	nodes := m.logSpans()
	spans := maps.Clone(nodes)
	for _, c := range s.Captures {
		if !c.First.IsZero() {
			spans[c.File] = period{c.First.T, c.Last.T}
		}
	}
	comparisons := map[[2]string]*comparison{}
	compare := func(a, b moments, within time.Duration) {
		if len(a.at) == 0 || len(b.at) == 0 || a.clock == b.clock || a.clock == "" || b.clock == "" {
			return
		}
		key := [2]string{a.clock, b.clock}
		c := comparisons[key]
		if c == nil {
			c = &comparison{a: spans[a.clock], b: spans[b.clock], least: minMatched}
			if _, isNode := nodes[b.clock]; !isNode {
				c.least = minSessions
			}
			if a.clock == collector {
				c.a = period{time.Time{}, time.Unix(1<<40, 0)}
			}
			comparisons[key] = c
		}
		c.add(a, b, within)
	}
	for _, client := range m.failures() {
		for _, server := range m.answers(client) {
			compare(client.moments, server, time.Second)
		}
		for _, c := range s.Captures {
			quick, slow := sessionsOf(c, client.clock, client.server)
			if slices.Contains([]string{fact.ReasonTimeout, fact.ReasonNoRoute}, client.reason) {
				compare(client.moments, slow, connectTimeout+time.Second)
			} else {
				compare(client.moments, quick, time.Second)
			}
		}
	}
	m.commandTimes(id, compare)
	for _, key := range sortedPairs(comparisons) {
		c := comparisons[key]
		if e, ok := c.estimate(); ok {
			s.Clocks = append(s.Clocks, c.clock(key, e))
		}
	}
}

// collector is the clock of the machine that collected.
const collector = "collector"

// commandTimes compares when the collector ran commands with when the nodes' logs say that they were typed.
func (m *material) commandTimes(id *identity, compare func(a, b moments, within time.Duration)) {
	m.nodes(func(dir string, _ *collection, n *bundle.ManifestNode) {
		node := cmp.Or(n.Address, id.byPlace[dir], id.known(n.Name))
		for _, cmd := range n.Commands {
			ran, typed := moments{clock: collector}, moments{clock: node}
			ran.add(stamp.New(cmd.Time, 3), fact.Source{File: cmd.File})
			for _, c := range m.commands {
				if c.log.node == node && c.text == cmd.Command {
					typed.add(m.when(c.log, c.stamp), fact.Source{File: c.log.file.path, Line: c.line})
				}
			}
			if cmd.Outcome == bundle.Success {
				compare(ran, typed, time.Second)
			}
		}
	})
}

// failure is the failed connections of one client to one server for one reason.
type failure struct {
	moments
	server, reason string
}

// failures lists what clients logged: their health checks, and their attempts to replicate.
func (m *material) failures() (out []failure) {
	for _, g := range m.checkGroups {
		f := failure{moments{clock: g.client}, g.server, g.reason}
		for _, e := range g.events[:min(len(g.events), maxMoments)] {
			f.add(e.at, fact.Source{File: e.run.key.log.file.path, Line: e.line})
		}
		out = append(out, f)
	}
	for _, g := range m.messageGroups {
		if g.key.class == "replication-connect-failed" || g.key.class == "wal-removed" && g.first.level == "FATAL" {
			reason := g.key.reason
			if g.key.class == "wal-removed" {
				reason = g.key.class
			}
			out = append(out, failure{g.series(), g.key.peer, reason})
		}
	}
	return out
}

// answers lists, for each server that a failure may have met, the messages that stand for it. Where several classes do, the one
// with the most messages is taken: they come together.
func (m *material) answers(f failure) (out []moments) {
	best := map[string]moments{}
	for _, g := range m.messageGroups {
		switch {
		case g.node == f.clock || f.server != "" && g.node != f.server:
			continue
		case f.reason == "wal-removed" && (g.key.class != "wal-removed" || g.first.level != "ERROR"):
			continue
		case f.reason != "wal-removed" && !slices.Contains(sharedEvents[f.reason], g.key.class):
			continue
		case g.key.peer != "" && isAddress(g.key.peer) && isAddress(f.clock) && g.key.peer != f.clock:
			continue
		}
		if s := g.series(); len(s.at) > len(best[g.node].at) {
			best[g.node] = s
		}
	}
	for _, node := range sortedKeys(best) {
		out = append(out, best[node])
	}
	return out
}

// sessionsOf is when a capture shows failed connections of a pair: those that end at once, and those that end by a timeout.
func sessionsOf(c *capture.Result, client, server string) (quick, slow moments) {
	quick, slow = moments{clock: c.File}, moments{clock: c.File}
	for i := range c.Sessions {
		x := &c.Sessions[i]
		if host(x.Client) != client || host(x.Server) != server || class(x.Verdict) != bad {
			continue
		}
		if quickVerdicts[x.Verdict] {
			quick.add(x.First, fact.Source{File: c.File, Frames: []int64{x.FirstFrame}})
		} else {
			slow.add(stamp.New(x.First.T.Add(connectTimeout), int(x.First.Digits)), fact.Source{File: c.File, Frames: []int64{x.FirstFrame}})
		}
	}
	return quick, slow
}

// logSpans is when the log of each node begins and ends.
func (m *material) logSpans() map[string]period {
	spans := map[string]period{}
	for _, t := range m.texts {
		for _, l := range t.machines() {
			node := l.node
			p, known := spans[node]
			first, last := m.span(l)
			if !known || first.Before(p.from) {
				p.from = first
			}
			if !known || last.After(p.to) {
				p.to = last
			}
			spans[node] = p
		}
	}
	return spans
}

// clock makes the fact, with the first event that both dated as its evidence.
func (c *comparison) clock(key [2]string, e estimate) fact.Clock {
	k := fact.Clock{A: key[0], B: key[1], Offset: e.offset.Round(time.Millisecond), Within: e.within.Round(time.Millisecond)}
	k.First, k.Last, k.Count = stamp.New(e.first, 3), stamp.New(e.last, 3), e.matched
	for _, p := range c.pairs {
		a, there := p.sourceA[e.first]
		d, found := nearest(p.b, e.first.Add(-e.offset))
		if !there || !found {
			continue
		}
		at := e.first.Add(-e.offset).Add(d)
		b := p.sourceB[at]
		a.Text, b.Text = "the event is dated "+stamp.New(e.first, 3).String(), "the same event is dated "+stamp.New(at, 3).String()
		k.Sources = []fact.Source{a, b}
		break
	}
	return k
}

func sortedPairs[V any](m map[[2]string]V) [][2]string {
	return slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
}
