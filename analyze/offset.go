package analyze

import (
	"slices"
	"time"

	"cbdoctor/fact"
)

// period is a span of time.
type period struct{ from, to time.Time }

func (p period) has(t time.Time) bool { return !t.Before(p.from) && !t.After(p.to) }

// comparison is what two clocks dated: pairs of series of which each event of the first has its counterpart in the second, unless
// the second's log does not reach that far. The second may have more: other clients fail at the same server.
type comparison struct {
	a, b  period // when the logs begin and end
	pairs []seriesPair
	least int // events that must agree
}

type seriesPair struct {
	a, b   []time.Time
	within time.Duration // how far apart the two stamps of an event may be

	sourceA, sourceB map[time.Time]fact.Source
}

func (c *comparison) add(a, b moments, within time.Duration) {
	if a.whole || b.whole {
		within += time.Second
	}
	slices.SortFunc(a.at, time.Time.Compare)
	slices.SortFunc(b.at, time.Time.Compare)
	c.pairs = append(c.pairs, seriesPair{a.at, b.at, within, a.where, b.where})
}

// estimate is an offset (the first clock minus the second) and how well it is known.
type estimate struct {
	offset, within    time.Duration
	matched, expected int
	first, last       time.Time // of the matched events, by the first clock
}

func (e estimate) share() float64 {
	if e.expected == 0 {
		return 0
	}
	return float64(e.matched) / float64(e.expected)
}

// Thresholds of an offset. Health checks come at fixed intervals, so that series fit almost as well when they are shifted by one:
// an offset is claimed only where the clocks, taken for equal, leave events without a counterpart.
const (
	minMatched  = 3 // between two logs
	minSessions = 8 // between a log and a capture, which holds few of the log's events
	minShare    = 0.8
	sameClock   = 2 * time.Second // what counts as no difference (clock-skew is told from there on)
	minMissed   = 3               // events that an offset of zero leaves alone
	certain     = 0.999
	minGain     = 0.15 // by which an offset must fit better than zero
	maxTried    = 4000 // candidates
	sampleEdges = 8    // events of the first clock from which candidates are made, at either end
)

// estimate finds the offset. ok is false when the events say nothing.
func (c *comparison) estimate() (best estimate, ok bool) {
	near := c.nearZero()
	if near.share() >= certain && near.matched >= c.least {
		return near, true
	}
	for _, d := range c.candidates() {
		e := c.score(d)
		if e.matched < c.least || e.share() < minShare {
			continue
		}
		if best.expected == 0 || c.fitsBetter(e, best) {
			best = e
		}
	}
	if best.expected > 0 && best.offset.Abs() > sameClock && c.sure(best, near) {
		return best, true
	}
	return near, near.matched >= c.least && near.share() >= minShare
}

// fitsBetter: more of the events have a counterpart; or the failures begin at the same moment in both logs; or the difference is smaller.
func (c *comparison) fitsBetter(e, best estimate) bool {
	if d := e.share() - best.share(); d > 0.001 || d < -0.001 {
		return d > 0
	}
	if d := c.startsApart(e.offset) - c.startsApart(best.offset); d.Abs() > time.Second {
		return d < 0
	}
	return e.matched > best.matched || e.matched == best.matched && e.offset.Abs() < best.offset.Abs()
}

// sure reports whether an offset explains what equal clocks do not.
func (c *comparison) sure(best, near estimate) bool {
	missed := near.expected - near.matched
	starts := c.startsApart(best.offset) <= time.Second+best.within && c.startsApart(0) > 2*sameClock
	switch {
	case near.expected == 0: // the logs do not overlap: they must begin to fail, and end, at the same moment
		return starts && (c.a.to.Sub(c.b.to)-best.offset).Abs() < 2*time.Minute
	case missed < minMissed, best.share()-near.share() < minGain:
		return starts && missed > 1 && best.share() >= certain && best.matched >= 10
	}
	return near.share() < 0.5 || starts
}

// nearZero is the best fit with clocks that are equal, or nearly so.
func (c *comparison) nearZero() (best estimate) {
	for d := -sameClock; d <= sameClock; d += sameClock / 8 {
		if e := c.score(d); e.matched > best.matched || e.matched == best.matched && e.offset.Abs() < best.offset.Abs() || best.expected == 0 {
			best = e
		}
	}
	return best
}

// candidates are the differences between events at the edges of the first series and all of the second.
func (c *comparison) candidates() (out []time.Duration) {
	seen := map[time.Duration]bool{}
	for _, p := range c.pairs {
		for i, a := range p.a {
			if i >= sampleEdges && i < len(p.a)-sampleEdges {
				continue
			}
			for _, b := range p.b {
				d := a.Sub(b)
				if r := d.Round(time.Second / 2); !seen[r] && len(out) < maxTried {
					seen[r] = true
					out = append(out, d)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// score lays the second series on the first, shifted by an offset, and refines the offset by the median of what is left.
func (c *comparison) score(offset time.Duration) estimate {
	e := estimate{offset: offset}
	var left []time.Duration
	for _, p := range c.pairs {
		for _, a := range p.a {
			want := a.Add(-offset)
			if !c.b.has(want) {
				continue
			}
			e.expected++
			if d, is := nearest(p.b, want); is && d.Abs() <= p.within {
				e.matched++
				left = append(left, d)
				e.within = max(e.within, d.Abs())
				if e.first.IsZero() || a.Before(e.first) {
					e.first = a
				}
				if a.After(e.last) {
					e.last = a
				}
			}
		}
	}
	if len(left) > 0 {
		slices.Sort(left)
		shift := left[len(left)/2]
		e.offset -= shift
		e.within = max(left[len(left)-1]-shift, shift-left[0], 50*time.Millisecond)
		for _, p := range c.pairs {
			if p.within > 2*time.Second { // the log may date the beginning or the end of an attempt
				e.within = max(e.within, p.within)
			}
		}
	}
	return e
}

// nearest is how much later than t the closest of sorted times is.
func nearest(sorted []time.Time, t time.Time) (time.Duration, bool) {
	i, _ := slices.BinarySearchFunc(sorted, t, time.Time.Compare)
	best, found := time.Duration(0), false
	for _, j := range []int{i - 1, i} {
		if j >= 0 && j < len(sorted) {
			if d := sorted[j].Sub(t); !found || d.Abs() < best.Abs() {
				best, found = d, true
			}
		}
	}
	return best, found
}

// neverStarts is the distance of two beginnings of which one is not in its log.
const neverStarts = time.Duration(1<<63 - 1)

// startsApart is how far apart the beginnings of the failures lie under an offset, where both logs saw them begin.
func (c *comparison) startsApart(offset time.Duration) time.Duration {
	least := neverStarts
	for _, p := range c.pairs {
		if len(p.a) < 2 || len(p.b) < 2 {
			continue
		}
		usual := max(p.a[1].Sub(p.a[0]), p.b[1].Sub(p.b[0])) + p.within
		if p.a[0].Sub(c.a.from) > 2*usual && p.b[0].Sub(c.b.from) > 2*usual {
			least = min(least, (p.a[0].Sub(p.b[0]) - offset).Abs())
		}
	}
	return least
}
