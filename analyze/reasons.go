package analyze

import (
	"strings"

	"cbdoctor/fact"
	"cbdoctor/lazyregexp"
)

// reasonRow tells the reason of a failed connection from libpq's or OpenSSL's words.
type reasonRow struct {
	reason  string
	words   []string // any of them
	version string   // which wording it is
}

// reasonRows is tried in order. Wording of libpq up to 13 and from 14, OpenSSL 1.0 to 3.x.
var reasonRows = []reasonRow{
	{fact.ReasonClientCert, []string{"requires a valid client certificate", "peer did not return a certificate"}, "PostgreSQL src/backend/libpq/auth.c"},
	{fact.ReasonClientCN, []string{"certificate authentication failed", "CN mismatch", "DN mismatch", "no match in usermap"}, "PostgreSQL src/backend/libpq/auth.c"},
	{fact.ReasonTooMany, []string{"too many clients", "remaining connection slots are reserved", "exceeds max_wal_senders"}, "PostgreSQL proc.c"},
	{fact.ReasonStarting, []string{"is starting up", "in recovery mode", "not yet accepting connections", "not accepting connections"}, "PostgreSQL postmaster.c"},
	{fact.ReasonStopping, []string{"is shutting down", "due to administrator command"}, "PostgreSQL postmaster.c"},
	{fact.ReasonAuth, []string{"no pg_hba.conf entry", "pg_hba.conf rejects", "authentication failed", "role \"", "database \"", "permission denied to start wal sender", "to start walsender"}, "PostgreSQL auth.c"},
	{fact.ReasonNotPostgres, []string{"received invalid response to SSL negotiation", "expected authentication request", "received invalid response to GSSAPI negotiation"}, "libpq fe-connect.c"},
	{fact.ReasonTLSOff, []string{"server does not support SSL"}, "libpq fe-connect.c"},
	{fact.ReasonTLSVersion, []string{"alert protocol version", "alert inappropriate fallback", "unsupported protocol", "unknown protocol", "wrong version number", "bad protocol version number", "version too low", "wrong ssl version", "no protocols available", "unsupported ssl version"}, "OpenSSL ssl_err.c"},
	{fact.ReasonTLSCipher, []string{"no shared cipher", "no cipher match", "no ciphers available", "no suitable key share", "no shared group", "no suitable groups", "no shared signature algorithms", "no suitable signature algorithm"}, "OpenSSL ssl_err.c"},
	{fact.ReasonTLSAlert, []string{" alert "}, "OpenSSL: \"sslv3 alert ...\", \"tlsv1 alert ...\", since 3.2 \"ssl/tls alert ...\""},
	{fact.ReasonTLSVerify, []string{"certificate verify failed", "does not match host name", "could not get server's host name from server certificate", "server's certificate could not be obtained"}, "OpenSSL ssl_err.c; libpq fe-secure-common.c"},
	{fact.ReasonCertFile, []string{
		"root certificate file", "could not load private key file", "could not read private key", "has group or world access", "could not read certificate file", "could not open certificate file",
		"certificate does not match private key", "key values mismatch", "could not read root certificate file", "private key file", "certificate present, but not private key", "locate root certificate file",
	}, "libpq fe-secure-openssl.c"},
	{fact.ReasonRefused, []string{"Connection refused"}, "errno ECONNREFUSED"},
	{fact.ReasonTimeout, []string{"timeout expired", "Connection timed out"}, "libpq fe-connect.c; errno ETIMEDOUT"},
	{fact.ReasonNoRoute, []string{"No route to host", "Network is unreachable", "Host is unreachable", "Host is down", "Cannot assign requested address", "Address not available"}, "errno EHOSTUNREACH, ENETUNREACH"},
	{fact.ReasonReset, []string{"Connection reset by peer", "Broken pipe"}, "errno ECONNRESET"},
	{fact.ReasonClosed, []string{"server closed the connection unexpectedly", "SSL connection has been closed unexpectedly", "EOF detected", "unexpected eof", "connection not open", "no connection to the server"}, "libpq fe-misc.c"},
	{fact.ReasonResolve, []string{"could not translate host name"}, "libpq fe-connect.c"},
	{fact.ReasonTLSOther, []string{"SSL error", "could not initiate SSL", "could not establish SSL connection", "SSL SYSCALL error", "unrecognized SSL error code", "unencrypted data after SSL response", "error response during SSL exchange"}, "libpq fe-secure-openssl.c"},
}

// alertWords gives the RFC name of an alert in OpenSSL's words (ssl/ssl_stat.c; the prefix differs between versions).
var alertWords = []struct{ words, name string }{
	{"alert certificate expired", "certificate_expired"},
	{"alert certificate revoked", "certificate_revoked"},
	{"alert certificate unknown", "certificate_unknown"},
	{"alert certificate required", "certificate_required"},
	{"alert bad certificate", "bad_certificate"},
	{"alert unsupported certificate", "unsupported_certificate"},
	{"alert unknown ca", "unknown_ca"},
	{"alert handshake failure", "handshake_failure"},
	{"alert protocol version", "protocol_version"},
	{"alert insufficient security", "insufficient_security"},
	{"alert decrypt error", "decrypt_error"},
	{"alert access denied", "access_denied"},
	{"alert no certificate", "no_certificate"},
	{"alert internal error", "internal_error"},
	{"alert illegal parameter", "illegal_parameter"},
	{"alert decode error", "decode_error"},
	{"alert unexpected message", "unexpected_message"},
	{"alert bad record mac", "bad_record_mac"},
	{"alert record overflow", "record_overflow"},
	{"alert inappropriate fallback", "inappropriate_fallback"},
	{"alert missing extension", "missing_extension"},
	{"alert unrecognized name", "unrecognized_name"},
	{"unrecognized name", "unrecognized_name"},
	{"alert user cancel", "user_canceled"},
}

// reasonOf tells why a connection failed from its message, and the alert that it names.
func reasonOf(text string) (reason, alert string) {
	lower := strings.ToLower(text)
	for _, a := range alertWords {
		if strings.Contains(lower, a.words) {
			alert = a.name
			break
		}
	}
	for _, row := range reasonRows {
		for _, w := range row.words {
			if strings.Contains(text, w) || strings.Contains(lower, w) {
				return row.reason, alert
			}
		}
	}
	return fact.ReasonOther, alert
}

// Where libpq says which server it meant: up to 13 in the sentence after the reason, since 14 before it.
var (
	serverSince14 = lazyregexp.New(`connection to server at "([^"]+)"(?: \(([0-9a-fA-F.:]+)\))?, port (\d+) failed`)
	serverUpTo13  = lazyregexp.New(`Is the server running on host "([^"]+)"(?: \(([0-9a-fA-F.:]+)\))? and accepting\s+TCP/IP connections on port (\d+)`)
)

// serverIn finds the address of the server in a message of libpq.
func serverIn(text string) string {
	for _, p := range []*lazyregexp.Regexp{serverSince14, serverUpTo13} {
		if m := p.FindStringSubmatch(text); m != nil {
			if m[2] != "" {
				return m[2]
			}
			return m[1]
		}
	}
	return ""
}
