package sim

import (
	"fmt"
	"strings"
	"time"
)

// certificates are the files of the demo's nodes: subject, issuer, and what it may be used for.
var certificates = map[string]struct{ subject, issuer, usage string }{
	"dbclusterserver.cer": {"CN = %s.example.com", "O = Example, CN = Example Root CA", "TLS Web Server Authentication"},
	"dbclusterclient.cer": {"CN = postgres", "O = Example, CN = Example Root CA", "TLS Web Client Authentication"},
	"rootCA.cer":          {"O = Example, CN = Example Root CA", "O = Example, CN = Example Root CA", ""},
}

// inspections are what "pki inspect" answers for each of them: the text form of OpenSSL (crypto/x509/t_x509.c).
func (i incident) inspections(node string) map[string]string {
	answers := map[string]string{}
	for file, c := range certificates {
		subject := strings.Replace(c.subject, "%s", node, 1)
		extension := "            X509v3 Basic Constraints: critical\n                CA:TRUE\n"
		if c.usage != "" {
			extension = "            X509v3 Extended Key Usage: \n                " + c.usage + "\n"
		}
		answers["pki inspect "+file] = fmt.Sprintf(`Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number: %d (0x%[1]x)
        Signature Algorithm: sha256WithRSAEncryption
        Issuer: %s
        Validity
            Not Before: %s
            Not After : %s
        Subject: %s
        Subject Public Key Info:
            Public Key Algorithm: rsaEncryption
                Public-Key: (2048 bit)
                Exponent: 65537 (0x10001)
        X509v3 extensions:
%s    Signature Algorithm: sha256WithRSAEncryption
`, 4096+len(subject), c.issuer, openssl(i.begin.AddDate(-1, 0, 0)), openssl(i.begin.AddDate(2, 0, 0)), subject, extension)
	}
	return answers
}

// openssl is a time as ASN1_TIME_print writes it.
func openssl(t time.Time) string { return t.UTC().Format("Jan _2 15:04:05 2006") + " GMT" }
