package logline

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"sync"
)

// Bounds of reading. A block of that size stays in a core's cache and is long enough that handing it over costs nothing.
const (
	blockSize = 256 << 10
	// maxLine is the longest line that is looked at; PostgreSQL's chunks have 900 bytes. What is longer is passed over.
	maxLine = 256 << 10
)

// MaxLine is the length in bytes of the longest line that is looked at.
const MaxLine = maxLine

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

// Read reads a log to its end and tells the handler of the lines whose program has one of the names, and of those that are
// no lines of a log. What was counted is returned in any case; the error is that of src.
func Read(src io.Reader, tags []string, h Handler) (*File, error) {
	return read(src, tags, h, blockSize)
}

// read reads in blocks of a size that tests choose.
func read(src io.Reader, tags []string, h Handler, size int) (*File, error) {
	r := &reader{src: src, size: size, handler: h, tags: tags, file: &File{Hosts: map[string]*Host{}}}
	r.turn.L = &r.merging
	b := r.newBuffer()
	r.fill(b)
	workers := 1
	if !r.ended {
		workers = runtime.GOMAXPROCS(0) + 1 // one may wait for its turn while the others go on
	}
	var wait sync.WaitGroup
	for range workers - 1 {
		wait.Go(func() { r.work(r.newBuffer()) })
	}
	r.use(b)
	r.work(b)
	wait.Wait()
	if errors.Is(r.err, io.EOF) {
		r.err = nil
	}
	return r.file, r.err
}

// reader hands the blocks of a file to several workers and puts together what they find, in the order of the file.
type reader struct {
	tags    []string
	handler Handler
	size    int // of a block

	filling sync.Mutex // guards what is below, up to the empty line
	src     io.Reader
	carry   []byte // the beginning of a line whose end was not in the last block
	skips   bool   // the line is too long, and its end not yet found
	blocks  int
	ended   bool
	err     error

	merging sync.Mutex // guards what is below
	turn    sync.Cond
	merged  int
	lines   int64
	blank   bool // the last line was empty
	file    *File
}

// buffer is a worker's: the bytes of a block, and what they turned out to be.
type buffer struct {
	bytes   []byte
	from    int // of the first line
	to      int // behind the last line end
	skipped int64
	cut     int64 // lines that were found too long
	order   int
	block   *block
}

func (r *reader) newBuffer() *buffer {
	return &buffer{bytes: make([]byte, maxLine+r.size+slack), block: newBlock(r.tags)}
}

// work takes blocks until there are no more.
func (r *reader) work(b *buffer) {
	for r.fill(b) {
		r.use(b)
	}
}

// fill reads the next block: whole lines, and at the end of the file what is there. It reports whether there is one.
func (r *reader) fill(b *buffer) bool {
	r.filling.Lock()
	defer r.filling.Unlock()
	if r.ended {
		return false
	}
	b.from, b.skipped, b.cut, b.order = 0, 0, 0, r.blocks
	r.blocks++
	n := copy(b.bytes, r.carry)
	for {
		got, err := io.ReadFull(r.src, b.bytes[n:n+r.size])
		n += got
		if r.skips {
			end := bytes.IndexByte(b.bytes[:n], '\n')
			if end < 0 && err == nil {
				n = 0
				continue
			}
			r.skips = end < 0
			b.skipped++
			b.from = end + 1
			if end < 0 {
				b.from = n
			}
		}
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			r.ended, r.err = true, err
			b.to = n
			if n > b.from && b.bytes[n-1] != '\n' {
				b.bytes[n] = '\n'
				b.to++
			}
			return true
		}
		b.to = bytes.LastIndexByte(b.bytes[b.from:n], '\n') + 1 + b.from
		switch rest := n - b.to; {
		case rest > maxLine:
			r.skips, r.carry = true, r.carry[:0]
			b.cut++
		case b.to == b.from: // no line is whole yet
			n = copy(b.bytes, b.bytes[b.from:n])
			b.from = 0
			continue
		default:
			r.carry = append(r.carry[:0], b.bytes[b.to:n]...)
		}
		return true
	}
}

// byteOrderMark of UTF-8 stands before the first line of files that Windows programs wrote.
var byteOrderMark = []byte("\xef\xbb\xbf")

// use looks at a block and, when it is its turn, adds it to the file.
func (r *reader) use(b *buffer) {
	if b.order == 0 && bytes.HasPrefix(b.bytes[b.from:b.to], byteOrderMark) {
		b.from += len(byteOrderMark)
	}
	b.block.lines, b.block.tooLong = b.skipped, b.cut
	b.block.scan(b.bytes[b.from:b.to+slack], b.to-b.from)
	r.merging.Lock()
	for r.merged != b.order {
		r.turn.Wait()
	}
	r.merge(b.block)
	r.merged++
	r.turn.Broadcast()
	r.merging.Unlock()
	b.block.reset()
}

// merge adds a block behind those that were before it.
func (r *reader) merge(k *block) {
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
	for _, w := range k.wanted {
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
