package tlskeys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// suite is what a cipher suite says of the protection of records. A new one is a row of suites.
type suite struct {
	prf    func() hash.Hash // of the key derivation
	keyLen int
	aead   func(key []byte) (opener, error) // nil: AES-CBC
	mac    func() hash.Hash                 // with AES-CBC
	fixed  int                              // bytes of the nonce that come from the key block; 12: the nonce is not sent (RFC 7905)
}

// gcm makes AES-GCM.
func gcm(key []byte) (opener, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

var (
	aes128GCM = suite{prf: sha256.New, keyLen: 16, aead: gcm, fixed: 4}
	aes256GCM = suite{prf: sha512.New384, keyLen: 32, aead: gcm, fixed: 4}
	chacha    = suite{prf: sha256.New, keyLen: 32, aead: func(key []byte) (opener, error) { return chacha20poly1305.New(key) }, fixed: 12}

	aes128CCM  = suite{prf: sha256.New, keyLen: 16, aead: ccmOf(16), fixed: 4}
	aes256CCM  = suite{prf: sha256.New, keyLen: 32, aead: ccmOf(16), fixed: 4}
	aes128CCM8 = suite{prf: sha256.New, keyLen: 16, aead: ccmOf(8), fixed: 4}
	aes256CCM8 = suite{prf: sha256.New, keyLen: 32, aead: ccmOf(8), fixed: 4}

	aes128SHA    = suite{prf: sha256.New, keyLen: 16, mac: sha1.New}
	aes256SHA    = suite{prf: sha256.New, keyLen: 32, mac: sha1.New}
	aes128SHA256 = suite{prf: sha256.New, keyLen: 16, mac: sha256.New}
	aes256SHA256 = suite{prf: sha256.New, keyLen: 32, mac: sha256.New}
	aes256SHA384 = suite{prf: sha512.New384, keyLen: 32, mac: sha512.New384}
)

// suites are those that PostgreSQL with OpenSSL agrees on (IANA TLS Cipher Suites), by the way the keys are exchanged.
var suites = map[uint16]suite{
	// TLS 1.3
	0x1301: aes128GCM, 0x1302: aes256GCM, 0x1303: chacha, 0x1304: aes128CCM, 0x1305: aes128CCM8,
	// ECDHE with ECDSA and RSA
	0xc02b: aes128GCM, 0xc02c: aes256GCM, 0xcca9: chacha, 0xc009: aes128SHA, 0xc00a: aes256SHA, 0xc023: aes128SHA256, 0xc024: aes256SHA384,
	0xc0ac: aes128CCM, 0xc0ad: aes256CCM, 0xc0ae: aes128CCM8, 0xc0af: aes256CCM8,
	0xc02f: aes128GCM, 0xc030: aes256GCM, 0xcca8: chacha, 0xc013: aes128SHA, 0xc014: aes256SHA, 0xc027: aes128SHA256, 0xc028: aes256SHA384,
	// DHE with RSA
	0x009e: aes128GCM, 0x009f: aes256GCM, 0xccaa: chacha, 0x0033: aes128SHA, 0x0039: aes256SHA, 0x0067: aes128SHA256, 0x006b: aes256SHA256,
	0xc09e: aes128CCM, 0xc09f: aes256CCM, 0xc0a2: aes128CCM8, 0xc0a3: aes256CCM8,
	// RSA
	0x009c: aes128GCM, 0x009d: aes256GCM, 0x002f: aes128SHA, 0x0035: aes256SHA, 0x003c: aes128SHA256, 0x003d: aes256SHA256,
	0xc09c: aes128CCM, 0xc09d: aes256CCM, 0xc0a0: aes128CCM8, 0xc0a1: aes256CCM8,
}
