package capture

import (
	"encoding/binary"
	"iter"
)

// starts remembers the first frame of every session, in order, to number sessions when all lanes are done: one or two bytes each,
// the difference to the one before. The zero value is ready.
type starts struct {
	deltas []byte
	last   int64
	count  int
}

func (s *starts) add(frame int64) {
	s.deltas = binary.AppendUvarint(s.deltas, uint64(frame-s.last))
	s.last = frame
	s.count++
}

func (s *starts) all() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		frame := int64(0)
		for b := s.deltas; len(b) > 0; {
			delta, n := binary.Uvarint(b)
			b, frame = b[n:], frame+int64(delta)
			if !yield(frame) {
				return
			}
		}
	}
}

// numbers tells the number of each session in frames, which are first frames in ascending order: how many sessions of all lanes
// began before it.
func numbers(lanes []*tracker, frames []int64) []int {
	out := make([]int, len(frames))
	for _, t := range lanes {
		i := 0
		before := 0
		for start := range t.starts.all() {
			for ; i < len(frames) && frames[i] <= start; i++ {
				out[i] += before
			}
			before++
		}
		for ; i < len(frames); i++ {
			out[i] += before
		}
	}
	return out
}
