package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// overlap is how much of what is here already is compared with the node's file before a download goes on, and at both ends of
// a file that changed while it was read.
const overlap = 64 << 10

// download is one file on its way.
type download struct {
	fetcher *Fetcher
	pool    *pool
	file    File
	part    *part
	came    func(size int64) // so much of it is here
}

// piece is one answer.
type piece struct {
	bytes []byte
	asked int64
	err   error
}

// run brings the part to the size that was told when the file was listed, and checks it. note says what is special about it.
func (d *download) run(ctx context.Context) (note string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &remote{pool: d.pool, path: d.file.Path, size: d.file.Size, head: make([]byte, min(headSize, d.part.size)), handles: map[*channel]*handle{}}
	defer r.close()
	if _, err := d.part.file.ReadAt(r.head, 0); err != nil {
		return "", &FinalError{fmt.Errorf("read what is here: %w", err)}
	}
	if d.part.size > 0 {
		if d.part.size > d.file.Size {
			return "", errChanged
		}
		if err := r.matches(ctx, d.part, max(0, d.part.size-overlap), d.part.size); err != nil {
			return "", err
		}
	}
	order := make(chan chan piece, 1024)
	go func() {
		defer close(order)
		d.ask(ctx, r, order)
	}()
	written := make(chan piece, 64)
	hashed := make(chan struct{})
	had := d.part.size
	go func() { // on another core than the writing
		defer close(hashed)
		at, kept, every := had, time.Now(), d.fetcher.keepEvery/keepSooner
		for p := range written {
			d.part.hash.Write(p.bytes)
			if at += int64(len(p.bytes)); d.fetcher.Kept != nil && time.Since(kept) >= every {
				d.fetcher.Kept(d.file, at, d.part.sum())
				kept, every = time.Now(), min(2*every, d.fetcher.keepEvery)
			}
			d.fetcher.window.release(p.asked)
			d.fetcher.memory.give(p.bytes)
		}
	}()
	probe := make(chan probed, 1)
	go func() { // on its way with the last pieces
		b, err := r.read(d.file.Size, 1)
		probe <- probed{len(b) > 0, err}
	}()
	for answer := range order {
		p := <-answer
		if err == nil {
			if err = d.take(ctx, &p); err != nil {
				cancel(err)
			}
		} else {
			p.bytes = p.bytes[:0] // behind a hole
		}
		written <- p
	}
	close(written)
	<-hashed
	if err != nil {
		return "", err
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	return d.check(ctx, r, <-probe)
}

// probed is whether there is anything behind the end that was told.
type probed struct {
	more bool
	err  error
}

// ask sends the requests for the rest of the file; their answers go to order as they were asked for.
func (d *download) ask(ctx context.Context, r *remote, order chan<- chan piece) {
	f := d.fetcher
	next := d.part.size
	for next < d.file.Size {
		off, n := next, min(f.meter.chunk.Load(), d.file.Size-next)
		if f.Limit != nil {
			n = min(n, int64(f.Limit.Burst()))
			if err := f.Limit.WaitN(ctx, int(n)); err != nil {
				return
			}
		}
		if err := f.window.acquire(ctx, n); err != nil {
			return
		}
		answer := make(chan piece, 1)
		order <- answer
		go func() {
			asked := time.Now()
			b, err := r.read(off, int(n))
			if err == nil {
				f.meter.served(n)
				f.window.answered(n, time.Since(asked))
			}
			answer <- piece{b, n, err}
		}()
		next += n
	}
}

// take writes an answer; what it leaves in it is still to be hashed.
func (d *download) take(ctx context.Context, p *piece) error {
	if err := d.part.append(p.bytes); err != nil {
		p.bytes = p.bytes[:0]
		return err
	}
	d.came(d.part.size)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(p.err, io.EOF):
		return errShort
	}
	return p.err
}

// errShort says that the file ended before the size that was told.
var errShort = errors.New("it is shorter than the node says")

// check compares size and time with those of the listing. A file that grew is taken as long as it was then: a log that is in
// use is a whole file up to there.
func (d *download) check(ctx context.Context, r *remote, behind probed) (note string, err error) {
	if behind.err != nil && !errors.Is(behind.err, io.EOF) {
		return "", behind.err
	}
	now, err := r.stat()
	if err != nil {
		return "", err
	}
	note, err = judge(d.file, behind.more, now)
	if note != "" && err == nil {
		size := d.part.size
		err = errors.Join(r.matches(ctx, d.part, 0, min(overlap, size)), r.matches(ctx, d.part, max(min(overlap, size), size-overlap), size))
	}
	return note, err
}

// judge decides by what the node says of the file after the download.
func judge(told File, more bool, now state) (note string, err error) {
	switch {
	case now.size < told.Size:
		return "", errChanged
	case now.size > told.Size:
		return fmt.Sprintf("it grew to %d bytes while it was read: taken as it was when it was listed", now.size), nil
	case more:
		return "", &FinalError{fmt.Errorf("the node says that it has %d bytes, and it has more", told.Size)}
	case !now.modTime.Equal(told.ModTime):
		return "its time changed while it was read, its beginning and its end did not", nil
	}
	return "", nil
}
