package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/report/page"
)

func (r *Report) pageNodes() []page.Node {
	worst := r.troubles()
	var out []page.Node
	for _, n := range r.Nodes {
		out = append(out, page.Node{
			Address: clean(n.Address), Name: clean(n.Name), Role: n.Role, Connected: n.Connected, InSync: n.InSync, Version: clean(n.Version),
			Material: page.In(func(l lang.Lang) string { return material(n, l) }), State: nodeState(n, max(worst[n.Address], worst[n.Name])),
		})
	}
	return out
}

// troubles has the worst rank of what is going on at each node, counted from 1.
func (r *Report) troubles() map[string]int {
	worst := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.State != finding.Resolved && f.Role != finding.Advice && f.Subject.Node != "" {
			worst[f.Subject.Node] = max(worst[f.Subject.Node], f.Severity.Rank()+1)
		}
	}
	return worst
}

// nodeState sums up what the report says of a node.
func nodeState(n fact.Node, worst int) string {
	switch {
	case n.Connected == "no", worst > finding.Error.Rank():
		return "bad"
	case n.InSync == "no", worst > 0:
		return "warn"
	case n.Connected == "yes":
		return "good"
	}
	return "unknown"
}

func (r *Report) pageLinks() []page.Link {
	var out []page.Link
	ja := r.links(lang.Japanese)
	for i, l := range r.links(lang.English) {
		p := page.Link{Client: clean(l.client), Server: clean(l.server), State: "bad", Text: text(strings.Join(l.text, "; "), strings.Join(ja[i].text, "; ")), Refs: l.refs}
		switch {
		case l.flaps:
			p.State = "warn"
		case l.works:
			p.State = "good"
		}
		out = append(out, p)
	}
	if len(out) > pageLinks { // what fails is worth its place
		slices.SortStableFunc(out, func(a, b page.Link) int { return cmp.Compare(linkOrder[a.State], linkOrder[b.State]) })
		out = out[:pageLinks]
	}
	return out
}

var linkOrder = map[string]int{"bad": 0, "warn": 1, "good": 2}

// lanes are the rows of the timeline: what the log says, what was typed, what the captures show, for each node.
func (r *Report) lanes() []page.Lane {
	type key struct{ node, kind string }
	byKey, marks := map[key]*page.Lane{}, map[string]int{}
	add := func(node, kind string, m page.Mark) {
		if m.From.IsZero() {
			return
		}
		if m.To.Before(m.From) {
			m.To = m.From
		}
		k := key{node, kind}
		if byKey[k] == nil {
			byKey[k] = &page.Lane{Kind: kind}
		}
		marks[node]++
		byKey[k].Marks = append(byKey[k].Marks, m)
	}
	for _, e := range r.Timeline {
		kind, state := "log", "bad"
		switch e.Kind {
		case "command":
			kind, state = "command", "plain"
		case "session":
			continue // the sessions themselves are drawn
		case "schema":
			state = "warn"
		}
		text := e.Text
		if e.Count > 1 {
			text = fmt.Sprintf("%s (%d times)", text, e.Count)
		}
		if e.Finding != "" {
			text = e.Finding + "  " + text
		}
		add(e.Node, kind, page.Mark{From: e.Time.T, To: e.Last.T, State: state, Text: clean(text)})
	}
	for _, c := range r.Captures {
		for i := range c.Sessions {
			s := &c.Sessions[i]
			state := "bad"
			if s.Verdict.Good() {
				state = "good"
			}
			client := s.Client
			if i := strings.LastIndexByte(client, ':'); i >= 0 {
				client = strings.Trim(client[:i], "[]")
			}
			add(client, "session", page.Mark{From: s.First.T, To: s.Last.T, State: state, Text: clean(fmt.Sprintf("%s → %s: %s: %s", s.Client, s.Server, s.Verdict, s.Reason))})
		}
	}
	names := slices.SortedFunc(maps.Keys(marks), func(a, b string) int { return cmp.Or(cmp.Compare(marks[b], marks[a]), cmp.Compare(a, b)) })
	names = names[:min(len(names), pageLanes)] // those that most is known of
	slices.Sort(names)
	var out []page.Lane
	for _, n := range names {
		for _, kind := range []string{"log", "session", "command"} {
			if l := byKey[key{n, kind}]; l != nil {
				l.Node = r.nodeName(n)
				out = append(out, *l)
			}
		}
	}
	return out
}

// nodeName is a node's name and address, as far as they are known.
func (r *Report) nodeName(address string) string {
	for _, n := range r.Nodes {
		if n.Address == address && n.Name != "" {
			return clean(n.Name + " " + address)
		}
	}
	return clean(address)
}

func (r *Report) clocks() []page.Text {
	var out []page.Text
	for _, c := range r.Clocks {
		offset, within := c.Offset.Round(time.Millisecond), c.Within.Round(time.Millisecond)
		out = append(out, page.In(func(l lang.Lang) string {
			return l.T("%s shows %s more than %s (± %s).", clean(c.A), offset, clean(c.B), within)
		}))
	}
	return out
}
