package logline

import (
	"slices"
	"time"
)

// PauseAfter is the longest time without a line that is nothing special: a Call Bridge logs several lines a minute; half an
// hour without any means that the log is incomplete or the node was off.
const PauseAfter = 30 * time.Minute

// Stretch is a span of time that a host's lines cover without a pause. All times of a stretch are of one form: with or
// without a year, with or without a zone.
type Stretch struct {
	First, Last Stamp
}

// Host is what a file has of one host.
type Host struct {
	Lines int64
	// Stretches are in no particular order, and may overlap or meet once they are dated: in a year that has no 29 February, or
	// at the change of summer time.
	Stretches []Stretch
}

// maxStretches bounds what a file with random times can cost.
const maxStretches = 2000

// cover adds the span between two times. Whatever the order of the lines, and however the file is cut into blocks, the same
// spans are covered in the end: a stretch is a set of times each of which has a neighbour within PauseAfter.
func (h *Host) cover(first, last Stamp) {
	const pause = int64(PauseAfter / time.Microsecond)
	from, to := first.key(), last.key()
	for i := len(h.Stretches) - 1; i >= max(0, len(h.Stretches)-4); i-- { // lines of two forms, or of two clocks, may alternate
		s := &h.Stretches[i]
		if s.Last.sameForm(first) && from <= s.Last.key()+pause && to >= s.First.key()-pause {
			if to > s.Last.key() {
				s.Last = last
			}
			if from < s.First.key() {
				s.First = first
			}
			return
		}
	}
	if len(h.Stretches) >= maxStretches {
		if h.join(); len(h.Stretches) >= maxStretches {
			h.Stretches[len(h.Stretches)-1].Last = last // no more can be told apart; the end is what matters most
			return
		}
	}
	h.Stretches = append(h.Stretches, Stretch{first, last})
}

// join makes one of stretches that meet.
func (h *Host) join() {
	slices.SortFunc(h.Stretches, func(a, b Stretch) int {
		if !a.First.sameForm(b.First) {
			return a.First.formOrder() - b.First.formOrder()
		}
		return int(max(-1, min(1, a.First.key()-b.First.key())))
	})
	joined := h.Stretches[:1]
	for _, s := range h.Stretches[1:] {
		last := &joined[len(joined)-1]
		switch {
		case !last.Last.sameForm(s.First) || s.First.key() > last.Last.key()+int64(PauseAfter/time.Microsecond):
			joined = append(joined, s)
		case s.Last.key() > last.Last.key():
			last.Last = s.Last
		}
	}
	h.Stretches = joined
}

// sameForm: only times of one form can be compared before they are dated.
func (r Stamp) sameForm(o Stamp) bool { return r.UTC == o.UTC && (r.Year == 0) == (o.Year == 0) }

func (r Stamp) formOrder() (n int) {
	if r.UTC {
		n++
	}
	if r.Year == 0 {
		n += 2
	}
	return n
}
