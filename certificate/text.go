package certificate

import (
	"fmt"
	"strings"
	"time"

	"cbdoctor/lazyregexp"
	"cbdoctor/stamp"
)

// What "pki inspect" prints of a certificate is OpenSSL's text form (crypto/x509/t_x509.c, X509_print_ex). It has no DER, so
// the fields that need the bytes (SHA256, Raw) stay empty, and a signature can't be checked with it.

var (
	textField = lazyregexp.New(`^\s*(Serial Number|Issuer|Not Before|Not After|Subject|Public Key Algorithm|Signature Algorithm|(?:RSA )?Public-Key|ASN1 OID|NIST CURVE)\s*:\s*(.*?)\s*$`)
	textCN    = lazyregexp.New(`(?:^|[,/] ?)CN ?= ?("(?:[^"\\]|\\.)*"|[^,/]*)`)
	textBits  = lazyregexp.New(`(\d+) bit`)
)

// textUsages gives the names of RFC 5280 for those that OpenSSL prints (crypto/objects/objects.txt, id-kp).
var textUsages = map[string]string{
	"TLS Web Server Authentication": "serverAuth", "TLS Web Client Authentication": "clientAuth", "Any Extended Key Usage": "any",
	"Code Signing": "codeSigning", "E-mail Protection": "emailProtection", "Time Stamping": "timeStamping", "OCSP Signing": "OCSPSigning",
}

// textSignatures gives Go's names, which the rest of this package uses, for those that OpenSSL prints.
var textSignatures = map[string]string{
	"md5WithRSAEncryption": "MD5-RSA", "sha1WithRSAEncryption": "SHA1-RSA", "sha256WithRSAEncryption": "SHA256-RSA", "sha384WithRSAEncryption": "SHA384-RSA",
	"sha512WithRSAEncryption": "SHA512-RSA", "rsassaPss": "RSASSA-PSS", "ecdsa-with-SHA1": "ECDSA-SHA1", "ecdsa-with-SHA256": "ECDSA-SHA256",
	"ecdsa-with-SHA384": "ECDSA-SHA384", "ecdsa-with-SHA512": "ECDSA-SHA512", "ED25519": "Ed25519",
}

// TextCertificate is a certificate read from text, and the index of the line where it begins.
type TextCertificate struct {
	Certificate
	Line int
}

// ParseText finds the certificates that OpenSSL printed among the lines. One without a subject and an end of validity is left
// out: it was cut off, and nothing of it can be judged.
func ParseText(lines []string) (found []TextCertificate) {
	var c *TextCertificate
	algorithm, extension := "", ""
	end := func() {
		if c == nil || c.NotAfter.IsZero() || c.Subject == "" {
			return
		}
		c.SelfSigned = c.Subject == c.Issuer
		if c.Key == "" {
			c.Key = "unknown"
		}
		found = append(found, *c)
	}
	for i, line := range lines {
		text := strings.TrimSpace(line)
		if text == "Certificate:" && len(found) < maxPEM {
			end()
			c, extension = &TextCertificate{Line: i, Certificate: Certificate{EKU: []string{}}}, ""
			continue
		}
		if c == nil {
			continue
		}
		if strings.HasPrefix(text, "X509v3 ") {
			extension, _, _ = strings.Cut(strings.TrimPrefix(text, "X509v3 "), ":")
			continue
		}
		if m := textField.FindStringSubmatch(line); m != nil {
			if algorithm = c.takeField(m[1], m[2], algorithm); m[1] == "Serial Number" && m[2] == "" && i+1 < len(lines) {
				c.Serial = strings.ReplaceAll(strings.TrimSpace(lines[i+1]), ":", "")
			}
			extension = ""
			continue
		}
		switch extension {
		case "Extended Key Usage":
			for _, u := range strings.Split(text, ",") {
				u = strings.TrimSpace(u)
				if name, known := textUsages[u]; known {
					u = name
				}
				c.EKU = append(c.EKU, u)
			}
			extension = ""
		case "Basic Constraints":
			c.IsCA = c.IsCA || strings.Contains(text, "CA:TRUE")
			extension = ""
		}
	}
	end()
	return found
}

// takeField takes one "name: value". algorithm is that of the public key, which stands before its length.
func (c *TextCertificate) takeField(name, value, algorithm string) string {
	switch name {
	case "Serial Number":
		if word, _, _ := strings.Cut(value, " "); word != "" {
			c.Serial = word // a short one is printed in decimal first: "4097 (0x1001)"
			if _, hex, ok := strings.Cut(value, "(0x"); ok {
				c.Serial = strings.TrimSuffix(hex, ")")
			}
		}
	case "Issuer":
		c.Issuer, c.IssuerCN = value, commonName(value)
	case "Subject":
		c.Subject, c.SubjectCN = value, commonName(value)
	case "Not Before":
		c.NotBefore = textTime(value)
	case "Not After":
		c.NotAfter = textTime(value)
	case "Signature Algorithm":
		if c.Signature == "" {
			c.Signature = value
			if known, is := textSignatures[value]; is {
				c.Signature = known
			}
		}
	case "Public Key Algorithm":
		return value
	case "Public-Key", "RSA Public-Key":
		if bits := textBits.FindStringSubmatch(value); bits != nil && strings.Contains(algorithm, "rsa") {
			c.Key = "RSA " + bits[1]
		}
	case "NIST CURVE":
		c.Key = "ECDSA " + value
	case "ASN1 OID":
		if c.Key == "" {
			c.Key = fmt.Sprintf("ECDSA (%s)", value)
		}
	}
	return algorithm
}

// commonName finds the CN in "DC = com, O = \"Example, Inc.\", CN = postgres" (OpenSSL 1.1 to 3) or "/DC=com/CN=postgres".
func commonName(name string) string {
	m := textCN.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	return strings.Trim(strings.TrimSpace(m[1]), `"`)
}

// textTime reads "Nov  5 01:12:00 2026 GMT" (ASN1_TIME_print).
func textTime(s string) stamp.Time {
	t, err := time.Parse("Jan 2 15:04:05 2006 MST", strings.Join(strings.Fields(s), " "))
	if err != nil {
		return stamp.Time{}
	}
	return stamp.New(t, 0)
}
