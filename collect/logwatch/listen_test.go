package logwatch

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// serve starts a syslog server and returns its address and what it heard, message by message.
func serve(t *testing.T, scheme string, config *tls.Config) (net.Addr, <-chan Line) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ready, ended, heard := make(chan net.Addr, 1), make(chan error, 1), make(chan Line, 100)
	go func() {
		ended <- Listen(ctx, scheme+"://127.0.0.1:0", config, func(a net.Addr) { ready <- a }, func(l Line) { heard <- l })
	}()
	select {
	case a := <-ready:
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		return a, heard
	case err := <-ended:
		stop()
		t.Fatal(err)
	}
	return nil, nil
}

const (
	cms    = `<14>Mar 31 08:35:50 user.info cms01 sfpool: Health check 10.48.36.61: error (up = 1): timeout expired|`
	modern = `<14>1 2026-03-31T08:35:50.123Z cms02 sfpool 7 - - Health check 10.48.36.61: error (up = 1): timeout expired|`
	as5424 = `2026-03-31T08:35:50.123 user.info cms02 sfpool[7]: Health check 10.48.36.61: error (up = 1): timeout expired|`
)

// Each transport and framing of the RFCs brings each form of message, and the node that it names.
func TestListen(t *testing.T) {
	t.Parallel()
	config := certificate(t)
	octets := func(s string) string { return fmt.Sprintf("%d %s", len(s), s) }
	for name, c := range map[string]struct {
		scheme string
		sent   []string
	}{
		"UDP":                   {"udp", []string{cms, modern}},
		"TCP, line ends":        {"tcp", []string{cms + "\n", modern + "\r\n"}},
		"TCP, octet counting":   {"tcp", []string{octets(cms), octets(modern)}},
		"TCP, both, in pieces":  {"tcp", []string{cms[:20], cms[20:] + "\n" + octets(modern)[:5], octets(modern)[5:]}},
		"TCP, no line end last": {"tcp", []string{cms + "\n" + modern}},
		"TLS, octet counting":   {"tls", []string{octets(cms), octets(modern)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, heard := serve(t, c.scheme, config)
			var conn net.Conn
			var err error
			if c.scheme == "tls" {
				conn, err = tls.Dial("tcp", addr.String(), &tls.Config{InsecureSkipVerify: true})
			} else {
				conn, err = net.Dial(c.scheme, addr.String())
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.sent {
				if _, err := conn.Write([]byte(s)); err != nil {
					t.Fatal(err)
				}
			}
			conn.Close()
			got := []Line{<-heard, <-heard}
			slices.SortFunc(got, func(a, b Line) int { return strings.Compare(b.Node, a.Node) })
			if got[0] != (Line{"cms02", as5424}) || got[1] != (Line{"cms01", cms}) {
				t.Errorf("heard %+v", got)
			}
		})
	}
}

func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "syslog"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// What a hostile sender sends costs its own connection at most.
func TestHostileSenders(t *testing.T) {
	t.Parallel()
	addr, heard := serve(t, "tcp", nil)
	send := func(text string) {
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = conn.Write([]byte(text)) // the server may end it in the middle
	}
	for _, text := range []string{"99999999999 x", "5x hello", "0", strings.Repeat("a", 2*maxMessage) + "\n", "999999 x"} {
		send(text)
	}
	send("the last one\n")
	for l := range heard {
		if len(l.Text) > maxMessage {
			t.Errorf("a message of %d bytes", len(l.Text))
		}
		if l.Text == "the last one" {
			return
		}
	}
}

func TestListenAtNoAddress(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"", "514", "http://:514", "tls://:6514", "udp://"} {
		if err := Listen(t.Context(), at, nil, nil, func(Line) {}); err == nil {
			t.Errorf("%q is listened at", at)
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, s := range []string{cms + "\n", "5 hello", "12 hi", "9999999999 x", "", modern} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReaderSize(strings.NewReader(string(b)), maxMessage)
		for total := 0; ; {
			m, err := frame(r)
			if total += len(m); len(m) > maxMessage || total > len(b)+maxMessage {
				t.Fatalf("a message of %d bytes", len(m))
			}
			message(m, "node")
			if err != nil {
				return
			}
		}
	})
}
