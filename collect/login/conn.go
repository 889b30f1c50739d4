package login

import (
	"bufio"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// readAhead is what one read takes off the socket: x/crypto reads each packet of 32 KiB with two calls.
	readAhead = 256 << 10
	// little is what a read brings while nothing much is transferred.
	little = 4 << 10
	// aliveEvery and deadAfter are as ServerAliveInterval 15 and ServerAliveCountMax 3 of OpenSSH.
	aliveEvery = 15 * time.Second
	deadAfter  = 45 * time.Second
)

// conn reads ahead and remembers when something arrived.
type conn struct {
	net.Conn
	r    *bufio.Reader
	last atomic.Int64 // Unix nanoseconds
	came atomic.Bool  // anything at all
}

func newConn(c net.Conn) *conn {
	n := &conn{Conn: c, r: bufio.NewReaderSize(prompt{c}, readAhead)}
	n.last.Store(time.Now().UnixNano())
	return n
}

// prompt acknowledges at once what comes alone. sshd sends the next small packet after the acknowledgment of the one before (RFC 896)
// until a terminal or a subsystem is asked for, and the acknowledgment of what needs no answer is put off for 40 ms: that is what the
// first channel took to open.
type prompt struct{ net.Conn }

func (p prompt) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if n < little {
		acknowledge(p.Conn)
	}
	return n, err
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.last.Store(time.Now().UnixNano())
	if n > 0 {
		c.came.Store(true)
	}
	return n, err
}

// silent reports whether nothing came from the other side, not even its greeting (RFC 4253 section 4.2).
func (c *conn) silent() bool { return !c.came.Load() }

// keepAlive closes a connection whose other end is gone without a word: firewalls forget connections, machines lose power.
// Answers may be late behind much data, so anything that arrives counts.
func (c *conn) keepAlive(client *ssh.Client) {
	over := make(chan struct{})
	go func() { _ = client.Wait(); close(over) }()
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			if time.Since(time.Unix(0, c.last.Load())) > deadAfter {
				c.Close()
				return
			}
			go func() { _, _, _ = client.SendRequest("keepalive@openssh.com", true, nil) }() // ends with the connection
		}
	}
}
