package certificate

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFile(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "Example Root", nil)
	leaf := ca.leaf(t, "postgres")
	secret, err := x509.MarshalPKCS8PrivateKey(key())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	crt, root := block("CERTIFICATE", leaf), block("CERTIFICATE", ca.der)
	for _, v := range []struct {
		name, file string
		want       []string
		hasKey     bool
	}{
		{"one certificate", crt, []string{"postgres"}, false},
		{"a chain with text around", "subject=CN = postgres\n" + crt + "\nissuer:\n" + root + "the end", []string{"postgres", "Example Root"}, false},
		{"Windows line ends", strings.ReplaceAll(crt, "\n", "\r\n"), []string{"postgres"}, false},
		{"DER", string(leaf), []string{"postgres"}, false},
		{"OpenSSL's trusted form", block("TRUSTED CERTIFICATE", leaf), []string{"postgres"}, false},
		{"a key before the certificate", block("PRIVATE KEY", secret) + crt, []string{"postgres"}, true},
		{"an old key after it", crt + block("RSA PRIVATE KEY", secret), []string{"postgres"}, true},
		{"an encrypted key", block("ENCRYPTED PRIVATE KEY", secret), nil, true},
		{"a key in DER", string(secret), nil, true},
		{"cut off before a key", crt[:len(crt)/2] + "\n" + block("EC PRIVATE KEY", secret) + root, []string{"Example Root"}, true},
		{"cut off at the end", root + crt[:len(crt)-10], []string{"Example Root"}, false},
		{"a request is no certificate", block("CERTIFICATE REQUEST", leaf), nil, false},
		{"text about keys", "copy the PRIVATE KEY----- to the node", nil, false},
		{"nothing", "", nil, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			certs, der, hasKey, err := ParseFile([]byte(v.file))
			var got []string
			for _, c := range certs {
				got = append(got, c.SubjectCN)
			}
			if diff := cmp.Diff(v.want, got); diff != "" {
				t.Errorf("common names (-want +got):\n%s", diff)
			}
			if len(der) != len(certs) || hasKey != v.hasKey || errors.Is(err, ErrNoCertificate) != (len(v.want) == 0) {
				t.Errorf("%d of DER, key %v, error %v", len(der), hasKey, err)
			}
		})
	}
}

func FuzzParseFile(f *testing.F) {
	ca := newAuthority(f, "Example Root", nil)
	f.Add(ca.der)
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.der}))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x83, 0, 0, 4, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		certs, der, _, err := ParseFile(b)
		if len(certs) != len(der) || (err == nil) != (len(certs) > 0) || len(certs) > maxPEM+1 {
			t.Errorf("%d certificates, %d of DER, error %v", len(certs), len(der), err)
		}
	})
}
