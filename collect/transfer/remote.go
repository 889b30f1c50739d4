package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/pkg/sftp"
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
	file    *sftp.File
	err     error
}

// on is the file's handle on a channel.
func (r *remote) on(c *channel) *handle {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.handles[c]; h != nil {
		return h
	}
	h := &handle{opened: make(chan struct{}), checked: make(chan struct{})}
	r.handles[c] = h
	go func() {
		defer close(h.checked)
		h.file, h.err = c.client.Open(r.path)
		close(h.opened)
		if h.err == nil {
			h.err = r.recognise(h.file)
		}
	}()
	return h
}

// recognise reads the beginning of the file and compares it with the one that was seen first.
func (r *remote) recognise(f *sftp.File) error {
	b := make([]byte, min(headSize, r.size))
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	b = b[:n]
	r.mu.Lock()
	defer r.mu.Unlock()
	common := min(len(b), len(r.head))
	if !bytes.Equal(b[:common], r.head[:common]) || len(b) < len(r.head) {
		return errChanged
	}
	r.head = b
	return nil
}

// readAt fills b.
func (r *remote) readAt(b []byte, off int64) (int, error) {
	c := r.channel()
	c.busy.Add(1)
	defer c.busy.Add(-1)
	r.pool.meter.begin()
	defer r.pool.meter.end()
	h := r.on(c)
	<-h.opened
	if h.file == nil {
		return 0, h.err
	}
	n, err := h.file.ReadAt(b, off)
	<-h.checked // the beginning came meanwhile
	if h.err != nil {
		return 0, h.err
	}
	return n, err
}

// stat asks for size and time of the file that is open, whatever has its name by now.
func (r *remote) stat() (os.FileInfo, error) {
	r.pool.meter.begin()
	defer r.pool.meter.end()
	h := r.on(r.channel())
	<-h.checked
	if h.err != nil {
		return nil, h.err
	}
	return h.file.Stat()
}

// matches compares a stretch of the part with the node's file.
func (r *remote) matches(ctx context.Context, p *part, from, to int64) error {
	if from >= to {
		return nil
	}
	here, there := make([]byte, to-from), make([]byte, to-from)
	if _, err := p.file.ReadAt(here, from); err != nil {
		return &FinalError{fmt.Errorf("read what is here: %w", err)}
	}
	n, err := r.readAt(there, from)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case !bytes.Equal(here, there[:n]):
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
			if h.file != nil {
				_ = h.file.Close()
			}
		}()
	}
}
