package tlskeys

const (
	version12 = 0x0303
	version13 = 0x0304
)

const (
	// lookAhead is how many records of a side may be missing in a capture before the next can't be opened any more: its number
	// in the sequence, from which the nonce is made, has to be tried.
	lookAhead = 32
	// patience is how many records may fail before no more are tried: the secrets belong to another connection.
	patience = 16
)

// Session opens the records of one connection. It is for one goroutine.
type Session struct {
	sides  [2]direction // client, server
	inner  bool         // TLS 1.3: the true type stands inside, behind the content
	failed int
}

// direction is where one side's records have got to.
type direction struct {
	key    *key
	number uint64 // of the next record under the key
}

// key opens records. In TLS 1.3 others come after it.
type key struct {
	open func(kind uint8, body []byte, number uint64) (plain []byte, ok bool)
	next func() *key
}

// Open opens a record of a side (0 client, 1 server), given its outer type and body. The content type is that of the content,
// which in TLS 1.3 is not the record's own. It fails where the record is damaged, too many before it are missing, or the secrets
// are those of another connection.
func (s *Session) Open(side int, kind uint8, body []byte) (content uint8, plain []byte, ok bool) {
	if s.failed >= patience {
		return 0, nil, false
	}
	d := &s.sides[side]
	k, first := d.key, d.number
	for k != nil {
		for n := first; n <= first+lookAhead; n++ {
			if plain, ok := k.open(kind, body, n); ok {
				d.key, d.number = k, n+1
				if !s.inner {
					return kind, plain, true
				}
				content, plain = unwrap(plain)
				return content, plain, content != 0
			}
		}
		if k.next == nil || k != d.key {
			break // one step ahead is enough: a key opens at least the message that announces its successor
		}
		k, first = k.next(), 0
	}
	s.failed++
	return 0, nil, false
}

// unwrap takes the padding and the content type off a record of TLS 1.3 (RFC 8446 section 5.4).
func unwrap(plain []byte) (content uint8, rest []byte) {
	for n := len(plain) - 1; n >= 0; n-- {
		if plain[n] != 0 {
			return plain[n], plain[:n]
		}
	}
	return 0, nil
}
