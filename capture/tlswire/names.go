package tlswire

import (
	"crypto/tls"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// alertNames are those of RFC 8446 section 6, with the reserved ones of older versions.
var alertNames = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
	30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
	44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
	49: "access_denied", 50: "decode_error", 51: "decrypt_error", 60: "export_restriction", 70: "protocol_version",
	71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation",
	109: "missing_extension", 110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}

// AlertName is the RFC's name of an alert code, or "alert N".
func AlertName(code uint8) string {
	if name, known := alertNames[code]; known {
		return name
	}
	return fmt.Sprintf("alert %d", code)
}

// draft13 is the high byte of the versions that drafts of TLS 1.3 used; the low byte is the draft's number.
const draft13 = 0x7f00

// VersionName is "TLS 1.2" for 0x0303, and "" for 0.
func VersionName(v uint16) string {
	switch {
	case v == 0:
		return ""
	case v == 0x0300:
		return "SSL 3.0"
	case v&0xff00 == draft13:
		return fmt.Sprintf("TLS 1.3 draft %d", v&0xff)
	}
	return tls.VersionName(v)
}

// CipherName is the IANA name of a cipher suite, its number where it is not known, "" for 0.
func CipherName(id uint16) string {
	if id == 0 {
		return ""
	}
	if name, known := cipherNames()[id]; known {
		return name
	}
	return fmt.Sprintf("0x%04X", id)
}

//go:embed ciphers.txt
var cipherList string

// cipherNames are the suites of IANA's registry (TLS Cipher Suites), each a line of its number and its name.
var cipherNames = sync.OnceValue(func() map[uint16]string {
	names := map[uint16]string{}
	for line := range strings.Lines(cipherList) {
		number, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if id, err := strconv.ParseUint(number, 16, 16); err == nil {
			names[uint16(id)] = name
		}
	}
	return names
})
