package pgwire

import "encoding/binary"

// wrapped follows one direction after the server accepted GSSENCRequest: packets of a length in four bytes and what GSSAPI made of the
// contents, the tokens of the login first (PostgreSQL protocol-flow, GSSAPI session encryption). Only their number and sizes can be told.
type wrapped struct {
	header [4]byte
	have   uint8 // bytes of the header
	left   int   // bytes of the packet still to come
	lost   bool
}

// maxWrapped is the longest packet, without its length (PQ_GSS_MAX_PACKET_SIZE in src/interfaces/libpq/fe-secure-gssapi.c); a token may be as long
// (PQ_GSS_AUTH_BUFFER_SIZE).
const maxWrapped = 64 << 10

// read takes bytes, and calls each packet that begins by its length.
func (w *wrapped) read(b []byte, packet func(length int)) {
	for len(b) > 0 && !w.lost {
		if w.left == 0 {
			n := copy(w.header[w.have:], b)
			w.have += uint8(n)
			if b = b[n:]; int(w.have) < len(w.header) {
				return
			}
			w.have = 0
			length := binary.BigEndian.Uint32(w.header[:])
			if w.lost = length == 0 || length > maxWrapped; w.lost {
				return
			}
			w.left = int(length)
			packet(w.left)
		}
		n := min(w.left, len(b))
		w.left -= n
		b = b[n:]
	}
}

// missing passes over n bytes that are not in the capture.
func (w *wrapped) missing(n int) {
	w.lost = w.lost || n > w.left
	w.left = max(w.left-n, 0)
}

// wrap takes bytes of a side after GSSENCRequest.
func (c *Conn) wrap(server bool, b []byte) {
	if !server {
		c.wrappedClient.read(b, func(int) { c.GSSClient++ })
		return
	}
	c.wrappedServer.read(b, func(length int) {
		if c.GSSServer++; c.GSSServer > 1 {
			c.GSSMost = max(c.GSSMost, length)
		}
	})
}
