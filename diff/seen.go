package diff

import (
	"net/netip"
	"slices"
	"strings"

	"cbdoctor/bundle"
	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/report"
)

type node = fact.Node

// place is a kind of material of one node: where something shows, or would show.
type place struct{ kind, node string }

func (p place) in(l lang.Lang) string {
	if p.node == "" {
		return l.T(p.kind)
	}
	return l.T("%[1]s of %[2]s", l.T(p.kind), p.node)
}

// seen is what the newer material can show.
type seen struct {
	places       map[place]bool
	pairs        map[[2]string]bool // client and server whose sessions a capture judges
	synced       map[[2]string]bool // replica and primary that a status shows connected and in sync: the link works
	notEvaluated map[string]bool    // rules that had no input
}

func whatIsSeen(r *report.Report) *seen {
	s := &seen{places: map[place]bool{}, pairs: map[[2]string]bool{}, synced: map[[2]string]bool{}, notEvaluated: map[string]bool{}}
	for _, in := range r.Inputs {
		if in.Problem == "" {
			s.places[place{kindOf(in.Kind), in.Node}] = true
			s.places[place{kindOf(in.Kind), ""}] = true
		}
	}
	for _, c := range r.Captures {
		for _, p := range c.Pairs {
			if p.Verdict == capture.Open || p.Verdict == capture.OneWay {
				continue // nothing was decided there
			}
			s.pairs[[2]string{host(p.Client), host(p.Server)}] = true
		}
	}
	for _, p := range r.Nodes {
		for _, n := range r.Nodes {
			if p.Role == fact.Primary && n.Role == fact.Replica && n.Connected == "yes" && n.InSync == "yes" {
				s.synced[[2]string{n.Address, p.Address}] = true
			}
		}
	}
	for _, rule := range r.Coverage.RulesNotEvaluated {
		s.notEvaluated[rule.ID] = true
	}
	return s
}

// kindOf is the kind of an input in the words of the report's readers.
func kindOf(kind string) string {
	switch bundle.Kind(kind) {
	case bundle.Syslog:
		return "log"
	case bundle.PKI:
		return "certificate file"
	}
	return kind
}

// wouldShow says where the newer material was looked into for a finding of the older one, and what it lacks. One place that
// showed it then and shows it no more is enough; a capture counts only when the same two speak in it, and a status of today says more
// than no capture.
func (s *seen) wouldShow(f *finding.Finding, before *report.Report, l lang.Lang) (looked, missing []string) {
	for _, p := range placesOf(f, before) {
		fine := s.places[p]
		if p.kind == string(bundle.Capture) && f.Subject.Kind == "pair" {
			pair := [2]string{f.Subject.Client, f.Subject.Server}
			if s.synced[pair] && !s.pairs[pair] {
				looked = append(looked, l.T("a status that shows %s connected and in sync", f.Subject.Client))
				continue
			}
			fine = s.pairs[pair]
			p = place{l.T("capture with %s > %s", f.Subject.Client, f.Subject.Server), ""}
		}
		if fine && !s.notEvaluated[f.ID] {
			looked = append(looked, p.in(l))
		} else {
			missing = append(missing, p.in(l))
		}
	}
	if len(looked)+len(missing) == 0 {
		missing = []string{l.T("material of the kind that showed it")}
	}
	return looked, missing
}

// placesOf lists where the evidence of a finding lies.
func placesOf(f *finding.Finding, r *report.Report) (places []place) {
	for _, e := range f.Evidence {
		at := slices.IndexFunc(r.Inputs, func(in fact.Input) bool { return in.Path == e.File })
		if at < 0 {
			continue
		}
		p := place{kindOf(r.Inputs[at].Kind), r.Inputs[at].Node}
		if !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	return places
}

// host is an address without its port.
func host(address string) string {
	if a, err := netip.ParseAddrPort(address); err == nil {
		return a.Addr().String()
	}
	return strings.Trim(address, "[]")
}
