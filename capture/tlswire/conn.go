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

// The records that are remembered: the first ones tell the handshake, the last ones how it ended.
const (
	firstRecords = 24
	lastRecords  = 8
)

// Record is one TLS record as seen from outside.
type Record struct {
	Frame int64 // in which its last byte was
	Len   uint16
	Type  uint8
	Side  Side
	Clear bool // sent before the side's encryption began
}

// Alert is one alert in clear text.
type Alert struct {
	Frame int64
	Side  Side
	Fatal bool
	Code  uint8
	Stage HandshakeType // the last handshake message that the other side had sent
}

// Conn follows one connection. The zero value is ready; Reset makes it ready again.
type Conn struct {
	// Certificates is called when a Certificate message in clear text is complete, with the chain in DER, leaf first; the
	// slices are valid during the call only. An empty chain means that the side has no certificate.
	Certificates func(side Side, frame int64, chain [][]byte)

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
	EncryptedAlert [2]int64 // frame of the first alert record that is encrypted (TLS up to 1.2), else 0
	ChangeCipher   [2]bool
	Finished       [2]bool // in TLS up to 1.2: an encrypted handshake record after ChangeCipherSpec
	AppData        [2]int64
	Gaps           [2]bool
	Last           [2]HandshakeType // the last handshake message in clear text of each side
	LastFrame      [2]int64         // its frame

	Total   int // records seen
	first   [firstRecords]Record
	last    [lastRecords]Record
	streams [2]stream
}

// stream is the state of one direction.
type stream struct {
	header  [headerLen]byte
	have    uint8 // bytes of the header
	opaque  bool  // bytes were lost: wait for something that looks like a record
	started bool
	left    int    // bytes of the record body still to come
	message []byte // handshake bytes kept until a message is whole
	alert   [2]byte
	alertN  uint8
	skip    int // bytes of an over-long handshake message still to pass over
}

// Reset makes the value ready for another connection, keeping its buffers.
func (c *Conn) Reset() {
	a, b := c.streams[0].message[:0], c.streams[1].message[:0]
	authorities := c.Authorities[:0]
	*c = Conn{Certificates: c.Certificates, Authorities: authorities}
	c.streams[0].message, c.streams[1].message = a, b
}

// Records calls each for the remembered records in order: the first ones and, after a gap, the last ones.
func (c *Conn) Records(each func(Record)) {
	n := min(c.Total, firstRecords)
	for _, r := range c.first[:n] {
		each(r)
	}
	for i := max(n, c.Total-lastRecords); i < c.Total; i++ {
		each(c.last[i%lastRecords])
	}
}

// Gap says that bytes of a side are missing from here on.
func (c *Conn) Gap(side Side) {
	s := &c.streams[side]
	*s = stream{opaque: true, started: true, message: s.message[:0]}
	c.Gaps[side] = true
}

// Feed takes the next in-order bytes of a side.
func (c *Conn) Feed(side Side, frame int64, b []byte) {
	s := &c.streams[side]
	if c.NotTLS[side] {
		return
	}
	if s.opaque {
		if !looksLikeRecord(b) {
			return
		}
		s.opaque = false
	}
	for len(b) > 0 {
		if s.left == 0 && s.have < headerLen {
			n := copy(s.header[s.have:], b)
			s.have += uint8(n)
			b = b[n:]
			if s.have < headerLen {
				return
			}
			if !plausible(s.header[:]) {
				if s.started {
					c.Gap(side) // lost or damaged bytes rather than another protocol
				} else {
					c.NotTLS[side] = true
				}
				return
			}
			s.started = true
			s.left = int(s.header[3])<<8 | int(s.header[4])
			if s.left == 0 {
				c.endRecord(side, frame)
				continue
			}
		}
		n := min(s.left, len(b))
		c.body(side, frame, b[:n])
		s.left -= n
		b = b[n:]
		if s.left == 0 {
			c.endRecord(side, frame)
		}
	}
}

func plausible(h []byte) bool {
	return h[0] >= TypeChangeCipherSpec && h[0] <= 24 && h[1] == 3 && h[2] <= 4 && int(h[3])<<8|int(h[4]) <= maxRecordLen
}

func looksLikeRecord(b []byte) bool { return len(b) >= headerLen && plausible(b) && b[3]|b[4] != 0 }

// encrypted reports whether what a side sends in its current record is encrypted.
func (c *Conn) encrypted(side Side) bool {
	return c.ChangeCipher[side] && c.Version != 0 && c.Version < 0x0304
}

func (c *Conn) body(side Side, frame int64, b []byte) {
	s := &c.streams[side]
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

// endRecord is called when the last byte of a record was there.
func (c *Conn) endRecord(side Side, frame int64) {
	s := &c.streams[side]
	length := uint16(s.header[3])<<8 | uint16(s.header[4])
	record := Record{Frame: frame, Len: length, Type: s.header[0], Side: side, Clear: !c.encrypted(side) && s.header[0] != TypeApplicationData}
	if c.Total < firstRecords {
		c.first[c.Total] = record
	}
	c.last[c.Total%lastRecords] = record
	c.Total++
	switch s.header[0] {
	case TypeChangeCipherSpec:
		if !c.ChangeCipher[side] && side == Server && c.Version < 0x0304 && c.Last[Server] == ServerHello {
			c.Resumed = true // straight from ServerHello to ChangeCipherSpec (RFC 5246 section 7.3)
		}
		c.ChangeCipher[side] = true
	case TypeHandshake:
		if c.encrypted(side) {
			c.Finished[side] = true
		}
	case TypeApplicationData:
		c.AppData[side]++
	case TypeAlert:
		if length == 2 && s.alertN == 2 { // an encrypted alert is never that short
			if !c.HasAlert[side] && !(s.alert[0] == 1 && s.alert[1] != 0) { // warnings other than close_notify change nothing
				c.HasAlert[side] = true
				c.Alerts[side] = Alert{Frame: frame, Side: side, Fatal: s.alert[0] == 2, Code: s.alert[1], Stage: c.Last[1-side]}
			}
		} else if c.EncryptedAlert[side] == 0 {
			c.EncryptedAlert[side] = frame
		}
	}
	s.have, s.alertN = 0, 0
}
