package progress

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// screen is the terminal below which the bars stand: mpb hands it one frame after the other, each of which takes the place of the
// one before. What else is to be read stands above them, and while somebody is asked they are not there at all.
type screen struct {
	out  io.Writer
	next bytes.Buffer // the frame that mpb makes

	mu    sync.Mutex
	frame []byte // the last one
	lines int    // of it
	asked bool   // somebody is asked: nothing is written
	held  []byte // lines that wait for the answer
}

// Write implements mpb.ConsoleWriter.
func (s *screen) Write(b []byte) (int, error) { return s.next.Write(b) }

// ReadFrom implements mpb.ConsoleWriter.
func (s *screen) ReadFrom(r io.Reader) (int64, error) { return s.next.ReadFrom(r) }

// IsTerminal implements mpb.ConsoleWriter.
func (s *screen) IsTerminal() bool { return true }

// GetTermSize implements mpb.ConsoleWriter.
func (s *screen) GetTermSize() (width, height int, err error) {
	if f, ok := s.out.(*os.File); ok {
		if width, height, err = term.GetSize(int(f.Fd())); err == nil && width > 0 && height > 0 {
			return width, height, nil
		}
	}
	return 80, 24, nil
}

// Flush implements mpb.ConsoleWriter: what was written since the last one is the next frame.
func (s *screen) Flush(lines int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := s.lines
	s.frame, s.lines = append(s.frame[:0], s.next.Bytes()...), lines
	s.next.Reset()
	if s.asked {
		return nil
	}
	_, err := s.out.Write(append(wipe(shown), s.frame...))
	return err
}

// wipe goes up to the beginning of a frame and clears from there on (ECMA-48 CUU and ED). The terminal may have echoed "^C" behind it.
func wipe(lines int) []byte {
	if lines == 0 {
		return nil
	}
	return fmt.Appendf(nil, "\r\x1b[%dA\x1b[J", lines)
}

// say writes a line above the bars.
func (s *screen) say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked {
		s.held = append(s.held, line+"\n"...)
		return
	}
	_, _ = s.out.Write(append(append(wipe(s.lines), line+"\n"...), s.frame...)) // nothing can be done about a terminal that is gone
}

// Aside implements Reporter: it takes the bars away until resume is called; what is said meanwhile comes then.
func (s *screen) Aside() (resume func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.out.Write(wipe(s.lines))
	s.asked = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = false
		_, _ = s.out.Write(append(s.held, s.frame...))
		s.held = nil
	}
}
