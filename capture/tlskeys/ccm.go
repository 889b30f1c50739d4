package tlskeys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// opener is the half of a cipher.AEAD that reading needs.
type opener interface {
	NonceSize() int
	Overhead() int
	Open(dst, nonce, sealed, additional []byte) ([]byte, error)
}

// ccm opens what AES-CCM sealed (RFC 3610), with the parameters of TLS: a nonce of 12 bytes, so lengths of 3 (RFC 6655 section 3). It is
// here because neither crypto/cipher nor x/crypto has the mode.
type ccm struct {
	block cipher.Block
	tag   int // its length: 16, or 8 in the suites of that name
}

const ccmLength = 3 // bytes of the length field, RFC 3610's L

var errNotAuthentic = errors.New("the record is not authentic")

// ccmOf makes AES-CCM with tags of the given length.
func ccmOf(tag int) func(key []byte) (opener, error) {
	return func(key []byte) (opener, error) {
		block, err := aes.NewCipher(key)
		return ccm{block, tag}, err
	}
}

func (c ccm) NonceSize() int { return 15 - ccmLength }
func (c ccm) Overhead() int  { return c.tag }

func (c ccm) Open(dst, nonce, sealed, additional []byte) ([]byte, error) {
	n := len(sealed) - c.tag
	if n < 0 || n >= 1<<(8*ccmLength) || len(nonce) != c.NonceSize() || len(additional) >= 0xff00 {
		return nil, errNotAuthentic
	}
	var counter [aes.BlockSize]byte // A_0 of section 2.3; its key stream masks the tag, those behind it the content
	counter[0] = ccmLength - 1
	copy(counter[1:], nonce)
	stream := cipher.NewCTR(c.block, counter[:])
	var mask [aes.BlockSize]byte
	stream.XORKeyStream(mask[:], mask[:])
	plain := make([]byte, n)
	stream.XORKeyStream(plain, sealed[:n])
	sum := c.mac(nonce, additional, plain)
	subtle.XORBytes(sum[:], sum[:], mask[:])
	if subtle.ConstantTimeCompare(sum[:c.tag], sealed[n:]) != 1 {
		return nil, errNotAuthentic
	}
	return append(dst, plain...), nil
}

// mac is the CBC-MAC over lengths, additional data and content (section 2.2).
func (c ccm) mac(nonce, additional, plain []byte) (x [aes.BlockSize]byte) {
	first := make([]byte, 0, aes.BlockSize)
	flags := byte((c.tag-2)/2<<3 | (ccmLength - 1))
	if len(additional) > 0 {
		flags |= 1 << 6
	}
	first = append(append(first, flags), nonce...)
	first = append(first, byte(len(plain)>>16), byte(len(plain)>>8), byte(len(plain)))
	absorb := func(b []byte) {
		for ; len(b) > 0; b = b[min(len(b), aes.BlockSize):] {
			subtle.XORBytes(x[:], x[:], b) // as many bytes as there are: the rest of the block is zero
			c.block.Encrypt(x[:], x[:])
		}
	}
	absorb(first)
	if len(additional) > 0 {
		absorb(append(binary.BigEndian.AppendUint16(nil, uint16(len(additional))), additional...))
	}
	absorb(plain)
	return x
}
