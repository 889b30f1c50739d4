package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
)

// cluster lists the nodes.
func (t *terminal) cluster(r *Report) {
	if len(r.Nodes) == 0 {
		return
	}
	t.heading(t.lang.T("Nodes"))
	rows := make([][]string, 0, len(r.Nodes))
	shown := t.some(len(r.Nodes))
	for _, n := range r.Nodes[:shown] {
		rows = append(rows, []string{dash(n.Address), dash(n.Name), t.lang.T(n.Role), dash(t.lang.T(n.Connected)), dash(t.lang.T(n.InSync)), dash(n.Version), material(n, t.lang)})
	}
	t.grid([]string{
		t.lang.T("address"), t.lang.T("name"), t.lang.T("role"), t.lang.T("connected"), t.lang.T("in sync"), t.lang.T("version"), t.lang.T("material"),
	}, rows, 0)
	t.more(len(r.Nodes) - shown)
}

// some is how many rows of a list the short form shows.
func (t *terminal) some(n int) int {
	if t.opt.Full {
		return n
	}
	return min(n, shownFindings)
}

func (t *terminal) more(n int) {
	if n > 0 {
		t.line("  %s", t.paint(pale, t.lang.T("... and %d more: --full", n)))
	}
}

func material(n fact.Node, l lang.Lang) string {
	var have []string
	for _, m := range []struct {
		there bool
		name  string
	}{{n.HasLog, "log"}, {n.HasStatus, "status"}, {n.HasPcap, "capture"}} {
		if m.there {
			have = append(have, l.T(m.name))
		}
	}
	if len(have) == 0 {
		return l.T("none")
	}
	return strings.Join(have, ", ")
}

// link is who reaches whom, as far as the material tells.
type link struct {
	client, server string
	works          bool
	flaps          bool     // good and bad alternate
	refs           []string // of findings about it
	text           []string // what shows it
}

// links draws a line for each pair of addresses that captures or findings speak of.
func (t *terminal) links(r *Report) {
	list := r.links(t.lang)
	if len(list) == 0 {
		return
	}
	t.heading(t.lang.T("Who reaches whom"))
	wide := 0
	for _, l := range list {
		wide = max(wide, len(clean(l.client)))
	}
	shown := t.some(len(list))
	for _, l := range list[:shown] {
		arrow := t.paint(bad, "--X-->")
		switch {
		case l.flaps:
			arrow = t.paint(colors[finding.Warning], "--~-->")
		case l.works:
			arrow = t.paint(good, "----->")
		}
		t.line("  %-*s %s %s  %s", wide, clean(l.client), arrow, clean(l.server), cut(clean(strings.Join(l.text, "; ")), max(t.width-wide-len(clean(l.server))-12, 30)))
	}
	t.more(len(list) - shown)
}

func (r *Report) links(words lang.Lang) []*link {
	byPair := map[[2]string]*link{}
	get := func(client, server string) *link {
		key := [2]string{client, server}
		if byPair[key] == nil {
			byPair[key] = &link{client: client, server: server, works: true}
		}
		return byPair[key]
	}
	for _, f := range r.Findings {
		if f.Subject.Client != "" && f.Subject.Server != "" {
			l := get(f.Subject.Client, f.Subject.Server)
			l.works = l.works && f.State == finding.Resolved
			l.flaps = l.flaps || f.ID == "health-check-flapping" && f.State != finding.Resolved
			l.refs = append(l.refs, f.Ref)
			text := f.Ref + " " + f.ID
			if f.State == finding.Resolved {
				text = words.T("%s (over)", text)
			}
			l.text = append(l.text, text)
		}
	}
	for _, c := range r.Captures {
		for _, p := range c.Pairs {
			l := get(p.Client, p.Server)
			l.works = l.works && p.Verdict.Good()
			l.text = append(l.text, counts(p, words))
			l.flaps = l.flaps || p.Intermittent
		}
	}
	r.replicas(byPair, get, words)
	return slices.SortedFunc(maps.Values(byPair), func(a, b *link) int {
		return cmp.Or(cmp.Compare(a.client, b.client), cmp.Compare(a.server, b.server))
	})
}

// replicas adds what a status says of the link from a replica to the primary, where nothing better tells.
func (r *Report) replicas(known map[[2]string]*link, get func(client, server string) *link, words lang.Lang) {
	for _, p := range r.Nodes {
		if p.Role != fact.Primary || p.Address == "" {
			continue
		}
		for _, n := range r.Nodes {
			if n.Role != fact.Replica || n.Connected == "" || n.Address == "" || known[[2]string{n.Address, p.Address}] != nil {
				continue
			}
			l := get(n.Address, p.Address)
			l.works = n.Connected == "yes"
			text := words.T("status: connected")
			if !l.works {
				text = words.T("status: not connected")
			}
			if n.InSync == "yes" {
				text += words.T(", in sync")
			} else if n.InSync == "no" {
				text += words.T(", not in sync")
			}
			l.text = append(l.text, text)
		}
	}
}

// counts tells a pair's sessions by verdict.
func counts(p capture.Pair, l lang.Lang) string {
	var out []string
	for _, v := range slices.Sorted(maps.Keys(p.Sessions)) {
		out = append(out, fmt.Sprintf("%d %s", p.Sessions[v], v))
	}
	text := strings.Join(out, ", ")
	if p.Intermittent {
		text += ", " + l.T("intermittent")
	}
	return text
}
