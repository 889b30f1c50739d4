package analyze

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cbdoctor/fact"
	"cbdoctor/logline"
)

// SameEvent names two lines that show the same event, so that the difference of their clocks is known.
type SameEvent struct{ A, B FileLine }

// FileLine is a line of a file; the file may be named by the end of its path.
type FileLine struct {
	File string
	Line int
}

func (l FileLine) String() string { return fmt.Sprintf("%s:%d", l.File, l.Line) }

// ErrSameEvent says that a line that was named is not there, or has no time.
var ErrSameEvent = errors.New("the same event")

// namedLine is such a line as it was found.
type namedLine struct {
	log   *hostLog
	stamp logline.Stamp
	text  string
}

// grabber keeps lines of a text while it is read.
type grabber struct {
	r    io.Reader
	want map[int][]byte // by line
	at   int            // lines that are complete
	part []byte
}

// named gives a reader that keeps the lines of the file that the user named.
func (m *material) named(path string, r io.Reader) (*grabber, io.Reader) {
	g := &grabber{r: r, want: map[int][]byte{}}
	for _, e := range m.opt.SameEvents {
		for _, l := range []FileLine{e.A, e.B} {
			if isFile(path, l.File) {
				g.want[l.Line] = nil
			}
		}
	}
	if len(g.want) == 0 {
		return nil, r
	}
	return g, g
}

func isFile(path, named string) bool {
	path, named = filepath.ToSlash(path), filepath.ToSlash(named)
	return path == named || strings.HasSuffix(path, "/"+named) || strings.HasSuffix(path, "!"+named)
}

// Read implements io.Reader.
func (g *grabber) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		piece := rest
		if end >= 0 {
			piece = rest[:end]
		}
		if _, wanted := g.want[g.at+1]; wanted && len(g.part) < logline.MaxLine {
			g.part = append(g.part, piece...)
			g.want[g.at+1] = g.part
		}
		if end < 0 {
			break
		}
		g.at++
		g.part = nil
		rest = rest[end+1:]
	}
	return n, err
}

// keep splits what was grabbed.
func (g *grabber) keep(m *material, t *textFile) {
	if g == nil {
		return
	}
	for n, raw := range g.want {
		raw = bytes.TrimRight(raw, "\r ")
		if l, ok := logline.Split(raw); ok {
			if l.Stamp.Year == 0 && l.Stamp.Month <= t.LastBare.Month {
				l.Stamp.Wraps = t.LastBare.Wraps
			}
			m.namedLines = append(m.namedLines, namedLine{t.log(l.Host), l.Stamp, sample(raw)})
			m.namedAt = append(m.namedAt, FileLine{t.path, n})
		}
	}
}

// sameEvents makes the clocks that the user gave; they take the place of those that were estimated.
func (m *material) sameEvents(s *fact.Set, id *identity) error {
	find := func(l FileLine) (*namedLine, error) {
		for i, at := range m.namedAt {
			if at.Line == l.Line && isFile(at.File, l.File) {
				return &m.namedLines[i], nil
			}
		}
		return nil, fmt.Errorf("%w: line %s is not in the input, or has no time", ErrSameEvent, l)
	}
	for _, e := range m.opt.SameEvents {
		a, err := find(e.A)
		if err != nil {
			return err
		}
		b, err := find(e.B)
		if err != nil {
			return err
		}
		k := fact.Clock{A: m.clockOf(id, a), B: m.clockOf(id, b), Given: true}
		if k.A == k.B {
			return fmt.Errorf("%w: %s and %s are lines of the same node, %s", ErrSameEvent, e.A, e.B, k.A)
		}
		at, bt := m.when(a.log, a.stamp), m.when(b.log, b.stamp)
		k.Offset, k.Within = at.T.Sub(bt.T), precision(a.stamp)+precision(b.stamp)
		k.First, k.Last, k.Count = at, at, 1
		k.Sources = []fact.Source{{File: a.log.file.path, Line: e.A.Line, Text: a.text}, {File: b.log.file.path, Line: e.B.Line, Text: b.text}}
		estimated := func(have fact.Clock) bool { return have.A == k.A && have.B == k.B || have.A == k.B && have.B == k.A }
		s.Clocks = append(slices.DeleteFunc(s.Clocks, estimated), k)
	}
	return nil
}

func (m *material) clockOf(id *identity, l *namedLine) string {
	if l.log.host == "" {
		return id.of(l.log.file)
	}
	return l.log.node
}

// precision is how exactly a stamp tells its time.
func precision(s logline.Stamp) time.Duration {
	d := time.Second
	for range s.Digits {
		d /= 10
	}
	return d
}
