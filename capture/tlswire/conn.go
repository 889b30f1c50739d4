package tlswire

// Side is one end of the connection.
type Side uint8

// The two sides.
const (
	Client Side = iota
	Server
)

// Record content types (RFC 8446 section 5.1).
const (
	TypeChangeCipherSpec = 20
	TypeAlert            = 21
	TypeHandshake        = 22
	TypeApplicationData  = 23
)

const (
	headerLen = 5
	// maxRecordLen is the largest record: 2^14 bytes of data and 2048 of expansion (RFC 5246 section 6.2.3).
	maxRecordLen = 1<<14 + 2048
	// maxHandshake bounds one handshake message that is put together; certificate chains have 2 to 10 KiB.
	maxHandshake = 128 << 10
)

// Alert is one alert in clear text.
type Alert struct {
	Frame int64
	Side  Side
	Fatal bool
	Code  uint8
	Stage HandshakeType // the last handshake message that the other side had sent, 0 when there was none: see After
}

// After is the name of the handshake message that the alert answers, "" when none is in the capture.
func (a *Alert) After() string {
	if a.Stage == 0 { // a HelloRequest, which nobody answers with a fatal alert
		return ""
	}
	return a.Stage.String()
}

// Conn follows one connection. The zero value is ready; Reset makes it ready again.
type Conn struct {
	// Certificates is called when a Certificate message in clear text is complete, with the chain in DER, leaf first; the
	// slices are valid during the call only. An empty chain means that the side has no certificate.
	Certificates func(side Side, frame int64, chain [][]byte)

	// Message, when set, is called for each handshake message in clear text (its name) and each other record.
	Message func(side Side, frame int64, what string)

	// Open, when set, is given each whole sealed record and says what is in it, where that can be told: the true content type and
	// the content. Handshake messages and alerts in it are read as if they had been in clear text.
	Open func(side Side, kind uint8, body []byte) (content uint8, plain []byte, ok bool)
	// Data, when set, takes the application data of records that were opened.
	Data func(side Side, frame int64, plain []byte)

	ClientRandom   [32]byte // which tells the connection from all others
	ServerRandom   [32]byte
	EncryptThenMAC bool   // RFC 7366 was agreed on
	Compressed     bool   // compression was agreed on, as up to TLS 1.2 it could: what is in sealed records can't be read
	Version        uint16 // negotiated: 0x0303 is TLS 1.2; 0 until a ServerHello was seen
	Offered        uint16 // highest version that the client offered
	Cipher         uint16
	SNI            string
	ALPN           string // first protocol the client offered
	Requested      bool   // the server asked for a client certificate, in clear text
	Authorities    []string
	EmptyClient    bool // the client sent an empty Certificate in clear text
	ClientCert     bool // the client sent a certificate in clear text
	Resumed        bool // a session was resumed: no certificates are sent
	Retry          bool // the server asked for another ClientHello (HelloRetryRequest)
	NotTLS         [2]bool
	Alerts         [2]Alert // the first alert of each side in clear text
	HasAlert       [2]bool
	Warning        Alert // the first alert in clear text that ends nothing, e.g. unrecognized_name (RFC 6066 section 3)
	HasWarning     bool
	OpenedAlerts   [2]Alert // the first alert of each side in a record that was opened
	HasOpenedAlert [2]bool
	EncryptedAlert [2]int64 // frame of the first alert record that is encrypted (TLS up to 1.2), else 0
	ChangeCipher   [2]bool
	Finished       [2]bool  // in TLS up to 1.2: an encrypted handshake record after ChangeCipherSpec
	AppData        [2]int64 // records of application data, those of the size of an alert in TLS 1.3 aside
	Gaps           [2]bool
	Guessed        [2]bool          // records were counted of which the snap length left no header: see Conn.Cut
	Last           [2]HandshakeType // the last handshake message in clear text of each side
	LastFrame      [2]int64         // its frame

	Total   int // records seen
	records *[firstRecords + lastRecords]Record
	streams [2]stream
	chain   [][]byte // what Certificates is called with
}

// stream is the state of one direction.
type stream struct {
	header  [headerLen]byte
	have    uint8   // bytes of the header
	opaque  bool    // bytes were lost: wait for something that looks like a record
	guess   *Record // what those are counted as, where the snap length cut them off
	started bool
	length  uint16 // of the record body
	left    int    // bytes of it still to come
	pass    int    // bytes of a ClientHello in the form of SSL 2.0 still to come
	message []byte // the part of a handshake message that is there until the rest comes
	skip    int    // bytes of a handshake message that is not read, still to pass over
	holed   bool   // bytes are missing beyond the message: wait for the next record
	alert   [2]byte
	sealed  []byte // the body of a sealed record so far, where it is to be opened
	broken  bool   // bytes of it are missing
	alertN  uint8  // bytes of the alert, more than two when it can't be one in clear text
}

// maxKept is how much of a buffer Reset keeps: more than a usual certificate chain.
const maxKept = 16 << 10

// Reset makes the value ready for another connection, keeping its callback and its buffers.
func (c *Conn) Reset() {
	certificates, open, data, authorities, records, chain, streams := c.Certificates, c.Open, c.Data, c.Authorities, c.records, c.chain, c.streams
	*c = Conn{}
	c.Certificates, c.Open, c.Data, c.Authorities, c.records, c.chain = certificates, open, data, authorities[:0], records, chain[:0]
	for side := range streams {
		if m := streams[side].message; cap(m) <= maxKept {
			c.streams[side].message = m[:0]
		}
		c.streams[side].sealed = streams[side].sealed[:0]
	}
}

// Gap says that an unknown number of bytes of a side is missing from here on. The next piece that begins like a record is
// taken for one; what comes before it is passed over.
func (c *Conn) Gap(side Side) {
	s := &c.streams[side]
	*s = stream{opaque: true, started: true, message: s.message[:0], sealed: s.sealed[:0]}
	c.Gaps[side] = true
}

// Buffered is how many bytes of handshake messages are kept until their rest comes.
func (c *Conn) Buffered() int { return len(c.streams[Client].message) + len(c.streams[Server].message) }

// Skip says that the next n in-order bytes of a side were sent but are not here, for the capture lost them. Records whose header is
// known are counted as if they had been read; a handshake message with a hole is not read. Where a header is missing too, Skip is a Gap.
func (c *Conn) Skip(side Side, frame int64, n int) {
	if s := &c.streams[side]; !c.NotTLS[side] && !s.opaque && c.pass(side, frame, n) > 0 {
		c.Gap(side)
	}
}

// Cut says that the next n in-order bytes of a side, at the end of a segment, were cut off by the snap length. It is as Skip, but what
// has no header is counted as one record: peers send most messages apart, and the sizes of those that matter tell what they are.
func (c *Conn) Cut(side Side, frame int64, n int) {
	s := &c.streams[side]
	switch {
	case c.NotTLS[side]:
	case s.opaque:
		s.guess.grow(n)
	default:
		if n = c.pass(side, frame, n); n > 0 {
			c.guess(side, frame, n)
		}
	}
}

// pass passes over n bytes of records whose headers are known, and returns how many bytes are left of those.
func (c *Conn) pass(side Side, frame int64, n int) int {
	s := &c.streams[side]
	for n > 0 {
		if k := min(s.pass, n); k > 0 {
			s.pass -= k
			n -= k
			continue
		}
		if s.left == 0 {
			return n
		}
		k := min(s.left, n)
		c.hole(side, frame, k)
		s.left -= k
		n -= k
		if s.left == 0 {
			c.endRecord(side, frame)
		}
	}
	return 0
}

// hole notes that n bytes of a side's current record are missing.
func (c *Conn) hole(side Side, frame int64, n int) {
	s := &c.streams[side]
	s.broken = true
	switch s.header[0] {
	case TypeAlert:
		s.alertN = 3
	case TypeHandshake:
		if len(s.message) > 0 && !c.encrypted(side) {
			c.note(side, frame, HandshakeType(s.message[0]))
		}
		if s.skip == 0 && len(s.message) >= messageHeaderLen {
			s.skip = messageHeaderLen + messageLen(s.message) - len(s.message)
			s.message = s.message[:0]
		}
		if n > s.skip {
			s.holed, s.skip, s.message = true, n, s.message[:0]
		}
		s.skip -= n
	}
}

// Feed takes the next in-order bytes of a side.
func (c *Conn) Feed(side Side, frame int64, b []byte) {
	s := &c.streams[side]
	if c.NotTLS[side] {
		return
	}
	if s.opaque {
		if !looksLikeRecord(b) {
			s.guess.grow(len(b))
			return
		}
		s.opaque, s.guess = false, nil
	}
	for len(b) > 0 {
		if s.pass > 0 {
			n := min(s.pass, len(b))
			s.pass -= n
			b = b[n:]
			continue
		}
		if s.left == 0 && s.have < headerLen {
			var header []byte
			if s.have == 0 && len(b) >= headerLen {
				header = b[:headerLen:headerLen]
				s.header, s.have, b = [headerLen]byte(header), headerLen, b[headerLen:]
			} else {
				n := copy(s.header[s.have:], b)
				s.have += uint8(n)
				b = b[n:]
				if s.have < headerLen {
					return
				}
				header = s.header[:]
			}
			if !s.started && side == Client && BeginsOldHello(header) {
				c.oldHello(frame)
				continue
			}
			if !plausible(header) {
				if s.started {
					c.Gap(side) // lost or damaged bytes rather than another protocol
				} else {
					c.NotTLS[side] = true
				}
				return
			}
			s.started = true
			s.length = uint16(header[3])<<8 | uint16(header[4])
			s.left = int(s.length)
			if s.left == 0 {
				c.endRecord(side, frame)
				continue
			}
		}
		n := min(s.left, len(b))
		if s.header[0] != TypeApplicationData || c.Open != nil {
			c.body(side, frame, b[:n])
		}
		s.left -= n
		b = b[n:]
		if s.left == 0 {
			c.endRecord(side, frame)
		}
	}
}

// BeginsHandshake reports whether b begins with a ClientHello or a ServerHello in a TLS record.
func BeginsHandshake(b []byte) bool {
	return BeginsConnection(b) || len(b) > headerLen && b[0] == TypeHandshake && plausible(b) && HandshakeType(b[headerLen]) == ServerHello
}

// BeginsConnection reports whether b begins with a ClientHello in a TLS record.
func BeginsConnection(b []byte) bool {
	return len(b) > headerLen && b[0] == TypeHandshake && plausible(b) && HandshakeType(b[headerLen]) == ClientHello
}

// BeginsOldHello reports whether b begins with a ClientHello in the form of SSL 2.0, by which old clients offer SSL 3.0 or TLS (RFC 5246 appendix E.2).
func BeginsOldHello(b []byte) bool {
	return len(b) >= headerLen && b[0]&0x80 != 0 && HandshakeType(b[2]) == ClientHello && b[3] == 3 && b[4] <= 4
}

// oldHello passes over such a ClientHello, whose first five bytes are in the header.
func (c *Conn) oldHello(frame int64) {
	s := &c.streams[Client]
	s.pass = max(0, int(s.header[0]&0x7f)<<8+int(s.header[1])+2-headerLen)
	s.have, s.started = 0, true
	c.Total++
	c.Offered = uint16(s.header[3])<<8 | uint16(s.header[4])
	c.Last[Client], c.LastFrame[Client] = ClientHello, frame
	if c.Message != nil {
		c.Message(Client, frame, spaced(ClientHello.String()))
	}
}

func plausible(h []byte) bool {
	return h[0] >= TypeChangeCipherSpec && h[0] <= 24 && h[1] == 3 && h[2] <= 4 && int(h[3])<<8|int(h[4]) <= maxRecordLen
}

func looksLikeRecord(b []byte) bool { return len(b) >= headerLen && plausible(b) && b[3]|b[4] != 0 }

// encrypted reports whether what a side sends in its current record is encrypted, as a record of its own type. In TLS 1.3
// ChangeCipherSpec means nothing (RFC 8446 appendix D.4) and encrypted records are all application data from outside. Where the
// ServerHello is not in the capture, the version is unknown and ChangeCipherSpec is believed.
func (c *Conn) encrypted(side Side) bool { return c.ChangeCipher[side] && c.Version < 0x0304 }

// sealed reports whether the current record of a side is encrypted.
func (c *Conn) sealed(side Side) bool {
	kind := c.streams[side].header[0]
	return kind == TypeApplicationData || c.encrypted(side) && (kind == TypeHandshake || kind == TypeAlert)
}

func (c *Conn) body(side Side, frame int64, b []byte) {
	s := &c.streams[side]
	if c.Open != nil && c.sealed(side) && len(s.sealed)+len(b) <= maxRecordLen {
		s.sealed = append(s.sealed, b...)
	}
	switch s.header[0] {
	case TypeHandshake:
		if !c.encrypted(side) {
			c.handshake(side, frame, b)
		}
	case TypeAlert:
		n := copy(s.alert[s.alertN:], b)
		s.alertN += uint8(n)
	}
}
