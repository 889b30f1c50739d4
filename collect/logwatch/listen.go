package logwatch

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/influxdata/go-syslog/v3"
	"github.com/influxdata/go-syslog/v3/rfc3164"
	"github.com/influxdata/go-syslog/v3/rfc5424"

	"cbdoctor/lazyregexp"
)

const (
	// maxMessage bounds one message; RFC 5425 section 4.3.1 asks for 8 KiB at least.
	maxMessage = 64 << 10
	// maxSenders bounds the connections that are open at once.
	maxSenders = 256
	// quiet ends a connection that has sent nothing for so long.
	quiet = time.Hour
)

// Listen is a syslog server at "udp://[HOST]:PORT", "tcp://..." or "tls://...", until ctx ends: RFC 3164 and 5424, over UDP
// (RFC 5426), TCP (RFC 6587, either framing) and TLS (RFC 5425; config is needed). ready, which may be nil, is told the address.
// lines is called from several goroutines.
func Listen(ctx context.Context, at string, config *tls.Config, ready func(net.Addr), lines func(Line)) error {
	u, err := url.Parse(at)
	if err != nil || u.Host == "" {
		return fmt.Errorf("listen at %q: it must be as udp://:514, tcp://127.0.0.1:514 or tls://:6514", at)
	}
	if ready == nil {
		ready = func(net.Addr) {}
	}
	switch u.Scheme {
	case "udp":
		return listenUDP(ctx, u.Host, ready, lines)
	case "tcp", "tls":
		if u.Scheme == "tls" && config == nil {
			return fmt.Errorf("listen at %q: a certificate is needed", at)
		}
		if u.Scheme == "tcp" {
			config = nil
		}
		return listenTCP(ctx, u.Host, config, ready, lines)
	}
	return fmt.Errorf("listen at %q: %q is none of udp, tcp and tls", at, u.Scheme)
}

func listenUDP(ctx context.Context, address string, ready func(net.Addr), lines func(Line)) error {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	ready(conn.LocalAddr())
	b := make([]byte, maxMessage)
	for {
		n, from, err := conn.ReadFrom(b)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		lines(message(b[:n], host(from)))
	}
}

func listenTCP(ctx context.Context, address string, config *tls.Config, ready func(net.Addr), lines func(Line)) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { l.Close() })()
	defer l.Close()
	ready(l.Addr())
	slots := make(chan struct{}, maxSenders)
	var senders sync.WaitGroup
	defer senders.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case slots <- struct{}{}:
		default: // rather than every node's memory
			conn.Close()
			continue
		}
		senders.Go(func() {
			defer func() { <-slots }()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			defer conn.Close()
			from := host(conn.RemoteAddr())
			if config != nil {
				conn = tls.Server(conn, config)
			}
			receive(conn, from, lines)
		})
	}
}

// receive reads messages until the sender ends or breaks the framing.
func receive(conn net.Conn, from string, lines func(Line)) {
	r := bufio.NewReaderSize(conn, maxMessage)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			return
		}
		m, err := frame(r)
		if len(m) > 0 {
			lines(message(m, from))
		}
		if err != nil {
			return
		}
	}
}

// frame reads one message of a stream (RFC 6587 section 3.4): its length in digits and a space before it, or a line end behind.
func frame(r *bufio.Reader) ([]byte, error) {
	first, err := r.Peek(1)
	if err != nil {
		return nil, err
	}
	if first[0] < '1' || first[0] > '9' {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, errors.New("a message is too long")
		}
		return line, err
	}
	digits, err := r.ReadSlice(' ')
	if err != nil || len(digits) > 7 {
		return nil, errors.New("the length of a message is no number")
	}
	n, err := strconv.Atoi(string(digits[:len(digits)-1]))
	if err != nil || n > maxMessage {
		return nil, errors.New("the length of a message is no number, or too large")
	}
	m := make([]byte, n)
	_, err = io.ReadFull(r, m)
	return m, err
}

// asLogged is the form of a CMS node's own log, which it also sends: facility and severity stand in words before the host, where
// RFC 3164 has the host.
var asLogged = lazyregexp.New(`^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} {1,2}\d{1,2} [\d:.]+|\d{4}-\d\d-\d\dT[\d:.]+) [a-z]+\d?\.[a-z]+ (\S+) `)

// message makes a line of a node's log of a syslog message. What no RFC describes is passed on as it is.
func message(b []byte, from string) Line {
	text := strings.TrimRight(string(b), "\r\n\x00")
	l := Line{from, text}
	if m := asLogged.FindStringSubmatch(text); m != nil {
		return l.named(&m[1])
	}
	if m, err := rfc5424.NewParser().Parse([]byte(text)); err == nil {
		if s, ok := m.(*rfc5424.SyslogMessage); ok && s.Valid() {
			return l.named(s.Hostname).as(s.Base)
		}
	}
	if m, err := rfc3164.NewParser(rfc3164.WithYear(rfc3164.CurrentYear{})).Parse([]byte(text)); err == nil {
		if s, ok := m.(*rfc3164.SyslogMessage); ok && s.Valid() {
			return l.named(s.Hostname).as(s.Base)
		}
	}
	return l
}

// named takes the name that the node gives itself.
func (l Line) named(hostname *string) Line {
	if hostname != nil && *hostname != "" {
		l.Node = *hostname
	}
	return l
}

// as is the line as a log has it: its time, facility and severity in words, host, program and text.
func (l Line) as(m syslog.Base) Line {
	if m.Timestamp == nil || m.Appname == nil || m.Message == nil || m.FacilityLevel() == nil || m.SeverityShortLevel() == nil {
		return l
	}
	pid := ""
	if m.ProcID != nil {
		pid = "[" + *m.ProcID + "]"
	}
	l.Text = fmt.Sprintf("%s %s.%s %s %s%s: %s", m.Timestamp.UTC().Format("2006-01-02T15:04:05.000"), *m.FacilityLevel(), *m.SeverityShortLevel(), l.Node, *m.Appname, pid, strings.TrimLeft(*m.Message, " "))
	return l
}

func host(a net.Addr) string {
	h, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return h
}
