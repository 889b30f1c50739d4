package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/stamp"
)

type linkKey struct {
	client, server string
	port           uint16
}

// makeLinks merges what all captures say of each pair of addresses, and the certificates that they show.
func (m *material) makeLinks(s *fact.Set) {
	links := map[linkKey]*fact.Link{}
	decided := map[linkKey]*capture.Session{}
	latest := map[linkKey]map[capture.Verdict]view{}
	var order []linkKey
	for _, c := range m.captures {
		for i := range c.Sessions {
			note(latest, c, &c.Sessions[i], m.opt.Port)
		}
		for _, p := range c.Pairs {
			key := linkKey{p.Client, p.Server, p.Port}
			l := links[key]
			if l == nil {
				l = &fact.Link{Client: p.Client, Server: p.Server, Port: int(p.Port), Verdicts: map[string]int{}, Observations: map[string]int{}}
				links[key] = l
				order = append(order, key)
			}
			if x := merge(l, c, &p, decided[key]); x != nil {
				decided[key] = x
			}
		}
		m.makeCertificates(s, c)
	}
	m.captureClocks(s)
	for _, key := range order {
		l := links[key]
		if len(l.Points) > 1 {
			m.recount(l)
		}
		l.Meanwhile = m.servedMeanwhile(l)
		m.addPath(l)
		l.Earlier = earlier(l, latest[key], m.captures)
		s.Links = append(s.Links, *l)
	}
}

// servedMeanwhile lists the clients with sessions of the same server that worked while all those of a link were refused.
func (m *material) servedMeanwhile(l *fact.Link) (clients []string) {
	if l.Good > 0 || l.Verdicts[string(capture.Refused)] == 0 {
		return nil
	}
	var refused capture.Span
	worked := map[string]capture.Span{}
	for _, c := range m.captures {
		for _, p := range c.Pairs {
			if p.Server != l.Server {
				continue
			}
			for v, span := range p.Spans {
				switch {
				case p.Client == l.Client && v == capture.Refused:
					refused = refused.Join(span)
				case p.Client != l.Client && class(v) == good:
					worked[p.Client] = worked[p.Client].Join(span)
				}
			}
		}
	}
	for _, client := range slices.Sorted(maps.Keys(worked)) {
		if worked[client].Meets(refused) {
			clients = append(clients, client)
		}
	}
	return clients
}

// view is a session and the capture that shows it.
type view struct {
	capture *capture.Result
	session *capture.Session
}

// note remembers the latest session of each pair and verdict.
func note(latest map[linkKey]map[capture.Verdict]view, c *capture.Result, x *capture.Session, port uint16) {
	key := linkKey{host(x.Client), host(x.Server), port}
	views := latest[key]
	if views == nil {
		views = map[capture.Verdict]view{}
		latest[key] = views
	}
	if v, known := views[x.Verdict]; !known || !x.First.T.Before(v.session.First.T) {
		views[x.Verdict] = view{c, x}
	}
}

// earlier makes a link of each verdict that the pair had beside its last one: what was wrong before, with its own details.
func earlier(l *fact.Link, views map[capture.Verdict]view, captures []*capture.Result) (out []fact.Link) {
	for _, v := range slices.Sorted(maps.Keys(views)) {
		if string(v) == l.Verdict || class(v) != bad && v != capture.OKRecovered && v != capture.OKPlaintext {
			continue
		}
		e := *l
		e.Earlier, e.Former, e.Points = nil, true, nil
		e.Verdict, e.Confidence, e.Count = string(v), string(views[v].session.Confidence), l.Verdicts[string(v)]
		e.First, e.Last = stamp.Time{}, stamp.Time{}
		for _, c := range captures {
			for _, p := range c.Pairs {
				if span, had := p.Spans[v]; had && p.Client == l.Client && p.Server == l.Server && int(p.Port) == l.Port {
					e.First, e.Last = stamp.Earlier(e.First, span.First), stamp.Later(e.Last, span.Last)
					e.Points = append(e.Points, c.File)
				}
			}
		}
		detail(&e, views[v].session)
		e.Sources = []fact.Source{source(views[v].capture, views[v].session)}
		out = append(out, e)
	}
	return out
}

// recount counts how often the pair turned from good to bad or back over all captures: a capture that was split at a turn shows none.
// Nothing is changed when a capture lists only some of its sessions.
func (m *material) recount(l *fact.Link) {
	turns := map[string]*capture.Session{} // by client and port: a session that two points saw is one
	listed := 0
	for _, c := range m.captures {
		for i := range c.Sessions {
			x := &c.Sessions[i]
			if host(x.Client) != l.Client || host(x.Server) != l.Server {
				continue
			}
			listed++
			if class(x.Verdict) != neutral {
				turns[x.Client] = x
			}
		}
	}
	if listed < l.Count {
		return
	}
	changes := 0
	var before *capture.Session
	for _, x := range slices.SortedFunc(maps.Values(turns), func(a, b *capture.Session) int { return a.First.T.Compare(b.First.T) }) {
		if before != nil && class(before.Verdict) != class(x.Verdict) {
			changes++
		}
		before = x
	}
	l.Changes = max(l.Changes, changes)
	l.Intermittent = l.Intermittent || changes >= 2
}

// merge adds one capture's view of a pair. It returns the session that decides now, nil when the one that did still does.
func merge(l *fact.Link, c *capture.Result, p *capture.Pair, decided *capture.Session) *capture.Session {
	l.Points = append(l.Points, c.File)
	l.Intermittent = l.Intermittent || p.Intermittent
	l.Changes = max(l.Changes, p.Changes)
	for o, n := range p.Observations {
		l.Observations[o] += int(n)
	}
	for v, n := range p.Sessions {
		l.Verdicts[string(v)] += int(n)
		span := p.Spans[v]
		switch class(v) {
		case good:
			l.Good += int(n)
			l.LastGood = stamp.Later(l.LastGood, span.Last)
		case bad:
			l.Bad += int(n)
			l.LastBad = stamp.Later(l.LastBad, span.Last)
		}
	}
	first := l.Count == 0
	decisive := find(c, p)
	decides := first || better(p, l, decisive, decided, c) // before the link takes the capture's times over
	l.Count += count(p)
	l.First, l.Last = stamp.Earlier(l.First, p.First), stamp.Later(l.Last, p.Last)
	if !decides {
		if decisive != nil && len(l.Sources) < fact.SourceLimit {
			l.Sources = append(l.Sources, source(c, decisive))
		}
		return nil
	}
	l.Verdict, l.Confidence = string(p.Verdict), string(p.Confidence)
	if decisive == nil {
		return nil
	}
	detail(l, decisive)
	l.Sources = append([]fact.Source{source(c, decisive)}, l.Sources[:min(len(l.Sources), fact.SourceLimit-1)]...)
	for i := range c.Sessions {
		if x := &c.Sessions[i]; x != decisive && x.Verdict == p.Verdict && host(x.Client) == p.Client && host(x.Server) == p.Server && len(l.Sources) < 4 {
			l.Sources = append(l.Sources, source(c, x))
		}
	}
	return decisive
}

// detail takes over what one session shows of the link.
func detail(l *fact.Link, x *capture.Session) {
	l.Reason, l.NextCapture, l.RTTMillis = x.Reason, x.NextCapture, x.RTTMillis
	l.ICMPName, l.ICMPFirewall, l.Alert, l.AlertSender, l.SQLState, l.Message = "", false, "", "", "", ""
	if i := x.ICMP; i != nil {
		l.ICMPName, l.ICMPFirewall = i.Name, prohibited(i)
	}
	if a := x.TLS.EndedBy(); a != nil {
		l.Alert, l.AlertSender = a.Name, a.Sender
	}
	if p := x.Postgres; p != nil {
		l.SQLState, l.Message = p.SQLState, p.Message
	}
}

type verdictClass uint8

const (
	neutral verdictClass = iota
	good
	bad
)

// class sorts verdicts: what worked, what failed, what says nothing of the link.
func class(v capture.Verdict) verdictClass {
	switch v {
	case capture.OK, capture.OKRecovered, capture.OKPlaintext, capture.Midstream:
		return good
	case capture.Open, capture.OneWay, capture.ClosedByClient:
		return neutral
	}
	return bad
}

// better: a later decisive view replaces an earlier one, as in one capture by the beginning of its decisive session; views of the same
// moment from two points, which both saw the session that decided so far, the surer and worse one.
func better(p *capture.Pair, l *fact.Link, decisive, decided *capture.Session, c *capture.Result) bool {
	now, before := class(p.Verdict), class(capture.Verdict(l.Verdict))
	if (now == neutral) != (before == neutral) {
		return before == neutral
	}
	if decisive != nil && decided != nil && !slices.ContainsFunc(c.Sessions, func(x capture.Session) bool { return x.Client == decided.Client && x.Server == decided.Server }) {
		return decisive.First.T.After(decided.First.T)
	}
	if d := p.Last.T.Sub(l.Last.T).Seconds(); d < -10 || d > 10 {
		return d > 0
	}
	if now != before {
		return now == bad
	}
	return p.Confidence == capture.High && l.Confidence != string(capture.High)
}

// prohibited: the ICMP code says that a filter refused it, or that a port is unreachable, which a host answers to a TCP SYN
// with a reset instead (RFC 1122 section 4.2.2.9; RFC 1812 section 5.2.7.1).
func prohibited(i *capture.ICMP) bool {
	if i.V6 {
		return i.Type == 1 && (i.Code == 1 || i.Code == 4 || i.Code == 5 || i.Code == 6)
	}
	return i.Type == 3 && (i.Code == 2 || i.Code == 3 || i.Code == 9 || i.Code == 10 || i.Code == 13)
}

func count(p *capture.Pair) (n int) {
	for _, c := range p.Sessions {
		n += int(c)
	}
	return n
}

// find is the session that the pair's verdict was taken from.
func find(c *capture.Result, p *capture.Pair) *capture.Session {
	i := slices.IndexFunc(c.Sessions, func(x capture.Session) bool { return x.Session == p.Decisive })
	if i < 0 {
		return nil
	}
	return &c.Sessions[i]
}

func source(c *capture.Result, x *capture.Session) fact.Source {
	return fact.Source{File: c.File, Frames: x.Evidence, Filter: x.Filter, Text: fmt.Sprintf("%s to %s: %s: %s", x.Client, x.Server, x.Verdict, x.Reason)}
}

// host is the address in "address:port" or "[address]:port".
func host(endpoint string) string {
	i := strings.LastIndexByte(endpoint, ':')
	if i < 0 {
		return endpoint
	}
	return strings.Trim(endpoint[:i], "[]")
}
