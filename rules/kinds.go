package rules

import (
	"cmp"
	"fmt"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/stamp"
)

// kind is a row of the table of facts that a sign can be about. Adding a kind of fact to the rules is adding a row.
type kind struct {
	name  string // after "for:", and the variable's name in conditions and texts
	typ   any    // zero value, for the type checker
	needs string // input without which the sign can't be judged
	key   string // name of the list of values that a sign may ask for
	facts func(*Cluster) []any
	about func(any) about
}

// about is what the engine has to know of a fact, whatever its kind.
type about struct {
	keys           []string // values of the key
	client, server string
	node, side     string
	file           string
	span           fact.Span
	state          string
	proof          string // where it was seen: facts of the same place do not confirm each other
	confidence     string // when the fact brings its own
}

var kinds = []kind{
	{
		"link",
		fact.Link{},
		"capture", "verdict",
		func(c *Cluster) []any { return list(c.views()) },
		func(f any) about { return aboutLink(f.(fact.Link)) },
	},
	{
		"check",
		fact.HealthCheck{},
		"log", "reason",
		func(c *Cluster) []any { return list(c.Checks) },
		func(f any) about {
			h := f.(fact.HealthCheck)
			return about{keys: []string{h.Reason}, client: h.Client, server: h.Server, node: h.Client, span: h.Span, state: going(h.Ongoing), proof: "log of " + h.Client}
		},
	},
	{
		"message",
		fact.Message{},
		"log", "class",
		func(c *Cluster) []any { return list(c.Messages) },
		func(f any) about {
			m := f.(fact.Message)
			return about{keys: []string{m.Class}, client: m.Peer, server: m.Node, node: m.Node, span: m.Span, state: going(m.Ongoing), proof: "log of " + m.Node}
		},
	},
	{
		"upgrade",
		fact.Upgrade{},
		"log", "",
		func(c *Cluster) []any { return list(c.Upgrades) },
		func(f any) about {
			u := f.(fact.Upgrade)
			return about{node: u.Node, span: u.Span, state: going(!u.Complete), proof: "log of " + u.Node}
		},
	},
	{
		"status",
		fact.Status{},
		"status", "",
		func(c *Cluster) []any { return list(c.Statuses) },
		func(f any) about {
			s := f.(fact.Status)
			return about{node: s.Node, span: moment(s.Time, s.Source), state: finding.Ongoing, proof: "status of " + s.Node}
		},
	},
	{
		"member",
		Member{},
		"status", "",
		func(c *Cluster) []any { return list(c.Members) },
		func(f any) about {
			m := f.(Member)
			source := fact.Source{File: m.Status.Source.File, Line: m.Line, Text: m.Address + " : " + m.Text}
			return about{node: m.Address, client: m.Node, server: m.Address, span: moment(m.Status.Time, source), state: finding.Ongoing, proof: "status of " + m.Node}
		},
	},
	{
		"cert",
		fact.Certificate{},
		"certificate", "problem",
		func(c *Cluster) []any { return list(c.Certificates) },
		func(f any) about { return aboutCertificate(f.(fact.Certificate)) },
	},
	{
		"clock",
		fact.Clock{},
		"log", "",
		func(c *Cluster) []any { return list(c.Clocks) },
		func(f any) about {
			k := f.(fact.Clock)
			return about{client: k.A, server: k.B, span: k.Span, state: finding.Ongoing, proof: "clocks"}
		},
	},
	{
		"capture",
		Capture{},
		"capture", "",
		func(c *Cluster) []any { return list(c.Captures) },
		func(f any) about {
			k := f.(Capture)
			span := moment(k.First, fact.Source{File: k.File, Text: fmt.Sprintf("%d packets, %d of the database port", k.Packets, k.PortPackets)})
			span.Last = k.Last
			return about{file: k.File, span: span, state: finding.Unknown, proof: "capture"}
		},
	},
	{
		"input",
		fact.Input{},
		"", "",
		func(c *Cluster) []any { return list(c.Inputs) },
		func(f any) about {
			i := f.(fact.Input)
			return about{file: i.Path, node: i.Node, span: moment(stamp.Time{}, fact.Source{File: i.Path, Text: i.Problem}), state: finding.Unknown, proof: "file"}
		},
	},
	{
		"node",
		fact.Node{},
		"", "",
		func(c *Cluster) []any { return list(c.Nodes) },
		func(f any) about {
			n := f.(fact.Node)
			return about{node: cmp.Or(n.Address, n.Name), span: fact.Span{Count: 1, Sources: n.NamedBy}, state: finding.Ongoing, proof: "material"}
		},
	},
	{
		"cluster", &Cluster{}, "", "",
		func(c *Cluster) []any { return []any{c} },
		func(f any) about {
			c := f.(*Cluster)
			span := fact.Span{Count: 1}
			for _, s := range c.Statuses {
				span.First, span.Last = stamp.Earlier(span.First, s.Time), stamp.Later(span.Last, s.Time)
				span.Sources = append(span.Sources, s.Source)
			}
			return about{span: span, state: finding.Ongoing, proof: "status"}
		},
	},
}

// known is a fact, and what the engine has to know of it.
type known struct {
	value any
	about about
}

// facts lists those of one kind; a hundred signs ask for them.
func (c *Cluster) facts(kind string) []known {
	if list, ok := c.known[kind]; ok {
		return list
	}
	k := kindOf(kind)
	list := []known{}
	for _, value := range k.facts(c) {
		list = append(list, known{value, k.about(value)})
	}
	c.known[kind] = list
	return list
}

func kindOf(name string) *kind {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	return nil
}

// aboutLink: a link is still broken while the latest decisive session was; good sessions after the last bad one end it.
func aboutLink(l fact.Link) about {
	keys := []string{l.Verdict}
	if !l.Former && len(l.Earlier) == 0 {
		for _, verdict := range sortedKeys(l.Verdicts) {
			keys = appendNew(keys, verdict)
		}
	}
	state := finding.Ongoing
	if l.Former || l.Over || !l.LastGood.IsZero() && l.LastBad.Before(l.LastGood) {
		state = finding.Resolved
	}
	return about{
		keys: keys, client: l.Client, server: l.Server, node: l.Server, span: l.Span,
		state: state, proof: "capture", confidence: l.Confidence,
	}
}

func aboutCertificate(c fact.Certificate) about {
	a := about{keys: c.Problems, node: c.Node, side: c.Side, file: c.File, span: c.Span, state: finding.Ongoing, proof: c.From + " of " + c.Node}
	if c.From == "capture" {
		a.proof = "capture"
	}
	if len(c.Peers) > 0 {
		if c.Side == "server" {
			a.client, a.server = c.Peers[0], c.Node
		} else {
			a.client, a.server = c.Node, c.Peers[0]
		}
	}
	return a
}

func moment(t stamp.Time, source fact.Source) fact.Span {
	return fact.Span{First: t, Last: t, Count: 1, Sources: []fact.Source{source}}
}

func going(ongoing bool) string {
	if ongoing {
		return finding.Ongoing
	}
	return finding.Resolved
}

func list[T any](facts []T) []any {
	values := make([]any, len(facts))
	for i := range facts {
		values[i] = facts[i]
	}
	return values
}
