package transfer

import (
	"context"
	"sync"
	"time"
)

const (
	// maxInFlight is what may be asked for and not yet written over a long path with one connection: half as much again as the
	// windows of its channels hold, so that none of them waits for a request while pieces wait here for their turn.
	maxInFlight = 24 << 20
	// furtherInFlight is what each further connection adds: with more of them the processors are the bound, and memory is dearer.
	furtherInFlight = 4 << 20
	// shortInFlight is where a short path starts, and mostShort what it may come to. No path needs as much, but the processes on it do:
	// those that always have something to do sleep and wake less often. On 2 cores for all of them, 1 GiB takes a tenth less time than
	// with 2 MiB.
	shortInFlight, mostShort = 2 << 20, 8 << 20
	// firstInFlight is where a long path starts, and growth how much more is asked for with each piece that came soon: four times as
	// much each round trip, as long as that helps.
	firstInFlight, growth = 4 << 20, 3
	// patience is how long an answer may take before less is asked for at once: a thin link is not filled with minutes of
	// answers, behind which the commands of the same connection would wait.
	patience = 500 * time.Millisecond
	// queueing is what an answer may wait behind others without more in flight being of no use.
	queueing = 15 * time.Millisecond
)

// window bounds the bytes in flight of one node, growing while answers come soon and shrinking when they don't.
type window struct {
	pressed func() bool // whether memory is short

	mu      sync.Mutex
	freed   chan struct{} // closed and replaced when something becomes free
	size    int64         // what may be in flight
	most    int64         // what size may become
	used    int64
	fastest time.Duration // of all answers so far
	resting int64         // bytes to see before it shrinks again: answers of before the last change say nothing new
}

func newWindow() *window {
	return &window{size: shortInFlight, most: mostShort, freed: make(chan struct{}), pressed: pressed}
}

// acquire waits until n more bytes may be asked for. One request always may, and no further one while memory is short.
func (w *window) acquire(ctx context.Context, n int64) error {
	for {
		pressed := w.pressed()
		w.mu.Lock()
		if w.used == 0 || w.used+n <= w.size && !pressed {
			w.used += n
			w.mu.Unlock()
			return nil
		}
		freed := w.freed
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-freed:
		}
	}
}

// release gives n bytes back: they are written, or given up.
func (w *window) release(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used -= n
	close(w.freed)
	w.freed = make(chan struct{})
}

// long lets it grow as far as the connections of a long path need.
func (w *window) long(connections int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.size == shortInFlight {
		w.size = firstInFlight
	}
	w.most = maxInFlight + int64(connections-1)*furtherInFlight
}

// isLong reports whether the path is known to be long.
func (w *window) isLong() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.most > mostShort
}

// broke makes it small again after a connection broke: of what is in flight then only the beginning is kept, so over a link that
// breaks often less in flight brings more.
func (w *window) broke() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size, w.resting = max(w.size/8, smallAnswer), 0
}

// answered takes note of an answer of n bytes that took that long.
func (w *window) answered(n int64, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fastest == 0 || took < w.fastest {
		w.fastest = took
	}
	w.size, w.resting = adapt(w.size, w.resting, n, w.most, took, w.fastest)
}

// adapt decides on the next size: more pieces for each that came as soon as can be, as it is while the link has room, and
// half when a piece came late.
func adapt(size, resting, n, most int64, took, fastest time.Duration) (newSize, newResting int64) {
	resting = max(0, resting-n)
	switch {
	case took <= 2*fastest+queueing:
		return min(size+growth*n, most), resting
	case took <= max(patience, 3*fastest) || resting > 0:
		return size, resting
	}
	size = max(size/2, n)
	return size, size
}
