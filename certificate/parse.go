package certificate

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"

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
		t.Malformed, t.SHA256, t.Raw = err.Error(), hex.EncodeToString(sum[:]), string(der)
		return t
	}
	return Certificate{
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
		IsCA:       c.IsCA || c.Version < 3 && selfSigned(c), // version 1 has no extensions: only roots are believed
		SelfSigned: selfSigned(c),
		SHA256:     hex.EncodeToString(sum[:]),
		Raw:        string(der),
		RawSubject: string(c.RawSubject),
		RawIssuer:  string(c.RawIssuer),
	}
}

// selfSigned: subject and issuer are the same and nothing shows that another key signed it. MD5 can't be checked with Go.
func selfSigned(c *x509.Certificate) bool {
	if string(c.RawSubject) != string(c.RawIssuer) {
		return false
	}
	err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	return err == nil || uncheckable(err)
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
