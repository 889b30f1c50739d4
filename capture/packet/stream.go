package packet

import "io"

// streamRead is how much of a stream is looked through at a time: it stays in the second-level cache.
const streamRead = 512 << 10

// leastRead keeps readers that give a few bytes at a time from making a batch of each.
const leastRead = 64 << 10

// readStream walks a stream in a goroutine of its own, a batch ahead of the delivery.
func readStream(w *streamWalker, d *delivery) error {
	const ring = 3
	free, full, stop := make(chan *batch, ring), make(chan *batch, ring), make(chan struct{})
	for range ring {
		free <- &batch{}
	}
	go func() {
		for {
			select {
			case <-stop:
				return
			case b := <-free:
				last := w.fill(b)
				full <- b
				if last {
					return
				}
			}
		}
	}()
	defer close(stop) // nobody waits for the walker: it may be blocked in a read, and ends behind it
	for {
		var b *batch
		select {
		case b = <-full:
		case <-d.ctx.Done():
			return d.ctx.Err()
		}
		if err := d.batch(b); err != nil {
			return err
		}
		if b.done() {
			d.end(b)
			return nil
		}
		free <- b
	}
}

// streamWalker fills batches from a stream, one behind the other.
type streamWalker struct {
	r       io.Reader
	format  container
	section *section
	sifter  *sifter
	rest    []byte // what was read but not walked
	base    int64  // its offset
	want    int64  // how many bytes the next record needs, 0 when not known
}

// fill reads and walks the next batch and reports whether it is the last one.
func (w *streamWalker) fill(b *batch) bool {
	b.busy.Wait()
	size := max(streamRead, int(w.want)+streamRead/8)
	if cap(b.buf) < size || cap(b.buf) > 4*size {
		b.buf = make([]byte, size)
	}
	b.buf = b.buf[:size]
	n := copy(b.buf, w.rest)
	least := min(size-n, max(leastRead, int(w.want)-n))
	got, err := readSome(w.r, b.buf[n:], least)
	b.buf = b.buf[:n+got]
	b.base, b.limit, b.err, b.eof, b.sequential = w.base, len(b.buf), err, err != nil, true
	b.reset(0, w.section)
	w.format.walk(b, w.sifter)
	w.section, w.want = b.current(), b.need
	w.rest, w.base = b.buf[b.next:], b.base+int64(b.next)
	if b.skip > 0 {
		w.pass(b)
	}
	return b.done()
}

// pass leaves out a block that is too large to hold.
func (w *streamWalker) pass(b *batch) {
	held := min(b.skip, int64(len(w.rest)))
	w.rest = w.rest[held:]
	passed, err := io.CopyN(io.Discard, w.r, b.skip-held)
	w.base += held + passed
	if err != nil {
		b.err, b.eof = err, true
		b.need = b.skip
	}
}

// readSome reads at least the given number of bytes unless the input ends before, and returns its error as it is: unlike
// [io.ReadAtLeast], which can't tell the end of a pipe from a compressed file that breaks off.
func readSome(r io.Reader, b []byte, least int) (n int, err error) {
	const patience = 100 // empty reads in a row, as in package bufio
	for empty := 0; n < least && err == nil; {
		var got int
		got, err = r.Read(b[n:])
		n += got
		if got > 0 {
			empty = 0
		} else if empty++; empty == patience && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

// done reports whether nothing can follow the batch.
func (b *batch) done() bool { return b.damage != "" || b.eof }
