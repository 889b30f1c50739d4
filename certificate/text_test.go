package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What OpenSSL prints of a certificate says the same as its DER.
func TestTextSaysTheSameAsDER(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatalf("openssl is needed (scripts/setup.sh installs it): %v", err)
	}
	ca := newAuthority(t, "Root CA", nil)
	for name, der := range map[string][]byte{
		"client":      ca.leaf(t, "postgres", usage(x509.ExtKeyUsageClientAuth)),
		"both usages": ca.leaf(t, "cms01.example.com", usage(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)),
		"no usage":    ca.leaf(t, "cms, the second"),
		"root":        ca.der,
	} {
		var in, out bytes.Buffer
		if err := pem.Encode(&in, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(openssl, "x509", "-noout", "-text")
		cmd.Stdin, cmd.Stdout = &in, &out
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		found := ParseText(strings.Split("File contains a PEM encoded certificate\n"+out.String(), "\n"))
		if len(found) != 1 {
			t.Fatalf("%s: %d certificates in\n%s", name, len(found), out.String())
		}
		want := Parse(der)
		ignore := cmpopts.IgnoreFields(Certificate{}, "Subject", "Issuer", "SHA256", "Raw", "RawSubject", "RawIssuer") // names are written in another order
		if diff := cmp.Diff(want, found[0].Certificate, ignore); diff != "" {
			t.Errorf("%s (-DER +text):\n%s", name, diff)
		}
		if problems := cmp.Diff(Judge(&want, ClientSide, at(31)), Judge(&found[0].Certificate, ClientSide, at(31))); problems != "" {
			t.Errorf("%s: judged differently:\n%s", name, problems)
		}
	}
}

// The forms of older versions, and texts that were cut.
func TestTextForms(t *testing.T) {
	t.Parallel()
	const old = `Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number: 4097 (0x1001)
    Signature Algorithm: sha1WithRSAEncryption
        Issuer: C=JP, O=Example, Inc., CN=Root, CA
        Validity
            Not Before: Jan  5 09:00:00 2016 GMT
            Not After : Jan  4 09:00:00 2018 GMT
        Subject: /C=JP/O=Example/CN=postgres/emailAddress=a@example.com
        Subject Public Key Info:
            Public Key Algorithm: rsaEncryption
                RSA Public-Key: (1024 bit)
        X509v3 extensions:
            X509v3 Extended Key Usage:
                TLS Web Server Authentication, 1.3.6.1.4.1.311.20.2.2
`
	found := ParseText(strings.Split(old, "\n"))
	if len(found) != 1 {
		t.Fatalf("%d certificates", len(found))
	}
	c := found[0]
	if c.Serial != "1001" || c.SubjectCN != "postgres" || c.Key != "RSA 1024" || c.Signature != "SHA1-RSA" || c.NotAfter.String() != "2018-01-04T09:00:00Z" || strings.Join(c.EKU, " ") != "serverAuth 1.3.6.1.4.1.311.20.2.2" {
		t.Errorf("%+v", c.Certificate)
	}
	if got := Judge(&c.Certificate, ClientSide, at(1)); strings.Join(got, " ") != "cert-expired cert-wrong-usage cert-weak" {
		t.Errorf("judged as %v", got)
	}
	if cut := ParseText(strings.Split(old, "\n")[:8]); len(cut) != 0 {
		t.Errorf("a text that was cut before the subject gives %+v", cut)
	}
	if two := ParseText(strings.Split(old+"some text\n"+old, "\n")); len(two) != 2 || two[1].Line <= two[0].Line {
		t.Errorf("two certificates give %+v", two)
	}
}

func FuzzParseText(f *testing.F) {
	f.Add("Certificate:\n Serial Number:\n 00:01\n Issuer: CN=a\n Not After : Jan  4 09:00:00 2018 GMT\n Subject: CN = b\n X509v3 Extended Key Usage:\n x, y\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range ParseText(strings.Split(text, "\n")) {
			if c.NotAfter.IsZero() || c.Subject == "" {
				t.Errorf("half a certificate: %+v", c)
			}
			Judge(&c.Certificate, ServerSide, at(1))
		}
	})
}
