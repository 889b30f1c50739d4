package redact

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// chain makes a root and a certificate that it issued.
func chain(t *testing.T, rootKey, leafKey crypto.Signer) (root, leaf []byte) {
	t.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "Acmeworks Root", Organization: []string{"Acmeworks Ltd"}},
		NotBefore: now, NotAfter: now.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	root, err := x509.CreateCertificate(rand.Reader, issuer, issuer, rootKey.Public(), rootKey)
	if err != nil {
		t.Fatal(err)
	}
	subject := &x509.Certificate{
		SerialNumber: big.NewInt(78), Subject: pkix.Name{CommonName: "bridge7.acmeworks.example", Organization: []string{"Acmeworks Ltd"}},
		DNSNames: []string{"bridge7.acmeworks.example"}, EmailAddresses: []string{"jane@acmeworks.example"},
		NotBefore: now, NotAfter: now.AddDate(1, 0, 0), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	parent, err := x509.ParseCertificate(root) // with the key identifier that it was given
	if err != nil {
		t.Fatal(err)
	}
	leaf, err = x509.CreateCertificate(rand.Reader, subject, parent, leafKey.Public(), rootKey)
	if err != nil {
		t.Fatal(err)
	}
	return root, leaf
}

func TestCertificatesStayAChainUnderOtherNames(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string][2]crypto.Signer{"RSA": {rsaKey, rsaKey}, "ECDSA": {ecKey, ecKey}, "both": {ecKey, rsaKey}} {
		t.Run(name, func(t *testing.T) {
			root, leaf := chain(t, keys[0], keys[1])
			r := newRedactor([]byte("a key for tests"))
			for _, der := range [][]byte{root, leaf} {
				if err := r.learnCertificate(der); err != nil {
					t.Fatal(err)
				}
			}
			r.settle()
			r.issue()
			newRoot, newLeaf := r.certificate(root), r.certificate(leaf)
			if len(newRoot) != len(root) || len(newLeaf) != len(leaf) {
				t.Fatalf("lengths: %d for %d, %d for %d", len(newRoot), len(root), len(newLeaf), len(leaf))
			}
			a, err := x509.ParseCertificate(newRoot)
			if err != nil {
				t.Fatal(err)
			}
			b, err := x509.ParseCertificate(newLeaf)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.CheckSignatureFrom(a); err != nil {
				t.Errorf("the chain is broken: %v", err)
			}
			if b.Subject.CommonName != r.String("bridge7.acmeworks.example") || b.DNSNames[0] != b.Subject.CommonName {
				t.Errorf("names: %q, %q", b.Subject.CommonName, b.DNSNames)
			}
			old, err := x509.ParseCertificate(leaf)
			if err != nil {
				t.Fatal(err)
			}
			if string(old.RawSubjectPublicKeyInfo) == string(b.RawSubjectPublicKeyInfo) || string(old.AuthorityKeyId) == string(b.AuthorityKeyId) {
				t.Error("the key, or its hash, is the old one")
			}
			for _, value := range []string{"acmeworks", "bridge7", "jane"} {
				if strings.Contains(strings.ToLower(string(newRoot)+string(newLeaf)), value) {
					t.Errorf("%q is still there", value)
				}
			}
		})
	}
}

func FuzzDER(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a"}, NotBefore: now, NotAfter: now, DNSNames: []string{"a.example"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add([]byte{0x30, 0x83, 0xff, 0xff, 0xff})
	f.Add([]byte{0x30, 0x06, 0x1e, 0x04, 0, 'a', 0, 'b'})
	f.Fuzz(func(_ *testing.T, der []byte) {
		r := newRedactor([]byte("a key for tests"))
		r.learnNames(der)
		r.settle()
		r.names(der)
	})
}

// FuzzStream: whatever a side says, its length and the numbers of its bytes stay, and nothing breaks.
func FuzzStream(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x08\x04\xd2\x16\x2f\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"), true)
	f.Add([]byte("S\x16\x03\x03\x00\x08\x0b\x00\x00\x04\x00\x00\x01\x30"), false)
	f.Add([]byte("\x00\x00\x00\x20\x00\x03\x00\x00user\x00jane\x00database\x00x\x00\x00p\x00\x00\x00\x08abcd"), true)
	f.Add([]byte("E\x00\x00\x00\x20SFATAL\x00C28000\x00Mno entry for \"x\"\x00\x00"), false)
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n"), false)
	f.Fuzz(func(_ *testing.T, b []byte, client bool) {
		r := newRedactor([]byte("a key for tests"))
		var failed error
		r.learner(&failed).stream(append([]byte{}, b...), client, 2)
		r.settle()
		r.writer().stream(b, client, 2)
	})
}

// A value in any form is found; a part of something longer is not.
func TestScanFindsValuesInEveryForm(t *testing.T) {
	f := newFinder(needles([]netip.Addr{netip.MustParseAddr("10.20.30.4")}, []string{"acmeworks", "cms7"}))
	for text, want := range map[string]bool{
		"at 10.20.30.4, port": true, "10.20.30.41": false, "110.20.30.4": false, "the CMS7 node": true, "xcms7": false, "cms71": false,
		"myACMEworks2": true, "YWNtZXdvcmtz": true, "eGFjbWV3b3Jrcw==": true, "a\x00c\x00m\x00e\x00w\x00o\x00r\x00k\x00s\x00": true,
		"\x00a\x00c\x00m\x00e\x00w\x00o\x00r\x00k\x00s": true, "nothing of it": false, strings.Repeat(".", 300<<10) + "acmeworks": true,
		strings.Repeat(".", 256<<10-3) + "acmeworks": true,
	} {
		got, err := f.find(strings.NewReader(text))
		if err != nil || (got != "") != want {
			t.Errorf("find(%.40q) = %q, %v, want a find: %v", text, got, err, want)
		}
	}
}
