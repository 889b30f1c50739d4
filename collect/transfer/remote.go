package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// headSize is how much of a file's beginning tells it from another one that took its name: a log begins with a time, a capture
// with the time of its first packet.
const headSize = 4 << 10

// errChanged says that the file on the node is no longer the one of which the beginning is here.
var errChanged = errors.New("it changed on the node while it was read")

// remote is one file of the node, opened on each channel that reads of it. SFTP has no identity of a file, so each time it is
// opened its beginning must be the one that was seen first: a log may be rotated between two openings.
type remote struct {
	pool *pool
	path string
	size int64

	mu      sync.Mutex
	head    []byte   // the beginning that was seen first
	home    *channel // of a small file
	handles map[*channel]*handle
}

// smallFile is not worth being opened on several channels.
const smallFile = 1 << 20

// channel is where to send the next request.
func (r *remote) channel() *channel {
	if r.size > smallFile {
		return r.pool.least()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.home == nil {
		r.home = r.pool.least()
	}
	return r.home
}

type handle struct {
	opened  chan struct{} // then file or err is set
	checked chan struct{} // then err says whether it is the same file
	lane    *lane
	file    string // the node's handle
	err     error
}

// on is the file's handle on a channel.
func (r *remote) on(c *channel) *handle {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.handles[c]; h != nil {
		return h
	}
	h := &handle{opened: make(chan struct{}), checked: make(chan struct{}), lane: c.lane}
	r.handles[c] = h
	go func() {
		defer close(h.checked)
		h.file, h.err = c.lane.open(r.path)
		isOpen := h.err == nil
		close(h.opened)
		if isOpen {
			h.err = r.recognise(h)
		}
	}()
	return h
}

// recognise reads the beginning of the file and compares it with the one that was seen first.
func (r *remote) recognise(h *handle) error {
	b, err := h.lane.read(h.file, 0, int(min(headSize, r.size)))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	common := min(len(b), len(r.head))
	if !bytes.Equal(b[:common], r.head[:common]) || len(b) < len(r.head) {
		return errChanged
	}
	r.head = b
	return nil
}

// read reads n bytes; fewer with an error. They are the caller's to give back.
func (r *remote) read(off int64, n int) ([]byte, error) {
	c := r.channel()
	c.busy.Add(1)
	defer c.busy.Add(-1)
	r.pool.meter.begin()
	defer r.pool.meter.end()
	h := r.on(c)
	<-h.opened
	if h.file == "" {
		<-h.checked
		return nil, h.err
	}
	b, err := h.lane.read(h.file, off, n)
	<-h.checked // the beginning came meanwhile
	if h.err != nil {
		return nil, h.err
	}
	return b, err
}

// stat asks for the state of the file that is open, whatever has its name by now.
func (r *remote) stat() (state, error) {
	r.pool.meter.begin()
	defer r.pool.meter.end()
	h := r.on(r.channel())
	<-h.checked
	if h.err != nil {
		return state{}, h.err
	}
	return h.lane.stat(h.file)
}

// matches compares a stretch of the part with the node's file.
func (r *remote) matches(ctx context.Context, p *part, from, to int64) error {
	if from >= to {
		return nil
	}
	here := make([]byte, to-from)
	if _, err := p.file.ReadAt(here, from); err != nil {
		return &FinalError{fmt.Errorf("read what is here: %w", err)}
	}
	there, err := r.read(from, len(here))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case !bytes.Equal(here, there):
		return errChanged
	}
	return nil
}

// close gives the handles back; nobody waits for the answers.
func (r *remote) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.handles {
		go func() {
			<-h.checked
			if h.file != "" {
				h.lane.close(h.file)
			}
		}()
	}
}
