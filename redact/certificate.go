package redact

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
)

// certificates keeps the stand-in of every certificate of the material. A stand-in has the same length, the same properties (dates, usage,
// kind of key, who issued whom) and other names and keys. Where both a certificate and its issuer are in the material the new
// signature verifies if the old one did: a diagnosis may rest on that.
type certificates struct {
	order    []string // in DER, as they were first seen
	standIns map[string][]byte
	signers  map[string]crypto.Signer // by the issuer's public key
	common   map[string]crypto.Signer // of certificates that issue nothing, by the kind of key
}

func newCertificates() *certificates {
	return &certificates{standIns: map[string][]byte{}, signers: map[string]crypto.Signer{}, common: map[string]crypto.Signer{}}
}

// maxCertificates bounds what a hostile capture can make us sign; a cluster has about ten.
const maxCertificates = 2000

var errManyCertificates = errors.New("more than 2,000 different certificates: no bundle of a cluster has so many")

// learn notes a certificate and the names in it.
func (r *Redactor) learnCertificate(der []byte) error {
	c := r.certs
	if _, known := c.standIns[string(der)]; known {
		return nil
	}
	if len(c.order) == maxCertificates {
		return errManyCertificates
	}
	c.order = append(c.order, string(der))
	c.standIns[string(der)] = nil
	r.learnNames(der)
	return nil
}

// learnNames notes every word of every text in DER: of a certificate, or of a name.
func (r *Redactor) learnNames(der []byte) {
	v := derVisitor{opaque: func([]byte) {}, time: func([]byte, string) {}, text: func(text []byte, wide bool) {
		if wide {
			text = narrow(text)
		}
		eachAddress(text, r.addresses.learn)
		r.words.learn(string(text), shortName)
	}}
	v.elements(bytes.Clone(der), 0, len(der), 0)
}

// narrow is the ASCII of a text in two or more bytes a character.
func narrow(b []byte) []byte { return bytes.ReplaceAll(b, []byte{0}, nil) }

// names replaces every text in DER, in place.
func (r *Redactor) names(der []byte) {
	v := derVisitor{time: r.shift.certificate}
	v.text = func(text []byte, wide bool) {
		if !wide {
			r.text(text)
			return
		}
		for i, c := range r.text(narrow(bytes.Clone(text))) { // the bytes that are not zero, one by one
			at := nonZero(text, i)
			text[at] = c
		}
	}
	v.opaque = func(b []byte) {
		sum := derive(r.key, "opaque", b)
		for i := range b {
			b[i] = sum[i%len(sum)]
		}
	}
	v.elements(der, 0, len(der), 0)
}

// nonZero is the position of the n-th byte that is not zero.
func nonZero(b []byte, n int) int {
	for i, c := range b {
		if c != 0 {
			if n == 0 {
				return i
			}
			n--
		}
	}
	return len(b) - 1
}

// certificate is the stand-in of a certificate that was learnt.
func (r *Redactor) certificate(der []byte) []byte {
	out, known := r.certs.standIns[string(der)]
	if known && out != nil {
		return out
	}
	return r.renamed(der)
}

// renamed has other names and no valid signature.
func (r *Redactor) renamed(der []byte) []byte {
	out := bytes.Clone(der)
	r.names(out)
	return out
}

// issue makes all stand-ins, after everything was learnt.
func (r *Redactor) issue() {
	parsed := map[string]*x509.Certificate{}
	for _, der := range r.certs.order {
		if c, err := x509.ParseCertificate([]byte(der)); err == nil {
			parsed[der] = c
		}
	}
	for _, der := range r.certs.order {
		out := r.renamed([]byte(der))
		if c := parsed[der]; c != nil {
			out = r.certs.reissue(c, out, parsed)
		}
		r.certs.standIns[der] = out
	}
}

// reissue puts a new key and a new signature into the renamed certificate, where they have the length of the old ones.
func (c *certificates) reissue(old *x509.Certificate, renamed []byte, all map[string]*x509.Certificate) []byte {
	out := bytes.Clone(renamed)
	if key := c.signer(old); key != nil {
		if spki, err := x509.MarshalPKIXPublicKey(key.Public()); err == nil && len(spki) == len(old.RawSubjectPublicKeyInfo) {
			copy(out[bytes.Index([]byte(old.Raw), old.RawSubjectPublicKeyInfo):], spki)
		}
	}
	var issuer *x509.Certificate
	for _, der := range c.order {
		if p := all[der]; p != nil && bytes.Equal(p.RawSubject, old.RawIssuer) && p.CheckSignature(old.SignatureAlgorithm, old.RawTBSCertificate, old.Signature) == nil {
			issuer = p
			break
		}
	}
	if issuer == nil {
		return out
	}
	tbs := out[bytes.Index(old.Raw, old.RawTBSCertificate):][:len(old.RawTBSCertificate)]
	if signature := sign(c.signer(issuer), old.SignatureAlgorithm, tbs, len(old.Signature)); signature != nil {
		copy(out[len(out)-len(signature):], signature) // the signature is the last thing in a certificate (RFC 5280 section 4.1)
	}
	return out
}

// signer is the new key in the place of a certificate's: its own for one that may issue others, a common one otherwise. It is nil
// for kinds of keys that are not made here.
func (c *certificates) signer(cert *x509.Certificate) crypto.Signer {
	pool, id := c.common, cert.PublicKeyAlgorithm.String()
	if k, isRSA := cert.PublicKey.(*rsa.PublicKey); isRSA {
		id += string(rune(k.N.BitLen()))
	} else if k, isECDSA := cert.PublicKey.(*ecdsa.PublicKey); isECDSA {
		id += k.Curve.Params().Name
	}
	if cert.IsCA || bytes.Equal(cert.RawSubject, cert.RawIssuer) {
		pool, id = c.signers, string(cert.RawSubjectPublicKeyInfo)
	}
	key, known := pool[id]
	if !known {
		key = newKey(cert.PublicKey)
		pool[id] = key
	}
	return key
}

// maxRSA is the largest RSA key that is made: 8192 bits take minutes.
const maxRSA = 4096

func newKey(public any) crypto.Signer {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n <= maxRSA {
			if key, err := rsa.GenerateKey(rand.Reader, n); err == nil {
				return key
			}
		}
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P224() {
			if key, err := ecdsa.GenerateKey(k.Curve, rand.Reader); err == nil {
				return key
			}
		}
	case ed25519.PublicKey:
		if _, key, err := ed25519.GenerateKey(rand.Reader); err == nil {
			return key
		}
	}
	return nil
}

// hashes are those of the signature algorithms.
var hashes = map[x509.SignatureAlgorithm]crypto.Hash{
	x509.SHA1WithRSA: crypto.SHA1, x509.SHA256WithRSA: crypto.SHA256, x509.SHA384WithRSA: crypto.SHA384, x509.SHA512WithRSA: crypto.SHA512,
	x509.SHA256WithRSAPSS: crypto.SHA256, x509.SHA384WithRSAPSS: crypto.SHA384, x509.SHA512WithRSAPSS: crypto.SHA512,
	x509.ECDSAWithSHA1: crypto.SHA1, x509.ECDSAWithSHA256: crypto.SHA256, x509.ECDSAWithSHA384: crypto.SHA384, x509.ECDSAWithSHA512: crypto.SHA512,
	x509.PureEd25519: 0,
}

// sign makes a signature of the wanted length, nil when that can't be done. ECDSA's vary by some bytes (RFC 3279 section 2.2.3), so
// they are made until one fits.
func sign(key crypto.Signer, algorithm x509.SignatureAlgorithm, tbs []byte, length int) []byte {
	hash, known := hashes[algorithm]
	if key == nil || !known {
		return nil
	}
	digest := tbs
	if hash != 0 {
		h := hash.New()
		h.Write(tbs)
		digest = h.Sum(nil)
	}
	var options crypto.SignerOpts = hash
	switch algorithm {
	case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	for range 4096 {
		signature, err := key.Sign(rand.Reader, digest, options)
		if err != nil {
			return nil
		}
		if len(signature) == length {
			return signature
		}
	}
	return nil
}
