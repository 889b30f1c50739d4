package tlswire

import (
	"encoding/binary"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// HandshakeType is the type of a handshake message (RFC 8446 section 4, RFC 5246 section 7.4).
type HandshakeType uint8

// The messages that are told apart.
const (
	ClientHello        HandshakeType = 1
	ServerHello        HandshakeType = 2
	NewSessionTicket   HandshakeType = 4
	Certificate        HandshakeType = 11
	ServerKeyExchange  HandshakeType = 12
	CertificateRequest HandshakeType = 13
	ServerHelloDone    HandshakeType = 14
	CertificateVerify  HandshakeType = 15
	ClientKeyExchange  HandshakeType = 16
	Finished           HandshakeType = 20
)

var handshakeNames = map[HandshakeType]string{
	0: "HelloRequest", ClientHello: "ClientHello", ServerHello: "ServerHello", NewSessionTicket: "NewSessionTicket",
	8: "EncryptedExtensions", Certificate: "Certificate", ServerKeyExchange: "ServerKeyExchange",
	CertificateRequest: "CertificateRequest", ServerHelloDone: "ServerHelloDone", CertificateVerify: "CertificateVerify",
	ClientKeyExchange: "ClientKeyExchange", Finished: "Finished", 22: "CertificateStatus",
}

// String is the name of the RFC, "" for a type that is not known.
func (t HandshakeType) String() string { return handshakeNames[t] }

const messageHeaderLen = 4

// messageLen is the length of a message's body, from its header.
func messageLen(b []byte) int { return int(b[1])<<16 | int(b[2])<<8 | int(b[3]) }

// handshake takes bytes of handshake messages in clear text. A message within one piece is read in place; only one that comes
// in several pieces is kept until it is whole.
func (c *Conn) handshake(side Side, frame int64, b []byte) {
	s := &c.streams[side]
	for len(b) > 0 && !s.holed {
		if s.skip > 0 {
			n := min(s.skip, len(b))
			s.skip -= n
			b = b[n:]
			continue
		}
		if len(s.message) == 0 && len(b) >= messageHeaderLen && len(b)-messageHeaderLen >= messageLen(b) {
			end := messageHeaderLen + messageLen(b)
			c.message(side, frame, HandshakeType(b[0]), b[messageHeaderLen:end])
			b = b[end:]
			continue
		}
		want := messageHeaderLen
		if len(s.message) >= messageHeaderLen {
			want += messageLen(s.message)
		}
		n := min(want-len(s.message), len(b))
		if want > cap(s.message) && want <= maxKept {
			s.message = slices.Grow(s.message, want-len(s.message))
		}
		s.message = append(s.message, b[:n]...)
		b = b[n:]
		if len(s.message) < messageHeaderLen {
			continue
		}
		switch length := messageLen(s.message); {
		case length > maxHandshake:
			s.skip, s.message = length, s.message[:0]
		case len(s.message) == messageHeaderLen+length:
			c.message(side, frame, HandshakeType(s.message[0]), s.message[messageHeaderLen:])
			s.message = s.message[:0]
		}
	}
}

func (c *Conn) message(side Side, frame int64, kind HandshakeType, body cryptobyte.String) {
	switch kind {
	case ClientHello:
		c.clientHello(body)
	case ServerHello:
		c.serverHello(body)
	case Certificate:
		c.certificate(side, frame, body)
	case CertificateRequest:
		c.Requested = true
		c.certificateRequest(body)
	}
	c.note(side, frame, kind)
	if c.Message != nil {
		name := kind.String()
		if kind == ServerHello && isRetry(body) {
			name = "HelloRetryRequest"
		}
		if name != "" {
			c.Message(side, frame, spaced(name))
		}
	}
}

// note notes which message a side sent, whether it can be read or not.
func (c *Conn) note(side Side, frame int64, kind HandshakeType) {
	c.Last[side], c.LastFrame[side] = kind, frame
	if kind > ServerHello && c.Version == 0 && !c.streams[side].opaque {
		c.Version = c.recordVersion(side) // in TLS 1.3 only the hellos are in clear text
	}
}

// spaced writes "ClientHello" as Wireshark does: "Client Hello".
func spaced(name string) string {
	var out []byte
	for i := range len(name) {
		if i > 0 && name[i] >= 'A' && name[i] <= 'Z' {
			out = append(out, ' ')
		}
		out = append(out, name[i])
	}
	return string(out)
}

// recordName names a record that is no handshake message in clear text, in Wireshark's words.
func (c *Conn) recordName(side Side, length uint16, content uint8, plain []byte) string {
	s := &c.streams[side]
	switch {
	case content == TypeHandshake:
		return "" // its messages are named
	case content == TypeAlert && len(plain) == 2:
		return "Alert (" + AlertName(plain[1]) + ")"
	}
	switch s.header[0] {
	case TypeChangeCipherSpec:
		return "Change Cipher Spec"
	case TypeApplicationData:
		return "Application Data"
	case TypeHandshake:
		if c.encrypted(side) {
			return "Encrypted Handshake Message"
		}
	case TypeAlert:
		if length == 2 && s.alertN == 2 {
			return "Alert (" + AlertName(s.alert[1]) + ")"
		}
		return "Encrypted Alert"
	}
	return ""
}

// Extensions that are read (IANA TLS ExtensionType Values).
const (
	extServerName        = 0
	extEncryptThenMAC    = 22
	extAuthorities       = 47
	extALPN              = 16
	extSupportedVersions = 43
)

func (c *Conn) clientHello(s cryptobyte.String) {
	var random, session, ciphers, compression, extensions cryptobyte.String
	var version uint16
	if !s.ReadUint16(&version) {
		return
	}
	c.Offered = max(c.Offered, version)
	if !s.ReadBytes((*[]byte)(&random), 32) || !s.ReadUint8LengthPrefixed(&session) || !s.ReadUint16LengthPrefixed(&ciphers) ||
		!s.ReadUint8LengthPrefixed(&compression) || s.Empty() || !s.ReadUint16LengthPrefixed(&extensions) {
		return
	}
	copy(c.ClientRandom[:], random)
	for kind, data, ok := extension(&extensions); ok; kind, data, ok = extension(&extensions) {
		var list, name cryptobyte.String
		switch kind {
		case extServerName:
			var nameType uint8
			if data.ReadUint16LengthPrefixed(&list) && list.ReadUint8(&nameType) && nameType == 0 && list.ReadUint16LengthPrefixed(&name) && len(name) <= 255 {
				c.SNI = string(name)
			}
		case extALPN:
			if data.ReadUint16LengthPrefixed(&list) && list.ReadUint8LengthPrefixed(&name) {
				c.ALPN = string(name)
			}
		case extSupportedVersions:
			var v uint16
			if data.ReadUint8LengthPrefixed(&list) {
				for list.ReadUint16(&v) {
					if v&0x0f0f != 0x0a0a && v <= 0x0304 { // not one of GREASE (RFC 8701)
						c.Offered = max(c.Offered, v)
					}
				}
			}
		}
	}
}

// retryRandom is the random of a HelloRetryRequest (RFC 8446 section 4.1.3); its first eight bytes are enough.
const retryRandom = 0xcf21ad74e59a6111

// isRetry reports whether the body of a ServerHello is a HelloRetryRequest.
func isRetry(body []byte) bool {
	return len(body) >= 10 && binary.BigEndian.Uint64(body[2:]) == retryRandom
}

func (c *Conn) serverHello(s cryptobyte.String) {
	var random []byte
	var session, extensions cryptobyte.String
	var version, cipher uint16
	var compression uint8
	hello := s
	if !s.ReadUint16(&version) || !s.ReadBytes(&random, 32) {
		return
	}
	if draftHello(version) {
		if !s.ReadUint16(&cipher) {
			return
		}
	} else if !s.ReadUint8LengthPrefixed(&session) || !s.ReadUint16(&cipher) || !s.ReadUint8(&compression) {
		return
	}
	c.Version, c.Cipher, c.Compressed = version, cipher, compression != 0
	copy(c.ServerRandom[:], random)
	c.Retry = c.Retry || isRetry(hello)
	if s.ReadUint16LengthPrefixed(&extensions) {
		for kind, data, ok := extension(&extensions); ok; kind, data, ok = extension(&extensions) {
			var v uint16
			if kind == extSupportedVersions && data.ReadUint16(&v) {
				c.Version = v
			}
			c.EncryptThenMAC = c.EncryptThenMAC || kind == extEncryptThenMAC
		}
	}
}

// draftHello reports whether a ServerHello is one of the drafts 1 to 21 of TLS 1.3: version 0x7fNN, or 0x0304 as the RFC later forbids,
// neither session id nor compression method (draft-ietf-tls-tls13-21 section 4.1.3).
func draftHello(version uint16) bool {
	return version > draft13 && version <= draft13|21 || version == 0x0304
}

// extension takes the next extension off a list; ok is false at its end, or where it is broken.
func extension(s *cryptobyte.String) (kind uint16, data cryptobyte.String, ok bool) {
	b := *s
	if len(b) < 4 {
		return 0, nil, false
	}
	end := 4 + int(b[2])<<8 + int(b[3])
	if end > len(b) {
		return 0, nil, false
	}
	*s = b[end:]
	return uint16(b[0])<<8 | uint16(b[1]), b[4:end], true
}

// maxChain bounds the certificates handed over of one message.
const maxChain = 16

// certificate reads the Certificate message (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2). That of 1.3 is encrypted: it comes
// from a record that was opened.
func (c *Conn) certificate(side Side, frame int64, s cryptobyte.String) {
	var list, context, extensions cryptobyte.String
	modern := c.Version >= 0x0304
	if modern && !s.ReadUint8LengthPrefixed(&context) || !s.ReadUint24LengthPrefixed(&list) {
		return
	}
	chain := c.chain[:0]
	for !list.Empty() && len(chain) < maxChain {
		var der cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&der) || modern && !list.ReadUint16LengthPrefixed(&extensions) {
			break
		}
		chain = append(chain, der)
	}
	c.chain = chain
	if side == Client {
		c.EmptyClient, c.ClientCert = len(chain) == 0, len(chain) > 0
	}
	if c.Certificates != nil {
		c.Certificates(side, frame, chain)
	}
}

// maxAuthorities bounds the names kept of a CertificateRequest.
const maxAuthorities = 16

// certificateRequest reads the acceptable authorities (RFC 5246 section 7.4.4, RFC 8446 section 4.2.4) as raw DER names.
func (c *Conn) certificateRequest(s cryptobyte.String) {
	var types, algorithms, list cryptobyte.String
	if c.Version >= 0x0304 {
		var context, extensions cryptobyte.String
		if s.ReadUint8LengthPrefixed(&context) && s.ReadUint16LengthPrefixed(&extensions) {
			for kind, data, ok := extension(&extensions); ok; kind, data, ok = extension(&extensions) {
				if kind == extAuthorities && data.ReadUint16LengthPrefixed(&list) {
					c.authorities(list)
				}
			}
		}
		return
	}
	if !s.ReadUint8LengthPrefixed(&types) {
		return
	}
	if c.Version >= 0x0303 && !s.ReadUint16LengthPrefixed(&algorithms) {
		return
	}
	if s.ReadUint16LengthPrefixed(&list) {
		c.authorities(list)
	}
}

func (c *Conn) authorities(list cryptobyte.String) {
	for !list.Empty() && len(c.Authorities) < maxAuthorities {
		var name cryptobyte.String
		if !list.ReadUint16LengthPrefixed(&name) {
			return
		}
		n := len(c.Authorities)
		if n < cap(c.Authorities) && c.Authorities[:n+1][n] == string(name) { // what a connection before had there: most servers name the same
			c.Authorities = c.Authorities[:n+1]
			continue
		}
		c.Authorities = append(c.Authorities, string(name))
	}
}
