package tlswire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// piece is what one side wrote at once.
type piece struct {
	side  Side
	frame int64
	b     []byte
}

// tap is one end of a connection that notes what is written to it.
type tap struct {
	net.Conn
	side  Side
	lock  *sync.Mutex
	heard *[]piece
}

func (c tap) Write(b []byte) (int, error) {
	c.lock.Lock()
	*c.heard = append(*c.heard, piece{c.side, int64(len(*c.heard) + 1), append([]byte{}, b...)})
	c.lock.Unlock()
	return c.Conn.Write(b)
}

// talk runs a TLS connection over loopback: the client writes a line, the server answers, both close. Errors of the handshake
// are what some tests are about.
func talk(t testing.TB, client, server *tls.Config) []piece {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var lock sync.Mutex
	var heard []piece
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err := listener.Accept()
		if err != nil {
			return
		}
		c := tls.Server(tap{raw, Server, &lock, &heard}, server)
		defer c.Close()
		b := make([]byte, 5)
		if _, err := io.ReadFull(c, b); err == nil {
			_, _ = c.Write([]byte("world"))
			_, _ = c.Read(b) // until the client closes
		}
	}()
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(tap{raw, Client, &lock, &heard}, client)
	if _, err := c.Write([]byte("hello")); err == nil {
		_, _ = io.ReadFull(c, make([]byte, 5))
	}
	c.Close()
	<-done
	return heard
}

// follow feeds pieces to a Conn.
func follow(pieces []piece) (*Conn, [2][]int) {
	c := &Conn{}
	var chains [2][]int
	c.Certificates = func(side Side, _ int64, chain [][]byte) { chains[side] = append(chains[side], len(chain)) }
	for _, p := range pieces {
		c.Feed(p.side, p.frame, p.b)
	}
	return c, chains
}

func certificateFor(t testing.TB, cn string, from, to time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cn}, DNSNames: []string{cn}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// ends are the settings of both sides of a connection that works, with certificates of both.
func configs(t testing.TB, version uint16) (client, server *tls.Config) {
	t.Helper()
	now := time.Now()
	serverCert, serverPool := certificateFor(t, "db.example.org", now.Add(-time.Hour), now.Add(time.Hour))
	clientCert, clientPool := certificateFor(t, "postgres", now.Add(-time.Hour), now.Add(time.Hour))
	client = &tls.Config{MinVersion: version, MaxVersion: version, RootCAs: serverPool, ServerName: "db.example.org", Certificates: []tls.Certificate{clientCert}}
	server = &tls.Config{MinVersion: version, MaxVersion: version, ClientCAs: clientPool, Certificates: []tls.Certificate{serverCert}, ClientAuth: tls.RequireAndVerifyClientCert}
	return client, server
}

var versions = []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13}

func TestEveryVersionIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		t.Run(tls.VersionName(v), func(t *testing.T) {
			t.Parallel()
			client, server := configs(t, v)
			c, chains := follow(talk(t, client, server))
			if c.Version != v || c.SNI != "db.example.org" || c.Cipher == 0 || c.Gaps != [2]bool{} || c.HasAlert[Client] {
				t.Errorf("version %s, cipher %s, SNI %q, gaps %v, alerts %v", VersionName(c.Version), CipherName(c.Cipher), c.SNI, c.Gaps, c.Alerts)
			}
			if c.AppData[Client] == 0 || c.AppData[Server] == 0 {
				t.Errorf("application data %v", c.AppData)
			}
			inClear := v < tls.VersionTLS13
			want := [2][]int{}
			if inClear {
				want = [2][]int{{1}, {1}}
			}
			if diff := cmp.Diff(want, chains); diff != "" {
				t.Errorf("chains of client and server (-want +got):\n%s", diff)
			}
			if c.Requested != inClear || c.ClientCert != inClear || inClear && len(c.Authorities) != 1 {
				t.Errorf("requested %t, sent %t, %d authorities", c.Requested, c.ClientCert, len(c.Authorities))
			}
			if inClear && c.Finished != [2]bool{true, true} {
				t.Errorf("finished %v", c.Finished)
			}
		})
	}
}

func TestTheAlertThatEndsAHandshakeIsNamed(t *testing.T) {
	t.Parallel()
	stranger := func(c, _ *tls.Config) {
		cert, _ := certificateFor(t, "postgres", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil } // though it is not asked for
	}
	for _, v := range []struct {
		name    string
		version uint16
		change  func(client, server *tls.Config)
		want    string
	}{
		{"the server does not know the client's issuer", tls.VersionTLS12, stranger, "server 48 unknown_ca"},
		{"the client does not know the server's issuer", tls.VersionTLS12, func(c, _ *tls.Config) { c.RootCAs = x509.NewCertPool() }, "client 42 bad_certificate"},
		{"no certificate where one is required", tls.VersionTLS12, func(c, _ *tls.Config) { c.Certificates = nil }, "server 40 handshake_failure"},
		{"no common version", tls.VersionTLS12, func(_, s *tls.Config) { s.MinVersion, s.MaxVersion = tls.VersionTLS13, tls.VersionTLS13 }, "server 70 protocol_version"},
		{"no common cipher", tls.VersionTLS12, func(c, _ *tls.Config) { c.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA} }, "server 40 handshake_failure"},
	} {
		t.Run(v.name, func(t *testing.T) {
			client, server := configs(t, v.version)
			v.change(client, server)
			c, _ := follow(talk(t, client, server))
			got := ""
			for side, name := range map[Side]string{Client: "client", Server: "server"} {
				if c.HasAlert[side] && c.Alerts[side].Code != 0 {
					got = fmt.Sprintf("%s %d %s", name, c.Alerts[side].Code, AlertName(c.Alerts[side].Code))
				}
			}
			if got != v.want {
				t.Errorf("got %q, want %q", got, v.want)
			}
		})
	}
}

func TestAnEmptyCertificateIsNoticed(t *testing.T) {
	t.Parallel()
	client, server := configs(t, tls.VersionTLS12)
	client.Certificates = nil
	server.ClientAuth = tls.RequestClientCert
	c, chains := follow(talk(t, client, server))
	if !c.EmptyClient || c.ClientCert || len(chains[Client]) != 1 || chains[Client][0] != 0 {
		t.Errorf("empty %t, sent %t, chains %v", c.EmptyClient, c.ClientCert, chains)
	}
}

func TestAResumedSessionHasNoCertificates(t *testing.T) {
	t.Parallel()
	client, server := configs(t, tls.VersionTLS12)
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	if c, _ := follow(talk(t, client, server)); c.Resumed {
		t.Error("the first session counts as resumed")
	}
	c, chains := follow(talk(t, client, server))
	if !c.Resumed || len(chains[Server]) != 0 || c.AppData[Server] == 0 {
		t.Errorf("resumed %t, chains %v, application data %v", c.Resumed, chains, c.AppData)
	}
}

func TestAHelloRetryRequestIsNoServerHelloOfItsOwn(t *testing.T) {
	t.Parallel()
	client, server := configs(t, tls.VersionTLS13)
	client.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP384}
	server.CurvePreferences = []tls.CurveID{tls.CurveP384}
	c, _ := follow(talk(t, client, server))
	if !c.Retry || c.Version != tls.VersionTLS13 || c.AppData[Client] == 0 {
		t.Errorf("retry %t, version %s, application data %v", c.Retry, VersionName(c.Version), c.AppData)
	}
}

// known is all that a Conn says, its internals aside.
var known = cmp.Options{cmpopts.IgnoreUnexported(Conn{}), cmpopts.IgnoreFields(Conn{}, "Certificates", "Message")}

// TestCutsChangeNothing: however TCP cuts the bytes into segments, the same is known in the end.
func TestCutsChangeNothing(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		client, server := configs(t, v)
		pieces := talk(t, client, server)
		want, _ := follow(pieces)
		t.Run(tls.VersionName(v), rapid.MakeCheck(func(t *rapid.T) {
			var cut []piece
			for _, p := range pieces {
				for b := p.b; len(b) > 0; {
					n := rapid.IntRange(1, len(b)).Draw(t, "cut")
					cut = append(cut, piece{p.side, p.frame, b[:n]})
					b = b[n:]
				}
			}
			got, _ := follow(cut)
			if diff := cmp.Diff(want, got, known); diff != "" {
				t.Fatalf("cut into %d pieces (-whole +cut):\n%s", len(cut), diff)
			}
		}))
	}
}

// TestFragmentedHandshakeMessages: handshake messages over many records say the same as in one (RFC 8446 section 5.1).
func TestFragmentedHandshakeMessages(t *testing.T) {
	t.Parallel()
	client, server := configs(t, tls.VersionTLS12)
	pieces := talk(t, client, server)
	want, wantChains := follow(pieces)
	rapid.Check(t, func(t *rapid.T) {
		var split []piece
		var clear [2]bool
		for _, p := range pieces {
			for b := p.b; len(b) >= headerLen; {
				n := int(b[3])<<8 | int(b[4])
				body := b[headerLen : headerLen+n]
				if b[0] == TypeChangeCipherSpec {
					clear[p.side] = true
				}
				for first := true; len(body) > 0 || first; first = false {
					k := len(body)
					if b[0] == TypeHandshake && !clear[p.side] {
						k = rapid.IntRange(1, len(body)).Draw(t, "fragment")
					}
					split = append(split, piece{p.side, p.frame, append([]byte{b[0], b[1], b[2], byte(k >> 8), byte(k)}, body[:k]...)})
					body = body[k:]
				}
				b = b[headerLen+n:]
			}
		}
		got, gotChains := follow(split)
		if diff := cmp.Diff(want, got, known, cmpopts.IgnoreFields(Conn{}, "Total")); diff != "" {
			t.Fatalf("fragmented (-whole +fragmented):\n%s", diff)
		}
		if diff := cmp.Diff(wantChains, gotChains); diff != "" {
			t.Fatalf("chains (-whole +fragmented):\n%s", diff)
		}
	})
}

// TestMissingBytes: records whose bytes are missing are still counted, and after a gap the next record is found.
func TestMissingBytes(t *testing.T) {
	t.Parallel()
	client, server := configs(t, tls.VersionTLS12)
	pieces := talk(t, client, server)
	want, _ := follow(pieces)
	t.Run("behind a record's header", func(t *testing.T) {
		c := &Conn{}
		for _, p := range pieces {
			n := min(len(p.b), headerLen)
			c.Feed(p.side, p.frame, p.b[:n])
			if r := int(p.b[3])<<8 | int(p.b[4]); r+headerLen == len(p.b) { // one record: the rest of it is cut off
				c.Skip(p.side, p.frame, len(p.b)-n)
			} else {
				c.Feed(p.side, p.frame, p.b[n:])
			}
		}
		if c.Total != want.Total || c.AppData != want.AppData || c.Gaps != want.Gaps {
			t.Errorf("records %d, application data %v, gaps %v; whole: %d, %v", c.Total, c.AppData, c.Gaps, want.Total, want.AppData)
		}
	})
	t.Run("a whole flight", func(t *testing.T) {
		c := &Conn{}
		for i, p := range pieces {
			if i == 1 {
				c.Gap(p.side)
				continue
			}
			c.Feed(p.side, p.frame, p.b)
		}
		if !c.Gaps[Server] || c.AppData != want.AppData || c.NotTLS != [2]bool{} {
			t.Errorf("gaps %v, application data %v, no TLS %v", c.Gaps, c.AppData, c.NotTLS)
		}
	})
}

// TestCutOffEnds: where the snap length leaves only the beginning of each segment, the version is told by what is in clear text, and what has no
// header is counted as one record.
func TestCutOffEnds(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		t.Run(tls.VersionName(v), func(t *testing.T) {
			t.Parallel()
			client, server := configs(t, v)
			c := &Conn{}
			for _, p := range talk(t, client, server) {
				n := min(len(p.b), 30) // of 96, behind the headers
				c.Feed(p.side, p.frame, p.b[:n])
				if n < len(p.b) {
					c.Cut(p.side, p.frame, len(p.b)-n)
				}
			}
			if c.Version != v || c.Gaps != [2]bool{} || c.NotTLS != [2]bool{} || !c.Guessed[Server] {
				t.Errorf("version %s, gaps %v, guessed %v", VersionName(c.Version), c.Gaps, c.Guessed)
			}
			if c.AppData[Client] == 0 || c.AppData[Server] == 0 {
				t.Errorf("application data %v", c.AppData)
			}
		})
	}
	t.Run("an alert behind an error", func(t *testing.T) {
		c := &Conn{Version: 0x0304, Cipher: 0x1301}
		c.Feed(Server, 1, []byte{TypeApplicationData, 3, 3, 0, 140, 1, 2, 3})
		c.Cut(Server, 1, 137+headerLen+19)
		if r := c.Record(1); c.Total != 2 || r.Len != 19 || r.Type != TypeApplicationData || !r.Guess {
			t.Errorf("%d records, the second %+v", c.Total, r)
		}
	})
	t.Run("one record over several segments", func(t *testing.T) {
		c := &Conn{Version: 0x0304, Cipher: 0x1301}
		c.Feed(Server, 1, []byte{TypeApplicationData, 3, 3, 0, 20})
		c.Cut(Server, 1, 20+100)
		c.Feed(Server, 2, make([]byte, 30))
		c.Cut(Server, 2, 70)
		c.Feed(Server, 3, []byte{TypeApplicationData, 3, 3, 0, 2, 1, 2})
		if r := c.Record(1); c.Total != 3 || r.Len != 200-headerLen {
			t.Errorf("%d records, the second %+v", c.Total, r)
		}
	})
}

// Old clients offer TLS in the form of SSL 2.0: the handshake that follows is read like any other.
func TestAHelloInTheFormOfSSL2(t *testing.T) {
	t.Parallel()
	client, server := configs(t, tls.VersionTLS12)
	pieces := talk(t, client, server)
	old := []byte{0x80, 0x2e, 1, 3, 3, 0, 0x15, 0, 0, 0, 0x10}
	old = append(old, make([]byte, 0x2e+2-len(old))...)
	i := slices.IndexFunc(pieces, func(p piece) bool { return p.side == Client })
	pieces[i].b = old
	for cut := 1; cut < len(old); cut += 7 { // in whatever pieces
		split := slices.Concat(pieces[:i], []piece{{Client, pieces[i].frame, old[:cut]}, {Client, pieces[i].frame, old[cut:]}}, pieces[i+1:])
		c, _ := follow(split)
		if c.NotTLS[Client] || c.Version != 0x0303 || c.Offered != 0x0303 || !c.Finished[Client] || !c.Finished[Server] || c.Gaps[Client] {
			t.Fatalf("cut after %d bytes: %+v", cut, c)
		}
	}
}

func TestWhatIsNoTLSIsSaid(t *testing.T) {
	t.Parallel()
	c := &Conn{}
	c.Feed(Server, 1, []byte("HTTP/1.1 400 Bad Request\r\n"))
	if !c.NotTLS[Server] || c.NotTLS[Client] || c.Total != 0 {
		t.Errorf("no TLS %v, %d records", c.NotTLS, c.Total)
	}
}

// FuzzConn: whatever the bytes and however they are cut, reading ends without a crash, keeps little, and knows the same.
func FuzzConn(f *testing.F) {
	for _, v := range versions {
		client, server := configs(f, v)
		var sides [2][]byte
		for _, p := range talk(f, client, server) {
			sides[p.side] = append(sides[p.side], p.b...)
		}
		const enough = 300 // bytes of each side: what is longer takes the fuzzer minutes to make small
		f.Add(sides[0][:enough], sides[1][:enough], uint8(7))
		f.Add(sides[0][len(sides[0])-enough/2:], sides[1][len(sides[1])-enough/2:], uint8(3))
	}
	f.Fuzz(func(t *testing.T, fromClient, fromServer []byte, step uint8) {
		read := func(n int) (*Conn, error) {
			c := &Conn{}
			for side, b := range [2][]byte{fromClient, fromServer} {
				for len(b) > 0 {
					k := min(n, len(b))
					c.Feed(Side(side), 1, b[:k])
					b = b[k:]
				}
				if kept := cap(c.streams[side].message); kept > 4*maxHandshake {
					return c, fmt.Errorf("keeps %d bytes", kept)
				}
			}
			if len(c.Authorities) > maxAuthorities || len(c.chain) > maxChain {
				return c, errors.New("keeps too many names or certificates")
			}
			return c, nil
		}
		whole, err := read(1 << 30)
		if err != nil {
			t.Error(err)
		}
		cut, err := read(int(step)%64 + 1)
		if err != nil {
			t.Error(err)
		}
		if whole.Gaps != [2]bool{} || cut.Gaps != [2]bool{} {
			return // where a record begins again can only be guessed, from the piece
		}
		if diff := cmp.Diff(whole, cut, known); diff != "" {
			t.Errorf("in pieces of %d bytes (-whole +cut):\n%s", int(step)%64+1, diff)
		}
	})
}

// TestServerHelloOfDrafts: neither session id nor compression method, whether the version says draft or not.
func TestServerHelloOfDrafts(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{0x7f0e, 0x0304} {
		body := append([]byte{byte(version >> 8), byte(version)}, make([]byte, 32)...)
		body = append(body, 0xc0, 0x2b, 0, 0)
		message := append([]byte{byte(ServerHello), 0, 0, byte(len(body))}, body...)
		c := &Conn{}
		c.Feed(Server, 1, append([]byte{TypeHandshake, 3, 1, 0, byte(len(message))}, message...))
		if c.Version != version || c.Cipher != 0xc02b {
			t.Errorf("version %#x, cipher %#x", c.Version, c.Cipher)
		}
	}
}

// TestRetryIsNamed: Wireshark gives a HelloRetryRequest its own name, though it is a ServerHello.
func TestRetryIsNamed(t *testing.T) {
	t.Parallel()
	body := append([]byte{3, 3}, 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11)
	body = append(body, make([]byte, 24)...)
	body = append(body, 0, 0x13, 1, 0)
	message := append([]byte{byte(ServerHello), 0, 0, byte(len(body))}, body...)
	var said []string
	c := &Conn{Message: func(_ Side, _ int64, what string) { said = append(said, what) }}
	c.Feed(Server, 1, append([]byte{TypeHandshake, 3, 3, 0, byte(len(message))}, message...))
	if len(said) != 1 || said[0] != "Hello Retry Request" || !c.Retry {
		t.Errorf("%q, retry %v", said, c.Retry)
	}
}

// TestCipherNames: IANA's names are those of crypto/tls, for all that both know, and each line of the list is a name.
func TestCipherNames(t *testing.T) {
	t.Parallel()
	for _, c := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if got := CipherName(c.ID); got != c.Name {
			t.Errorf("%#04x is %s, crypto/tls says %s", c.ID, got, c.Name)
		}
	}
	if lines := strings.Count(cipherList, "\n"); len(cipherNames()) != lines {
		t.Errorf("%d names of %d lines", len(cipherNames()), lines)
	}
	for id, want := range map[uint16]string{0x009f: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", 0xc028: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", 0x1305: "TLS_AES_128_CCM_8_SHA256", 0xfefd: "0xFEFD"} {
		if got := CipherName(id); got != want {
			t.Errorf("%#04x is %s, want %s", id, got, want)
		}
	}
}

// TestCompressedRecordsStayClosed: what was compressed before it was sealed is no message as it stands.
func TestCompressedRecordsStayClosed(t *testing.T) {
	t.Parallel()
	for compression, want := range map[byte]bool{0: true, 1: false} {
		body := append([]byte{3, 3}, make([]byte, 33)...)
		body = append(body, 0xc0, 0x2f, compression)
		message := append([]byte{byte(ServerHello), 0, 0, byte(len(body))}, body...)
		opened := false
		c := &Conn{Open: func(Side, uint8, []byte) (uint8, []byte, bool) {
			opened = true
			return TypeApplicationData, nil, true
		}}
		c.Feed(Server, 1, append([]byte{TypeHandshake, 3, 3, 0, byte(len(message))}, message...))
		c.Feed(Server, 2, []byte{TypeApplicationData, 3, 3, 0, 2, 1, 2})
		if opened != want {
			t.Errorf("compression %d: opened %v", compression, opened)
		}
	}
}
