package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// shell is the MMP command line of a node over an interactive session. The prompt is the host name and "> ", so it is
// learnt from what the node prints first.
type shell struct {
	session *ssh.Session
	in      io.WriteCloser
	out     chan []byte
	prompt  string
}

// prompt of the MMP: the host name and an angle bracket; nothing else stands on the line.
var promptAtEnd = regexp.MustCompile(`(?:^|[\r\n])([A-Za-z0-9][A-Za-z0-9._-]*)> ?$`)

// maxOutput bounds what one command may print.
const maxOutput = 8 << 20

func openShell(ctx context.Context, c *ssh.Client, timeout time.Duration) (*shell, error) {
	session, err := c.NewSession()
	if err != nil {
		return nil, fmt.Errorf("open a session: %w", err)
	}
	s := &shell{session: session, out: make(chan []byte, 16)}
	modes := ssh.TerminalModes{ssh.ECHO: 0}
	if err := session.RequestPty("vt100", 50, 512, modes); err != nil {
		session.Close()
		return nil, fmt.Errorf("ask for a terminal: %w", err)
	}
	if s.in, err = session.StdinPipe(); err != nil {
		session.Close()
		return nil, err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		session.Close()
		return nil, err
	}
	if err := session.Shell(); err != nil {
		session.Close()
		return nil, fmt.Errorf("start the command line: %w", err)
	}
	go s.read(out)
	banner, err := s.untilPrompt(ctx, timeout)
	if err != nil {
		session.Close()
		return nil, fmt.Errorf("wait for the prompt: %w (the node printed %q)", err, tail(banner))
	}
	return s, nil
}

func (s *shell) read(r io.Reader) {
	defer close(s.out)
	for {
		b := make([]byte, 32<<10)
		n, err := r.Read(b)
		if n > 0 {
			s.out <- b[:n]
		}
		if err != nil {
			return
		}
	}
}

var errClosed = errors.New("the node closed the session")

// untilPrompt returns what the node prints up to its prompt.
func (s *shell) untilPrompt(ctx context.Context, timeout time.Duration) ([]byte, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	var got []byte
	for {
		select {
		case <-ctx.Done():
			return got, ctx.Err()
		case <-timer.C:
			return got, fmt.Errorf("no prompt within %s: %w", timeout, context.DeadlineExceeded)
		case b, more := <-s.out:
			if !more {
				return got, errClosed
			}
			got = append(got, b...)
			if len(got) > maxOutput {
				return got, fmt.Errorf("more than %d MiB of output", maxOutput>>20)
			}
			if m := promptAtEnd.FindSubmatch(got[max(0, len(got)-200):]); m != nil && (s.prompt == "" || string(m[1]) == s.prompt) {
				s.prompt = string(m[1])
				return bytes.TrimSuffix(got[:len(got)-len(m[0])], []byte("\r")), nil
			}
		}
	}
}

// run sends a command and returns its output without the echo and the prompt.
func (s *shell) run(ctx context.Context, c mmpCommand, timeout time.Duration) (string, error) {
	if _, err := io.WriteString(s.in, c.text+"\r"); err != nil {
		return "", fmt.Errorf("send %q: %w", c.text, err)
	}
	out, err := s.untilPrompt(ctx, timeout)
	text := strings.ReplaceAll(string(out), "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	text = strings.TrimLeft(text, "\n")
	if first, rest, _ := strings.Cut(text, "\n"); strings.TrimSpace(first) == c.text {
		text = rest
	}
	if err != nil {
		return text, fmt.Errorf("%q: %w", c.text, err)
	}
	if strings.HasPrefix(strings.TrimSpace(text), "FAILURE:") || strings.HasPrefix(strings.TrimSpace(text), "Unknown command") {
		return text, fmt.Errorf("%q: the node answers %q", c.text, tail([]byte(text)))
	}
	return text, nil
}

func (s *shell) close() { s.session.Close() }

// tail is the end of an output, fit for an error.
func tail(b []byte) string {
	t := strings.TrimSpace(string(b))
	return t[max(0, len(t)-120):]
}
