package mmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"
)

// openExec tries whether the node answers commands on exec channels.
func openExec(ctx context.Context, client *ssh.Client, timeout time.Duration) (*Session, error) {
	s := &Session{client: client}
	if _, err := s.exec(ctx, Version, timeout); err != nil {
		return nil, err
	}
	return s, nil
}

// notFound is the exit status of a shell that does not know a command (POSIX, Shell Command Language 2.8.2).
const notFound = 127

// exec runs one command on a channel of its own.
func (s *Session) exec(ctx context.Context, c Command, timeout time.Duration) (string, error) {
	session, err := s.client.NewSession()
	if err != nil {
		return "", fmt.Errorf("open a session: %w", err)
	}
	defer session.Close()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	stop := context.AfterFunc(ctx, func() { session.Close() })
	defer stop()
	out, messages := &boundedBuffer{}, &boundedBuffer{}
	session.Stdout, session.Stderr = out, messages
	err = session.Run(c.text)
	text := withoutEcho(out.String()+messages.String(), c)
	var status *ssh.ExitError
	var missing *ssh.ExitMissingError
	switch {
	case ctx.Err() != nil:
		return text, fmt.Errorf("%q: %w", c, ctx.Err())
	case out.full || messages.full:
		return text, fmt.Errorf("%q: more than %d MiB of output", c, maxOutput>>20)
	case errors.As(err, &status) && (text == "" || status.ExitStatus() == notFound):
		return text, &Refused{c, tail([]byte(text + " (" + status.Error() + ")"))}
	case err != nil && !errors.As(err, &status) && !errors.As(err, &missing):
		return text, fmt.Errorf("%q: %w", c, err)
	}
	return text, refusal(c, text)
}

// boundedBuffer takes at most maxOutput bytes.
type boundedBuffer struct {
	bytes.Buffer
	full bool
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxOutput {
		b.full = true
		return 0, errors.New("too much output")
	}
	return b.Buffer.Write(p)
}
