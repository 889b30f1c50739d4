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

// maxStartup is PostgreSQL's own bound of a startup packet (MAX_STARTUP_PACKET_LENGTH in src/include/libpq/pqcomm.h).
const maxStartup = 10000

// request takes bytes of the untyped messages at the client's start: length, code, body. It returns what follows them.
func (c *Conn) request(b []byte) (rest []byte) {
	s := &c.client
	want := 8
	if len(s.body) >= want {
		want = int(binary.BigEndian.Uint32(s.body))
	}
	n := min(want-len(s.body), len(b))
	s.body = append(s.body, b[:n]...)
	rest = b[n:]
	if len(s.body) < want {
		return rest
	}
	length, code := int(binary.BigEndian.Uint32(s.body)), binary.BigEndian.Uint32(s.body[4:])
	if c.Foreign != "" && !isRequest(code) {
		s.lost = true
		return nil
	}
	if looksLikeTLS(s.body) {
		c.TLS, c.Direct, c.pending = true, !c.SSLRequest, 0
		begin := append(bytes.Clone(s.body), rest...)
		s.body = s.body[:0]
		return begin
	}
	if length < 8 || length > maxStartup || !isRequest(code) {
		c.foreign(false, s.body)
		return rest
	}
	if len(s.body) < length {
		return rest
	}
	switch code {
	case codeSSL:
		if c.SSLReply == 0 { // else it comes late
			c.pending = 'S'
		}
		c.SSLRequest = true
	case codeGSSENC:
		c.GSSRequest, c.pending = true, 'G'
	case codeCancel:
		c.Cancel = true // the key in it is a secret: not kept
	default:
		c.Startup = true
		c.parameters(s.body[8:])
	}
	s.body = s.body[:0]
	return rest
}

// cutRequest takes n bytes less of a StartupMessage, and returns how many of them are not of it.
func (c *Conn) cutRequest(n int) (rest int) {
	s := &c.client
	if len(s.body) < 8 {
		return n
	}
	left := int(binary.BigEndian.Uint32(s.body)) - len(s.body)
	if code := binary.BigEndian.Uint32(s.body[4:]); left < 0 || n < left || !isRequest(code) || code >= codeCancel {
		return n
	}
	c.Startup = true
	c.parameters(s.body[8:])
	s.body = s.body[:0]
	return n - left
}

// BeginsConnection reports whether b begins with one of the messages by which a client begins.
func BeginsConnection(b []byte) bool {
	if len(b) < 8 {
		return false
	}
	length := binary.BigEndian.Uint32(b)
	return length >= 8 && length <= maxStartup && isRequest(binary.BigEndian.Uint32(b[4:]))
}

// isRequest reports whether a code is a request or a protocol version (2 and 3 are known).
func isRequest(code uint32) bool {
	return code >= codeCancel && code <= codeGSSENC || code>>16 == 3 || code>>16 == 2
}

// looksLikeTLS recognises the record header of a ClientHello, also in the form of SSL 2.0 (RFC 5246 appendix E.2).
func looksLikeTLS(b []byte) bool {
	return b[0] == 0x16 && b[1] == 3 && b[2] <= 4 || b[0]&0x80 != 0 && b[2] == 1 && b[3] == 3 && b[4] <= 4
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
			c.Replication = replicates(string(value))
		}
		b = after
	}
}

// replicates reads the parameter as the server does: "database", or a boolean (src/backend/postmaster/postmaster.c,
// ProcessStartupPacket; parse_bool).
func replicates(value string) bool {
	switch strings.ToLower(value) {
	case "", "false", "off", "no", "0", "f", "n", "of":
		return false
	}
	return true
}

// maxText bounds a string that is kept.
const maxText = 400

func text(b []byte) string { return strings.ToValidUTF8(string(b[:min(len(b), maxText)]), "\ufffd") }

// reply takes the one byte that answers an SSLRequest or a GSSENCRequest. Where it is no answer, it stays.
func (c *Conn) reply(b []byte) (rest []byte) {
	c.server.started = true
	asked := c.pending
	c.pending = 0
	if asked != 'G' {
		c.SSLReply = b[0]
	}
	switch {
	case b[0] == 'E': // an ErrorResponse, from a server too old or too busy to answer
		return b
	case b[0] == 'N':
	case b[0] == 'G' && asked == 'G':
		c.GSS = true
	case b[0] == 'S' && asked != 'G':
		c.TLS = true
	default:
		c.foreign(true, b)
		return nil
	}
	return b[1:]
}

// checkAfterS looks at the byte after S: a TLS record, or the rest of "SSH-2.0".
func (c *Conn) checkAfterS(b []byte) {
	c.checked = true
	if b[0] < 0x14 || b[0] > 0x18 {
		c.TLS = false
		c.foreign(true, []byte{'S'})
	}
}
