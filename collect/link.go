package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/collect/login"
	"cbdoctor/collect/mmp"
	"cbdoctor/collect/transfer"
)

// link is the connection to one node, made again when it broke. The command line and the first SFTP channels share it.
type link struct {
	login   *login.Login
	target  login.Target
	timeout time.Duration
	retries int
	backoff time.Duration
	told    func(fingerprint string)

	mu    sync.Mutex
	conn  *ssh.Client
	alive bool
	first bool // it was never open
}

// get returns the open connection, or makes one.
func (l *link) get(ctx context.Context) (*ssh.Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alive {
		return l.conn, nil
	}
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	l.conn, l.alive, l.first = conn, true, false
	go func() {
		_ = conn.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.conn == conn {
			l.alive = false
		}
	}()
	return conn, nil
}

// nth is what a transfer dials: its first connection is the shared one.
func (l *link) nth(ctx context.Context, i int) (*ssh.Client, error) {
	if i == 0 {
		return l.get(ctx)
	}
	return l.dial(ctx)
}

// dial tries again what a bad link may have broken. A node that refuses the connection, the key or the password will do so again;
// after a connection that worked, a refusal may be a node that starts anew.
func (l *link) dial(ctx context.Context) (*ssh.Client, error) {
	for attempt := 1; ; attempt++ {
		conn, fingerprint, err := l.login.Dial(ctx, l.target, l.timeout)
		if fingerprint != "" {
			l.told(fingerprint)
		}
		switch {
		case err == nil:
			return conn, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !l.worthRetrying(err):
			return nil, &transfer.FinalError{Err: err}
		case attempt > l.retries:
			if attempt > 1 {
				err = fmt.Errorf("given up after %d attempts: %w", attempt, err)
			}
			return nil, &transfer.FinalError{Err: err}
		}
		if err := sleep(ctx, transfer.Backoff(l.backoff, attempt, rand.Float64())); err != nil {
			return nil, err
		}
	}
}

// worthRetrying reports whether the way to the node failed, rather than the node's or our own trust.
func (l *link) worthRetrying(err error) bool {
	var lookup *net.DNSError
	var command *login.CommandError
	switch {
	case errors.As(err, &command):
		return !l.first
	case errors.As(err, &lookup):
		return lookup.IsTemporary
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return !l.first
	}
	return Lost(err)
}

// Lost reports whether an error is that of a connection that broke.
func Lost(err error) bool {
	var network net.Error
	for _, sign := range []error{mmp.ErrClosed, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, sign) {
			return true
		}
	}
	return errors.As(err, &network)
}

// answers reports whether the node still answers on the connection: one that a firewall forgot looks open until something is sent.
func (l *link) answers(ctx context.Context) bool {
	l.mu.Lock()
	conn, alive := l.conn, l.alive
	l.mu.Unlock()
	if !alive {
		return false
	}
	answer := make(chan error, 1)
	go func() { // ends with the connection
		_, _, err := conn.SendRequest("keepalive@openssh.com", true, nil)
		answer <- err
	}()
	timer := time.NewTimer(l.timeout)
	defer timer.Stop()
	select {
	case err := <-answer:
		return err == nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alive = false
	if l.conn != nil {
		l.conn.Close()
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
