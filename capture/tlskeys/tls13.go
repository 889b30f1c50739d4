package tlskeys

import (
	"crypto/hkdf"
	"hash"

	"golang.org/x/crypto/cryptobyte"
)

// newSession13 makes the keys of TLS 1.3 from the traffic secrets (RFC 8446 section 7.3). The handshake secrets may be missing: then
// what comes after the handshake can be opened.
func newSession13(secrets map[string][]byte, id uint16) *Session {
	suite, known := suites[id]
	if !known || id>>8 != 0x13 {
		return nil
	}
	s := &Session{inner: true}
	for side, labels := range [2][2]string{{labelClientHandshake, labelClientTraffic}, {labelServerHandshake, labelServerTraffic}} {
		traffic := suite.generation(secrets[labels[1]])
		s.sides[side].key = traffic
		if handshake := suite.traffic(secrets[labels[0]]); handshake != nil {
			handshake.next = func() *key { return traffic }
			s.sides[side].key = handshake
		}
	}
	if s.sides[0].key == nil && s.sides[1].key == nil {
		return nil
	}
	return s
}

// generation is the key of an application traffic secret, with those that come after it by KeyUpdate (RFC 8446 section 7.2).
func (c suite) generation(secret []byte) *key {
	k := c.traffic(secret)
	if k == nil {
		return nil
	}
	var next *key
	k.next = func() *key {
		if next == nil {
			next = c.generation(expand(c.prf, secret, "traffic upd", len(secret)))
		}
		return next
	}
	return k
}

// traffic is the key of a traffic secret, nil when there is none.
func (c suite) traffic(secret []byte) *key {
	if len(secret) != c.prf().Size() {
		return nil
	}
	aead, err := c.aead(expand(c.prf, secret, "key", c.keyLen))
	if err != nil {
		return nil
	}
	iv := expand(c.prf, secret, "iv", aead.NonceSize())
	return &key{open: func(kind uint8, body []byte, number uint64) ([]byte, bool) {
		if len(body) < aead.Overhead() {
			return nil, false
		}
		// What is authenticated beside the content is the record's header as it stands on the wire (RFC 8446 section 5.2).
		plain, err := aead.Open(nil, mixed(iv, number), body, []byte{kind, version12 >> 8, version12 & 0xff, byte(len(body) >> 8), byte(len(body))})
		return plain, err == nil
	}}
}

// expand is HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
func expand(h func() hash.Hash, secret []byte, label string, n int) []byte {
	var b cryptobyte.Builder
	b.AddUint16(uint16(n))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte("tls13 " + label)) })
	b.AddUint8LengthPrefixed(func(*cryptobyte.Builder) {})
	out, err := hkdf.Expand(h, secret, string(b.BytesOrPanic()), n)
	if err != nil {
		return make([]byte, n) // only a length that no cipher has: nothing opens with it
	}
	return out
}
