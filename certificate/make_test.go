package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"

	"cbdoctor/stamp"
)

// day is a day of November 2026 at noon, the time around which the tests' certificates live.
func day(d int) time.Time { return time.Date(2026, time.November, d, 12, 0, 0, 0, time.UTC) }

func at(d int) stamp.Time { return stamp.New(day(d), 0) }

var key = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
})

var smallRSA = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	return k
})

// authority is a CA made for a test.
type authority struct {
	der  []byte
	cert *x509.Certificate
	key  crypto.Signer
}

// option changes a certificate before it is signed.
type option func(*x509.Certificate)

func from(d int) option { return func(c *x509.Certificate) { c.NotBefore = day(d) } }
func to(d int) option   { return func(c *x509.Certificate) { c.NotAfter = day(d) } }
func usage(u ...x509.ExtKeyUsage) option {
	return func(c *x509.Certificate) { c.ExtKeyUsage = u }
}

func template(cn string, options []option) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(0x1234), Subject: pkix.Name{CommonName: cn, Organization: []string{"Example"}},
		NotBefore: day(1), NotAfter: day(30),
	}
	for _, o := range options {
		o(t)
	}
	return t
}

// newAuthority makes a CA, self-signed where parent is nil.
func newAuthority(t testing.TB, cn string, parent *authority, options ...option) *authority {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := template(cn, options)
	tmpl.IsCA, tmpl.BasicConstraintsValid = true, true
	a := &authority{key: k, cert: tmpl}
	if parent == nil {
		parent = a
	}
	if a.der, err = x509.CreateCertificate(rand.Reader, tmpl, parent.cert, k.Public(), parent.key); err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(a.der); err != nil {
		t.Fatal(err)
	}
	return a
}

// leaf makes an end certificate, self-signed where a is nil.
func (a *authority) leaf(t testing.TB, cn string, options ...option) []byte {
	t.Helper()
	return a.sign(t, cn, key().Public(), options...)
}

func (a *authority) sign(t testing.TB, cn string, public crypto.PublicKey, options ...option) []byte {
	t.Helper()
	tmpl := template(cn, options)
	parent, signer := tmpl, crypto.Signer(key())
	if a != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
