package rules

import (
	"slices"

	"cbdoctor/fact"
)

// spot is where a line stands.
type spot struct {
	file string
	line int
}

// events assigns the entries of the timeline to findings: an entry whose line or frames are evidence of a finding, and any
// entry about a connection that a finding is about. Root causes come first in drafts, so they win.
func events(timeline []fact.Event, drafts []*draft) map[int]string {
	lines, pairs := map[spot]*draft{}, map[string]*draft{}
	for _, d := range slices.Backward(drafts) {
		for _, h := range d.hits {
			for _, s := range h.span.Sources {
				lines[spot{s.File, s.Line}] = d
			}
		}
		for _, p := range d.pairs {
			if p.client != "" {
				pairs[p.client+">"+p.server] = d
			}
		}
	}
	refs := map[int]string{}
	for i, e := range timeline {
		d := lines[spot{e.Source.File, e.Source.Line}]
		if e.Source.Line == 0 {
			d = nil
			if j := slices.IndexFunc(drafts, func(d *draft) bool { return d.shownIn(e.Source) }); j >= 0 {
				d = drafts[j]
			}
		}
		if d == nil && e.Pair != "" {
			d = pairs[e.Pair]
		}
		if d != nil {
			refs[i] = d.Ref
		}
	}
	return refs
}

// shownIn reports whether the frames are evidence of the finding.
func (d *draft) shownIn(frames fact.Source) bool {
	return len(frames.Frames) > 0 && slices.ContainsFunc(d.hits, func(h *hit) bool {
		return slices.ContainsFunc(h.span.Sources, func(s fact.Source) bool {
			return s.File == frames.File && slices.Equal(s.Frames, frames.Frames)
		})
	})
}
