package logline

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// blocks gives the blocks of a file to several workers.
type blocks interface {
	// next reads the next block and reports whether there is one. Blocks are numbered from 0, and each number that was given has
	// to be put to the file before the ones after it.
	next(b *buffer) bool
	// room is how many bytes a buffer needs to have.
	room() int
	// failed is why reading ended too early, nil when it did not.
	failed() error
}

// buffer is a worker's: the bytes of a block, and what they turned out to be.
type buffer struct {
	bytes []byte
	from  int // of the first line
	to    int // behind the last line end
	cut   int64
	order int
	last  bool // the file ends with it
	block *block
}

// end ends the last line of a file, which may have no line end.
func (b *buffer) end(n int) {
	b.to = n
	if n > b.from && b.bytes[n-1] != '\n' {
		b.bytes[n] = '\n'
		b.to++
	}
}

// stream reads one block after the other: standard input, and what has to be decompressed.
type stream struct {
	size int

	mu    sync.Mutex // guards what is below
	src   io.Reader
	carry []byte // the beginning of a line whose end was not in the last block
	skips bool   // the line is too long, and its end not yet found
	count int
	ended bool
	err   error
}

func (s *stream) room() int { return 1 + MaxLine + s.size }

func (s *stream) failed() error { return s.err }

func (s *stream) next(b *buffer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	b.from, b.cut, b.order, b.last = 0, 0, s.count, false
	s.count++
	n := copy(b.bytes, s.carry)
	for {
		got, err := io.ReadFull(s.src, b.bytes[n:n+s.size])
		n += got
		if s.skips {
			end := bytes.IndexByte(b.bytes[:n], '\n')
			s.skips = end < 0
			switch {
			case end >= 0:
				b.from = end + 1
			case err == nil:
				n = 0
				continue
			default:
				b.from = n
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				s.err = err
			}
			s.ended, b.last = true, true
			b.end(n)
			return true
		}
		b.to = b.from + bytes.LastIndexByte(b.bytes[b.from:n], '\n') + 1
		switch rest := n - b.to; {
		case rest > MaxLine:
			s.skips, s.carry = true, s.carry[:0]
			b.cut++
		case b.to == b.from: // no line is whole yet
			n = copy(b.bytes, b.bytes[b.from:n])
			b.from = 0
			continue
		default:
			s.carry = append(s.carry[:0], b.bytes[b.to:n]...)
		}
		return true
	}
}

// places reads the blocks of a file at their places: a block has the lines that begin in it, so that workers need not wait for
// each other.
type places struct {
	src  io.ReaderAt
	size int

	count atomic.Int64
	ended atomic.Bool
	mu    sync.Mutex // guards err
	err   error
}

// behind is how much is read with a block to have the end of its last line.
const behind = 4 << 10

func (s *places) room() int { return 1 + MaxLine + s.size }

func (s *places) failed() error { return s.err }

func (s *places) next(b *buffer) bool {
	if s.ended.Load() {
		return false
	}
	order := s.count.Add(1) - 1
	b.from, b.to, b.cut, b.order, b.last = 0, 0, 0, int(order), false
	at, before := order*int64(s.size), 0
	if at > 0 {
		at, before = at-1, 1 // the byte before tells whether a line begins with the block
	}
	limit := before + s.size // lines that begin before it are of the block
	n, more := s.read(b, at, 0, limit+behind)
	if b.last = !more && n <= limit; b.last {
		s.ended.Store(true)
	}
	if n <= before {
		return true // empty, but its number was given
	}
	if before > 0 {
		begin := bytes.IndexByte(b.bytes[:min(n, limit)], '\n')
		if begin < 0 { // the whole block is of one line
			return true
		}
		b.from = begin + 1
	}
	b.to = b.from
	for from := limit - 1; ; {
		if end := bytes.IndexByte(b.bytes[min(from, n):n], '\n'); end >= 0 {
			b.to = from + end + 1
			return true
		}
		if !more {
			b.end(n)
			return true
		}
		if n == len(b.bytes)-slack {
			b.to = b.from + bytes.LastIndexByte(b.bytes[b.from:limit], '\n') + 1
			b.cut++
			return true
		}
		from = n
		n, more = s.read(b, at, n, len(b.bytes)-slack)
	}
}

// read reads the bytes of a block up to the place to, of which there are n already. more says that the file may go on.
func (s *places) read(b *buffer, at int64, n, to int) (have int, more bool) {
	got, err := s.src.ReadAt(b.bytes[n:to], at+int64(n))
	if err == nil {
		return n + got, true
	}
	if !errors.Is(err, io.EOF) {
		s.ended.Store(true)
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
	}
	return n + got, false
}
