package analyze

import (
	"slices"
	"time"

	"cbdoctor/fact"
	"cbdoctor/logline"
	"cbdoctor/stamp"
)

// covered is a span of time that a node's lines cover.
type covered struct{ from, to stamp.Time }

// maxGaps bounds what is listed of a log whose times are random.
const maxGaps = 1000

// gaps lists the spans without any line of each node. What one file lacks another may have: rotated logs, copies, and lines
// of two forms are taken together.
func (m *material) gaps() (out []fact.Gap) {
	spans := map[string][]covered{}
	for _, t := range m.texts {
		for _, l := range t.machines() {
			for _, s := range t.Hosts[l.host].Stretches {
				spans[l.node] = append(spans[l.node], covered{m.when(l, s.First), m.when(l, s.Last)})
			}
		}
	}
	for _, node := range sortedKeys(spans) {
		list := spans[node]
		slices.SortFunc(list, func(a, b covered) int { return a.from.T.Compare(b.from.T) })
		end := list[0].to
		for _, c := range list[1:] {
			if c.from.T.Sub(end.T) > logline.PauseAfter && len(out) < maxGaps {
				out = append(out, fact.Gap{Node: node, From: end, To: c.from})
			}
			end = stamp.Later(end, c.to)
		}
	}
	return out
}

// span is when a log begins and ends.
func (m *material) span(l *hostLog) (first, last time.Time) {
	for _, s := range l.file.Hosts[l.host].Stretches {
		from, to := m.when(l, s.First).T, m.when(l, s.Last).T
		if first.IsZero() || from.Before(first) {
			first = from
		}
		if to.After(last) {
			last = to
		}
	}
	return first, last
}
