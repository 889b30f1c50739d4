package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// channel is one SFTP session: the lane lists and reads, the client does the rest.
type channel struct {
	client *sftp.Client
	lane   *lane
	busy   atomic.Int64 // requests in flight
}

// pool is the open SFTP channels of one node, over one or more connections.
type pool struct {
	mu       sync.Mutex
	channels []*channel
	closed   bool
	meter    *meter
	memory   *buffers
}

// add opens n channels on a connection at the same time, since one after the other they cost three round trips each. It
// returns when the first is ready; the others join when they are, and those that the node refuses are done without.
func (p *pool) add(ctx context.Context, conn *ssh.Client, n int) error {
	results := make(chan error, n)
	for range n {
		go func() { results <- p.open(conn) }()
	}
	var failed error
	for range n {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-results:
			if err == nil {
				return nil
			}
			failed = err
		}
	}
	return failed
}

func (p *pool) open(conn *ssh.Client) error {
	c, err := p.startSFTP(conn)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		go c.client.Close() // waits for the node
		return errors.New("the transfer is over")
	}
	p.channels = append(p.channels, c)
	return nil
}

// errNoSFTP says that the node lets the user in and offers no files.
var errNoSFTP = errors.New("the node refuses SFTP to this user")

// startSFTP opens a channel and starts SFTP on it. The node's answer is awaited: one that refuses says nothing more, and OpenSSH takes no
// data before it has answered anyway.
func (p *pool) startSFTP(conn *ssh.Client) (*channel, error) {
	session, requests, err := conn.OpenChannel("session", nil)
	if err != nil {
		return nil, fmt.Errorf("open a channel for SFTP: %w", err)
	}
	go ssh.DiscardRequests(requests)
	go func() { _, _ = io.Copy(io.Discard, session.Stderr()) }() // ends with the channel
	accepted, err := session.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"sftp"}))
	if err == nil && !accepted {
		err = &FinalError{errNoSFTP}
	}
	if err != nil {
		session.Close()
		return nil, fmt.Errorf("start SFTP: %w", err)
	}
	l := newLane(session, p.meter, p.memory)
	client, err := sftp.NewClientPipe(l, l)
	if err != nil {
		return nil, fmt.Errorf("start SFTP: %w", errors.Join(err, session.Close()))
	}
	return &channel{client: client, lane: l}, nil
}

// least is the channel with the fewest requests in flight.
func (p *pool) least() *channel {
	p.mu.Lock()
	defer p.mu.Unlock()
	best := p.channels[0]
	for _, c := range p.channels[1:] {
		if c.busy.Load() < best.busy.Load() {
			best = c
		}
	}
	return best
}

// over reports whether the pool was closed.
func (p *pool) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// close ends all channels. Those that are still opening end when the connection does.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.channels {
		c.client.Close()
	}
}
