// Package tlskeys decrypts TLS records with secrets that an endpoint wrote down.
//
// In: lines of an NSS key log (SSLKEYLOGFILE, draft-ietf-tls-keylogfile), and the sealed records of a connection. Out: their
// contents, for TLS 1.2 and 1.3 with AES-GCM, AES-CCM, ChaCha20-Poly1305 and AES-CBC. It never prints a secret and never guesses: a record
// that does not authenticate is not opened. Start at Log.Add and Log.Session.
package tlskeys

import (
	"bytes"
	"encoding/hex"
	"sync"
)

// Random is the 32 bytes of a ClientHello by which a key log names connections.
type Random [32]byte

// The labels that are used (draft-ietf-tls-keylogfile section 2).
const (
	labelMaster          = "CLIENT_RANDOM" // the master secret of TLS up to 1.2
	labelClientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
	labelServerHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
	labelClientTraffic   = "CLIENT_TRAFFIC_SECRET_0"
	labelServerTraffic   = "SERVER_TRAFFIC_SECRET_0"
)

const (
	// maxConnections bounds the connections whose secrets are kept.
	maxConnections = 1 << 20
	// maxSecret is the longest secret there is: SHA-384's output, and a master secret (RFC 5246 section 8.1).
	maxSecret = 48
)

// Log holds the secrets of many connections. The zero value is empty and ready; it may be used by several goroutines.
type Log struct {
	lock    sync.RWMutex
	secrets map[Random]map[string][]byte
}

// Add reads lines of a key log and returns how many secrets were taken. Comments, labels that are not needed and lines that are
// damaged are passed over.
func (l *Log) Add(b []byte) (taken int) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.secrets == nil {
		l.secrets = map[Random]map[string][]byte{}
	}
	for line := range bytes.Lines(b) {
		if l.line(bytes.Fields(line)) {
			taken++
		}
	}
	return taken
}

// line takes "label client-random secret".
func (l *Log) line(fields [][]byte) bool {
	if len(fields) != 3 || len(fields[1]) != 2*len(Random{}) || len(fields[2]) == 0 || len(fields[2]) > 2*maxSecret {
		return false
	}
	label := string(fields[0])
	switch label {
	case labelMaster, labelClientHandshake, labelServerHandshake, labelClientTraffic, labelServerTraffic:
	default:
		return false
	}
	var random Random
	secret := make([]byte, hex.DecodedLen(len(fields[2])))
	if _, err := hex.Decode(random[:], fields[1]); err != nil {
		return false
	}
	if _, err := hex.Decode(secret, fields[2]); err != nil {
		return false
	}
	known := l.secrets[random]
	if known == nil {
		if len(l.secrets) >= maxConnections {
			return false
		}
		known = map[string][]byte{}
		l.secrets[random] = known
	}
	known[label] = secret
	return true
}

// Empty reports whether there is no secret in it.
func (l *Log) Empty() bool {
	l.lock.RLock()
	defer l.lock.RUnlock()
	return len(l.secrets) == 0
}

// Session is what opens the records of the connection with these randoms, version and cipher suite (IANA numbers), nil when the
// log does not know it or the suite is not supported. encryptThenMAC says that the extension of RFC 7366 was agreed on.
func (l *Log) Session(client, server Random, version, cipher uint16, encryptThenMAC bool) *Session {
	l.lock.RLock()
	secrets := l.secrets[client]
	l.lock.RUnlock()
	if secrets == nil {
		return nil
	}
	switch version {
	case version12:
		return newSession12(secrets[labelMaster], client, server, cipher, encryptThenMAC)
	case version13:
		return newSession13(secrets, cipher)
	}
	return nil
}
