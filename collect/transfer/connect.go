package transfer

import (
	"context"
	"errors"
	"time"

	"golang.org/x/crypto/ssh"
)

// longPath is the round trip from which on one channel's window is what bounds it: 2 MiB in 4 ms are 500 MB/s.
const longPath = 4 * time.Millisecond

// farPath is more than a busy node makes of a short path: one question is enough, and each further one would cost as much again.
const farPath = 30 * time.Millisecond

// fewChannels are opened in any case: a short path needs no more, and each is a process on the node.
const fewChannels = 2

// freeing is how long a node is given at first until a channel that was closed is free, then twice as long each time, up to maxFreeing.
const freeing, maxFreeing = 10 * time.Millisecond, 2 * time.Second

// connect dials and opens the channels: few of them, and the others only where the path is long enough to need them.
func (f *Fetcher) connect(ctx context.Context) error {
	f.meter.begin()
	defer f.meter.end()
	conn, err := f.dial(ctx, 0)
	if err != nil {
		return err
	}
	p := &pool{meter: f.meter, memory: f.memory}
	for i := range f.Connections - 1 { // as soon as one login was right, and while the first connection is at work
		go f.join(context.WithoutCancel(ctx), p, i+1)
	}
	if err := f.open(ctx, p, conn); err != nil {
		p.close()
		return err
	}
	f.pool = p
	return nil
}

// open adds the channels of the first connection to the pool and returns when one is ready.
func (f *Fetcher) open(ctx context.Context, p *pool, conn *ssh.Client) error {
	few := min(fewChannels, f.Channels)
	go func() {
		if roundTrip(conn) >= longPath {
			f.window.long(f.Connections)
			_ = p.add(ctx, conn, f.Channels-few) // those that are refused are done without
		}
	}()
	err := p.add(ctx, conn, few)
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) && f.Free != nil {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-f.Free:
		}
		// the node may still be closing what was on the channel
		for wait := freeing; wait < maxFreeing && errors.As(err, &refused); wait *= 2 {
			if err = p.add(ctx, conn, few); err != nil {
				time.Sleep(wait)
			}
		}
	}
	if errors.As(err, &refused) {
		return &FinalError{err}
	}
	return err
}

// join adds one more connection; one that fails is done without.
func (f *Fetcher) join(ctx context.Context, p *pool, i int) {
	conn, err := f.dial(ctx, i)
	if err != nil {
		return
	}
	if p.over() {
		conn.Close()
		return
	}
	channels := f.Channels
	if !f.window.isLong() { // known by now: a login takes more round trips than it is measured in
		channels = min(fewChannels, channels)
	}
	_ = p.add(ctx, conn, channels)
}

// roundTrip is the shortest of up to three: the node is busy with opening channels meanwhile.
func roundTrip(conn *ssh.Client) time.Duration {
	shortest := time.Hour
	for range 3 {
		asked := time.Now()
		if _, _, err := conn.SendRequest("keepalive@openssh.com", true, nil); err != nil {
			return 0
		}
		shortest = min(shortest, time.Since(asked))
		if shortest < longPath || shortest >= farPath {
			break
		}
	}
	return shortest
}

func (f *Fetcher) dial(ctx context.Context, i int) (*ssh.Client, error) {
	conn, err := f.Dial(ctx, i)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns = append(f.conns, conn)
	return conn, nil
}

// hangUp closes the connections, so that everything that waits for an answer ends.
func (f *Fetcher) hangUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
}

// drop forgets the connections after one broke.
func (f *Fetcher) drop() {
	f.hangUp()
	f.meter.lost()
	f.window.broke()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns = nil
	if f.pool != nil {
		f.pool.close() // at once, since the connections are closed
		f.pool = nil
	}
}

// Close ends the SFTP channels and the connections.
func (f *Fetcher) Close() {
	if f.meter != nil {
		f.drop()
	}
}
