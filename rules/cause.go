package rules

import (
	"slices"
	"strings"
	"time"

	"cbdoctor/finding"
	"cbdoctor/lang"
)

// sharedEffects is what a name in "explains" stands for, nil when no file has it.
func (c *Catalog) sharedEffects(name string) []Effect {
	for i := len(c.Families) - 1; i >= 0; i-- {
		if effects, ok := c.Families[i].Effects[name]; ok {
			return effects
		}
	}
	return nil
}

func (r *Rule) effects(c *Catalog) []Effect {
	var effects []Effect
	for _, entry := range r.Explains {
		if entry.Effect != nil {
			effects = append(effects, *entry.Effect)
			continue
		}
		effects = append(effects, c.sharedEffects(entry.Use)...)
	}
	return effects
}

func (e Effect) names(id string) bool {
	return slices.ContainsFunc(e.Findings, func(pattern string) bool { return named(pattern, id) })
}

// named reports whether the pattern, an id or the beginning of ids with a star, means the id.
func named(pattern, id string) bool {
	prefix, isPrefix := strings.CutSuffix(pattern, "*")
	return pattern == id || isPrefix && strings.HasPrefix(id, prefix)
}

// join decides whether a symptom is about the same thing as its possible cause.
type join struct {
	name string
	why  string // printed by "rules show"
	fits func(cause, symptom *draft) bool
}

// joins is the table of ways in which a rule may say "explains"; a new one is a new row.
var joins = []join{
	{"same-pair", "the same client and the same server", func(c, s *draft) bool {
		return anyPair(c, s, func(a, b pair) bool { return sameEnd(a.client, b.client) && a.server == b.server })
	}},
	{"either-way", "the same two addresses, whichever of them is the client", func(c, s *draft) bool {
		return anyPair(c, s, func(a, b pair) bool {
			return sameEnd(a.client, b.client) && a.server == b.server || a.client == b.server && a.server == b.client
		})
	}},
	{"same-server", "the same server, whichever client", func(c, s *draft) bool {
		if c.Subject.Node != "" && c.Subject.Side != "client" && slices.ContainsFunc(s.pairs, func(p pair) bool { return p.server == c.Subject.Node }) {
			return true
		}
		return anyPair(c, s, func(a, b pair) bool { return a.server == b.server })
	}},
	{"same-client", "the same client, whichever server", func(c, s *draft) bool {
		if c.Subject.Node != "" && slices.ContainsFunc(s.pairs, func(p pair) bool { return p.client == c.Subject.Node }) {
			return true
		}
		return anyPair(c, s, func(a, b pair) bool { return a.client == b.client && a.client != "" })
	}},
	{"same-node", "the same node", func(c, s *draft) bool { return c.Subject.Node != "" && c.Subject.Node == s.Subject.Node }},
	{"same-file", "the same file", func(c, s *draft) bool { return c.Subject.File != "" && c.Subject.File == s.Subject.File }},
	{"touches", "a node at either end of the connection, or a connection that ends at the node", touches},
	{"unnamed-client", "a node that the server misses, where its log does not name the client", func(c, s *draft) bool {
		return anyPair(c, s, func(a, b pair) bool { return a.client == "" && a.server == b.client })
	}},
	{"cluster", "anything in the same cluster", func(_, _ *draft) bool { return true }},
}

// What the joins say stands on the page of a rule in the reader's language.
var _ = lang.Mark(
	"the same client and the same server", "the same two addresses, whichever of them is the client", "the same server, whichever client",
	"the same client, whichever server", "the same node", "the same file",
	"a node at either end of the connection, or a connection that ends at the node",
	"a node that the server misses, where its log does not name the client", "anything in the same cluster",
)

func joinNames() []string {
	names := make([]string, len(joins))
	for i := range joins {
		names[i] = joins[i].name
	}
	return names
}

func anyPair(c, s *draft, same func(a, b pair) bool) bool {
	return slices.ContainsFunc(c.pairs, func(a pair) bool {
		return slices.ContainsFunc(s.pairs, func(b pair) bool { return same(a, b) })
	})
}

// sameEnd: a log line that does not name the other end fits any.
func sameEnd(a, b string) bool { return a == b || a == "" || b == "" }

func touches(c, s *draft) bool {
	ends := c.ends()
	if s.Subject.Node != "" {
		return slices.Contains(ends, s.Subject.Node)
	}
	return slices.ContainsFunc(s.ends(), func(end string) bool { return slices.Contains(ends, end) })
}

// ends is every address that the finding is about.
func (d *draft) ends() []string {
	ends := appendNew(nil, d.Subject.Node)
	for _, p := range d.pairs {
		ends = appendNew(appendNew(ends, p.client), p.server)
	}
	return ends
}

// link finds the symptoms: a finding that a present cause explains, joined in place and in time.
func (c *Catalog) link(drafts []*draft) {
	byID, ids := map[string][]*draft{}, []string{}
	for _, d := range drafts {
		ids = appendNew(ids, d.ID)
		byID[d.ID] = append(byID[d.ID], d)
	}
	for _, cause := range drafts {
		for _, e := range cause.rule.effects(c) {
			join := joinNamed(e.Join)
			for _, id := range ids {
				if !e.names(id) {
					continue
				}
				for _, symptom := range byID[id] {
					if symptom != cause && !slices.Contains(symptom.causes, cause) && !cause.comesFrom(symptom) && join.fits(cause, symptom) && inTime(cause, symptom, e.Time) {
						symptom.causes = append(symptom.causes, cause)
					}
				}
			}
		}
	}
	for _, d := range drafts {
		d.Role = finding.RootCause
		switch {
		case len(d.causes) > 0:
			d.Role = finding.Symptom
		case d.rule.Advice && d.Severity.Rank() < finding.Error.Rank():
			d.Role = finding.Advice
		}
	}
}

// comesFrom reports whether d is explained by other, at once or through further findings: what explains cannot be explained in turn.
func (d *draft) comesFrom(other *draft) bool {
	return slices.ContainsFunc(d.causes, func(cause *draft) bool { return cause == other || cause.comesFrom(other) })
}

// roots is where the chain of causes begins: what a reader has to repair for this to go away.
func (d *draft) roots() []*draft {
	var roots []*draft
	for _, cause := range d.causes {
		above := cause.roots()
		if len(above) == 0 {
			above = []*draft{cause}
		}
		for _, root := range above {
			if !slices.Contains(roots, root) {
				roots = append(roots, root)
			}
		}
	}
	return roots
}

func joinNamed(name string) join {
	return joins[slices.IndexFunc(joins, func(j join) bool { return j.name == name })]
}

// slack is how long a symptom may begin before its cause was first seen, or outlast it: a health check runs every few
// seconds and a capture is started by hand, so a minute on either side is the same incident.
const slack = time.Minute

// inTime reports whether cause and symptom can belong together. Something that is still going on has no end; something
// without a time (a status text) fits any time. A cause that is over explains nothing that still goes on after it.
func inTime(cause, symptom *draft, order string) bool {
	if order == "any" || cause.First.IsZero() || symptom.First.IsZero() {
		return true
	}
	allowed := slack + cause.slack + symptom.slack
	causeEnds := cause.State == finding.Resolved && cause.Last.T.Add(allowed).Before(symptom.First.T)
	symptomEnds := symptom.State == finding.Resolved && symptom.Last.T.Add(allowed).Before(cause.First.T)
	if order == "cause-first" && symptom.First.T.Add(allowed).Before(cause.First.T) {
		return false
	}
	return !causeEnds && !symptomEnds
}
