// Package certificate reads X.509 certificates that a node or a packet showed and judges them as PostgreSQL and CMS would.
//
// In: DER or PEM bytes, hostile. Out: a Certificate with the properties that decide whether the database link works. It
// never opens a private key and never contacts anything. A certificate that crypto/x509 refuses is read by a tolerant
// parser and marked, never dropped. Start at Parse.
package certificate

import "cbdoctor/stamp"

// Certificate is what is told of one X.509 certificate. Its JSON form is "cert" in the report, version 1.
type Certificate struct {
	SubjectCN  string     `json:"subject_cn"`
	IssuerCN   string     `json:"issuer_cn"`
	Subject    string     `json:"subject,omitempty"` // RFC 4514 string
	Issuer     string     `json:"issuer,omitempty"`
	Serial     string     `json:"serial"` // hexadecimal, with a minus sign where the DER is negative
	NotBefore  stamp.Time `json:"not_before"`
	NotAfter   stamp.Time `json:"not_after"`
	Key        string     `json:"key"`       // "RSA 2048", "ECDSA P-256", "Ed25519"
	Signature  string     `json:"signature"` // "SHA256-RSA"
	EKU        []string   `json:"eku"`       // "serverAuth", "clientAuth", "any" or the OID; empty: no restriction
	IsCA       bool       `json:"is_ca,omitempty"`
	SelfSigned bool       `json:"self_signed"`
	SHA256     string     `json:"sha256"`
	Malformed  string     `json:"malformed,omitempty"` // why crypto/x509 refused it, where it did

	// The DER as it was: of the whole, and of the names, which are compared byte for byte (RFC 5280 section 7.1).
	Raw        string `json:"-"`
	RawSubject string `json:"-"`
	RawIssuer  string `json:"-"`
}
