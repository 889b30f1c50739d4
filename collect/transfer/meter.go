package transfer

import (
	"io"
	"sync/atomic"
	"time"
)

const (
	// largeAnswer is the most that OpenSSH's sftp-server puts into one answer: 256 KiB of message less its header.
	largeAnswer = 255 << 10
	// smallAnswer is what every server must be able to send (draft-ietf-secsh-filexfer-02 section 3).
	smallAnswer = 32 << 10
)

// meter watches the SFTP streams of one node: whether anything arrives, and the most data that the node puts into one answer.
// What an answer left out is asked for again, a round trip later, so it pays to ask for no more than comes.
type meter struct {
	largest atomic.Int64 // data bytes of one answer
	chunk   atomic.Int64 // what to ask for at once
	pending atomic.Int64 // work that waits for an answer
	last    atomic.Int64 // when something arrived, or the waiting began; Unix nanoseconds
}

func newMeter() *meter {
	m := &meter{}
	m.chunk.Store(largeAnswer)
	return m
}

// begin and end enclose what waits for an answer.
func (m *meter) begin() {
	if m.pending.Add(1) == 1 {
		m.last.Store(time.Now().UnixNano())
	}
}
func (m *meter) end() { m.pending.Add(-1) }

// silent is for how long something was waited for and nothing came.
func (m *meter) silent() time.Duration {
	if m.pending.Load() == 0 {
		return 0
	}
	return time.Duration(time.Now().UnixNano() - m.last.Load())
}

// served is called when a request of n bytes was served whole: what it was served in is what the node sends at most.
func (m *meter) served(n int64) {
	if most := m.largest.Load(); most > 0 && most < n {
		m.chunk.CompareAndSwap(largeAnswer, max(most, 4<<10))
	}
}

// lost is called when a connection broke: a node that never sent data may be one that can't stand large requests.
func (m *meter) lost() {
	if m.largest.Load() == 0 {
		m.chunk.Store(smallAnswer)
	}
}

func (m *meter) saw(data int64) {
	for {
		old := m.largest.Load()
		if data <= old || m.largest.CompareAndSwap(old, data) {
			return
		}
	}
}

// meteredReader notes when something arrives.
type meteredReader struct {
	r     io.Reader
	meter *meter
}

// noProgress is the size of an answer with no or hardly any data: those for ever are no progress.
const noProgress = 13

// Read implements io.Reader.
func (m *meteredReader) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if n > noProgress {
		m.meter.last.Store(time.Now().UnixNano())
	}
	return n, err
}
