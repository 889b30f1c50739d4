package capture

import (
	"cbdoctor/capture/pgwire"
	"cbdoctor/capture/tlswire"
)

// read takes in-order payload of one direction.
func (s *session) read(t *tracker, d int, frame int64, b []byte) {
	w := s.wireFor(t)
	if w.pg.Over() {
		w.tls.Feed(tlswire.Side(d), frame, b)
		return
	}
	if s.sides[client].syn == 0 && s.sides[server].syn == 0 && !w.pg.TLS && !w.pg.Startup && !w.pg.SSLRequest {
		w.join(b)
	}
	if s.requestMissed(d, b) {
		w.pg.RequestMissed()
	}
	if w.pg.Foreign != "" && d == client && tlswire.BeginsConnection(b) {
		w.upgraded = true // STARTTLS of another protocol
	}
	if !w.pg.TLS && (w.pg.Lost(d == server) || d == server && s.sides[client].data == 0) && tlswire.BeginsHandshake(b) {
		w.pg.JoinTLS() // the SSLRequest or its answer is among what the capture lost, or does not have of this direction
	}
	if !w.pg.TLS && !w.upgraded {
		if d == client {
			b = w.pg.Client(b)
		} else {
			b = w.pg.Server(b)
		}
		if len(b) == 0 {
			return
		}
	}
	w.tls.Feed(tlswire.Side(d), frame, b)
}

// join settles, at the first bytes of a connection whose start was not captured, what it is: TLS may begin at any record.
func (w *wire) join(b []byte) {
	if len(b) >= 3 && b[0] >= tlswire.TypeChangeCipherSpec && b[0] <= tlswire.TypeApplicationData && b[1] == 3 && b[2] <= 4 || tlswire.BeginsOldHello(b) {
		w.pg.TLS = true
	} else if !pgwire.BeginsConnection(b) {
		w.pg.Startup, w.pg.Joined = true, true
	}
}

// wireFor is the session's wire, made when the first payload comes.
func (s *session) wireFor(t *tracker) *wire {
	if s.wire == nil {
		s.wire = t.newWire()
		s.wire.session = s
	}
	return s.wire
}

// skip says that n bytes of a direction were sent and are not in the capture: cut off by the snap length, or lost.
func (s *session) skip(t *tracker, d int, frame int64, n int, cut bool) {
	w := s.wireFor(t)
	w.flowOf = 0
	switch tls := w.pg.TLS || w.upgraded; {
	case tls && cut:
		w.tls.Cut(tlswire.Side(d), frame, n)
	case tls:
		w.tls.Skip(tlswire.Side(d), frame, n)
	case cut:
		w.pg.Cut(d == server, n)
	default:
		w.pg.Skip(d == server, n)
	}
}

// sslRequestLen is the length of an SSLRequest and of a GSSENCRequest.
const sslRequestLen = 8

// requestMissed reports whether the server's first byte answers an SSLRequest that the capture does not have, or only the first bytes
// of: by its acknowledgement the server got as many bytes, and by its length it answers with one.
func (s *session) requestMissed(d int, b []byte) bool {
	c := &s.sides[client]
	return d == server && len(b) == 1 && c.hasISN && (c.data == 0 || s.cutShort && !s.wire.pg.SSLRequest && !s.wire.pg.GSSRequest) &&
		c.hasAcked && c.acked == c.isn+1+sslRequestLen
}

// show keeps a chain that a side presents and judges it at the time of the packet. What the server accepts as issuers of the
// client's certificate stands in its CertificateRequest, which comes before; what the client accepts is never said.
func (w *wire) show(t *tracker, d int, chain [][]byte) {
	if len(chain) == 0 || len(w.chain[d]) > 0 {
		return
	}
	t.chain = t.chain[:0]
	for _, der := range chain {
		t.chain = append(t.chain, t.certificates.Parse(der))
	}
	var authorities []string
	if d == client {
		authorities = w.tls.Authorities
	}
	number, known := t.issuers.note(t.chain, d, authorities, w.session.last)
	w.chains[d], w.chain[d], w.notes[d] = number, known.shown, known.notes
}

// Sizes of messages in TLS 1.3, which tell what their sealed records are (RFC 8446 sections 4.4 and 6).
const (
	finishedSHA256   = 4 + 32
	finishedSHA384   = 4 + 48
	emptyCertificate = 8
	alertLen         = 2
)

// flight13 finds the record, counted from 0 among the client's sealed ones, that ends its flight: the Finished, by its size. It stands
// behind at most a Certificate and a CertificateVerify; what follows it is the StartupMessage. Where a library puts the whole flight
// into one record, it is the one before the StartupMessage, for which a client need not wait; -1 is none. empty says that the flight
// begins with an empty Certificate. Where the snap length cut off the end of the flight, what stands there is one record: see
// tlswire.Conn.Cut.
func (w *wire) flight13() (last int, empty bool) {
	last, run, n, first, cut := -1, 0, 0, 0, -1
	ended := false // the server has spoken since the flight began
	for i := range w.tls.Remembered() {
		r := w.tls.Record(i)
		switch {
		case r.Type != tlswire.TypeApplicationData:
		case r.Side == tlswire.Server:
			ended = ended || n > 0
		default:
			size := w.tls.Inside13(r.Len)
			if n == 0 {
				first = size
			}
			if last < 0 && !ended && (size == finishedSHA256 || size == finishedSHA384) {
				last = n
			}
			if cut < 0 && !ended && r.Guess {
				cut = n
			}
			if n++; !ended {
				run = n
			}
		}
	}
	if cut >= 0 && (last < 0 || cut < last && last == run-1) {
		last = cut // what stands behind it and has the size of a Finished is the StartupMessage
	}
	whole := first == emptyCertificate+finishedSHA256 || first == emptyCertificate+finishedSHA384
	if last < 0 && ended && first > alertLen && !w.tls.Gaps[client] && !w.tls.Gaps[server] {
		last = max(run-2, 0)
		return last, whole
	}
	return last, first == emptyCertificate
}

// flow is what the encrypted records of both sides show after the handshake.
type flow struct {
	clientDone   bool // the client's Finished was sent
	emptyCert    bool // TLS 1.3: the client sent an empty Certificate
	certSent     bool // TLS 1.3: the client sent a certificate
	clientFirst  int  // size of the client's first message after its Finished, 0 when there is none
	cancels      bool // that message has the length of a CancelRequest; the StartupMessages of libpq, which name a database, are longer
	clientMore   int  // messages of the client after that, close_notify not counted
	serverData   int  // bytes of the server's records after the client's Finished, alerts not counted
	serverCount  int
	serverMost   int  // bytes of the longest of them
	serverLast   int  // and of the last one
	authAsked    bool // the first of them is so short that it asks for a password
	serverAlert  bool // the server's last record has the size of an alert, or is one
	clientAlert  bool
	clientEnds   bool  // it came before any alert of the server
	firstAnswer  int64 // frame of the server's first record after the client's Finished
	alertFrame   int64
	alertSize    int   // of that record
	clientLeft   int64 // frame of the client's close_notify where it comes before any message of its own and any alert of the server
	earlyAlert   int64 // TLS 1.3: frame of a record of an alert's size that the client sent in place of its Finished
	requestFrame int64
}

// longestRequest is how long the contents of a request to authenticate are at most: AuthenticationSASL with two mechanisms has 43 bytes. An
// ErrorResponse has 67 or more: severity twice, code, message, file, line and routine.
const longestRequest = 48

// answer takes a record of the server after the handshake, with the size of its contents.
func (f *flow) answer(r *tlswire.Record, size int) {
	if f.serverCount++; f.serverCount == 1 {
		f.firstAnswer, f.authAsked = r.Frame, size <= longestRequest
	}
	f.serverData += int(r.Len)
	f.serverMost, f.serverLast = max(f.serverMost, int(r.Len)), int(r.Len)
}

// most is how long the longest record of the server's answer is. Where the server ends the session and the client said nothing more, the last
// one is its answer: what came before may have been a session ticket.
func (f *flow) most() int {
	if f.serverAlert && f.clientMore == 0 {
		return f.serverLast
	}
	return f.serverMost
}

// noAnswer forgets the server's records so far.
func (f *flow) noAnswer() {
	f.serverCount, f.serverData, f.serverMost, f.serverLast, f.firstAnswer, f.authAsked = 0, 0, 0, 0, 0, false
}

// flow13 reads the records of a TLS 1.3 session.
func (w *wire) flow13() flow {
	var f flow
	last, empty := w.flight13()
	n, answers, early := 0, 0, 0 // records: of the client's flight, of the server in a row, and before the StartupMessage
	for i := range w.tls.Remembered() {
		r := w.tls.Record(i)
		if r.Type != tlswire.TypeApplicationData {
			continue
		}
		size := w.tls.Inside13(r.Len)
		if r.Side == tlswire.Client {
			switch {
			case !f.clientDone:
				f.clientDone = n == last
				f.emptyCert = empty
				f.earlyAlert = 0
				if size == alertLen {
					f.earlyAlert = r.Frame
				}
				if size > finishedSHA384 {
					f.certSent = !empty
				}
				n++
			case size == alertLen:
				f.clientAlert, f.clientEnds = true, f.clientEnds || !f.serverAlert
				if f.clientFirst == 0 && !f.serverAlert && f.serverCount == 0 {
					f.clientLeft = r.Frame
				}
			case f.clientFirst == 0:
				f.clientFirst, f.requestFrame, f.cancels = int(r.Len), r.Frame, size == cancelRequestLen
			default:
				f.clientMore++
			}
			answers = 0
			continue
		}
		if !f.clientDone {
			continue
		}
		if r.Content == tlswire.TypeHandshake {
			continue // a session ticket
		}
		if size == alertLen {
			f.serverAlert, f.alertFrame, f.alertSize = true, r.Frame, int(r.Len)
			continue
		}
		f.serverAlert = false
		if early > 0 && early == f.serverCount && f.clientFirst > 0 && f.clientMore == 0 {
			f.noAnswer() // what came before there was anything to answer were session tickets
		}
		f.answer(r, size)
		if f.clientFirst == 0 {
			early++
		}
		if answers++; f.serverCount == 2 && f.serverData == 2*int(r.Len) && answers == 2 {
			f.noAnswer() // two records of one size, one after the other: session tickets, of which OpenSSL sends two (SSL_CTX_set_num_tickets)
			early = 0
		}
	}
	return f
}

// flow12 reads the records of a session of TLS 1.2 or older.
func (w *wire) flow12() flow {
	f := flow{
		clientDone: w.tls.Finished[tlswire.Client], emptyCert: w.tls.EmptyClient, certSent: w.tls.ClientCert,
		serverAlert: w.tls.EncryptedAlert[tlswire.Server] > 0, clientAlert: w.tls.EncryptedAlert[tlswire.Client] > 0,
		alertFrame: w.tls.EncryptedAlert[tlswire.Server],
	}
	f.clientEnds = f.clientAlert && (!f.serverAlert || w.tls.EncryptedAlert[tlswire.Client] < w.tls.EncryptedAlert[tlswire.Server])
	for i := range w.tls.Remembered() {
		r := w.tls.Record(i)
		if r.Type != tlswire.TypeApplicationData {
			continue
		}
		if r.Side == tlswire.Server {
			f.answer(r, w.tls.Inside12(r.Len))
		} else if f.clientFirst == 0 {
			f.clientFirst, f.requestFrame, f.cancels = int(r.Len), r.Frame, w.tls.Inside12(r.Len) == cancelRequestLen
		} else {
			f.clientMore++
		}
	}
	return f
}

// flow is read again only when there are more records, or fewer that can be relied on.
func (w *wire) flow() *flow {
	if w.flowOf != w.tls.Total+1 {
		if w.tls.Version >= 0x0304 {
			w.flowed = w.flow13()
		} else {
			w.flowed = w.flow12()
		}
		w.flowOf = w.tls.Total + 1
	}
	return &w.flowed
}

// worked reports whether the session got as far as application data both ways.
func (w *wire) worked() bool {
	if w.pg.TLS {
		f := w.tls.AppData
		if w.tls.Version >= 0x0304 {
			return f[client] >= 4 && f[server] >= 2
		}
		return f[client] >= 1 && f[server] >= 1
	}
	return w.pg.Ready
}
