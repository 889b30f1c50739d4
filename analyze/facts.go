package analyze

import (
	"cmp"
	"slices"
	"time"

	"cbdoctor/fact"
	"cbdoctor/stamp"
)

// facts makes the facts of all that was read.
func (m *material) facts() (*fact.Set, error) {
	m.dating()
	m.joinCut()
	id := m.identify()
	m.zones(id)
	m.groupChecks()
	m.groupMessages(id)
	s := &fact.Set{Port: m.opt.Port, Inputs: m.inputs, Captures: m.captures, Paths: m.paths, Ladders: m.ladders}
	ends := m.logEnds()
	m.makeStatuses(s, id)
	m.makeCommands(s)
	m.makeChecks(s, ends)
	m.makeUpgrades(s, ends)
	m.makeMessages(s, ends)
	stillDown(s)
	m.makeLinks(s)
	over(s)
	m.makeFileCertificates(s, id, m.latest(ends))
	m.makeClocks(s, id)
	if err := m.sameEvents(s, id); err != nil {
		return nil, err
	}
	m.makeNodes(s, id)
	m.makeCoverage(s, id)
	align(s)
	inOrder(s)
	m.makeTimeline(s)
	return s, nil
}

// inOrder puts facts into the order in which they began, which is not that in which files were read.
func inOrder(s *fact.Set) {
	slices.SortStableFunc(s.HealthChecks, func(a, b fact.HealthCheck) int {
		return cmp.Or(a.First.T.Compare(b.First.T), cmp.Compare(a.Client+a.Server+a.Reason, b.Client+b.Server+b.Reason))
	})
	slices.SortStableFunc(s.Messages, func(a, b fact.Message) int {
		return cmp.Or(a.First.T.Compare(b.First.T), cmp.Compare(a.Node+a.Class+a.Peer, b.Node+b.Class+b.Peer))
	})
	slices.SortStableFunc(s.Upgrades, func(a, b fact.Upgrade) int { return cmp.Or(a.First.T.Compare(b.First.T), cmp.Compare(a.Node, b.Node)) })
	slices.SortStableFunc(s.Commands, func(a, b fact.Command) int {
		return cmp.Or(a.Time.T.Compare(b.Time.T), cmp.Compare(a.Node+a.Command, b.Node+b.Command))
	})
}

// logEnds is when the log of each node ends.
func (m *material) logEnds() map[string]time.Time {
	ends := map[string]time.Time{}
	for _, t := range m.texts {
		for _, l := range t.machines() {
			if _, end := m.span(l); end.After(ends[l.node]) {
				ends[l.node] = end
			}
		}
	}
	return ends
}

// latest is when the material ends: the last line of any log or the last packet of any capture. It is never the current time.
func (m *material) latest(ends map[string]time.Time) (last stamp.Time) {
	for _, end := range ends {
		last = stamp.Later(last, stamp.New(end, 0))
	}
	for _, c := range m.captures {
		last = stamp.Later(last, c.Last)
	}
	return last
}

func (m *material) makeStatuses(s *fact.Set, id *identity) {
	for _, f := range m.finds {
		for _, text := range f.statuses {
			status := text.Status
			status.Node = cmp.Or(text.me, id.known(f.host), id.ofPath(f.file.path), f.host)
			status.Time = m.commandTime(f.file.path)
			if status.Members == nil {
				status.Members = []fact.Member{}
			}
			s.Statuses = append(s.Statuses, status)
		}
	}
	seen := map[string]bool{}
	for i := len(s.Statuses) - 1; i >= 0; i-- {
		n := s.Statuses[i].Node
		s.Statuses[i].Superseded = n != "" && seen[n]
		seen[n] = true
	}
}

// retryPatience: a failure that is repeated counts as over when the log goes on for that long without it.
const retryPatience = 5 * time.Minute

func (m *material) makeChecks(s *fact.Set, ends map[string]time.Time) {
	changes := map[[2]string]int{}
	for _, g := range m.checkGroups {
		c := fact.HealthCheck{Client: g.client, Server: g.server, Port: int(m.opt.Port), Reason: g.reason}
		latest := g.events[len(g.events)-1].run
		c.Alert, c.Text = latest.alert, latest.text
		var gaps []time.Duration
		for i, e := range g.events[1:] {
			gaps = append(gaps, e.at.T.Sub(g.events[i].at.T))
		}
		usual := 40 * time.Second
		if len(gaps) > 0 {
			slices.Sort(gaps)
			usual = max(gaps[len(gaps)/4], time.Second)
		}
		for i, e := range g.events {
			c.First, c.Last = stamp.Earlier(c.First, e.at), stamp.Later(c.Last, e.at)
			if i == 0 || e.wasUp || e.at.T.Sub(g.events[i-1].at.T) > max(4*usual, time.Minute) {
				c.Incidents++
			}
			if len(c.Sources) < fact.SourceLimit-1 && e.sample != "" {
				c.Sources = append(c.Sources, fact.Source{File: e.run.key.log.file.path, Line: e.line, Text: e.sample})
			}
		}
		c.Count = len(g.events)
		patience := max(retryPatience, 4*usual)
		c.Ongoing = !ends[c.Client].After(c.Last.T.Add(patience)) || takenOut(s.Commands, c.Client, c.Last.T, patience)
		n := 2 * c.Incidents
		if c.Ongoing {
			n--
		}
		if !g.events[0].wasUp {
			n-- // it was down already when the log began
		}
		changes[[2]string{c.Client, c.Server}] += max(n, 0)
		s.HealthChecks = append(s.HealthChecks, c)
	}
	for i := range s.HealthChecks {
		c := &s.HealthChecks[i]
		c.Changes = changes[[2]string{c.Client, c.Server}]
	}
}

// clearedBy names the message that shows that a lasting one is over.
var clearedBy = map[string]string{
	"server-stopped": "server-ready", "server-crashed": "server-ready", "server-interrupted": "server-ready", "server-cert-file": "server-ready",
	"wal-removed": "replication-started", "timeline-diverged": "replication-started", "system-id-differs": "replication-started", "replication-terminated": "replication-started",
}

// settle: PostgreSQL logs "started streaming" before it finds out that the segment is gone, so a start counts only when no
// error follows within that time.
const settle = 30 * time.Second

// baseBackup reports whether "database system was interrupted" is what a standby logs in its first start after a join: it goes on with
// "entering standby mode" at once.
func (m *material) baseBackup(g *messageGroup) bool {
	if g.key.class != "server-interrupted" {
		return false
	}
	var standby []datedEntry
	for _, other := range m.messageGroups {
		if other.node == g.node && other.key.class == "standby-started" {
			standby = append(standby, other.times...)
		}
	}
	for _, at := range g.times {
		if !slices.ContainsFunc(standby, func(s datedEntry) bool { d := s.t.T.Sub(at.t.T); return d >= 0 && d <= time.Minute }) {
			return false
		}
	}
	return true
}

func (m *material) makeMessages(s *fact.Set, ends map[string]time.Time) {
	type seen struct{ node, class string }
	last := map[seen]time.Time{}
	for _, g := range m.messageGroups {
		at, k := m.whenLast(g.last).T, seen{g.node, g.key.class}
		if at.After(last[k]) {
			last[k] = at
		}
	}
	for _, g := range m.messageGroups {
		if m.baseBackup(g) {
			continue
		}
		p := g.last
		f := fact.Message{
			Node: g.node, Class: g.key.class, Reason: g.key.reason, Alert: g.key.alert, Level: p.level, SQLState: p.sqlstate, Text: p.text,
			Detail: p.detail, Function: p.function, HeadMissing: p.headMissing, Peer: g.key.peer, Args: g.args,
		}
		f.First, f.Last, f.Count, f.Sources = m.when(g.first.log, g.first.stamp), m.whenLast(p), g.count, g.sources(m)
		end := ends[f.Node]
		switch g.row.lasts {
		case repeats:
			f.Ongoing = !end.After(f.Last.T.Add(retryPatience)) || f.Reason != "" && takenOut(s.Commands, f.Node, f.Last.T, retryPatience)
		case stays:
			f.Ongoing = f.Class != "server-stopped" || end.After(f.Last.T.Add(settle)) // a log that ends with the stop can't tell what followed
			if by, can := clearedBy[f.Class]; can {
				over := last[seen{f.Node, by}]
				f.Ongoing = f.Ongoing && !over.After(f.Last.T) || by == "replication-started" && end.Before(over.Add(settle))
			}
			if f.Class == "schema-error" || f.Class == "schema-lock" {
				for _, u := range s.Upgrades {
					f.Ongoing = f.Ongoing && !(u.Complete && u.Last.T.After(f.Last.T))
				}
			}
		}
		s.Messages = append(s.Messages, f)
	}
}

func (m *material) makeCommands(s *fact.Set) {
	seen := copies{}
	slices.SortStableFunc(m.commands, func(a, b command) int { return finest(a.log, b.log) })
	for _, c := range m.commands {
		at := m.when(c.log, c.stamp)
		if seen.again(c.log, c.line, sighting{node: c.log.node, second: at.T.Unix(), text: c.user + c.from + c.text}) {
			continue
		}
		s.Commands = append(s.Commands, fact.Command{
			Node: c.log.node, User: c.user, From: c.from, Command: c.text, Granted: c.granted, Time: at,
			Source: fact.Source{File: c.log.file.path, Line: c.line, Text: c.sample},
		})
	}
}
