package redact

import (
	"bytes"
	"encoding/binary"
)

// visitor is called for what a stream says in clear text; each function may write over what it gets, keeping its length.
type visitor struct {
	text        func(b []byte) // a text with words of PostgreSQL in it
	name        func(b []byte) // the whole is a name: a user, a database, a host
	certificate func(der []byte)
	names       func(der []byte) // a distinguished name
}

// Requests before the startup message (PostgreSQL protocol-message-formats).
const (
	requestLen      = 8
	sslRequestCode  = 80877103
	gssRequestCode  = 80877104
	cancelCode      = 80877102
	cancelLen       = 16
	protocolVersion = 3 // the major version of a StartupMessage
)

// requestsAhead are the SSLRequests and GSSENCRequests at the beginning of what a client says.
func requestsAhead(b []byte) []byte {
	n := 0
	for n+requestLen <= len(b) && binary.BigEndian.Uint32(b[n:]) == requestLen {
		if code := binary.BigEndian.Uint32(b[n+4:]); code != sslRequestCode && code != gssRequestCode {
			break
		}
		n += requestLen
	}
	return b[:n]
}

// stream goes through the beginning of a stream. It reports whether what follows is encrypted, so that it can stay.
func (v visitor) stream(b []byte, client bool, requests int) (encrypted bool) {
	i := 0
	if client {
		i = len(requestsAhead(b))
	} else {
		for i < len(b) && i < requests && bytes.IndexByte([]byte("SNG"), b[i]) >= 0 {
			i++
		}
	}
	rest := b[i:]
	switch {
	case isTLS(rest):
		return v.tls(rest)
	case client && len(rest) >= 8 && binary.BigEndian.Uint32(rest) == cancelLen && binary.BigEndian.Uint32(rest[4:]) == cancelCode:
	case client && len(rest) >= 8 && binary.BigEndian.Uint16(rest[4:]) == protocolVersion:
		v.startup(rest)
	case !client && isMessage(rest):
		v.messages(rest, false)
	default:
		mask(rest[min(len(rest), openingLen):])
	}
	return false
}

// openingLen is how much of another protocol's first bytes stays, so that it can still be named: none of them is a name.
const openingLen = 6

// startup goes through a StartupMessage: length, version, pairs of strings; messages follow.
func (v visitor) startup(b []byte) {
	end := min(int(binary.BigEndian.Uint32(b)), len(b))
	if end < 8 {
		mask(b)
		return
	}
	key := []byte(nil)
	for i := 8; i < end; {
		n := bytes.IndexByte(b[i:end], 0)
		if n < 0 {
			n = end - i
		}
		switch s := b[i : i+n]; {
		case key == nil:
			key = s
			if n == 0 {
				i = end
			}
		default:
			if k := string(key); k != "replication" && k != "client_encoding" {
				v.name(s)
			}
			key = nil
		}
		i += n + 1
	}
	v.messages(b[end:], true)
}

// isMessage reports whether a server's message begins here: a type and a length within reason.
func isMessage(b []byte) bool {
	return len(b) >= 5 && bytes.IndexByte([]byte("RENSKZv"), b[0]) >= 0 && binary.BigEndian.Uint32(b[1:]) >= 4 && binary.BigEndian.Uint32(b[1:]) < maxStream
}

// messages goes through messages of a type, a length and a body. What people ask and get as answers is left out.
func (v visitor) messages(b []byte, client bool) {
	for len(b) >= 5 {
		n := int(binary.BigEndian.Uint32(b[1:])) + 1
		if n < 5 || n > len(b) {
			break
		}
		body := b[5:n]
		switch kind := b[0]; {
		case client && kind == 'p': // a password
			clear(body)
		case client:
			mask(body)
		case kind == 'E' || kind == 'N':
			v.fields(body)
		case kind == 'R' || kind == 'Z' || kind == 'K' || kind == 'v':
		case kind == 'S':
			v.text(body)
		default:
			mask(body)
		}
		b = b[n:]
	}
	mask(b)
}

// fields goes through an ErrorResponse or NoticeResponse: a letter and a string each.
func (v visitor) fields(b []byte) {
	for len(b) > 1 {
		n := bytes.IndexByte(b[1:], 0)
		if n < 0 {
			n = len(b) - 1
		}
		// message, detail, hint, context, query; names of schema, table, column, type, constraint
		if bytes.IndexByte([]byte("MDHWqsctdn"), b[0]) >= 0 {
			v.text(b[1 : 1+n])
		}
		b = b[min(len(b), n+2):]
	}
}

// TLS record types (RFC 8446 section 5.1).
const (
	recordChangeCipherSpec = 20
	recordAlert            = 21
	recordHandshake        = 22
	recordData             = 23
	recordHead             = 5
)

func isTLS(b []byte) bool {
	return len(b) >= 2 && b[0] >= recordChangeCipherSpec && b[0] <= recordData && b[1] == 3
}

// tls goes through records up to the first encrypted one.
func (v visitor) tls(b []byte) (encrypted bool) {
	var pieces [][]byte // of the handshake, as they lie in b
	at := 0
	for at+recordHead <= len(b) && isTLS(b[at:]) {
		end := at + recordHead + int(binary.BigEndian.Uint16(b[at+3:]))
		kind := b[at]
		if kind == recordChangeCipherSpec || kind == recordData {
			encrypted = true
		}
		if kind == recordHandshake && !encrypted {
			pieces = append(pieces, b[at+recordHead:min(end, len(b))])
		}
		if at = end; end > len(b) {
			break
		}
	}
	if rest := b[min(at, len(b)):]; len(rest) > 1 && !isTLS(rest) { // not records any more
		mask(rest)
		encrypted = false
	}
	whole := bytes.Join(pieces, nil)
	v.handshake(whole)
	for _, p := range pieces {
		whole = whole[copy(p, whole):]
	}
	return encrypted
}

// Handshake messages (RFC 8446 section 4, RFC 5246 section 7.4) that carry names, and those that carry none.
const (
	clientHello        = 1
	serverHello        = 2
	certificateMessage = 11
	certificateRequest = 13
)

var nameless = []byte{serverHello, 0, 4, 12, 14, 15, 16, 20}

func (v visitor) handshake(b []byte) {
	for len(b) >= 4 {
		n := 4 + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
		if n > len(b) {
			mask(b[4:]) // a hole follows
			return
		}
		body := b[4:n]
		switch kind := b[0]; {
		case kind == clientHello:
			v.clientHello(body)
		case kind == certificateMessage:
			if len(body) >= 3 {
				each(body[3:], 3, v.certificate)
			}
		case kind == certificateRequest:
			v.certificateRequest(body)
		case bytes.IndexByte(nameless, kind) >= 0:
		default:
			clear(body) // CertificateStatus and what we do not know
		}
		b = b[n:]
	}
}

// each calls found for the items of a row, each behind its length.
func each(b []byte, lengthBytes int, found func([]byte)) {
	for len(b) >= lengthBytes {
		item, rest, ok := vector(b, lengthBytes)
		if !ok {
			mask(b[lengthBytes:])
			return
		}
		found(item)
		b = rest
	}
}

// vector takes an item behind its length off b; rest is nil where it does not fit.
func vector(b []byte, lengthBytes int) (item, rest []byte, ok bool) {
	if len(b) < lengthBytes {
		return nil, nil, false
	}
	n := 0
	for _, c := range b[:lengthBytes] {
		n = n<<8 | int(c)
	}
	if lengthBytes+n > len(b) {
		return nil, nil, false
	}
	return b[lengthBytes : lengthBytes+n], b[lengthBytes+n:], true
}

// clientHello finds the server's name (RFC 6066 section 3).
func (v visitor) clientHello(b []byte) {
	const fixed = 2 + 32
	if len(b) < fixed {
		return
	}
	rest, ok := b[fixed:], true
	for _, lengthBytes := range []int{1, 2, 1} { // session id, cipher suites, compression methods
		if _, rest, ok = vector(rest, lengthBytes); !ok {
			return
		}
	}
	extensions, _, _ := vector(rest, 2)
	for len(extensions) >= 4 {
		kind := binary.BigEndian.Uint16(extensions)
		var body []byte
		if body, extensions, ok = vector(extensions[2:], 2); !ok {
			return
		}
		if list, _, ok := vector(body, 2); kind == 0 && ok && len(list) > 1 {
			if name, _, ok := vector(list[1:], 2); ok {
				v.name(name)
			}
		}
	}
}

// certificateRequest finds the names of the authorities that the server accepts (RFC 5246 section 7.4.4; the algorithms are absent
// before TLS 1.2).
func (v visitor) certificateRequest(b []byte) {
	_, rest, ok := vector(b, 1)
	if !ok {
		return
	}
	if list, after, ok := vector(rest, 2); ok && len(after) == 0 {
		each(list, 2, v.names)
		return
	}
	_, rest, ok = vector(rest, 2)
	if list, _, fits := vector(rest, 2); ok && fits {
		each(list, 2, v.names)
	}
}

// learner notes what a stream says.
func (r *Redactor) learner(failed *error) visitor {
	return visitor{
		text: r.learnText,
		name: func(b []byte) {
			eachAddress(b, r.addresses.learn)
			r.words.learn(string(b), shortHost)
		},
		certificate: func(der []byte) {
			if err := r.learnCertificate(bytes.Clone(der)); err != nil {
				*failed = err
			}
		},
		names: r.learnNames,
	}
}

// writer replaces what a stream says.
func (r *Redactor) writer() visitor {
	text := func(b []byte) { r.text(b) }
	return visitor{
		text: text, name: text, names: r.names,
		certificate: func(der []byte) { copy(der, r.certificate(der)) },
	}
}
