package tlswire

import (
	"math"
	"strings"
)

// The records that are remembered: the first ones tell the handshake, the last ones how it ended.
const (
	firstRecords = 24
	lastRecords  = 8
)

// alertLen is the length of an alert (RFC 8446 section 6).
const alertLen = 2

// ccm8 is TLS_AES_128_CCM_8_SHA256, whose tags have 8 bytes (RFC 6655 section 4); those of the other suites of TLS 1.3 have 16.
const ccm8 = 0x1305

// Inside13 is how many bytes a record of TLS 1.3 of the given length seals, where it has no padding: all but their type and the tag (RFC 8446
// section 5.2).
func (c *Conn) Inside13(length uint16) int {
	if c.Cipher == ccm8 {
		return int(length) - 1 - 8
	}
	return int(length) - 1 - 16
}

// Inside12 is how many bytes of contents a record of TLS 1.2 or older has: with AES-CBC, at most (RFC 5246 section 6.2.3). Where
// the cipher is not known, it is as with AES-GCM.
func (c *Conn) Inside12(length uint16) int {
	name := CipherName(c.Cipher)
	switch {
	case c.Cipher == 0, strings.Contains(name, "_GCM"), strings.HasSuffix(name, "_CCM"):
		return int(length) - 8 - 16
	case strings.HasSuffix(name, "_CCM_8"):
		return int(length) - 8 - 8
	case strings.Contains(name, "CHACHA20"):
		return int(length) - 16
	case strings.HasSuffix(name, "SHA384"):
		return int(length) - 16 - 48 - 1
	case strings.HasSuffix(name, "SHA256"):
		return int(length) - 16 - 32 - 1
	}
	return int(length) - 16 - 20 - 1
}

// Record is one TLS record as seen from outside.
type Record struct {
	Frame int64 // in which its last byte was
	Len   uint16
	Type  uint8
	// Content is the true type of a sealed record that was opened, else 0.
	Content uint8
	Side    Side
	Clear   bool // sent before the side's encryption began
	Guess   bool // the snap length left no header of it: there may be several
}

// Remembered is how many records are remembered: the first ones and, after a gap, the last ones.
func (c *Conn) Remembered() int { return min(c.Total, firstRecords+lastRecords) }

// Record is the i-th of those that are remembered.
func (c *Conn) Record(i int) *Record {
	if i < firstRecords {
		return &c.records[i]
	}
	return &c.records[firstRecords+(i+max(0, c.Total-firstRecords-lastRecords))%lastRecords]
}

// endRecord is called when the last byte of a record was there.
func (c *Conn) endRecord(side Side, frame int64) {
	s := &c.streams[side]
	length := s.length
	if c.Cipher == 0 {
		c.infer(side, s.header[0], int(length))
	}
	record := c.newRecord()
	record.Frame, record.Len, record.Type, record.Content, record.Side, record.Guess = frame, length, s.header[0], 0, side, false
	record.Clear = s.header[0] != TypeApplicationData && !c.encrypted(side)
	if c.Open != nil || c.Message != nil {
		c.tellRecord(record, s)
	}
	switch s.header[0] {
	case TypeChangeCipherSpec:
		if !c.ChangeCipher[side] && side == Server && c.Version < 0x0304 {
			// Straight from ServerHello to ChangeCipherSpec (RFC 5246 section 7.3), or by way of a new ticket (RFC 5077 section 3.1).
			c.Resumed = !c.Guessed[Server] && (c.Last[Server] == ServerHello || c.Last[Server] == NewSessionTicket && c.Last[Client] == ClientHello)
		}
		c.ChangeCipher[side] = true
	case TypeHandshake:
		if c.encrypted(side) {
			c.Finished[side] = true
		}
		s.holed = false
	case TypeApplicationData:
		if c.Inside13(length) != alertLen {
			c.AppData[side]++
		}
	case TypeAlert:
		c.endAlert(side, frame, length)
	}
	s.have, s.alertN = 0, 0
}

// newRecord is where the next record is remembered.
func (c *Conn) newRecord() *Record {
	if c.records == nil {
		c.records = new([firstRecords + lastRecords]Record)
	}
	at := c.Total
	if at >= firstRecords {
		at = firstRecords + at%lastRecords
	}
	c.Total++
	return &c.records[at]
}

// infer tells TLS 1.3 where the ServerHello can't be read: its client seals all that follows its hellos, a second one of which comes after
// a ChangeCipherSpec (RFC 8446 section 2, appendix D.4); older versions have the key exchange in clear text, or a short Finished there.
func (c *Conn) infer(side Side, kind uint8, length int) {
	const longestFinished = 128
	afterHello := side == Client && c.Last[Client] == ClientHello && !c.Finished[Client] && !c.Guessed[Client] && !c.Gaps[Client]
	switch {
	case c.Version == 0 && afterHello && (kind == TypeApplicationData || kind == TypeHandshake && c.ChangeCipher[Client] && length > longestFinished):
		c.Version = 0x0304
	case c.Version >= 0x0304 && kind == TypeApplicationData && length <= 16:
		c.Cipher = ccm8 // with any other the tag alone is as long
	}
}

// recordVersion is the version of a side's current record: up to TLS 1.2 that of the connection, once it is agreed on.
func (c *Conn) recordVersion(side Side) uint16 {
	h := &c.streams[side].header
	return uint16(h[1])<<8 | uint16(h[2])
}

// guess counts the end of a segment, from where no record header is here, as one record: see Cut.
func (c *Conn) guess(side Side, frame int64, n int) {
	s := &c.streams[side]
	kind := uint8(0) // unknown
	switch {
	case s.have > 0, s.header[0] == TypeApplicationData:
		kind = s.header[0]
	case s.started && c.Version >= 0x0304:
		kind = TypeApplicationData
	}
	n += int(s.have) - headerLen
	if c.Cipher == 0 {
		c.infer(side, kind, n)
	}
	*s = stream{opaque: true, started: true, message: s.message[:0], sealed: s.sealed[:0], guess: c.newRecord()}
	*s.guess = Record{Frame: frame, Type: kind, Side: side, Guess: true}
	s.guess.grow(n)
	if kind == TypeApplicationData && c.Inside13(s.guess.Len) != alertLen {
		c.AppData[side]++
	}
	c.Guessed[side] = true
}

// grow adds bytes to a record that was guessed.
func (r *Record) grow(n int) {
	if r != nil {
		r.Len = uint16(min(max(int(r.Len)+n, 0), math.MaxUint16))
	}
}

// tellRecord opens a sealed record, where that can be done, and tells those who want to hear of each.
func (c *Conn) tellRecord(r *Record, s *stream) {
	var plain []byte
	if c.Open != nil && !c.Compressed && c.sealed(r.Side) && !s.broken {
		if content, opened, ok := c.Open(r.Side, r.Type, s.sealed); ok {
			r.Content, plain = content, opened
		}
	}
	s.sealed, s.broken = s.sealed[:0], false
	if c.Message != nil {
		if what := c.recordName(r.Side, r.Len, r.Content, plain); what != "" {
			c.Message(r.Side, r.Frame, what)
		}
	}
	c.opened(r.Side, r.Frame, r.Content, plain)
}

// endAlert tells an alert in clear text, which has two bytes, from an encrypted one, which is never that short.
func (c *Conn) endAlert(side Side, frame int64, length uint16) {
	s := &c.streams[side]
	switch {
	case length != alertLen:
		if c.EncryptedAlert[side] == 0 {
			c.EncryptedAlert[side] = frame
		}
	case s.alertN == 2:
		alert := Alert{Frame: frame, Side: side, Fatal: s.alert[0] == 2, Code: s.alert[1], Stage: c.Last[1-side]}
		switch {
		case !ends(s.alert[0], s.alert[1], c.Version):
			if !c.HasWarning {
				c.Warning, c.HasWarning = alert, true
			}
		case !c.HasAlert[side]:
			c.Alerts[side], c.HasAlert[side] = alert, true
		}
	}
}

// opened reads what was in a sealed record.
func (c *Conn) opened(side Side, frame int64, content uint8, plain []byte) {
	switch content {
	case TypeHandshake:
		c.handshake(side, frame, plain)
	case TypeAlert:
		if len(plain) == 2 && !c.HasOpenedAlert[side] && ends(plain[0], plain[1], c.Version) {
			c.HasOpenedAlert[side] = true
			c.OpenedAlerts[side] = Alert{Frame: frame, Side: side, Fatal: plain[0] == 2, Code: plain[1], Stage: c.Last[1-side]}
		}
	case TypeApplicationData:
		if c.Data != nil {
			c.Data(side, frame, plain)
		}
	}
}

// ends reports whether an alert ends the connection. Up to TLS 1.2 that is what its level says, and close_notify; in TLS 1.3
// the level means nothing and all but user_canceled end it (RFC 8446 section 6).
func ends(level, code uint8, version uint16) bool {
	const closeNotify, userCanceled = 0, 90
	if version >= 0x0304 {
		return code != userCanceled
	}
	return level == 2 || code == closeNotify
}
