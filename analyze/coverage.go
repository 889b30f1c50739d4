package analyze

import (
	"cmp"
	"slices"

	"cbdoctor/bundle"
	"cbdoctor/fact"
)

// makeCoverage says what was read and what was not: silence is never read as health.
func (m *material) makeCoverage(s *fact.Set, id *identity) {
	for _, t := range m.texts {
		s.Lines.Seen += t.Seen
		s.Lines.Recognised += t.recognised
		s.Lines.Ignored += t.ignored()
		if u := t.firstUnknown(); s.Lines.Unknown == nil && u != nil {
			s.Lines.Unknown = u
		}
	}
	s.Gaps = m.gaps()
	cluster := members(s)
	for i := range s.Inputs {
		in, t := &s.Inputs[i], m.inputOf[i]
		if in.Node = id.ofPath(in.Path); in.Node == "" && t != nil {
			in.Node = id.of(t)
		}
		if t == nil {
			continue
		}
		in.Lines = &fact.Lines{Seen: t.Seen, Recognised: t.recognised, Ignored: t.ignored(), Unknown: t.firstUnknown()}
		in.Place = belongs(cluster, in, t)
	}
}

// ignored counts the lines that are understood and say nothing of the database cluster.
func (t *textFile) ignored() int64 { return max(t.recognised-t.taken, 0) }

func (t *textFile) firstUnknown() *fact.Source {
	if t.recognised >= t.Seen || t.unknown == "" {
		return nil
	}
	return &fact.Source{File: t.path, Line: t.unknownAt, Text: t.unknown}
}

// members is the addresses that the statuses, or what nodes did, put into the cluster.
func members(s *fact.Set) (list []string) {
	for _, n := range s.Nodes {
		if n.Database || n.HasStatus {
			list = append(list, cmp.Or(n.Address, n.Name))
		}
	}
	for _, c := range s.HealthChecks {
		list = append(list, c.Client, c.Server)
	}
	for _, l := range s.Links {
		list = append(list, l.Client, l.Server)
	}
	for _, x := range s.Messages {
		list = append(list, x.Node)
	}
	for _, u := range s.Upgrades {
		list = append(list, u.Node)
	}
	return list
}

// belongs says where a log or a text stays open: of a node that can't be told, or of a machine outside the cluster.
func belongs(cluster []string, in *fact.Input, t *textFile) string {
	switch {
	case in.Problem != "" || t.recognised == 0 || in.Kind == string(bundle.PKI) || in.Kind == string(bundle.PrivateKey):
		return ""
	case in.Node == "" && len(t.Hosts) > 1: // the file of a central server belongs to each of them
		return ""
	case in.Node == "":
		return fact.PlaceOpen
	case len(cluster) == 0 || slices.Contains(cluster, in.Node):
		return ""
	case !isAddress(in.Node):
		return fact.PlaceOpen
	}
	return fact.PlaceForeign
}
