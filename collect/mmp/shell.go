package mmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/lazyregexp"
)

// Session runs commands one after the other. Its methods are for one goroutine at a time.
type Session struct {
	// Name is the node's host name as its prompt shows it; empty on an exec channel, which has no prompt.
	Name string

	client  *ssh.Client // set on exec channels: each command opens one
	session *ssh.Session
	in      io.WriteCloser
	out     chan []byte
}

var (
	// ErrClosed says that the node ended the session.
	ErrClosed = errors.New("the node closed the session")
	// ErrNoPrompt says that the node printed no prompt in time: it may offer no command line.
	ErrNoPrompt = errors.New("no prompt")
)

// slowError is an ErrNoPrompt and a context.DeadlineExceeded.
type slowError struct{ limit time.Duration }

func (e *slowError) Error() string { return ErrNoPrompt.Error() + " within " + e.limit.String() }
func (e *slowError) Is(target error) bool {
	return target == ErrNoPrompt || target == context.DeadlineExceeded
}

// Refused is a command that the node answered with FAILURE or did not know.
type Refused struct {
	Command Command
	Answer  string // cut
}

func (e *Refused) Error() string { return fmt.Sprintf("%q: the node answers %q", e.Command, e.Answer) }

// promptAtEnd: the prompt is the host name and an angle bracket, and nothing else stands on its line.
var promptAtEnd = lazyregexp.New(`(?:^|[\r\n])([A-Za-z0-9][A-Za-z0-9._-]*)>{1,2} ?$`)

// unixPrompt is how the prompt of a Unix shell ends: this is no MMP, or none that offers its command line on a terminal.
var unixPrompt = lazyregexp.New(`(?:^|[\r\n])[^\r\n]{0,100}[#$%] ?$`)

// pagerAtEnd: what a pager prints while it waits for a key.
var pagerAtEnd = lazyregexp.New(`(?i)(^|[\r\n])[^\r\n]{0,40}(?:--\s*more\s*--|\(END\)|press (any key|space|enter)[^\r\n]{0,40}|lines \d+-\d+)[^\r\n]{0,20}$`)

// wiped is how a pager takes its own words off the line.
var wiped = lazyregexp.New(`\r +\r`)

// escapes are terminal control sequences (ECMA-48 CSI and OSC); a node may colour its prompt.
var escapes = lazyregexp.New(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,200}(\x07|\x1b\\)|[=>()][0-9A-B]?)`)

// nudge is how long the first prompt is awaited before a line end asks for it: behind the last line of a banner it does not
// stand at the beginning of a line.
const nudge = 2 * time.Second

// maxOutput bounds what one command may print.
const maxOutput = 8 << 20

// Open starts the command line. A node that offers no terminal is spoken to over one exec channel a command.
func Open(ctx context.Context, client *ssh.Client, timeout time.Duration) (*Session, error) {
	s, err := openShell(ctx, client, timeout)
	var noShell *noShellError
	if errors.As(err, &noShell) || errors.Is(err, ErrNoPrompt) {
		if s, execErr := openExec(ctx, client, timeout); execErr == nil {
			return s, nil
		}
	}
	return s, err
}

// noShellError says that the terminal or the shell was refused.
type noShellError struct {
	what string
	err  error
}

func (e *noShellError) Error() string { return e.what + ": " + e.err.Error() }
func (e *noShellError) Unwrap() error { return e.err }

func openShell(ctx context.Context, client *ssh.Client, timeout time.Duration) (*Session, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	session, err := await(limited, client.NewSession)
	if err != nil {
		return nil, fmt.Errorf("open a session: %w", err)
	}
	s := &Session{session: session, out: make(chan []byte, 16)}
	fail := func(err error) (*Session, error) {
		session.Close()
		return nil, err
	}
	if s.in, err = session.StdinPipe(); err != nil {
		return fail(err)
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	if _, err := await(limited, func() (struct{}, error) { return struct{}{}, startShell(session) }); err != nil {
		return fail(err)
	}
	go pump(out, s.out)
	banner, err := s.untilPrompt(ctx, min(timeout, nudge), nil)
	if errors.Is(err, ErrNoPrompt) && unixPrompt.Match(banner) {
		return fail(fmt.Errorf("%w of an MMP: the node printed %q", ErrNoPrompt, tail(banner)))
	}
	if errors.Is(err, ErrNoPrompt) {
		if _, err := io.WriteString(s.in, "\r"); err != nil {
			return fail(fmt.Errorf("ask for the prompt: %w", err))
		}
		banner, err = s.untilPrompt(ctx, timeout, nil)
	}
	if err != nil {
		return fail(fmt.Errorf("wait for the prompt: %w (the node printed %q)", err, tail(banner)))
	}
	// a banner may end as a prompt does: the prompt is what comes again; after a false one, the true first one is still to come
	if _, err := io.WriteString(s.in, "\r"); err != nil {
		return fail(fmt.Errorf("ask for the prompt again: %w", err))
	}
	for seen := ""; seen != s.Name; {
		seen, s.Name = s.Name, ""
		if again, err := s.untilPrompt(ctx, timeout, nil); err != nil {
			return fail(fmt.Errorf("wait for the prompt again: %w (the node printed %q)", err, tail(again)))
		}
	}
	return s, nil
}

// startShell asks for a terminal and the command line.
func startShell(session *ssh.Session) error {
	// a wide terminal, so that no line is wrapped; a high one, so that a pager has nothing to do
	if err := session.RequestPty("vt100", 500, 512, ssh.TerminalModes{ssh.ECHO: 0}); err != nil {
		return &noShellError{"ask for a terminal", err}
	}
	if err := session.Shell(); err != nil {
		return &noShellError{"start the command line", err}
	}
	return nil
}

// pump passes on what arrives until the channel ends.
func pump(r io.Reader, to chan<- []byte) {
	defer close(to)
	for {
		b := make([]byte, 32<<10)
		n, err := r.Read(b)
		if n > 0 {
			to <- b[:n]
		}
		if err != nil {
			return
		}
	}
}

// untilPrompt returns what the node prints up to its prompt, without escapes and pagers. A timeout of 0 is none. lines, where it is not nil,
// gets each whole line as it comes, and nothing is kept.
func (s *Session) untilPrompt(ctx context.Context, timeout time.Duration, lines func(string)) ([]byte, error) {
	var expired <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	var got []byte
	for {
		select {
		case <-ctx.Done():
			return got, ctx.Err()
		case <-expired:
			return got, &slowError{timeout}
		case b, more := <-s.out:
			if !more {
				return got, ErrClosed
			}
			got = append(got, b...)
			if bytes.IndexByte(got, 0x1b) >= 0 {
				got = escapes.ReplaceAll(got, nil)
			}
			if lines != nil {
				got = giveLines(got, lines)
			}
			if len(got) > maxOutput {
				return got, fmt.Errorf("more than %d MiB of output", maxOutput>>20)
			}
			end := got[max(0, len(got)-200):]
			if m := promptAtEnd.FindSubmatch(end); m != nil && (s.Name == "" || string(m[1]) == s.Name) {
				s.Name = string(m[1])
				return got[:len(got)-len(m[0])], nil
			}
			if m := pagerAtEnd.FindSubmatch(end); m != nil {
				got = got[:len(got)-len(m[0])+len(m[1])] // the line end before it stays
				if _, err := io.WriteString(s.in, " "); err != nil {
					return got, fmt.Errorf("answer the pager: %w", err)
				}
			}
		}
	}
}

// giveLines calls lines for each whole line and returns the rest.
func giveLines(got []byte, lines func(string)) []byte {
	for {
		i := bytes.IndexByte(got, '\n')
		if i < 0 {
			return got
		}
		lines(strings.TrimRight(string(got[:i]), "\r"))
		got = got[i+1:]
	}
}

// Run sends a command and returns its output without the echo and the prompt. The error is a *Refused when the node answers
// FAILURE or does not know the command; the output is there all the same.
func (s *Session) Run(ctx context.Context, c Command, timeout time.Duration) (string, error) {
	if c.text == "" {
		return "", errors.New("no command")
	}
	if s.client != nil {
		return s.exec(ctx, c, timeout)
	}
	if _, err := io.WriteString(s.in, c.text+"\r"); err != nil {
		return "", fmt.Errorf("send %q: %w", c, err)
	}
	out, err := s.untilPrompt(ctx, timeout, nil)
	text := withoutEcho(string(out), c)
	if err != nil {
		return text, fmt.Errorf("%q: %w", c, err)
	}
	return text, refusal(c, text)
}

// withoutEcho brings line ends to "\n" and drops the command where the terminal repeats it.
func withoutEcho(out string, c Command) string {
	text := wiped.ReplaceAllString(strings.ReplaceAll(out, "\r\n", "\n"), "")
	text = strings.ReplaceAll(text, "\r", "\n")
	text = strings.TrimLeft(text, "\n")
	first, rest, _ := strings.Cut(text, "\n")
	if strings.TrimSpace(first) == c.text {
		return strings.TrimLeft(rest, "\n")
	}
	return text
}

func refusal(c Command, text string) error {
	t := strings.TrimSpace(text)
	for _, sign := range []string{"FAILURE:", "Unknown command", "unknown command", "Permission denied"} {
		if strings.HasPrefix(t, sign) {
			return &Refused{c, tail([]byte(text))}
		}
	}
	return nil
}

// Stream runs a command that goes on until it is stopped, such as "syslog follow": each line goes to lines as it comes. When ctx ends,
// Ctrl-C is sent and the prompt awaited for the grace period, so that the command is over on the node too. The error is that of
// the node or the connection, nil after an ordered stop.
func (s *Session) Stream(ctx context.Context, c Command, grace time.Duration, lines func(string)) error {
	if s.client != nil {
		return fmt.Errorf("%q needs a terminal, and the node offers none", c)
	}
	if c.text == "" {
		return errors.New("no command")
	}
	if _, err := io.WriteString(s.in, c.text+"\r"); err != nil {
		return fmt.Errorf("send %q: %w", c, err)
	}
	echo, first := true, ""
	each := func(line string) {
		if echo && (strings.TrimSpace(line) == c.text || line == "") || line == "^C" {
			return
		}
		echo = false
		if first == "" {
			first = line
		}
		lines(line)
	}
	rest, err := s.untilPrompt(ctx, 0, each)
	if ctx.Err() == nil {
		if err == nil {
			if refused := refusal(c, first+"\n"+string(rest)); refused != nil {
				return refused
			}
			err = fmt.Errorf("it ended by itself; the last line is %q", tail(rest))
		}
		return fmt.Errorf("%q: %w", c, err)
	}
	if _, err := io.WriteString(s.in, "\x03"); err != nil {
		return fmt.Errorf("stop %q: %w", c, err)
	}
	if _, err := s.untilPrompt(context.WithoutCancel(ctx), grace, each); err != nil {
		return fmt.Errorf("stop %q: %w", c, err)
	}
	return nil
}

// Close ends the session.
func (s *Session) Close() {
	if s.session != nil {
		s.session.Close()
	}
}

// tail is the end of an output, fit for an error.
func tail(b []byte) string {
	t := strings.TrimSpace(string(b))
	return t[max(0, len(t)-120):]
}
