// Package terminal undoes what a terminal did to a log that somebody copied out of it: lines wrapped at its width, prompts in front
// of lines, control sequences.
//
// In: a reader of text. Out: a reader of the text as the node wrote it, with the same number of lines, so that a line number still
// points into the copy: a joined line stands where it began, and empty lines stand for its continuations. A text that shows no such
// trace in its beginning is passed on as it is. It knows nothing of what the lines mean. Start at Restore.
// [StripSequences] cleans a single line, [Printable] keeps a terminal from acting on a text, [EchoOff] from showing what is typed.
package terminal

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"cbdoctor/lazyregexp"
)

// lookAhead is how much of a text is looked at for the traces of a terminal.
const lookAhead = 64 << 10

// Widths that a terminal may have had. Longer lines than the wide ones of today are no lines of a screen.
const (
	minWidth = 40
	maxWidth = 400
)

var (
	begins = lazyregexp.New(`^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ] ?\d\d:\d\d:\d\d)`)
	prompt = lazyregexp.New(`^(?:\^C)?[A-Za-z0-9][A-Za-z0-9._-]*>{1,2}(?: |$)`)
	ctrlC  = []byte("^C")
)

// Restore gives a reader of the text as it was before the terminal, and says whether that is another text than r has.
func Restore(r io.Reader) (text io.Reader, changed bool) {
	src := bufio.NewReaderSize(r, lookAhead)
	head, err := src.Peek(lookAhead)
	if err == nil { // the last line may be cut off
		head = head[:bytes.LastIndexByte(head, '\n')+1]
	}
	width, words := wrapping(head)
	if width == 0 && !dressed(head) {
		return src, false
	}
	return &restored{src: src, width: width, words: words}, true
}

// dressed: there are control sequences, or prompts.
func dressed(head []byte) bool {
	if bytes.IndexByte(head, 0x1b) >= 0 {
		return true
	}
	for line := range bytes.Lines(head) {
		if prompt.Match(line) {
			return true
		}
	}
	return false
}

// wrapping finds the width at which log lines were wrapped, 0 when they were not, and whether it was done between words. All lines of
// a wrapped text fit its width, and a line goes on in the next one only where that had no room for more. One such line proves it
// at the width of a VT100 only.
func wrapping(head []byte) (width int, words bool) {
	type broken struct{ length, next int }
	var all []broken
	inEntry, last, wordy := false, 0, 0 // wordy: the width, when words were kept whole: a longer one has its line for itself
	for raw := range bytes.Lines(head) {
		line := clean(raw)
		switch {
		case len(line) == 0 || prompt.Match(line):
			inEntry = false
		case begins.Match(line):
			inEntry = true
		case inEntry:
			all = append(all, broken{last, utf8.RuneCount(firstWord(line))})
		}
		if last = utf8.RuneCount(line); inEntry {
			width = max(width, last)
			if bytes.IndexByte(bytes.TrimLeft(line, " "), ' ') >= 0 {
				wordy = max(wordy, last)
			}
		}
	}
	full, noRoom := 0, 0
	for _, b := range all {
		if b.length >= width-1 {
			full++
		}
		if b.length+1+b.next > wordy {
			noRoom++
		}
	}
	likely := func(width, broken int) bool {
		usual := width == 80 || width == 132
		return broken*10 >= len(all)*9 && (len(all) > 1 || usual) && width >= minWidth && width <= maxWidth
	}
	switch {
	case len(all) == 0:
		return 0, false
	case likely(width, full):
		return width, false
	case likely(wordy, noRoom):
		return wordy, true
	}
	return 0, false
}

// clean takes line end and control sequences off a line.
func clean(line []byte) []byte {
	line = bytes.TrimRight(line, "\r\n ")
	if bytes.IndexByte(line, 0x1b) >= 0 {
		line = StripSequences(line)
	}
	return line
}

func firstWord(line []byte) []byte {
	if i := bytes.IndexByte(line, ' '); i > 0 {
		return line[:i]
	}
	return line
}

// restored undoes the wrapping line by line.
type restored struct {
	src   *bufio.Reader
	width int // 0: lines are whole
	words bool

	entry   []byte // the log line that is being put together
	last    int    // runes of its last piece
	owed    int    // its continuations: so many empty lines follow it
	holding bool
	long    bool // in the middle of a line longer than any screen
	out     []byte
	err     error
}

// maxEntry bounds what is put together.
const maxEntry = 64 << 10

// Read implements io.Reader.
func (r *restored) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		line, err := r.src.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull) || r.long:
			r.release()
			r.out = append(r.out, line...)
			r.long = errors.Is(err, bufio.ErrBufferFull)
			if r.long {
				err = nil
			}
		case len(line) > 0:
			r.line(line)
		}
		if err != nil {
			r.release()
			r.err = err
		}
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

func (r *restored) line(raw []byte) {
	line := clean(raw)
	if at := prompt.FindIndex(line); at != nil && begins.Match(line[at[1]:]) {
		line = line[at[1]:] // the log went on behind the prompt
	}
	line = bytes.TrimPrefix(line, ctrlC)
	if r.continues(line) {
		if r.words || r.last < r.width {
			r.entry = append(r.entry, ' ')
		}
		r.entry = append(r.entry, line...)
		r.last = utf8.RuneCount(line)
		r.owed++
		return
	}
	r.release()
	if r.width > 0 && begins.Match(line) {
		r.entry, r.holding = append(r.entry[:0], line...), true
		r.last = utf8.RuneCount(line)
		return
	}
	r.out = append(append(r.out, line...), '\n')
}

// continues: the line belongs to the log line before it, which had no room for more.
func (r *restored) continues(line []byte) bool {
	switch {
	case !r.holding, len(line) == 0, len(r.entry)+len(line) > maxEntry, begins.Match(line), prompt.Match(line):
		return false
	case r.words:
		return r.last+1+utf8.RuneCount(firstWord(line)) > r.width
	}
	return r.last >= r.width-1
}

// release gives the line that was put together.
func (r *restored) release() {
	if !r.holding {
		return
	}
	r.out = append(append(r.out, r.entry...), '\n')
	for ; r.owed > 0; r.owed-- {
		r.out = append(r.out, '\n')
	}
	r.holding = false
}

// StripSequences is a line without its control sequences: CSI and OSC (ECMA-48 sections 5.4 and 5.6) and the two-byte ones.
func StripSequences(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != 0x1b {
			out = append(out, b[i])
			continue
		}
		if i+1 >= len(b) {
			break
		}
		i++
		switch b[i] {
		case '[':
			for i++; i < len(b) && (b[i] < 0x40 || b[i] > 0x7e); i++ {
			}
		case ']':
			for i++; i < len(b) && b[i] != 0x07 && b[i] != 0x1b; i++ {
			}
			if i+1 < len(b) && b[i] == 0x1b {
				i++
			}
		case '(', ')':
			i++
		}
	}
	return out
}
