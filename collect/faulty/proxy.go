// Package faulty is a TCP proxy that does to a connection what bad links do: delay, thin bandwidth, cuts, resets, stalls and
// changed bytes. Tests and benchmarks put it between the collector and a node. Start at Listen.
package faulty

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Link is what is wrong with one connection. The zero value passes everything on at once.
type Link struct {
	Delay   time.Duration `yaml:"delay"`   // of each direction
	Rate    int64         `yaml:"rate"`    // bytes per second towards the client; 0: no limit
	After   int64         `yaml:"after"`   // bytes towards the client until Then happens
	Then    Fault         `yaml:"then"`    // how the connection ends: cut, reset or stall
	Corrupt bool          `yaml:"corrupt"` // instead of an end: one byte after After is another one
}

// Fault is how a connection ends.
type Fault int

// The faults.
const (
	None  Fault = iota
	Cut         // an orderly end in the middle
	Reset       // RST
	Stall       // nothing arrives any more, and nothing ends
)

// UnmarshalYAML reads a fault by its name.
func (f *Fault) UnmarshalYAML(unmarshal func(any) error) error {
	var name string
	if err := unmarshal(&name); err != nil {
		return err
	}
	for i, known := range []string{"", "cut", "reset", "stall"} {
		if name == known {
			*f = Fault(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no fault: cut, reset or stall", name)
}

// Proxy forwards connections to one address.
type Proxy struct {
	Addr     string // where it listens: "127.0.0.1:port"
	listener net.Listener
	target   string
	plan     func(i int) Link
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	over  bool
}

// Listen starts a proxy on a free port of the loopback address. plan says what happens to the i-th connection, from 0.
func Listen(target string, plan func(i int) Link) (*Proxy, error) {
	return ListenAt("127.0.0.1:0", target, plan)
}

// ListenAt starts a proxy at an address of this machine.
func ListenAt(address, target string, plan func(i int) Link) (*Proxy, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	p := &Proxy{Addr: l.Addr().String(), listener: l, target: target, plan: plan, conns: map[net.Conn]bool{}}
	p.running.Go(p.accept)
	return p, nil
}

// Close ends all connections and waits for them.
func (p *Proxy) Close() {
	p.listener.Close()
	p.mu.Lock()
	p.over = true
	for c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for i := 0; ; i++ {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client, p.plan(i)) })
	}
}

// own registers a connection to be closed with the proxy.
func (p *Proxy) own(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Proxy) disown(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	c.Close()
}

func (p *Proxy) serve(client net.Conn, link Link) {
	if !p.own(client) {
		return
	}
	defer p.disown(client)
	server, err := net.Dial("tcp", p.target)
	if err != nil || !p.own(server) {
		return
	}
	defer p.disown(server)
	var both sync.WaitGroup
	both.Go(func() {
		pass(server, client, link.Delay, func(b []byte) ([]byte, Fault) { return b, None })
		server.Close()
	})
	both.Go(func() {
		end := pass(client, server, link.Delay, link.harm())
		switch end {
		case Stall:
			_, _ = io.Copy(io.Discard, server) // until the proxy or the server ends
			return
		case Reset:
			_ = client.(*net.TCPConn).SetLinger(0)
		}
		client.Close()
		server.Close()
	})
	both.Wait()
}

// oversleep is how much of the time that was slept too long a link makes up for: else it would carry less than its rate.
const oversleep = 20 * time.Millisecond

// harm returns what is passed on of the next bytes towards the client, and whether that is the end.
func (l Link) harm() func([]byte) ([]byte, Fault) {
	passed := int64(0)
	free := time.Now() // when the link has carried what it was given
	return func(b []byte) ([]byte, Fault) {
		if l.Rate > 0 {
			if earliest := time.Now().Add(-oversleep); free.Before(earliest) {
				free = earliest
			}
			free = free.Add(time.Duration(int64(len(b)) * int64(time.Second) / l.Rate))
			time.Sleep(time.Until(free))
		}
		at := l.After - passed
		passed += int64(len(b))
		if at < 0 || at >= int64(len(b)) {
			return b, None
		}
		if l.Corrupt {
			b[at] ^= 0x20
			return b, None
		}
		if l.Then != None {
			return b[:at], l.Then
		}
		return b, None
	}
}

// late is bytes that may be passed on at a time.
type late struct {
	b  []byte
	at time.Time
}

// pass copies until the end, each byte delayed. The queue in between has no limit, as a long path's has none here.
func pass(to io.Writer, from io.Reader, delay time.Duration, harm func([]byte) ([]byte, Fault)) Fault {
	if delay == 0 {
		b := make([]byte, 64<<10)
		for {
			n, err := from.Read(b)
			out, end := harm(b[:n])
			if _, werr := to.Write(out); werr != nil || end != None || err != nil {
				return end
			}
		}
	}
	queue := make(chan late, 1<<16)
	go func() {
		defer close(queue)
		for {
			b := make([]byte, 64<<10)
			n, err := from.Read(b)
			if n > 0 {
				queue <- late{b[:n], time.Now().Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	for l := range queue {
		time.Sleep(time.Until(l.at))
		out, end := harm(l.b)
		if _, err := to.Write(out); err != nil || end != None {
			go func() { // the reader ends when its side is closed
				for range queue {
					continue
				}
			}()
			return end
		}
	}
	return None
}
