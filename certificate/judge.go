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

// property is one judgement about a certificate.
type property struct {
	observation string // of VERDICTS
	means       string
	chain       bool // it concerns the intermediates of the chain too, not the leaf alone
	holds       func(c *Certificate, side string, at stamp.Time) bool
}

// properties is where a new judgement is added. Validity is judged at the time of the evidence, never now.
var properties = []property{
	{"cert-expired", "a certificate of the chain ended before the packet that shows it", true, func(c *Certificate, _ string, at stamp.Time) bool {
		return !at.IsZero() && !c.NotAfter.IsZero() && c.NotAfter.Before(at)
	}},
	{"cert-not-yet-valid", "a certificate of the chain begins after the packet that shows it", true, func(c *Certificate, _ string, at stamp.Time) bool { return !at.IsZero() && at.Before(c.NotBefore) }},
	{"cert-cn-not-postgres", "the client's certificate has another CN than postgres", false, func(c *Certificate, side string, _ stamp.Time) bool {
		return side == ClientSide && c.SubjectCN != ClientCN
	}},
	{"cert-wrong-usage", "the extended key usage does not allow the certificate's side (RFC 5280 section 4.2.1.12)", false, func(c *Certificate, side string, _ stamp.Time) bool { return wrongUsage(c, side) }},
	{"cert-weak", "RSA below 2,048 bits, or signed with MD5 or SHA-1", false, func(c *Certificate, _ string, _ stamp.Time) bool { return weak(c) }},
	{"cert-self-signed", "the certificate signed itself", false, func(c *Certificate, _ string, _ stamp.Time) bool { return c.SelfSigned }},
}

// Meaning is what an observation about a certificate says.
type Meaning struct{ Observation, Means string }

// Meanings lists the observations that this package makes.
func Meanings() (out []Meaning) {
	for _, p := range properties {
		out = append(out, Meaning{p.observation, p.means})
	}
	return append(out,
		Meaning{incompleteChain, "the issuer is missing in the chain that is shown, and was seen elsewhere"},
		Meaning{unknownIssuer, "the issuer is none of those that the peer names in its CertificateRequest, or that its CA file holds"},
	)
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

// Known is what the judgement of a chain may rest on beside the chain itself. Empty means not known, never "nobody".
type Known struct {
	Authorities []string       // names in DER that the server accepts as issuers (CertificateRequest)
	Trusted     []*Certificate // the certificates that the peer trusts (its CA file)
	Seen        []*Certificate // seen elsewhere: a missing intermediate may be among them
}

// Pointers gives a list in the form that [JudgeChain] takes.
func Pointers(list []Certificate) []*Certificate {
	out := make([]*Certificate, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// JudgeChain judges what a side shows, leaf first: the leaf, the validity of its intermediates, and whether the peer can know the
// issuer. Signatures are checked against Trusted as OpenSSL does: up to a self-signed certificate (no X509_V_FLAG_PARTIAL_CHAIN).
func JudgeChain(chain []*Certificate, side string, at stamp.Time, known Known) []string {
	if len(chain) == 0 {
		return nil
	}
	out := Judge(chain[0], side, at)
	for i := range chain[1:] {
		for _, p := range properties {
			if c := chain[1+i]; p.chain && !c.SelfSigned && p.holds(c, side, at) && !slices.Contains(out, p.observation) {
				out = append(out, p.observation)
			}
		}
	}
	if problem := JudgeIssuer(chain, known); problem != "" {
		out = append(out, problem)
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
