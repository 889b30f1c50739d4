package analyze

import (
	"bytes"
	"io"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/logline"
)

// Bounds of reading text.
const (
	blockSize = 512 << 10
	// maxLine is the longest line that is looked at; PostgreSQL's chunks have 900 bytes. What is longer is passed over.
	maxLine = 256 << 10
	// maxTranscript is how much text outside of log lines is kept of a file to look for the output of commands.
	maxTranscript = 1 << 20
)

// textFile is what was learnt of one text file.
type textFile struct {
	path    string
	group   string
	archive string // path of the outermost archive, or of the file itself
	modTime time.Time
	inTar   bool

	seen       int64 // lines that are not empty
	recognised int64
	unknown    string // first line that was not recognised
	unknownAt  int
	tooLong    int64
	hosts      map[string]*hostSpan
	hasYear    bool
	isoYear    int16
	last       logline.Stamp
	wraps      int16
	transcript []byte // lines that are no log lines
	lineOf     []int  // line number of each line in transcript
	gaps       []gap
	year       int // of the first line, found by dating
	problem    string
	damaged    bool
}

// hostSpan is when a host's lines were written in one file.
type hostSpan struct {
	first, last logline.Stamp
	lines       int64
}

// gap is a pause in a host's log.
type gap struct {
	host     string
	from, to logline.Stamp
}

// gapAfter: a Call Bridge logs several lines a minute; half an hour without any means that the log is incomplete or the
// node was off.
const gapAfter = 30 * time.Minute

// readText reads a file line by line and gives every log line to take.
func readText(f *bundle.File, r io.Reader, take func(t *textFile, n int, l *logline.Line, raw []byte)) *textFile {
	t := &textFile{path: f.Path, group: f.Group, modTime: f.ModTime, hosts: map[string]*hostSpan{}}
	t.archive, t.inTar = archiveOf(f.Path)
	buf := make([]byte, 0, blockSize)
	n, skipping := 0, false
	for {
		if cap(buf)-len(buf) < blockSize/2 {
			grown := make([]byte, len(buf), max(2*cap(buf), blockSize))
			copy(grown, buf)
			buf = grown
		}
		got, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+got]
		rest := buf
		for {
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				break
			}
			n++
			if !skipping {
				t.line(n, rest[:end], take)
			}
			skipping = false
			rest = rest[end+1:]
		}
		if len(rest) > maxLine {
			if !skipping {
				t.tooLong++
			}
			skipping, rest = true, rest[:0]
		}
		buf = buf[:copy(buf[:cap(buf)], rest)]
		if err != nil {
			if len(buf) > 0 && !skipping {
				t.line(n+1, buf, take)
			}
			if err != io.EOF {
				t.problem, t.damaged = err.Error(), true
			}
			return t
		}
	}
}

func (t *textFile) line(n int, b []byte, take func(*textFile, int, *logline.Line, []byte)) {
	b = bytes.TrimRight(b, "\r ")
	if n == 1 {
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	}
	if len(b) == 0 {
		t.keep(n, b)
		return
	}
	if bytes.IndexByte(b, 0x1b) >= 0 {
		b = stripEscapes(b)
	}
	t.seen++
	l, ok := logline.Split(b)
	if !ok {
		t.keep(n, b)
		return
	}
	t.recognised++
	t.date(&l)
	take(t, n, &l, b)
}

// keep remembers a line that is no log line: it may belong to the output of a command.
func (t *textFile) keep(n int, b []byte) {
	if len(t.transcript)+len(b) < maxTranscript && len(b) < 4096 {
		t.transcript = append(append(t.transcript, b...), '\n')
		t.lineOf = append(t.lineOf, n)
	}
	if t.unknown == "" && len(b) > 0 {
		t.unknown, t.unknownAt = string(b[:min(len(b), 200)]), n
	}
}

// date notes the line's time: New Year in files without years, the span of each host, and pauses.
func (t *textFile) date(l *logline.Line) {
	s := &l.Stamp
	if s.Year != 0 {
		if !t.hasYear {
			t.hasYear, t.isoYear = true, s.Year
		}
	} else {
		if !t.last.IsZero() && t.last.Year == 0 {
			switch back := int(t.last.Month) - int(s.Month); {
			case back >= 6: // from December to January
				t.wraps++
			case back <= -6 && t.wraps > 0: // a line of the old year after one of the new
				t.wraps--
			}
		}
		s.Wraps = t.wraps
	}
	t.last = *s
	h := t.hosts[l.Host]
	if h == nil {
		if len(t.hosts) >= 1000 {
			return
		}
		h = &hostSpan{first: *s, last: *s}
		t.hosts[l.Host] = h
	}
	h.lines++
	if pause := s.SortKey() - h.last.SortKey(); pause > int64(gapAfter) && s.Month == h.last.Month && len(t.gaps) < 1000 {
		t.gaps = append(t.gaps, gap{l.Host, h.last, *s})
	}
	if s.SortKey() > h.last.SortKey() {
		h.last = *s
	}
}

// archiveOf is the path of the outermost archive that holds a file, or the file's own.
func archiveOf(path string) (archive string, inside bool) {
	for i := range len(path) {
		if path[i] == '!' {
			return path[:i], true
		}
	}
	return path, false
}

// stripEscapes takes terminal control sequences out of a copied terminal session (ECMA-48 section 5.4).
func stripEscapes(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != 0x1b {
			out = append(out, b[i])
			continue
		}
		if i+1 < len(b) && b[i+1] == '[' {
			i += 2
			for i < len(b) && (b[i] < 0x40 || b[i] > 0x7e) {
				i++
			}
		} else {
			i++
		}
	}
	return out
}
