package capture

import (
	"cbdoctor/capture/pgwire"
	"cbdoctor/capture/tlskeys"
)

// open opens a sealed record, where the key log knows the connection.
func (w *wire) open(log *tlskeys.Log, d int, kind uint8, body []byte) (content uint8, plain []byte, ok bool) {
	if !w.asked {
		w.asked = true
		w.keys = log.Session(w.tls.ClientRandom, w.tls.ServerRandom, w.tls.Version, w.tls.Cipher, w.tls.EncryptThenMAC)
	}
	if w.keys == nil {
		return 0, nil, false
	}
	content, plain, ok = w.keys.Open(d, kind, body)
	return content, plain, ok
}

// data takes what was said inside TLS.
func (w *wire) data(d int, plain []byte) {
	w.opened = true
	if d == client {
		w.inside.Client(plain)
	} else {
		w.inside.Server(plain)
	}
}

// login is where the startup of the session is known from: inside TLS, where that could be opened.
func (w *wire) login() *pgwire.Conn {
	if w.opened {
		return &w.inside
	}
	return &w.pg
}
