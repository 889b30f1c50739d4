package login

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"cbdoctor/lazyregexp"
)

// CommandError says that a ProxyCommand brought no connection.
type CommandError struct {
	Command string
	Err     error
	Said    string // the end of what it wrote to its standard error
}

func (e *CommandError) Error() string {
	text := fmt.Sprintf("the ProxyCommand %q: %v", e.Command, e.Err)
	if e.Said != "" {
		text += "; it says: " + e.Said
	}
	return text
}
func (e *CommandError) Unwrap() error { return e.Err }

// byCommand runs the ProxyCommand, which is connected to the host by what it does.
func (r resolved) byCommand(context.Context, string, string) (net.Conn, error) {
	text, err := r.commandText()
	if err != nil {
		return nil, err
	}
	c := &commandConn{text: text}
	c.cmd = exec.Command(cmp.Or(os.Getenv("SHELL"), "/bin/sh"), "-c", "exec "+text)
	c.cmd.Stderr, c.cmd.WaitDelay = &c.said, time.Second
	apart(c.cmd)
	if c.in, err = c.cmd.StdinPipe(); err == nil {
		if c.out, err = c.cmd.StdoutPipe(); err == nil {
			err = c.cmd.Start()
		}
	}
	if err != nil {
		return nil, c.failure(err)
	}
	return c, nil
}

// plainWord is what a shell takes for nothing but a word. The name of a user may come from the manifest of a bundle.
var plainWord = lazyregexp.New(`^[A-Za-z0-9_.+@:%][A-Za-z0-9_.+@:%-]*$`)

// commandText is the ProxyCommand with the tokens of ssh_config(5) replaced.
func (r resolved) commandText() (string, error) {
	tokens := map[byte]string{'%': "%", 'h': r.host, 'n': r.name, 'p': strconv.Itoa(r.port), 'r': r.user}
	var b strings.Builder
	for i := 0; i < len(r.command); i++ {
		if r.command[i] != '%' {
			b.WriteByte(r.command[i])
			continue
		}
		i++
		if i == len(r.command) {
			return "", fmt.Errorf("the ProxyCommand %q ends in a %%", r.command)
		}
		value, known := tokens[r.command[i]]
		switch {
		case !known:
			return "", fmt.Errorf("the ProxyCommand %q has %%%c, which stands for nothing", r.command, r.command[i])
		case !plainWord.MatchString(value):
			return "", fmt.Errorf("the ProxyCommand %q is not run with %q for %%%c: a shell would do something else with it", r.command, value, r.command[i])
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// commandConn is a connection through a running ProxyCommand.
type commandConn struct {
	text string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.Reader
	said tail
	end  sync.Once
}

// Read implements net.Conn.
func (c *commandConn) Read(p []byte) (int, error) { return c.out.Read(p) }

// Write implements net.Conn.
func (c *commandConn) Write(p []byte) (int, error) { return c.in.Write(p) }

// leaveTime is how long a command may take to end when its input is at its end, and again when it is told to.
const leaveTime = 200 * time.Millisecond

// Close ends the command.
func (c *commandConn) Close() error {
	c.end.Do(func() {
		c.in.Close()
		over := make(chan struct{})
		go func() { _ = c.cmd.Wait(); close(over) }() // how it ended, failure tells
		for _, tell := range []func(*exec.Cmd){terminate, kill} {
			select {
			case <-over:
			case <-time.After(leaveTime):
			}
			tell(c.cmd) // what it started may go on without it
		}
		<-over
	})
	return nil
}

// failure is what went wrong with a command from which nothing came.
func (c *commandConn) failure(err error) error {
	if state := c.cmd.ProcessState; errors.Is(err, io.EOF) && state != nil && state.ExitCode() > 0 {
		err = errors.New(state.String())
	}
	return &CommandError{c.text, err, c.said.String()}
}

// LocalAddr implements net.Conn.
func (c *commandConn) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

// RemoteAddr implements net.Conn. It is not known.
func (c *commandConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

// SetDeadline implements net.Conn: what bounds it is that it is closed.
func (c *commandConn) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (c *commandConn) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (c *commandConn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const most = 300
	t.text = append(t.text, p...)
	t.text = bytes.Clone(t.text[max(0, len(t.text)-most):])
	return len(p), nil
}

// String is what was kept, on one line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(string(t.text)), " ")
}
