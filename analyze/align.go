package analyze

import (
	"cmp"
	"slices"
	"time"

	"cbdoctor/fact"
	"cbdoctor/stamp"
)

// When clocks differ, all times of a node are moved to the clock that most of the others agree with, so that the timeline and the
// facts have one order. Lines that are quoted as evidence keep what they print.

// shift is how far a clock is ahead of the reference.
type shift struct{ offset, within time.Duration }

// shifts finds how far each clock is ahead of the reference of those it can be compared with.
func shifts(clocks []fact.Clock) map[string]shift {
	out := map[string]shift{}
	var names []string
	for _, k := range clocks {
		names = appendOnce(appendOnce(names, k.A), k.B)
	}
	agree := func(name string) (n int) {
		for _, k := range clocks {
			if (k.A == name || k.B == name) && k.Offset.Abs() <= sameClock+k.Within {
				n++
			}
		}
		return n
	}
	// the collector's clock is an engineer's, kept by NTP; a capture has its node's
	rank := func(name string) int {
		switch {
		case name == collector:
			return 2
		case !isAddress(name):
			return 1
		}
		return 0
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(agree(b), agree(a)), cmp.Compare(rank(b), rank(a)), cmp.Compare(a, b))
	})
	for _, reference := range names {
		if _, reached := out[reference]; reached {
			continue
		}
		out[reference] = shift{}
		for queue := []string{reference}; len(queue) > 0; queue = queue[1:] {
			at := out[queue[0]]
			for _, k := range clocks {
				next, offset := k.A, k.Offset
				if k.A == queue[0] {
					next, offset = k.B, -k.Offset
				} else if k.B != queue[0] {
					continue
				}
				if _, reached := out[next]; !reached {
					out[next] = shift{at.offset + offset, at.within + k.Within}
					queue = append(queue, next)
				}
			}
		}
	}
	for name, s := range out {
		if s.offset.Abs() <= sameClock+s.within {
			delete(out, name) // within what counts as the same
		}
	}
	return out
}

// align moves the times of all facts to the reference clock.
func align(s *fact.Set) {
	by := shifts(s.Clocks)
	if len(by) == 0 {
		return
	}
	back := func(t *stamp.Time, offset time.Duration) {
		if !t.IsZero() {
			*t = stamp.New(t.T.Add(-offset), int(t.Digits))
		}
	}
	span := func(clock string, f *fact.Span) {
		if x, is := by[clock]; is {
			back(&f.First, x.offset)
			back(&f.Last, x.offset)
			f.Uncertainty = x.within
		}
	}
	for i := range s.HealthChecks {
		span(s.HealthChecks[i].Client, &s.HealthChecks[i].Span)
	}
	for i := range s.Messages {
		span(s.Messages[i].Node, &s.Messages[i].Span)
	}
	for i := range s.Upgrades {
		span(s.Upgrades[i].Node, &s.Upgrades[i].Span)
	}
	for i := range s.Commands {
		back(&s.Commands[i].Time, by[s.Commands[i].Node].offset)
	}
	for i := range s.Gaps {
		back(&s.Gaps[i].From, by[s.Gaps[i].Node].offset)
		back(&s.Gaps[i].To, by[s.Gaps[i].Node].offset)
	}
	for i := range s.Links {
		l := &s.Links[i]
		x, is := by[l.Points[0]]
		if is && len(l.Points) == 1 {
			span(l.Points[0], &l.Span)
			back(&l.LastGood, x.offset)
			back(&l.LastBad, x.offset)
		}
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		n.ClockAhead = by[cmp.Or(n.Address, n.Name)].offset
	}
}
