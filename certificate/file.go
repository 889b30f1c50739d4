package certificate

import (
	"bytes"
	"encoding/pem"
	"errors"
)

// ErrNoCertificate says that a file holds no certificate.
var ErrNoCertificate = errors.New("no certificate in it")

const (
	// maxPEM bounds the certificates read from one file.
	maxPEM = 256
	begin  = "-----BEGIN "
)

// certificateTypes are the PEM types that hold a certificate (RFC 7468 section 5; the others are OpenSSL's).
var certificateTypes = []string{"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"}

// ParseFile reads the certificates of a file: PEM blocks with any text around, or one DER certificate. The DER bytes stand
// beside each certificate. Private keys in it are neither decoded nor kept; hasKey says that there is one. A block that is cut
// off is left out. The error is ErrNoCertificate when there is none.
func ParseFile(b []byte) (certs []Certificate, der [][]byte, hasKey bool, err error) {
	hasKey = HasPrivateKey(b)
	if isDERCertificate(b) {
		certs, der = append(certs, Parse(b)), append(der, b)
	}
	for rest := b; len(certs) < maxPEM; {
		var body []byte
		if body, rest = nextCertificate(rest); body == nil {
			break
		}
		if block, _ := pem.Decode(body); block != nil {
			certs, der = append(certs, Parse(block.Bytes)), append(der, block.Bytes)
		}
	}
	if len(certs) == 0 {
		return nil, nil, hasKey, ErrNoCertificate
	}
	return certs, der, hasKey, nil
}

// nextCertificate is the next whole block that holds a certificate, markers included, and what follows it; nil when there is
// none. Blocks of keys are passed over without a look at what is in them.
func nextCertificate(b []byte) (block, rest []byte) {
	for {
		i := bytes.Index(b, []byte(begin))
		if i < 0 {
			return nil, nil
		}
		b = b[i:]
		inner := b[len(begin):]
		for _, kind := range certificateTypes {
			end := []byte("-----END " + kind + "-----")
			if !bytes.HasPrefix(inner, []byte(kind+"-----")) {
				continue
			}
			if n := bytes.Index(inner, end); n >= 0 && !bytes.Contains(inner[:n], []byte(begin)) {
				n += len(begin) + len(end)
				return b[:n], b[n:]
			}
		}
		b = inner
	}
}

// isDERCertificate tells a certificate, which is a SEQUENCE that begins with a SEQUENCE (RFC 5280 section 4.1), from keys and
// PKCS #12 files, which begin with a version.
func isDERCertificate(b []byte) bool { return derInner(b) == 0x30 }

// derInner is the tag of the first element in a DER SEQUENCE of 128 bytes or more, 0 when it is none.
func derInner(b []byte) byte {
	if len(b) < 6 || b[0] != 0x30 || b[1] < 0x81 || b[1] > 0x83 {
		return 0
	}
	return b[2+int(b[1]&0x0f)]
}

// HasPrivateKey reports whether the bytes hold a private key, without decoding it: PEM of any kind, or DER (PKCS #1, PKCS #8,
// PKCS #12: a SEQUENCE that begins with a version).
func HasPrivateKey(b []byte) bool {
	for rest := b; ; {
		i := bytes.Index(rest, []byte(begin))
		if i < 0 {
			break
		}
		rest = rest[i+len(begin):]
		if end := bytes.Index(rest[:min(len(rest), 64)], []byte("-----")); end >= 0 && bytes.HasSuffix(rest[:end], []byte("PRIVATE KEY")) {
			return true
		}
	}
	return derInner(b) == 0x02
}
