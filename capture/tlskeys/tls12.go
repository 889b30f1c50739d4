package tlskeys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"hash"
)

// newSession12 derives the keys of TLS 1.2 from the master secret (RFC 5246 section 6.3).
func newSession12(master []byte, client, server Random, id uint16, encryptThenMAC bool) *Session {
	suite, known := suites[id]
	if !known || id>>8 == 0x13 || len(master) == 0 {
		return nil
	}
	macLen := 0
	if suite.mac != nil {
		macLen = suite.mac().Size()
	}
	block := prf(suite.prf, master, "key expansion", append(server[:], client[:]...), 2*(macLen+suite.keyLen+suite.fixed))
	take := func(n int) []byte {
		b := block[:n]
		block = block[n:]
		return b
	}
	macs := [2][]byte{take(macLen), take(macLen)}
	keys := [2][]byte{take(suite.keyLen), take(suite.keyLen)}
	fixed := [2][]byte{take(suite.fixed), take(suite.fixed)}
	s := &Session{}
	for side := range s.sides {
		k := &key{}
		if suite.aead != nil {
			aead, err := suite.aead(keys[side])
			if err != nil {
				return nil
			}
			k.open = openAEAD12(aead, fixed[side])
		} else {
			block, err := aes.NewCipher(keys[side])
			if err != nil {
				return nil
			}
			k.open = openCBC(block, hmac.New(suite.mac, macs[side]), encryptThenMAC)
		}
		s.sides[side].key = k
	}
	return s
}

// prf is the pseudorandom function of TLS 1.2 (RFC 5246 section 5).
func prf(h func() hash.Hash, secret []byte, label string, seed []byte, n int) []byte {
	seed = append([]byte(label), seed...)
	mac := hmac.New(h, secret)
	sum := func(b ...[]byte) []byte {
		mac.Reset()
		for _, x := range b {
			mac.Write(x)
		}
		return mac.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

// header is what a record authenticates beside its content (RFC 5246 section 6.2.3.3).
func header(number uint64, kind uint8, length int) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 13), number)
	return append(b, kind, version12>>8, version12&0xff, byte(length>>8), byte(length))
}

// openAEAD12 opens records whose nonce is partly sent (RFC 5288 section 3), or made of the number alone (RFC 7905 section 2).
func openAEAD12(aead opener, fixed []byte) func(uint8, []byte, uint64) ([]byte, bool) {
	explicit := aead.NonceSize() - len(fixed)
	return func(kind uint8, body []byte, number uint64) ([]byte, bool) {
		length := len(body) - explicit - aead.Overhead()
		if length < 0 {
			return nil, false
		}
		nonce := append(append([]byte{}, fixed...), body[:explicit]...)
		if explicit == 0 {
			nonce = mixed(fixed, number)
		}
		plain, err := aead.Open(nil, nonce, body[explicit:], header(number, kind, length))
		return plain, err == nil
	}
}

// mixed is a nonce made of an IV and a record's number (RFC 8446 section 5.3).
func mixed(iv []byte, number uint64) []byte {
	nonce := append([]byte{}, iv...)
	tail := nonce[len(nonce)-8:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^number)
	return nonce
}

// openCBC opens records of AES-CBC: IV, then content, MAC and padding (RFC 5246 section 6.2.3.2), or with encrypt-then-MAC the MAC
// last and outside (RFC 7366 section 3).
func openCBC(block cipher.Block, mac hash.Hash, encryptThenMAC bool) func(uint8, []byte, uint64) ([]byte, bool) {
	authentic := func(sum, body []byte, kind uint8, number uint64) bool {
		mac.Reset()
		mac.Write(header(number, kind, len(body)))
		mac.Write(body)
		return hmac.Equal(mac.Sum(nil), sum)
	}
	return func(kind uint8, body []byte, number uint64) ([]byte, bool) {
		if encryptThenMAC {
			n := len(body) - mac.Size()
			if n < 0 || !authentic(body[n:], body[:n], kind, number) {
				return nil, false
			}
			body = body[:n]
		}
		if len(body) < 2*aes.BlockSize || len(body)%aes.BlockSize != 0 {
			return nil, false
		}
		plain := make([]byte, len(body)-aes.BlockSize)
		cipher.NewCBCDecrypter(block, body[:aes.BlockSize]).CryptBlocks(plain, body[aes.BlockSize:])
		n := len(plain) - 1 - int(plain[len(plain)-1])
		if encryptThenMAC {
			return plain[:max(n, 0)], n >= 0
		}
		n -= mac.Size()
		if n < 0 || !authentic(plain[n:n+mac.Size()], plain[:n], kind, number) {
			return nil, false
		}
		return plain[:n], true
	}
}
