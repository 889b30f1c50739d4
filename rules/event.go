package rules

import (
	"slices"

	"cbdoctor/fact"
)

// events assigns the entries of the timeline to findings: an entry whose line or frames are evidence of a finding, and any
// entry about a connection that a finding is about. Root causes come first in drafts, so they win.
func events(timeline []fact.Event, drafts []*draft) map[int]string {
	refs := map[int]string{}
	for i, e := range timeline {
		d := slices.IndexFunc(drafts, func(d *draft) bool { return d.shownBy(e) })
		if d < 0 {
			d = slices.IndexFunc(drafts, func(d *draft) bool { return d.isAbout(e) })
		}
		if d >= 0 {
			refs[i] = drafts[d].Ref
		}
	}
	return refs
}

func (d *draft) shownBy(e fact.Event) bool {
	return slices.ContainsFunc(d.hits, func(h hit) bool {
		return slices.ContainsFunc(h.span.Sources, func(s fact.Source) bool {
			return s.File == e.Source.File && (s.Line > 0 && s.Line == e.Source.Line || len(s.Frames) > 0 && slices.Equal(s.Frames, e.Source.Frames))
		})
	})
}

func (d *draft) isAbout(e fact.Event) bool {
	return e.Pair != "" && slices.ContainsFunc(d.pairs, func(p pair) bool { return p.client != "" && e.Pair == p.client+">"+p.server })
}
