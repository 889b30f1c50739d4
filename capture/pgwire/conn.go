// Package pgwire follows the start of a PostgreSQL connection in clear text.
//
// In: the in-order bytes of both directions. Out: a Conn that knows what was requested, who logged in where, what the server
// answered, and what the peer speaks when that is not PostgreSQL. Bytes after the server's S belong to TLS and are handed
// back. Passwords are never kept. Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol" (protocol-flow,
// protocol-message-formats). Start at Conn.Client and Conn.Server.
package pgwire

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Request codes in place of a protocol version (src/include/libpq/pqcomm.h).
const (
	codeCancel = 80877102
	codeSSL    = 80877103
	codeGSSENC = 80877104
)

// maxMessage is how much of one message is kept to be read; the rest is passed over. maxStartup is PostgreSQL's own bound
// of a startup packet (MAX_STARTUP_PACKET_LENGTH).
const (
	maxMessage = 8 << 10
	maxStartup = 10000
)

// Conn follows one connection. The zero value is ready.
type Conn struct {
	SSLRequest  bool
	GSSRequest  bool
	Cancel      bool
	Startup     bool
	SSLReply    byte // S, N, E, or whatever came
	TLS         bool // from here on both directions are TLS
	Direct      bool // TLS without SSLRequest (PostgreSQL 17, sslnegotiation=direct)
	User        string
	Database    string
	Application string
	Replication bool
	AuthAsked   bool // the server asked for a password or another proof
	AuthAnswer  bool // the client answered
	AuthOK      bool
	Ready       bool // ReadyForQuery was seen
	Terminate   bool
	Queries     int64
	Error       *Error // the first ErrorResponse before ReadyForQuery
	Foreign     string // what the peer speaks instead, e.g. "HTTP"

	client, server stream
	pending        byte // reply of one byte expected: 'S' for SSLRequest, 'G' for GSSENCRequest
}

// Error is an ErrorResponse: its fields by their codes (protocol-error-fields).
type Error struct {
	Severity, SQLState, Message, Detail, Hint string
}

type stream struct {
	buf  []byte
	skip int64 // bytes of the current message still to pass over
	lost bool
}

// Reset makes the value ready for another connection, keeping its buffers.
func (c *Conn) Reset() {
	a, b := c.client.buf[:0], c.server.buf[:0]
	*c = Conn{}
	c.client.buf, c.server.buf = a, b
}

// Gap says that bytes are missing: what follows can't be read as messages.
func (c *Conn) Gap(server bool) {
	if server {
		c.server.lost = true
	} else {
		c.client.lost = true
	}
}

// Client takes the next bytes that the client sent and returns those that belong to TLS.
func (c *Conn) Client(b []byte) (rest []byte) {
	s := &c.client
	if c.TLS {
		return b
	}
	if c.Foreign != "" || s.lost {
		return nil
	}
	if !c.Startup && len(s.buf) == 0 && looksLikeTLS(b) && !c.SSLRequest {
		c.TLS, c.Direct = true, true
		return b
	}
	s.buf = append(s.buf, b...)
	for {
		if !c.Startup {
			n, ok := c.first(s.buf)
			if !ok {
				return nil
			}
			s.buf = s.buf[:copy(s.buf, s.buf[n:])]
			continue
		}
		if !s.next(c.fromClient) {
			return nil
		}
	}
}

// first reads an untyped message: a request or the StartupMessage.
func (c *Conn) first(b []byte) (n int, ok bool) {
	if len(b) < 8 {
		if len(b) >= 4 && c.Foreign == "" {
			c.Foreign = foreign(b)
		}
		return 0, false
	}
	length, code := int(binary.BigEndian.Uint32(b)), binary.BigEndian.Uint32(b[4:])
	if length < 8 || length > maxStartup {
		c.Foreign = foreign(b)
		if c.Foreign == "" {
			c.Foreign = "an unknown protocol"
		}
		return 0, false
	}
	if len(b) < length {
		return 0, false
	}
	switch {
	case code == codeSSL:
		c.SSLRequest, c.pending = true, 'S'
	case code == codeGSSENC:
		c.GSSRequest, c.pending = true, 'G'
	case code == codeCancel:
		c.Cancel = true
	case code>>16 == 3 || code>>16 == 2:
		c.Startup = true
		c.parameters(b[8:length])
	default:
		c.Foreign = "an unknown protocol"
		return 0, false
	}
	return length, true
}

// parameters reads the pairs of a StartupMessage.
func (c *Conn) parameters(b []byte) {
	for len(b) > 1 {
		name, rest, ok := bytes.Cut(b, []byte{0})
		value, after, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(name) == 0 {
			return
		}
		switch string(name) {
		case "user":
			c.User = text(value)
		case "database":
			c.Database = text(value)
		case "application_name":
			c.Application = text(value)
		case "replication":
			c.Replication = len(value) > 0 && string(value) != "false" && string(value) != "off" && string(value) != "0"
		}
		b = after
	}
}

func text(b []byte) string { return strings.ToValidUTF8(string(b[:min(len(b), 400)]), "\ufffd") }

// fromClient reads a typed message of the client.
func (c *Conn) fromClient(kind byte, _ []byte) {
	switch kind {
	case 'p':
		c.AuthAnswer = true // never read: it is a password
	case 'Q', 'P', 'F':
		c.Queries++
	case 'X':
		c.Terminate = true
	}
}

// Server takes the next bytes that the server sent and returns those that belong to TLS.
func (c *Conn) Server(b []byte) (rest []byte) {
	s := &c.server
	if c.TLS {
		return b
	}
	if c.Foreign != "" || s.lost || len(b) == 0 {
		return nil
	}
	if c.pending != 0 && len(s.buf) == 0 {
		if c.pending == 'G' {
			if b[0] == 'N' || b[0] == 'G' {
				c.pending = 0
				b = b[1:]
			} else if b[0] == 'E' {
				c.pending = 0
			} else {
				c.notPostgres(b)
				return nil
			}
		} else {
			switch b[0] {
			case 'S':
				if len(b) > 1 && b[1] != 0x16 && b[1] != 0x15 { // "SSH-2.0" begins with S too
					c.SSLReply = b[0]
					c.notPostgres(b)
					return nil
				}
				c.SSLReply, c.pending, c.TLS = 'S', 0, true
				return b[1:]
			case 'N':
				c.SSLReply, c.pending = 'N', 0
				b = b[1:]
			case 'E':
				c.SSLReply, c.pending = 'E', 0
			default:
				c.SSLReply = b[0]
				c.notPostgres(b)
				return nil
			}
		}
	} else if !c.Startup && !c.Cancel && c.SSLReply != 'E' && !c.GSSRequest && len(s.buf) == 0 && c.SSLReply == 0 {
		// A server that speaks first is no PostgreSQL: SSH and SMTP do.
		if name := foreign(b); name != "" {
			c.Foreign = name
			return nil
		}
	}
	s.buf = append(s.buf, b...)
	for s.next(c.fromServer) {
	}
	if len(s.buf) >= 5 && c.Error == nil && !c.AuthOK && !c.AuthAsked {
		if name := foreign(s.buf); name != "" {
			c.Foreign = name
		}
	}
	return nil
}

func (c *Conn) notPostgres(b []byte) {
	if c.Foreign = foreign(b); c.Foreign == "" {
		c.Foreign = "an unknown protocol"
	}
}

// fromServer reads a typed message of the server.
func (c *Conn) fromServer(kind byte, body []byte) {
	switch kind {
	case 'R':
		if len(body) >= 4 {
			if binary.BigEndian.Uint32(body) == 0 {
				c.AuthOK = true
			} else {
				c.AuthAsked = true
			}
		}
	case 'Z':
		c.Ready = true
	case 'E':
		if c.Error == nil && !c.Ready {
			e := parseError(body)
			c.Error = &e
		}
	}
}

func parseError(b []byte) Error {
	var e Error
	if len(b) > 0 && b[0] >= 0x20 && !bytes.Contains(b, []byte{0, 'M'}) && !bytes.Contains(b, []byte{0, 'C'}) {
		e.Message = text(bytes.TrimRight(b, "\x00\n")) // protocol 2: plain text, as the postmaster sends when it can't fork
		return e
	}
	for len(b) > 1 && b[0] != 0 {
		value, rest, ok := bytes.Cut(b[1:], []byte{0})
		if !ok {
			value, rest = b[1:], nil
		}
		switch b[0] {
		case 'V': // never localised, since 9.6; before that 'S'
			e.Severity = text(value)
		case 'S':
			if e.Severity == "" {
				e.Severity = text(value)
			}
		case 'C':
			e.SQLState = text(value)
		case 'M':
			e.Message = text(value)
		case 'D':
			e.Detail = text(value)
		case 'H':
			e.Hint = text(value)
		}
		b = rest
	}
	return e
}

// next reads one typed message: type, length with itself, body. It reports whether it got anywhere.
func (s *stream) next(message func(kind byte, body []byte)) bool {
	if s.skip > 0 {
		n := min(s.skip, int64(len(s.buf)))
		s.skip -= n
		s.buf = s.buf[:copy(s.buf, s.buf[n:])]
		return n > 0 && s.skip == 0
	}
	if len(s.buf) < 5 {
		return false
	}
	length := int64(binary.BigEndian.Uint32(s.buf[1:]))
	if length < 4 || length > 1<<30 {
		s.lost = true
		return false
	}
	if int64(len(s.buf)) < 1+length {
		if length > maxMessage {
			message(s.buf[0], nil)
			s.skip = 1 + length - int64(len(s.buf))
			s.buf = s.buf[:0]
		}
		return false
	}
	message(s.buf[0], s.buf[5:1+length])
	s.buf = s.buf[:copy(s.buf, s.buf[1+length:])]
	return true
}

func looksLikeTLS(b []byte) bool { return len(b) >= 3 && b[0] == 0x16 && b[1] == 3 && b[2] <= 4 }

// protocols tells other protocols by how they begin.
var protocols = []struct{ name, prefix string }{
	{"HTTP", "HTTP/"}, {"HTTP", "GET "}, {"HTTP", "POST "}, {"HTTP", "HEAD "}, {"HTTP", "OPTIONS "}, {"HTTP", "PUT "}, {"HTTP", "<!DOCTYPE"}, {"HTTP", "<html"},
	{"SSH", "SSH-"}, {"SMTP or FTP", "220"}, {"POP3", "+OK"}, {"IMAP", "* OK"}, {"SIP", "SIP/2.0"}, {"SIP", "REGISTER "}, {"SIP", "INVITE "},
	{"Redis", "-ERR"}, {"TLS without SSLRequest", "\x16\x03"}, {"TLS without SSLRequest", "\x15\x03"}, {"Telnet", "\xff\xfd"}, {"Telnet", "\xff\xfb"}, {"RDP", "\x03\x00\x00"}, {"VNC", "RFB "},
}

func foreign(b []byte) string {
	for _, p := range protocols {
		if bytes.HasPrefix(b, []byte(p.prefix)) {
			return p.name
		}
	}
	return ""
}
