package diff

import (
	"cmp"
	"fmt"

	"cbdoctor/capture"
	"cbdoctor/report"
)

// changedNodes compares what both reports say of the same node, and names those that came or went.
func changedNodes(before, after *report.Report) []Change {
	changes := []Change{}
	name := func(n node) string { return cmp.Or(n.Address, n.Name) }
	old := map[string]node{}
	for _, n := range before.Nodes {
		old[name(n)] = n
	}
	now := map[string]bool{}
	for _, n := range after.Nodes {
		now[name(n)] = true
		was, known := old[name(n)]
		if !known {
			changes = append(changes, Change{Subject: name(n), What: "node", New: "named"})
			continue
		}
		for _, v := range []Change{
			{name(n), "role", was.Role, n.Role},
			{name(n), "connected", was.Connected, n.Connected},
			{name(n), "in sync", was.InSync, n.InSync},
			{name(n), "version", was.Version, n.Version},
		} {
			if v.Old != v.New {
				changes = append(changes, v)
			}
		}
	}
	for _, n := range before.Nodes {
		if !now[name(n)] {
			changes = append(changes, Change{Subject: name(n), What: "node", Old: "named"})
		}
	}
	return changes
}

// changedLinks compares the verdicts of the pairs that captures of both reports show. Where several captures of one report
// show a pair, the latest counts.
func changedLinks(before, after *report.Report) []Change {
	old, _ := links(before)
	now, order := links(after)
	changes := []Change{}
	for _, pair := range order {
		was, known := old[pair]
		if known && was.Verdict != now[pair].Verdict {
			changes = append(changes, Change{pair, "verdict", string(was.Verdict), string(now[pair].Verdict)})
		}
	}
	return changes
}

func links(r *report.Report) (latest map[string]capture.Pair, order []string) {
	latest = map[string]capture.Pair{}
	for _, c := range r.Captures {
		for _, p := range c.Pairs {
			name := fmt.Sprintf("%s > %s port %d", p.Client, p.Server, p.Port)
			seen, known := latest[name]
			if !known {
				order = append(order, name)
			}
			if !known || seen.Last.Before(p.Last) {
				latest[name] = p
			}
		}
	}
	return latest, order
}
