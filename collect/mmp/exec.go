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
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	session, err := await(ctx, s.client.NewSession)
	if err != nil {
		return "", fmt.Errorf("open a session: %w", err)
	}
	defer session.Close()
	out, messages := &boundedBuffer{}, &boundedBuffer{}
	session.Stdout, session.Stderr = out, messages
	_, err = await(ctx, func() (struct{}, error) { return struct{}{}, session.Run(c.text) })
	if ctx.Err() != nil { // the node may still be writing
		return "", fmt.Errorf("%q: %w", c, ctx.Err())
	}
	text := withoutEcho(out.String()+messages.String(), c)
	var status *ssh.ExitError
	var missing *ssh.ExitMissingError
	switch {
	case out.full || messages.full:
		return text, fmt.Errorf("%q: more than %d MiB of output", c, maxOutput>>20)
	case errors.As(err, &status) && (text == "" || status.ExitStatus() == notFound):
		return text, &Refused{c, tail([]byte(text + " (" + status.Error() + ")"))}
	case err != nil && !errors.As(err, &status) && !errors.As(err, &missing):
		return text, fmt.Errorf("%q: %w", c, err)
	}
	return text, refusal(c, text)
}

// await waits for what a node may never answer, as long as ctx lasts. What comes later is left to the end of the connection.
func await[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		v, err := ask()
		answers <- answer{v, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
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
