package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// session is the real program on a pseudo terminal, with a user who reads and types.
type session struct {
	t       *testing.T
	program *exec.Cmd
	user    *os.File // the user's side
	tty     *os.File // the program's side; it stays open, so that the terminal can be looked at after the end

	mu   sync.Mutex
	raw  bytes.Buffer
	more chan struct{}
	read int // what the user has read of it
}

// startOnTerminal starts the program with a home directory of its own, in which it is.
func startOnTerminal(t *testing.T, home string, args ...string) *session {
	t.Helper()
	return startProgram(t, home, exec.Command("cbdoctor", args...))
}

func startProgram(t *testing.T, home string, program *exec.Cmd) *session {
	t.Helper()
	s := &session{t: t, program: program, more: make(chan struct{}, 1)}
	var err error
	if s.user, s.tty, err = pty.Open(); err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(s.user, &pty.Winsize{Rows: 50, Cols: 140}); err != nil {
		t.Fatal(err)
	}
	s.program.Dir = home
	s.program.Env = append(os.Environ(), "HOME="+home, "TERM=xterm", "NO_COLOR=1", "SSH_AUTH_SOCK=")
	s.program.Stdin, s.program.Stdout, s.program.Stderr = s.tty, s.tty, s.tty
	s.program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // its own terminal, so that Ctrl-C is a signal
	if err := s.program.Start(); err != nil {
		t.Fatal(err)
	}
	go s.follow()
	t.Cleanup(func() {
		_ = s.program.Process.Kill()
		s.tty.Close()
		s.user.Close()
	})
	return s
}

// follow reads what the terminal shows until it is closed.
func (s *session) follow() {
	b := make([]byte, 32<<10)
	for {
		n, err := s.user.Read(b)
		s.mu.Lock()
		s.raw.Write(b[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// expect waits until the terminal shows a text behind what was expected before.
func (s *session) expect(text string) {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		at := bytes.Index(s.raw.Bytes()[s.read:], []byte(text))
		if at >= 0 {
			s.read += at + len(text)
		}
		s.mu.Unlock()
		if at >= 0 {
			return
		}
		select {
		case <-s.more:
		case <-deadline:
			s.t.Fatalf("%q does not show; the terminal is\n%s", text, strings.Join(s.screen(), "\n"))
		}
	}
}

func (s *session) typed(text string) {
	s.t.Helper()
	if _, err := s.user.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

const ctrlC = "\x03"

// end waits for the end of the program, whose exit code and last lines are as they should, and for the echo of the terminal.
func (s *session) end(code int, says ...string) {
	s.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- s.program.Wait() }()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			s.t.Fatal(err)
		}
	case <-time.After(patience):
		s.t.Fatalf("the program does not end; the terminal is\n%s", strings.Join(s.screen(), "\n"))
	}
	s.typed("is there an echo?")
	s.expect("is there an echo?") // the terminal itself shows it, unless the program left it otherwise
	shown := strings.Join(s.screen(), "\n")
	if got := s.program.ProcessState.ExitCode(); got != code {
		s.t.Errorf("exit %d, want %d; the terminal is\n%s", got, code, shown)
	}
	for _, text := range says {
		if !strings.Contains(shown, text) {
			s.t.Errorf("%q is not on the terminal:\n%s", text, shown)
		}
	}
}

// never fails the test when a text was ever shown.
func (s *session) never(text string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Contains(s.raw.Bytes(), []byte(text)) {
		s.t.Errorf("%q was shown: %q", text, s.raw.String())
	}
}

// screen is what the terminal shows after everything that was written, lines that have scrolled away included: what the program uses of
// ECMA-48 is CR, LF, cursor up and erase below.
func (s *session) screen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines, row, column := []string{""}, 0, 0
	raw := s.raw.String()
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\r':
			column = 0
		case c == '\n':
			if row++; row == len(lines) {
				lines = append(lines, "")
			}
		case c == 0x1b && strings.HasPrefix(raw[i:], "\x1b["):
			length := strings.IndexFunc(raw[i+2:], func(r rune) bool { return r >= '@' && r <= '~' })
			if length < 0 {
				return lines
			}
			switch n, _ := strconv.Atoi(raw[i+2 : i+2+length]); raw[i+2+length] {
			case 'A':
				row = max(row-n, 0)
			case 'J':
				lines[row] = lines[row][:min(column, len(lines[row]))]
				lines = lines[:row+1]
			}
			i += 2 + length
		default:
			lines[row] += strings.Repeat(" ", max(column-len(lines[row]), 0))
			lines[row] = lines[row][:column] + string(c) + lines[row][min(column+1, len(lines[row])):]
			column++
		}
	}
	return lines
}
