package analyze

import (
	"strings"

	"cbdoctor/lazyregexp"
)

// Since PostgreSQL 16 the server says in a DETAIL why it rejected a client's certificate (src/backend/libpq/be-secure-openssl.c,
// verify_cb).
var (
	verifyDetail  = lazyregexp.New(`Client certificate verification failed at depth \d+: (?P<error>.*?)\.(?:\s|$)`)
	verifySubject = lazyregexp.New(`Failed certificate data \(unverified\): subject "(?P<subject>[^"]*)"`)
)

// verifyErrors gives the alert that the client gets for OpenSSL's words (crypto/x509/x509_txt.c; ssl/statem/statem_lib.c, x509table).
var verifyErrors = []struct{ words, alert string }{
	{"certificate has expired", "certificate_expired"},
	{"certificate is not yet valid", "bad_certificate"},
	{"unable to get local issuer certificate", "unknown_ca"},
	{"unable to get issuer certificate", "unknown_ca"},
	{"unable to verify the first certificate", "unknown_ca"},
	{"self signed certificate", "unknown_ca"}, // up to 1.1
	{"self-signed certificate", "unknown_ca"}, // since 3.0
	{"certificate chain too long", "unknown_ca"},
	{"invalid CA certificate", "unknown_ca"},
	{"certificate purpose", "unsupported_certificate"}, // "unsupported" up to 1.1, "unsuitable" since 3.0
	{"certificate revoked", "certificate_revoked"},
}

// verifyArgs says why the server rejected the certificate, and whose it was.
func verifyArgs(detail string, args map[string]string) {
	found := verifyDetail.FindStringSubmatch(detail)
	if found == nil {
		return
	}
	for _, e := range verifyErrors {
		if strings.Contains(found[1], e.words) {
			args["verify"] = e.alert
			break
		}
	}
	if subject := verifySubject.FindStringSubmatch(detail); subject != nil {
		args["subject"] = subject[1]
	}
}
