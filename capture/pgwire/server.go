package pgwire

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// fromClient notes a typed message of the client. None is read: they hold passwords and data.
func (c *Conn) fromClient(kind byte, _ []byte) {
	switch kind {
	case 'p':
		c.AuthAnswer = true
	case 'Q', 'P', 'F':
		c.Queries++
		c.Ready = c.Ready || c.server.cut // as the client saw
	case 'X':
		c.Terminate = true
		c.Ready = c.Ready || c.server.cut // of a session that is not, clients take no leave (fe-connect.c, sendTerminateConn)
	}
}

// fromServer reads a typed message of the server; body is nil where bytes of it are missing. What follows ReadyForQuery is no
// part of the start, whether it came in the same piece or not.
func (c *Conn) fromServer(kind byte, body []byte) {
	if c.Ready {
		return
	}
	switch kind {
	case 'R':
		c.authentication(body)
	case 'S':
		if name, value, ok := bytes.Cut(body, []byte{0}); ok && string(name) == "server_version" {
			c.ServerVersion = text(bytes.TrimRight(value, "\x00"))
		}
	case 'Z':
		c.Ready = true
	case 'E':
		if c.Error == nil {
			c.Error = parseError(body)
		}
	case 'N':
		if c.Notice == nil {
			c.Notice = parseError(body)
		}
	}
}

// authNames are the authentication requests by their number (protocol-message-formats).
var authNames = map[uint32]string{
	2: "KerberosV5", 3: "CleartextPassword", 5: "MD5Password", 6: "SCMCredential", 7: "GSS", 8: "GSSContinue", 9: "SSPI",
	10: "SASL", 11: "SASLContinue", 12: "SASLFinal",
}

func (c *Conn) authentication(body []byte) {
	if len(body) < 4 {
		return
	}
	request := binary.BigEndian.Uint32(body)
	if request == 0 {
		c.AuthOK = true
		return
	}
	c.AuthAsked = true
	if c.AuthMethod == "" {
		if c.AuthMethod = authNames[request]; c.AuthMethod == "" {
			c.AuthMethod = fmt.Sprintf("method %d", request)
		}
	}
}

// Error is an ErrorResponse or a NoticeResponse: its fields by their names in the documentation (protocol-error-fields).
type Error struct {
	Severity         string // never translated where the server is 9.6 or newer
	SQLState         string
	Message          string
	Detail           string
	Hint             string
	Position         string
	InternalPosition string
	InternalQuery    string
	Where            string
	Schema           string
	Table            string
	Column           string
	DataType         string
	Constraint       string
	File             string
	Line             string
	Routine          string
}

// field is where the field of a type goes, nil for one that is not known.
func (e *Error) field(kind byte) *string {
	switch kind {
	case 'V', 'S':
		return &e.Severity
	case 'C':
		return &e.SQLState
	case 'M':
		return &e.Message
	case 'D':
		return &e.Detail
	case 'H':
		return &e.Hint
	case 'P':
		return &e.Position
	case 'p':
		return &e.InternalPosition
	case 'q':
		return &e.InternalQuery
	case 'W':
		return &e.Where
	case 's':
		return &e.Schema
	case 't':
		return &e.Table
	case 'c':
		return &e.Column
	case 'd':
		return &e.DataType
	case 'n':
		return &e.Constraint
	case 'F':
		return &e.File
	case 'L':
		return &e.Line
	case 'R':
		return &e.Routine
	}
	return nil
}

func parseError(b []byte) *Error {
	e := &Error{}
	fixed := false // V was there: S is only its translation
	for len(b) > 1 && b[0] != 0 {
		kind := b[0]
		value, rest, ok := bytes.Cut(b[1:], []byte{0})
		if !ok {
			value, rest = b[1:], nil
		}
		if f := e.field(kind); f != nil && !(kind == 'S' && fixed) {
			*f = text(value)
		}
		fixed = fixed || kind == 'V'
		b = rest
	}
	return e
}

// notTyped is called when the server's first bytes are no message: an error in plain text, as the postmaster sends it when it
// can't fork (src/backend/postmaster/postmaster.c, report_fork_failure_to_client), or another protocol.
func (c *Conn) notTyped(rest []byte) {
	header := c.server.header[:]
	if !c.Joined && header[0] == 'E' && printable(header[1:]) {
		c.server.plain = true
		c.Error = &Error{}
		c.plainError(header[1:])
		c.plainError(rest)
		return
	}
	c.foreign(true, append(bytes.Clone(header), rest[:min(len(rest), openingLen)]...))
}

func printable(b []byte) bool {
	for _, x := range b {
		if x < 0x20 || x == 0x7f {
			return false
		}
	}
	return true
}

// plainError takes more of an error in plain text, which ends with a line end or a zero byte.
func (c *Conn) plainError(b []byte) {
	s := &c.server
	if s.have == 0 {
		return // it has ended
	}
	if end := bytes.IndexAny(b, "\x00\n"); end >= 0 {
		b, s.have = b[:end], 0
	}
	s.body = append(s.body, b[:min(len(b), maxText-len(s.body))]...)
	c.Error.Message = text(s.body)
}
