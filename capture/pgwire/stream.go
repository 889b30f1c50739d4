package pgwire

import (
	"encoding/binary"
	"strings"
)

const (
	headerLen = 5
	// maxMessage is how much of one message is kept to be read; the rest is passed over.
	maxMessage = 8 << 10
	// maxLength is the longest message there can be (PQ_LARGE_MESSAGE_LIMIT in src/include/libpq/libpq.h is MaxAllocSize).
	maxLength = 1 << 30
)

// The types of messages that each side sends (protocol-message-formats); other bytes are no PostgreSQL.
const (
	clientMessages = "BCEFDHPQSXcdfp"
	serverMessages = "RKSZENACDGHITVWcdstnv123"
	bodyless       = "123Icns" // of the server's, those that have no body
)

// plausible reports whether a header can be one of a message: a digit or letter alone proves little, "220 m" begins with one.
func plausible(header []byte, types string) bool {
	length := binary.BigEndian.Uint32(header[1:])
	if strings.IndexByte(types, header[0]) < 0 || length < 4 || length > maxLength {
		return false
	}
	return length == 4 || strings.IndexByte(bodyless, header[0]) < 0 || types != serverMessages
}

// stream is one direction: typed messages, put together from pieces.
type stream struct {
	header  [headerLen]byte
	have    uint8  // bytes of the header
	left    int64  // bytes of the body still to come
	body    []byte // what is kept of the body
	keep    bool
	started bool // there was a byte
	whole   bool // a message was read to its end
	lost    bool
	cut     bool // the snap length did that, so that a segment may begin with a header again
	plain   bool // an error in plain text, without a header
}

// read takes typed messages: type, length with itself, body. Bodies of the wanted types are handed over, cut to maxMessage; the
// others are nil. It stops at what can't be a message: the stream is lost then, and rest begins behind the header.
func (s *stream) read(b []byte, types, wanted string, message func(kind byte, body []byte)) (rest []byte) {
	s.started = true
	for len(b) > 0 {
		if s.have < headerLen {
			n := copy(s.header[s.have:], b)
			s.have += uint8(n)
			b = b[n:]
			if s.have < headerLen {
				return nil
			}
			if !plausible(s.header[:], types) {
				s.lost = true
				return b
			}
			s.left = int64(binary.BigEndian.Uint32(s.header[1:])) - 4
			s.keep = strings.IndexByte(wanted, s.header[0]) >= 0
			if s.left == 0 {
				s.end(nil, message)
			}
			continue
		}
		n := int(min(s.left, int64(len(b))))
		if s.keep && len(s.body) == 0 && int64(n) == s.left {
			piece := b[:n]
			b = b[n:]
			s.end(piece[:min(n, maxMessage)], message)
			continue
		}
		if s.keep {
			s.body = append(s.body, b[:min(n, maxMessage-len(s.body))]...)
		}
		s.left -= int64(n)
		b = b[n:]
		if s.left == 0 {
			s.end(s.body, message)
		}
	}
	return nil
}

func (s *stream) end(body []byte, message func(kind byte, body []byte)) {
	if !s.keep {
		body = nil
	}
	s.whole = true
	message(s.header[0], body)
	s.have, s.left, s.body = 0, 0, s.body[:0]
}

// resumes reports whether a segment that begins with b ends what the snap length cut off, and then goes on with it.
func (s *stream) resumes(b []byte, types string) bool {
	if !s.cut || len(b) < headerLen || !plausible(b[:headerLen], types) {
		return false
	}
	s.lost, s.have, s.left, s.body = false, 0, 0, s.body[:0]
	return true
}

// missing passes over n bytes that are not in the capture.
func (s *stream) missing(n int, message func(kind byte, body []byte)) {
	for n > 0 && !s.lost {
		if s.have < headerLen {
			s.lost = true
			return
		}
		k := min(s.left, int64(n))
		s.keep = false
		s.left -= k
		n -= int(k)
		if s.left == 0 {
			s.end(nil, message)
		}
	}
}
