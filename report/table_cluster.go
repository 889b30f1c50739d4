package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/lang"
)

// cluster lists the nodes.
func (t *terminal) cluster(r *Report) {
	if len(r.Nodes) == 0 {
		return
	}
	t.heading(t.lang.T("Nodes"))
	rows := make([][]string, 0, len(r.Nodes))
	for _, n := range r.Nodes {
		rows = append(rows, []string{dash(n.Address), dash(n.Name), t.lang.T(n.Role), dash(t.lang.T(n.Connected)), dash(t.lang.T(n.InSync)), dash(n.Version), material(n, t.lang)})
	}
	t.grid([]string{
		t.lang.T("address"), t.lang.T("name"), t.lang.T("role"), t.lang.T("connected"), t.lang.T("in sync"), t.lang.T("version"), t.lang.T("material"),
	}, rows, nil)
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
	text           []string
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
	for _, l := range list {
		arrow := t.paint(bad, "--X-->")
		if l.works {
			arrow = t.paint(good, "----->")
		}
		t.line("  %-*s %s %s  %s", wide, clean(l.client), arrow, clean(l.server), cut(clean(strings.Join(l.text, "; ")), max(t.width-wide-len(clean(l.server))-12, 30)))
	}
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
			l.works = l.works && f.State == "resolved"
			l.text = append(l.text, f.Ref+" "+f.ID)
		}
	}
	for _, c := range r.Captures {
		for _, p := range c.Pairs {
			l := get(p.Client, p.Server)
			l.works = l.works && p.Verdict.Good()
			l.text = append(l.text, counts(p, words))
		}
	}
	return slices.SortedFunc(maps.Values(byPair), func(a, b *link) int {
		return cmp.Or(cmp.Compare(a.client, b.client), cmp.Compare(a.server, b.server))
	})
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
