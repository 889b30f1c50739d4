package certificate

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"cbdoctor/stamp"
)

// maxDER bounds one certificate; real ones have 500 bytes to 5 KiB.
const maxDER = 64 << 10

// Parse reads one certificate in DER. It never fails: what crypto/x509 refuses is read by a tolerant parser as far as it
// goes, and Malformed says why. CMS and other Cisco devices have made certificates with negative serial numbers, which Go
// refuses since 1.23 and OpenSSL accepts.
func Parse(der []byte) Certificate {
	if len(der) > maxDER {
		return Certificate{Malformed: fmt.Sprintf("it has %d bytes, more than %d", len(der), maxDER), EKU: []string{}}
	}
	sum := sha256.Sum256(der)
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t := parseTolerant(der)
		t.Malformed = err.Error()
		t.SHA256 = hex.EncodeToString(sum[:])
		return t
	}
	out := Certificate{
		SubjectCN:  c.Subject.CommonName,
		IssuerCN:   c.Issuer.CommonName,
		Subject:    c.Subject.String(),
		Issuer:     c.Issuer.String(),
		Serial:     c.SerialNumber.Text(16),
		NotBefore:  stamp.New(c.NotBefore, 0),
		NotAfter:   stamp.New(c.NotAfter, 0),
		Key:        keyName(c.PublicKey),
		Signature:  c.SignatureAlgorithm.String(),
		EKU:        usages(c),
		IsCA:       c.IsCA || c.Version < 3,
		SelfSigned: string(c.RawSubject) == string(c.RawIssuer),
		SHA256:     hex.EncodeToString(sum[:]),
	}
	return out
}

func keyName(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return "unknown"
}

// usageNames are the names of RFC 5280 section 4.2.1.12.
var usageNames = map[x509.ExtKeyUsage]string{
	x509.ExtKeyUsageAny:             "any",
	x509.ExtKeyUsageServerAuth:      "serverAuth",
	x509.ExtKeyUsageClientAuth:      "clientAuth",
	x509.ExtKeyUsageCodeSigning:     "codeSigning",
	x509.ExtKeyUsageEmailProtection: "emailProtection",
	x509.ExtKeyUsageTimeStamping:    "timeStamping",
	x509.ExtKeyUsageOCSPSigning:     "OCSPSigning",
	x509.ExtKeyUsageIPSECEndSystem:  "ipsecEndSystem",
	x509.ExtKeyUsageIPSECTunnel:     "ipsecTunnel",
	x509.ExtKeyUsageIPSECUser:       "ipsecUser",
}

func usages(c *x509.Certificate) []string {
	out := []string{}
	for _, u := range c.ExtKeyUsage {
		if name, known := usageNames[u]; known {
			out = append(out, name)
		} else {
			out = append(out, fmt.Sprintf("usage %d", u))
		}
	}
	for _, oid := range c.UnknownExtKeyUsage {
		out = append(out, oid.String())
	}
	return out
}

// ErrNoCertificate says that a file holds no certificate.
var ErrNoCertificate = errors.New("no certificate in it")

// maxPEM bounds the certificates read from one file.
const maxPEM = 64

// ParseFile reads the certificates of a file: PEM blocks with any text around, or one DER certificate. Private keys in it
// are neither decoded nor kept; hasKey says that there is one. The DER bytes stand beside each certificate.
func ParseFile(b []byte) (certs []Certificate, der [][]byte, hasKey bool, err error) {
	hasKey = HasPrivateKey(b)
	rest := b
	for len(certs) < maxPEM {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
			certs, der = append(certs, Parse(block.Bytes)), append(der, block.Bytes)
		}
	}
	if len(certs) == 0 && len(b) > 4 && b[0] == 0x30 && b[1] == 0x82 {
		certs, der = append(certs, Parse(b)), append(der, b)
	}
	if len(certs) == 0 {
		return nil, nil, hasKey, ErrNoCertificate
	}
	return certs, der, hasKey, nil
}

// HasPrivateKey reports whether the bytes hold a private key in PEM, without decoding it.
func HasPrivateKey(b []byte) bool {
	s := string(b[:min(len(b), 1<<20)])
	i := strings.Index(s, "PRIVATE KEY-----")
	return i >= 0 && strings.Contains(s[:i], "-----BEGIN ")
}
