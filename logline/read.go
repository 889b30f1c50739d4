package logline

import (
	"bytes"
	"io"
	"runtime"
	"slices"
	"sync"
)

// blockSize is half a MiB: a block stays in a core's cache and is long enough that handing it over costs nothing.
const blockSize = 512 << 10

// MaxLine is the length in bytes of the longest line that is looked at; PostgreSQL's chunks have 900. What is longer is passed over.
const MaxLine = 256 << 10

// Handler is told of the lines of a file that matter, in their order, one at a time. What it is given is only valid during
// the call. Lines are numbered from 1.
type Handler interface {
	// Wanted is a line of one of the wanted programs, and how it stands in the file.
	Wanted(n int, l *Line, raw []byte)
	// Other is a line of no known form. An empty line stands for a run of them.
	Other(n int, raw []byte)
}

// File is what was counted in a file.
type File struct {
	Seen       int64 // lines that are not empty and not too long
	Recognised int64 // of a known form
	TooLong    int64 // longer than MaxLine: passed over
	Hosts      map[string]*Host

	Year      int16 // the first year that is printed, 0 when none is
	LastDated Stamp // the last time that has a year
	LastBare  Stamp // the last time without one
}

// Reader reads logs one after the other. What it takes to read one, and what lines look like, is kept for the next.
// It is not for several goroutines at once; it uses all processors itself.
type Reader struct {
	tags []string
	free []*buffer
}

// NewReader makes a reader that tells of the lines whose program has one of the names.
func NewReader(tags []string) *Reader { return &Reader{tags: tags} }

// Read reads a log to its end and tells the handler of the lines of the wanted programs, and of those that are no lines of a
// log. What was counted is returned in any case; the error is that of src.
func (r *Reader) Read(src io.Reader, h Handler) (*File, error) {
	return r.blocks(&stream{src: src, size: blockSize}, h)
}

// ReadAt does the same with a file that can be read at several places at once, which is faster.
func (r *Reader) ReadAt(src io.ReaderAt, h Handler) (*File, error) {
	return r.blocks(&places{src: src, size: blockSize}, h)
}

func (r *Reader) blocks(src blocks, h Handler) (*File, error) {
	f := &reading{src: src, handler: h, file: &File{Hosts: map[string]*Host{}}, ready: map[int]*buffer{}}
	f.freed.L = &f.mu
	var rest []*buffer
	defer func() { r.free = append(r.free, rest...) }()
	take := func() *buffer {
		b := r.buffer(src.room())
		rest = append(rest, b)
		return b
	}
	b := take()
	found := src.next(b)
	workers := 1
	if found && !b.last {
		workers = runtime.GOMAXPROCS(0) // one more would make the scheduler hand processors around: measured, 25 % slower
	}
	f.free = append(f.free, take()) // so that a worker goes on while another one has the block before its own
	var wait sync.WaitGroup
	for range workers - 1 {
		b := take()
		wait.Go(func() { f.work(b) })
	}
	if found {
		f.work(f.use(b))
	}
	wait.Wait()
	return f.file, src.failed()
}

// buffer gives one that has room for so many bytes.
func (r *Reader) buffer(room int) *buffer {
	for i, b := range r.free {
		if len(b.bytes) == room+slack {
			r.free = slices.Delete(r.free, i, i+1)
			return b
		}
	}
	return &buffer{bytes: make([]byte, room+slack), block: newBlock(r.tags)}
}

// reading lets several workers look at the blocks of a file and puts together what they find, in the order of the file.
type reading struct {
	src     blocks
	handler Handler

	mu      sync.Mutex // guards what is below
	free    []*buffer
	freed   sync.Cond
	ready   map[int]*buffer // that wait for those before them, by their order
	merging bool            // a worker merges what is ready; what is below is its own meanwhile

	merged int
	lines  int64
	blank  bool // the last line was empty
	file   *File
}

// work takes blocks until there are no more.
func (r *reading) work(b *buffer) {
	for r.src.next(b) {
		b = r.use(b)
	}
}

// byteOrderMark of UTF-8 stands before the first line of files that Windows programs wrote.
var byteOrderMark = []byte("\xef\xbb\xbf")

// use looks at a block and adds it to the file, once those before it are, which another worker may do. It returns a buffer for
// the next one.
func (r *reading) use(b *buffer) *buffer {
	if b.order == 0 && bytes.HasPrefix(b.bytes[b.from:b.to], byteOrderMark) {
		b.from += len(byteOrderMark)
	}
	b.block.scan(b.bytes[b.from:b.to+slack], b.to-b.from)
	b.block.lines += b.cut
	b.block.tooLong += b.cut
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready[b.order] = b
	if !r.merging {
		r.merging = true
		for next := r.ready[r.merged]; next != nil; next = r.ready[r.merged] {
			delete(r.ready, r.merged)
			r.mu.Unlock()
			r.merge(next.block)
			next.block.reset()
			r.mu.Lock()
			r.merged++
			r.free = append(r.free, next)
			r.freed.Signal()
		}
		r.merging = false
	}
	for len(r.free) == 0 {
		r.freed.Wait()
	}
	last := len(r.free) - 1
	b, r.free = r.free[last], r.free[:last]
	return b
}

// merge adds a block behind those that were before it.
func (r *reading) merge(k *block) {
	f := r.file
	wraps := f.LastBare.Wraps + newYear(f.LastBare, k.firstBare)
	since := func(t Stamp) Stamp {
		if t.Year == 0 {
			t.Wraps += wraps
		}
		return t
	}
	if len(k.others) > 0 && r.blank && k.others[0].n == 1 && len(k.others[0].raw) == 0 {
		k.others = k.others[1:]
	}
	if k.lines > 0 {
		r.blank = k.blank == k.lines
	}
	i := 0
	for j := range k.wanted {
		w := &k.wanted[j]
		for ; i < len(k.others) && k.others[i].n < w.n; i++ {
			r.handler.Other(int(r.lines+k.others[i].n), k.others[i].raw)
		}
		w.line.Stamp = since(w.line.Stamp)
		r.handler.Wanted(int(r.lines+w.n), &w.line, w.raw)
	}
	for _, o := range k.others[i:] {
		r.handler.Other(int(r.lines+o.n), o.raw)
	}
	r.lines += k.lines
	f.Seen, f.Recognised, f.TooLong = f.Seen+k.seen, f.Recognised+k.recognised, f.TooLong+k.tooLong
	for _, name := range k.names {
		h, have := k.hosts[name], f.Hosts[name]
		if have == nil {
			if len(f.Hosts) >= maxHosts {
				continue
			}
			have = &Host{}
			f.Hosts[name] = have
		}
		have.Lines += h.Lines
		for _, s := range h.Stretches {
			have.cover(since(s.First), since(s.Last))
		}
	}
	if f.Year == 0 {
		f.Year = k.year
	}
	if !k.lastDated.IsZero() {
		f.LastDated = k.lastDated
	}
	if !k.firstBare.IsZero() {
		f.LastBare = since(k.lastBare)
	}
}
