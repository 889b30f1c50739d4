package certificate

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// derived are the fields that a test of the others leaves out.
var derived = cmpopts.IgnoreFields(Certificate{}, "SHA256", "Raw", "RawSubject", "RawIssuer")

func TestParseReadsWhatDecides(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "Example Root", nil)
	got := Parse(ca.leaf(t, "postgres", usage(x509.ExtKeyUsageClientAuth), func(c *x509.Certificate) {
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3}}
	}))
	want := Certificate{
		SubjectCN: "postgres", IssuerCN: "Example Root", Subject: "CN=postgres,O=Example", Issuer: "CN=Example Root,O=Example",
		Serial: "1234", NotBefore: at(1), NotAfter: at(30), Key: "ECDSA P-256", Signature: "ECDSA-SHA256", EKU: []string{"clientAuth", "1.2.3"},
	}
	if diff := cmp.Diff(want, got, derived); diff != "" {
		t.Errorf("certificate (-want +got):\n%s", diff)
	}
	if root := Parse(ca.der); !root.IsCA || !root.SelfSigned {
		t.Errorf("root: CA %v, self-signed %v; want both", root.IsCA, root.SelfSigned)
	}
}

func TestSameNamesWithAnotherKeyAreNotSelfSigned(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "postgres", nil)
	if c := Parse(ca.leaf(t, "postgres")); c.RawSubject != c.RawIssuer || c.SelfSigned {
		t.Errorf("names equal: %v, self-signed: %v; want true, false", c.RawSubject == c.RawIssuer, c.SelfSigned)
	}
}

// negate makes the serial number 0x1234 of a certificate negative, as some Cisco devices do.
func negate(t testing.TB, der []byte) []byte {
	t.Helper()
	serial := []byte{0x02, 0x02, 0x12, 0x34}
	if bytes.Count(der, serial) != 1 {
		t.Fatal("the serial number is not where it should be")
	}
	return bytes.Replace(der, serial, []byte{0x02, 0x02, 0xff, 0x34}, 1)
}

func TestANegativeSerialNumberHidesNothing(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "Example Root", nil)
	der := negate(t, ca.leaf(t, "postgres", usage(x509.ExtKeyUsageClientAuth)))
	got := Parse(der)
	want := Certificate{
		SubjectCN: "postgres", IssuerCN: "Example Root", Subject: "CN=postgres,O=Example", Issuer: "CN=Example Root,O=Example",
		Serial: "-cc", NotBefore: at(1), NotAfter: at(30), Key: "ECDSA P-256", Signature: "ECDSA-SHA256", EKU: []string{"clientAuth"},
		Malformed: "x509: negative serial number",
	}
	if diff := cmp.Diff(want, got, derived); diff != "" {
		t.Errorf("certificate (-want +got):\n%s", diff)
	}
	if got.Raw != string(der) || len(got.SHA256) != 64 {
		t.Error("the bytes or their checksum are missing")
	}
}

// TestBothParsersAgree: what crypto/x509 accepts, the tolerant parser reads the same way.
func TestBothParsersAgree(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "Example Root", nil)
	for name, der := range map[string][]byte{
		"root":        ca.der,
		"leaf":        ca.leaf(t, "postgres", usage(x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageAny)),
		"RSA":         ca.sign(t, "db.example.com", smallRSA().Public()),
		"self-signed": (*authority)(nil).leaf(t, "postgres"),
		"far future":  ca.leaf(t, "postgres", func(c *x509.Certificate) { c.NotAfter = day(1).AddDate(80, 0, 0) }),
		"long serial": ca.leaf(t, "postgres", func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(0x8f), 120) }),
		"odd names": ca.leaf(t, "", func(c *x509.Certificate) {
			c.Subject = pkix.Name{Country: []string{"JP"}, Organization: []string{"会議, サーバー"}, CommonName: "a+b=\"c\""}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := Parse(der), parseTolerant(der)
			if want.Malformed != "" {
				t.Fatalf("crypto/x509 refuses it: %s", want.Malformed)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Certificate{}, "SHA256", "Raw")); diff != "" {
				t.Errorf("certificate (-crypto/x509 +tolerant):\n%s", diff)
			}
		})
	}
}

func TestNoBytesAreTooBad(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "Example Root", nil)
	der := ca.leaf(t, "postgres")
	for n := range der {
		if c := Parse(der[:n]); c.Malformed == "" {
			t.Fatalf("%d of %d bytes pass for a certificate", n, len(der))
		}
	}
	if c := Parse(make([]byte, maxDER+1)); !strings.Contains(c.Malformed, "more than") {
		t.Errorf("%d bytes: malformed is %q", maxDER+1, c.Malformed)
	}
}

func TestTheCacheTellsContentsApart(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "Example Root", nil)
	var cache Cache
	for range 2 {
		for _, cn := range []string{"postgres", "cb1", "cb2"} {
			if c := cache.Parse(ca.leaf(t, cn)); c.SubjectCN != cn {
				t.Errorf("got the certificate of %q for that of %q", c.SubjectCN, cn)
			}
		}
	}
	for i := range 3 * cacheLimit {
		cache.Parse([]byte{0x30, 0x82, byte(i >> 8), byte(i)})
	}
	if n := len(cache.entries); n > cacheLimit {
		t.Errorf("remembers %d certificates, more than %d", n, cacheLimit)
	}
}

func FuzzParse(f *testing.F) {
	ca := newAuthority(f, "Example Root", nil)
	f.Add(ca.der)
	f.Add(ca.leaf(f, "postgres", usage(x509.ExtKeyUsageClientAuth)))
	f.Add(negate(f, ca.leaf(f, "postgres")))
	f.Add(ca.sign(f, "db", smallRSA().Public()))
	f.Fuzz(func(t *testing.T, der []byte) {
		c := Parse(der)
		if c.Malformed == "" {
			if got := parseTolerant(der); got.Serial != c.Serial || got.RawIssuer != c.RawIssuer || !got.NotAfter.T.Equal(c.NotAfter.T) {
				t.Errorf("crypto/x509 reads serial %s until %s, the tolerant parser %s until %s", c.Serial, c.NotAfter, got.Serial, got.NotAfter)
			}
		}
		Judge(&c, ClientSide, at(15))
		if _, err := c.NotBefore.MarshalJSON(); err != nil {
			t.Error(err)
		}
	})
}
