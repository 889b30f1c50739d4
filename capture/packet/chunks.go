package packet

import (
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// chunkSize is how much of a file a worker looks through at a time. Measured: docs/performance.md.
	chunkSize = 512 << 10
	// overlap is what is read behind a chunk's end, for the record that straddles it.
	overlap = 2 << 10
	// headSize is walked before the workers start: it has the sections and interfaces of nearly every file.
	headSize = 64 << 10
)

// chunks walks a plain file with several workers. Each guesses where the first record of its chunk begins; the delivery, which goes
// through the chunks in order, knows where it truly begins and walks a chunk again when the guess was wrong, or when the section has
// changed since. A wrong guess costs time and never changes the result.
type chunks struct {
	file    *os.File
	size    int64
	chunk   int64
	format  container
	section atomic.Pointer[section] // the latest one known
	opt     Options
}

// chunkSlot is a place in the ring of chunks that are being worked on.
type chunkSlot struct {
	batch  batch
	walked chan struct{} // the chunk is ready to be delivered
}

// read walks the file from offset at on.
func (c *chunks) read(at int64, s *section, d *delivery) error {
	c.section.Store(s)
	sequential := newSifter(c.opt)
	var head batch
	at, more, err := c.deliver(&head, c.load(&head, at, min(headSize, c.chunk)), at, sequential, d)
	if err != nil || !more || at >= c.size {
		return err
	}
	workers := c.opt.workers()
	first := at
	exists := func(i int64) bool { return first+i*c.chunk < c.size }
	slots := make([]chunkSlot, workers+3)
	ring := int64(len(slots))
	// Chunk i lies in slots[i%ring] and is handed out when nobody needs the chunk that lay there before any more.
	tasks := d.lanes[0].tasks
	handOut := func(i int64) {
		slot := &slots[i%ring]
		slot.batch.holders.Store(1)
		slot.batch.free = nil
		tasks <- func(s *sifter) {
			c.work(&slot.batch, first+i*c.chunk, i == 0, s)
			slot.walked <- struct{}{}
			runtime.Gosched() // who delivers it should come to it while the cache has it
		}
	}
	for i := range slots {
		slots[i].walked = make(chan struct{}, 1)
		if exists(int64(i)) {
			handOut(int64(i))
		}
	}
	var running sync.WaitGroup
	stop := make(chan struct{})
	for range c.opt.helpers() {
		running.Go(func() {
			sifter := newSifter(c.opt)
			for {
				select {
				case <-stop:
					return
				case task := <-tasks:
					task(sifter)
				}
			}
		})
	}
	defer running.Wait()
	defer close(stop)
	for i := int64(0); exists(i); i++ {
		slot := &slots[i%ring]
		<-slot.walked
		if exists(i + ring) {
			slot.batch.free = func() { handOut(i + ring) }
		}
		at, more, err = c.deliver(&slot.batch, slot.batch.limit, at, sequential, d)
		if err != nil || !more {
			return err
		}
		slot.batch.letGo()
	}
	return nil
}

// load reads a chunk of the given length, with overlap, and returns its length within the file.
func (c *chunks) load(b *batch, from, length int64) int {
	length = min(length, c.size-from)
	n := int(min(length+overlap, c.size-from))
	if cap(b.buf) < n {
		b.buf = make([]byte, n, n+overlap)
	}
	b.base, b.limit = from, int(length)
	b.buf = b.buf[:n]
	got, err := c.file.ReadAt(b.buf, from)
	b.take(got, err, c.size)
	return b.limit
}

// take notes how much could be read.
func (b *batch) take(end int, err error, size int64) {
	b.buf = b.buf[:end]
	b.err, b.eof = nil, b.base+int64(end) >= size
	if err != nil {
		b.eof = true // shorter than it was when it was opened, or not readable from here on
		if !errors.Is(err, io.EOF) {
			b.err = err
		}
	}
	b.limit = min(b.limit, len(b.buf))
}

// work is what a worker does: read a chunk, guess, walk.
func (c *chunks) work(b *batch, from int64, sure bool, s *sifter) {
	c.load(b, from, c.chunk)
	b.sequential = false
	section, start, ok := c.section.Load(), 0, sure
	if !sure {
		start, ok = c.format.guess(b, section)
	}
	if !ok {
		b.start = -1
		return
	}
	b.reset(start, section)
	c.walk(b, s)
}

// walk walks a chunk to its end, reading behind it what the last record needs.
func (c *chunks) walk(b *batch, s *sifter) {
	for {
		c.format.walk(b, s)
		if b.need == 0 || b.eof {
			return
		}
		have, want := len(b.buf), b.next+int(b.need)
		want = int(min(int64(want), c.size-b.base))
		if cap(b.buf) < want {
			grown := make([]byte, have, want+overlap)
			copy(grown, b.buf)
			b.buf = grown
		}
		b.buf = b.buf[:want]
		got, err := c.file.ReadAt(b.buf[have:], b.base+int64(have))
		b.take(have+got, err, c.size)
		b.need = 0
	}
}

// deliver delivers a chunk, of which the next record of the file begins at offset at, and returns where the one behind it begins and
// whether there is any.
func (c *chunks) deliver(b *batch, limit int, at int64, s *sifter, d *delivery) (next int64, more bool, err error) {
	end := b.base + int64(limit)
	walked := b.start >= 0 && b.sections != nil && b.base+int64(b.start) == at && b.assumed == c.section.Load()
	for at < end {
		if !walked {
			b.busy.Wait()
			b.sequential = true
			b.reset(int(at-b.base), c.section.Load())
			c.walk(b, s)
		}
		walked = false
		if err := d.batch(b); err != nil {
			return at, false, err
		}
		c.section.Store(b.current())
		at = b.base + int64(b.next) + b.skip
		if b.damage != "" || b.need > 0 || b.err != nil || b.eof && b.next >= len(b.buf) {
			d.end(b)
			return at, false, nil
		}
		if at > c.size {
			d.problem("cut off after frame %d, at byte %d: %d of at least %d bytes of the next record are there", d.frames, at-b.skip, c.size-(at-b.skip), b.skip)
			return at, false, nil
		}
	}
	return at, true, nil
}
