package certificate

import (
	"slices"
	"strconv"
	"strings"

	"cbdoctor/stamp"
)

// Sides of a connection that show certificates.
const (
	ClientSide = "client"
	ServerSide = "server"
)

// ClientCN is the common name that the client certificate must have: PostgreSQL compares it with the database user
// (src/backend/libpq/auth.c, check_usermap), and a Call Bridge always logs in as postgres (tech note 210530).
const ClientCN = "postgres"

// property is one judgement about a leaf certificate.
type property struct {
	observation string // of VERDICTS
	holds       func(c *Certificate, side string, at stamp.Time) bool
}

// properties is where a new judgement is added. Validity is judged at the time of the evidence, never now.
var properties = []property{
	{"cert-expired", func(c *Certificate, _ string, at stamp.Time) bool {
		return !at.IsZero() && !c.NotAfter.IsZero() && c.NotAfter.Before(at)
	}},
	{"cert-not-yet-valid", func(c *Certificate, _ string, at stamp.Time) bool { return !at.IsZero() && at.Before(c.NotBefore) }},
	{"cert-cn-not-postgres", func(c *Certificate, side string, _ stamp.Time) bool {
		return side == ClientSide && c.SubjectCN != ClientCN
	}},
	{"cert-wrong-usage", func(c *Certificate, side string, _ stamp.Time) bool { return wrongUsage(c, side) }},
	{"cert-weak", func(c *Certificate, _ string, _ stamp.Time) bool { return weak(c) }},
	{"cert-self-signed", func(c *Certificate, _ string, _ stamp.Time) bool { return c.SelfSigned }},
}

// Judge names what is wrong or remarkable about a leaf certificate that the given side shows at the given time.
func Judge(c *Certificate, side string, at stamp.Time) []string {
	var out []string
	for _, p := range properties {
		if p.holds(c, side, at) {
			out = append(out, p.observation)
		}
	}
	return out
}

// wrongUsage: an extended key usage that is there must allow the side (RFC 5280 section 4.2.1.12; OpenSSL checks it so).
func wrongUsage(c *Certificate, side string) bool {
	if len(c.EKU) == 0 || slices.Contains(c.EKU, "any") {
		return false
	}
	return side == ClientSide && !slices.Contains(c.EKU, "clientAuth") || side == ServerSide && !slices.Contains(c.EKU, "serverAuth")
}

// weak: RSA under 2048 bits, and signatures with MD5 or SHA-1, except on a root whose signature nobody checks.
func weak(c *Certificate) bool {
	if bits, isRSA := strings.CutPrefix(c.Key, "RSA "); isRSA {
		if n, err := strconv.Atoi(bits); err == nil && n < 2048 {
			return true
		}
	}
	signature := strings.ToUpper(c.Signature)
	return !c.SelfSigned && (strings.Contains(signature, "SHA1") || strings.Contains(signature, "MD5"))
}
