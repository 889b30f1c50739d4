package tlskeys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cbdoctor/capture/tlswire"
)

// connection is what was heard of one, and what is found in it with keys.
type connection struct {
	lock   sync.Mutex
	pieces []piece
}

type piece struct {
	side tlswire.Side
	b    []byte
}

func (c *connection) hear(side tlswire.Side, b []byte) {
	c.lock.Lock()
	c.pieces = append(c.pieces, piece{side, bytes.Clone(b)})
	c.lock.Unlock()
}

// proxy stands between two sockets and hears both.
func (c *connection) proxy(client, server net.Conn) {
	var both sync.WaitGroup
	forward := func(side tlswire.Side, from, to net.Conn) {
		defer both.Done()
		b := make([]byte, 4096)
		for {
			n, err := from.Read(b)
			c.hear(side, b[:n])
			if n > 0 {
				_, _ = to.Write(b[:n])
			}
			if err != nil {
				to.Close()
				return
			}
		}
	}
	both.Add(2)
	go forward(tlswire.Client, client, server)
	go forward(tlswire.Server, server, client)
	both.Wait()
}

// opened is what a key log reveals of what was heard.
type opened struct {
	*tlswire.Conn
	data    [2]string
	chains  [2]int
	records int // that were opened
}

func (c *connection) open(log *Log, lose func(record int) bool) *opened {
	o := &opened{Conn: &tlswire.Conn{}}
	var session *Session
	n := 0
	o.Open = func(side tlswire.Side, kind uint8, body []byte) (uint8, []byte, bool) {
		if n++; lose != nil && lose(n) {
			return 0, nil, false
		}
		if session == nil {
			session = log.Session(o.ClientRandom, o.ServerRandom, o.Version, o.Cipher, o.EncryptThenMAC)
		}
		if session == nil {
			return 0, nil, false
		}
		content, plain, ok := session.Open(int(side), kind, body)
		if ok {
			o.records++
		}
		return content, plain, ok
	}
	o.Data = func(side tlswire.Side, _ int64, plain []byte) { o.data[side] += string(plain) }
	o.Certificates = func(side tlswire.Side, _ int64, chain [][]byte) { o.chains[side] = len(chain) }
	for _, p := range c.pieces {
		o.Feed(p.side, 1, p.b)
	}
	return o
}

func certificate(t *testing.T, useRSA bool) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"db"}}
	if useRSA {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// talk runs a connection of crypto/tls through a proxy: question, answer, close.
func talk(t *testing.T, config *tls.Config, cert tls.Certificate) (*connection, []byte) {
	t.Helper()
	var keys bytes.Buffer
	c := &connection{}
	clientEnd, proxyClient := net.Pipe()
	proxyServer, serverEnd := net.Pipe()
	go c.proxy(proxyClient, proxyServer)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := tls.Server(serverEnd, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert, CipherSuites: config.CipherSuites, MinVersion: tls.VersionTLS12})
		defer s.Close()
		b := make([]byte, 8)
		if _, err := io.ReadFull(s, b); err == nil {
			_, _ = s.Write([]byte("answer"))
			_, _ = s.Read(b)
		}
	}()
	config.KeyLogWriter, config.InsecureSkipVerify, config.Certificates = &keys, true, []tls.Certificate{cert}
	client := tls.Client(clientEnd, config)
	if _, err := client.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(client, make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	client.Close()
	<-done
	return c, keys.Bytes()
}

// Every suite that crypto/tls can speak is opened, with the certificates of both sides.
func TestWhatCryptoTLSWrites(t *testing.T) {
	t.Parallel()
	rsaCert, ecdsaCert := certificate(t, true), certificate(t, false)
	for _, v := range []struct {
		cipher  uint16
		version uint16
	}{
		{tls.TLS_AES_128_GCM_SHA256, tls.VersionTLS13},
		{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.VersionTLS12},
		{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.VersionTLS12},
		{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, tls.VersionTLS12},
		{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.VersionTLS12},
		{tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, tls.VersionTLS12},
		{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, tls.VersionTLS12},
		{tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.VersionTLS12},
		{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.VersionTLS12},
		{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, tls.VersionTLS12},
	} {
		t.Run(tls.CipherSuiteName(v.cipher), func(t *testing.T) {
			t.Parallel()
			cert := rsaCert
			if strings.Contains(tls.CipherSuiteName(v.cipher), "ECDSA") {
				cert = ecdsaCert
			}
			heard, keys := talk(t, &tls.Config{MinVersion: v.version, MaxVersion: v.version, CipherSuites: []uint16{v.cipher}}, cert)
			var log Log
			if log.Add(keys) == 0 {
				t.Fatalf("nothing taken of %q", keys)
			}
			o := heard.open(&log, nil)
			if o.data != [2]string{"question", "answer"} || o.chains != [2]int{1, 1} {
				t.Errorf("said %q, chains %v (cipher %s)", o.data, o.chains, tlswire.CipherName(o.Cipher))
			}
			if !o.HasOpenedAlert[tlswire.Client] || o.OpenedAlerts[tlswire.Client].Code != 0 {
				t.Errorf("the client's close_notify was not read: %v", o.OpenedAlerts)
			}
		})
	}
}

func TestKeysOfAnotherConnectionOpenNothing(t *testing.T) {
	t.Parallel()
	cert := certificate(t, false)
	heard, _ := talk(t, &tls.Config{}, cert)
	_, keys := talk(t, &tls.Config{}, cert)
	var log Log
	log.Add(keys)
	if o := heard.open(&log, nil); o.records > 0 {
		t.Errorf("%d records were opened without a secret", o.records)
	}
	// The other connection's secrets under this one's name.
	random := heard.open(&log, nil).ClientRandom
	log.secrets[random] = map[string][]byte{}
	for _, secrets := range log.secrets {
		for label, secret := range secrets {
			log.secrets[random][label] = secret
		}
	}
	if o := heard.open(&log, nil); o.records > 0 {
		t.Errorf("%d records were opened with wrong secrets", o.records)
	}
}

// TestRecordsThatAreMissing: what the capture lost does not keep the rest from being opened.
func TestRecordsThatAreMissing(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		heard, keys := talk(t, &tls.Config{MinVersion: version, MaxVersion: version}, certificate(t, false))
		var log Log
		log.Add(keys)
		o := heard.open(&log, func(record int) bool { return record == 2 })
		if o.data != [2]string{"question", "answer"} {
			t.Errorf("%s: said %q", tls.VersionName(version), o.data)
		}
	}
}

func TestLinesOfAKeyLog(t *testing.T) {
	t.Parallel()
	random, secret := strings.Repeat("ab", 32), strings.Repeat("cd", 48)
	for line, want := range map[string]int{
		"CLIENT_RANDOM " + random + " " + secret:                          1,
		"CLIENT_TRAFFIC_SECRET_0 " + random + " " + secret[:64] + "\r\n":  1,
		"# a comment\n\nCLIENT_RANDOM " + random + " " + secret + "\n":    1,
		"EXPORTER_SECRET " + random + " " + secret:                        0,
		"CLIENT_RANDOM " + random[:62] + " " + secret:                     0,
		"CLIENT_RANDOM " + random + " " + secret + "00":                   0,
		"CLIENT_RANDOM " + random + " " + strings.Repeat("zz", 48):        0,
		"RSA Session-ID:" + random + " Master-Key:" + secret:              0,
		"CLIENT_RANDOM " + strings.Repeat("xy", 32) + " " + secret + "\n": 0,
	} {
		var log Log
		if got := log.Add([]byte(line)); got != want || log.Empty() != (want == 0) {
			t.Errorf("%q: %d secrets taken, want %d", line, got, want)
		}
	}
}

// spoken collects what a program prints.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// wait waits until the program has printed the text.
func (s *spoken) wait(t *testing.T, text string) {
	t.Helper()
	for range 3000 {
		s.mu.Lock()
		there := strings.Contains(s.text.String(), text)
		s.mu.Unlock()
		if there {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q was not printed in half a minute", text)
}

// Real OpenSSL on both sides: AES-CBC with encrypt-then-MAC, which crypto/tls does not speak, and a KeyUpdate of TLS 1.3.
func TestWhatOpenSSLWrites(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	cert := certificate(t, true)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	server := filepath.Join(dir, "server.pem")
	if err := os.WriteFile(server, both, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		options []string
		say     string
		etm     bool
	}{
		"AES-CBC with encrypt-then-MAC": {[]string{"-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384"}, "question\n", true},
		"AES-CBC with SHA-1":            {[]string{"-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"}, "question\n", true},
		"AES-CCM":                       {[]string{"-tls1_2", "-cipher", "AES128-CCM:@SECLEVEL=0"}, "question\n", false},
		"AES-CCM with a short tag":      {[]string{"-tls1_2", "-cipher", "DHE-RSA-AES256-CCM8:@SECLEVEL=0"}, "question\n", false},
		"AES-CCM in TLS 1.3":            {[]string{"-ciphersuites", "TLS_AES_128_CCM_SHA256"}, "question\n", false},
		"AES-CCM-8 in TLS 1.3":          {[]string{"-ciphersuites", "TLS_AES_128_CCM_8_SHA256"}, "question\n", false},
		"ChaCha20 in TLS 1.3":           {[]string{"-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"}, "question\n", false},
		"a KeyUpdate":                   {[]string{"-ciphersuites", "TLS_AES_256_GCM_SHA384"}, "first\nK\nquestion\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			front, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer front.Close()
			back, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			port := back.Addr().String()
			back.Close() // s_server takes it
			s := exec.Command(openssl, "s_server", "-quiet", "-accept", port, "-cert", server, "-cipher", "ALL:@SECLEVEL=0", "-ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256", "-naccept", "1")
			if _, err := s.StdinPipe(); err != nil { // at its end s_server would close
				t.Fatal(err)
			}
			said := &spoken{}
			s.Stdout = said
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Process.Kill(); _ = s.Wait() }()
			heard := &connection{}
			done := make(chan error, 1)
			go func() {
				client, err := front.Accept()
				if err != nil {
					done <- err
					return
				}
				var upstream net.Conn
				for range 100 { // until s_server listens
					if upstream, err = net.Dial("tcp", port); err == nil {
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
				if err == nil {
					heard.proxy(client, upstream)
				}
				done <- err
			}()
			keyFile := filepath.Join(t.TempDir(), "keys")
			c := exec.Command(openssl, append([]string{"s_client", "-connect", front.Addr().String(), "-keylogfile", keyFile}, v.options...)...)
			stdin, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			notes := &spoken{}
			c.Stderr = notes
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			// A line at a time, each after the effect of the one before: s_client takes a command only at the start of what it reads.
			for line := range strings.Lines(v.say) {
				_, _ = io.WriteString(stdin, line)
				if line == "K\n" {
					notes.wait(t, "KEYUPDATE")
				} else {
					said.wait(t, line)
				}
			}
			stdin.Close()
			_ = c.Wait()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			keys, err := os.ReadFile(keyFile)
			if err != nil {
				t.Fatal(err)
			}
			var log Log
			log.Add(keys)
			o := heard.open(&log, nil)
			if want := strings.ReplaceAll(v.say, "K\n", ""); o.data[tlswire.Client] != want {
				t.Errorf("the client said %q, want %q (%d of %d records opened, %s, %s)", o.data[tlswire.Client], want, o.records, o.Total, tlswire.VersionName(o.Version), tlswire.CipherName(o.Cipher))
			}
			if o.EncryptThenMAC != v.etm {
				t.Errorf("encrypt-then-MAC %t", o.EncryptThenMAC)
			}
		})
	}
}
