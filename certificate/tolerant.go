package certificate

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"cbdoctor/stamp"
)

// parseTolerant reads what it can of a certificate that crypto/x509 refuses: RFC 5280 section 4.1, without checking it.
// Fields that can't be read stay empty.
func parseTolerant(der []byte) Certificate {
	out := Certificate{EKU: []string{}}
	input := cryptobyte.String(der)
	var cert, tbs cryptobyte.String
	if !input.ReadASN1(&cert, cbasn1.SEQUENCE) || !cert.ReadASN1(&tbs, cbasn1.SEQUENCE) {
		return out
	}
	tbs.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) // version
	var serial cryptobyte.String
	if !tbs.ReadASN1(&serial, cbasn1.INTEGER) {
		return out
	}
	out.Serial = serialText(serial)
	var algorithm, issuer, validity, subject, key cryptobyte.String
	if !tbs.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) {
		return out
	}
	out.Signature = signatureName(algorithm)
	out.RawIssuer = string(issuer)
	out.IssuerCN, out.Issuer = name(issuer)
	if !tbs.ReadASN1(&validity, cbasn1.SEQUENCE) {
		return out
	}
	out.NotBefore, out.NotAfter = date(&validity), date(&validity)
	if !tbs.ReadASN1Element(&subject, cbasn1.SEQUENCE) {
		return out
	}
	out.RawSubject = string(subject)
	out.SubjectCN, out.Subject = name(subject)
	out.SelfSigned = string(subject) == string(issuer)
	if !tbs.ReadASN1Element(&key, cbasn1.SEQUENCE) {
		return out
	}
	out.Key = keySize(key)
	var extensions cryptobyte.String
	for !tbs.Empty() {
		var tag cbasn1.Tag
		var element cryptobyte.String
		if !tbs.ReadAnyASN1(&element, &tag) {
			return out
		}
		if tag == cbasn1.Tag(3).Constructed().ContextSpecific() && element.ReadASN1(&extensions, cbasn1.SEQUENCE) {
			out.readExtensions(extensions)
		}
	}
	return out
}

// serialText writes a two's complement integer in hexadecimal, with its sign.
func serialText(b []byte) string {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n.Text(16)
}

func name(element cryptobyte.String) (cn, text string) {
	var seq pkix.RDNSequence
	if rest, err := asn1.Unmarshal(element, &seq); err != nil || len(rest) > 0 {
		return "", ""
	}
	var n pkix.Name
	n.FillFromRDNSequence(&seq)
	return n.CommonName, n.String()
}

// date reads UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5).
func date(s *cryptobyte.String) stamp.Time {
	var t time.Time
	if s.PeekASN1Tag(cbasn1.UTCTime) && s.ReadASN1UTCTime(&t) || s.PeekASN1Tag(cbasn1.GeneralizedTime) && s.ReadASN1GeneralizedTime(&t) {
		return stamp.New(t, 0)
	}
	return stamp.Time{}
}

// signatureNames are the algorithms worth naming; weak ones must be known.
var signatureNames = map[string]string{
	"1.2.840.113549.1.1.4":  "MD5-RSA",
	"1.2.840.113549.1.1.5":  "SHA1-RSA",
	"1.2.840.113549.1.1.11": "SHA256-RSA",
	"1.2.840.113549.1.1.12": "SHA384-RSA",
	"1.2.840.113549.1.1.13": "SHA512-RSA",
	"1.2.840.10045.4.1":     "ECDSA-SHA1",
	"1.2.840.10045.4.3.2":   "ECDSA-SHA256",
	"1.2.840.10045.4.3.3":   "ECDSA-SHA384",
}

func signatureName(algorithm cryptobyte.String) string {
	var oid asn1.ObjectIdentifier
	if !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return ""
	}
	if known, ok := signatureNames[oid.String()]; ok {
		return known
	}
	return oid.String()
}

// curves are the named curves of RFC 5480 section 2.1.1.1, those included that Go does not know.
var curves = map[string]string{
	"1.2.840.10045.3.1.1": "P-192", "1.3.132.0.33": "P-224", "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384",
	"1.3.132.0.35": "P-521", "1.3.132.0.10": "secp256k1",
}

const (
	oidRSA   = "1.2.840.113549.1.1.1"
	oidECDSA = "1.2.840.10045.2.1"
	oidDSA   = "1.2.840.10040.4.1"
)

// keySize names the key of a SubjectPublicKeyInfo, with its size where it is RSA or a named curve.
func keySize(element cryptobyte.String) string {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(element, &info); err != nil {
		return ""
	}
	switch oid := info.Algorithm.Algorithm.String(); oid {
	case oidRSA:
		key := cryptobyte.String(info.Key.Bytes)
		var inner, modulus cryptobyte.String
		if !key.ReadASN1(&inner, cbasn1.SEQUENCE) || !inner.ReadASN1(&modulus, cbasn1.INTEGER) {
			return "RSA"
		}
		return fmt.Sprintf("RSA %d", new(big.Int).SetBytes(modulus).BitLen())
	case oidECDSA:
		var curve asn1.ObjectIdentifier
		parameters := cryptobyte.String(info.Algorithm.Parameters.FullBytes)
		if !parameters.ReadASN1ObjectIdentifier(&curve) {
			return "ECDSA"
		}
		if known, ok := curves[curve.String()]; ok {
			return "ECDSA " + known
		}
		return "ECDSA " + curve.String()
	case oidDSA:
		return "DSA"
	default:
		return oid
	}
}

// Object identifiers of the extensions read here (RFC 5280 section 4.2).
var (
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
)

var usageOIDs = map[string]string{
	"2.5.29.37.0":       "any",
	"1.3.6.1.5.5.7.3.1": "serverAuth",
	"1.3.6.1.5.5.7.3.2": "clientAuth",
	"1.3.6.1.5.5.7.3.3": "codeSigning",
	"1.3.6.1.5.5.7.3.4": "emailProtection",
	"1.3.6.1.5.5.7.3.8": "timeStamping",
	"1.3.6.1.5.5.7.3.9": "OCSPSigning",
}

func (c *Certificate) readExtensions(list cryptobyte.String) {
	for !list.Empty() {
		var extension, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !list.ReadASN1(&extension, cbasn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			!extension.SkipOptionalASN1(cbasn1.BOOLEAN) || !extension.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return
		}
		var inner cryptobyte.String
		switch {
		case oid.Equal(oidExtKeyUsage) && value.ReadASN1(&inner, cbasn1.SEQUENCE):
			for !inner.Empty() {
				var usage asn1.ObjectIdentifier
				if !inner.ReadASN1ObjectIdentifier(&usage) {
					return
				}
				if known, ok := usageOIDs[usage.String()]; ok {
					c.EKU = append(c.EKU, known)
				} else {
					c.EKU = append(c.EKU, usage.String())
				}
			}
		case oid.Equal(oidBasicConstraints) && value.ReadASN1(&inner, cbasn1.SEQUENCE):
			if inner.PeekASN1Tag(cbasn1.BOOLEAN) {
				inner.ReadASN1Boolean(&c.IsCA)
			}
		}
	}
}
