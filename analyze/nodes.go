package analyze

import (
	"cmp"
	"slices"

	"cbdoctor/bundle"
	"cbdoctor/capture"
	"cbdoctor/fact"
)

// nodeList has every machine that anything names, by its address, or by its name where that is all that is known.
type nodeList map[string]*fact.Node

func (l nodeList) at(key string) *fact.Node {
	n := l[key]
	if n == nil {
		n = &fact.Node{Role: fact.Unknown, Aliases: []string{}}
		if isAddress(key) {
			n.Address = key
		} else {
			n.Name = key
		}
		l[key] = n
	}
	return n
}

// makeNodes lists the machines, the primary first.
func (m *material) makeNodes(s *fact.Set, id *identity) {
	nodes := nodeList{}
	m.loggingNodes(nodes)
	nodes.statuses(s.Statuses)
	m.describedNodes(nodes, id)
	nodes.connections(s)
	for path := range m.groups {
		if a := id.ofPath(path); a != "" {
			nodes.at(a).HasPcap = true
		}
	}
	m.collectedNodes(nodes, id)
	for _, key := range sortedKeys(nodes) {
		n := nodes[key]
		names := id.names[n.Address]
		if len(names) == 0 {
			names = captureNames(s.Captures, n.Address)
		}
		if n.Address != "" && len(names) > 0 {
			n.Name, n.Aliases = names[0], names[1:]
		}
		if n.HasLog || n.HasStatus {
			n.NamedBy = nil
		}
		s.Nodes = append(s.Nodes, *n)
	}
	slices.SortStableFunc(s.Nodes, func(a, b fact.Node) int { return cmp.Compare(roleOrder[a.Role], roleOrder[b.Role]) })
}

var roleOrder = map[string]int{fact.Primary: 0, fact.Replica: 1, fact.Client: 2, fact.Unknown: 3}

// loggingNodes takes in whose log is there.
func (m *material) loggingNodes(nodes nodeList) {
	for _, t := range m.texts {
		for _, l := range t.machines() {
			if l.host == "" { // the event log of the Web Admin interface names no host
				continue
			}
			n := nodes.at(l.node)
			n.HasLog = true
			n.Timezone = m.zoneName(l)
		}
	}
}

// statuses takes in the members that each status lists. What a node says of itself counts before what others say.
func (l nodeList) statuses(statuses []fact.Status) {
	for _, st := range statuses {
		if st.Node != "" {
			l.at(st.Node).HasStatus = true
		}
		for _, member := range st.Members {
			n := l.at(member.Address)
			n.Database = n.Database || member.Role != fact.Client
			if member.Me && !st.Superseded || n.Role == fact.Unknown {
				n.Role = member.Role
			}
			if !st.Superseded {
				n.Connected = worse(n.Connected, member.Connected)
				if member.InSync != "" {
					n.InSync = worse(n.InSync, member.InSync == "yes")
				}
			}
			if !member.Me && len(n.NamedBy) < fact.SourceLimit {
				n.NamedBy = append(n.NamedBy, fact.Source{File: st.Source.File, Line: member.Line, Text: member.Address + " : " + member.Text})
			}
		}
	}
}

// worse keeps "no" once anybody said it.
func worse(have string, yes bool) string {
	if have == "no" || !yes {
		return "no"
	}
	return "yes"
}

// describedNodes takes in what other commands print of a node: its version, its certificate files.
func (m *material) describedNodes(nodes nodeList, id *identity) {
	for _, f := range m.finds {
		node := id.ofSection(&f)
		if node == "" {
			continue
		}
		for _, v := range f.versions {
			nodes.at(node).Version = v
		}
		for _, name := range f.files {
			nodes.at(node).Files = appendOnce(nodes.at(node).Files, name)
		}
	}
}

// connections takes in both ends of what captures and health checks show.
func (l nodeList) connections(s *fact.Set) {
	for _, link := range s.Links {
		l.at(link.Client)
		l.at(link.Server)
	}
	for _, c := range s.HealthChecks {
		l.at(c.Client)
		n := l.at(c.Server)
		if len(n.NamedBy) == 0 && len(c.Sources) > 0 {
			n.NamedBy = append(n.NamedBy, c.Sources[0])
		}
	}
}

// collectedNodes takes in what a collection did not get.
func (m *material) collectedNodes(nodes nodeList, id *identity) {
	m.nodes(func(_ string, _ *collection, n *bundle.ManifestNode) {
		switch key := nodeOf(n); {
		case key == "":
		case n.Silent:
			nodes.at(id.node(key)).Unreachable = n.Problem
		default:
			if what := uncollected(n); what != "" {
				nodes.at(id.node(key)).Uncollected = what
			}
		}
	})
}

// captureNames are the names that captures themselves give to an address.
func captureNames(captures []*capture.Result, address string) (names []string) {
	for _, c := range captures {
		if c.Notes == nil {
			continue
		}
		for _, n := range c.Notes.Names {
			if n.Address == address {
				for _, name := range n.Names {
					names = appendOnce(names, name)
				}
			}
		}
	}
	return names
}
