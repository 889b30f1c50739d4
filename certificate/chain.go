package certificate

import (
	"crypto/x509"
	"errors"
	"slices"
)

// Observations about the issuer.
const (
	incompleteChain = "cert-incomplete-chain"
	unknownIssuer   = "cert-unknown-issuer"
)

// maxDepth bounds a chain that is followed; OpenSSL's default is 100, a real one has at most four.
const maxDepth = 16

// JudgeIssuer names why the peer does not know the issuer of a chain, leaf first: "cert-incomplete-chain" or "cert-unknown-issuer";
// "" when it does or when nothing can be said.
func JudgeIssuer(chain []*Certificate, known Known) string {
	var accepts func(c *Certificate, pool []*Certificate) bool
	switch {
	case len(known.Trusted) > 0:
		accepts = func(c *Certificate, pool []*Certificate) bool { return reachesRoot(c, pool, known.Trusted) }
	case len(known.Authorities) > 0:
		accepts = func(c *Certificate, pool []*Certificate) bool { return namesAuthority(c, pool, known.Authorities) }
	default:
		return ""
	}
	switch leaf := chain[0]; {
	case accepts(leaf, chain[1:]):
		return ""
	case accepts(leaf, append(slices.Clone(chain[1:]), known.Seen...)):
		return incompleteChain
	}
	return unknownIssuer
}

// namesAuthority reports whether an issuer between the certificate and the end of its chain is one of the names.
func namesAuthority(c *Certificate, pool []*Certificate, authorities []string) bool {
	for range maxDepth {
		if slices.Contains(authorities, c.RawIssuer) {
			return true
		}
		next := slices.IndexFunc(pool, func(p *Certificate) bool { return !c.SelfSigned && p.RawSubject == c.RawIssuer && signed(p, c) })
		if next < 0 {
			return false
		}
		c = pool[next]
	}
	return false
}

// reachesRoot reports whether a chain leads to a self-signed certificate that is trusted. Trusted certificates are preferred to
// those that the peer sent, as OpenSSL does since 1.1.0 (X509_V_FLAG_TRUSTED_FIRST).
func reachesRoot(c *Certificate, pool, trusted []*Certificate) bool {
	for range maxDepth {
		issues := func(p *Certificate) bool { return p.RawSubject == c.RawIssuer && signed(p, c) }
		if c.SelfSigned {
			return slices.ContainsFunc(trusted, func(p *Certificate) bool { return p.SHA256 == c.SHA256 })
		}
		if i := slices.IndexFunc(trusted, issues); i >= 0 {
			c = trusted[i]
		} else if i := slices.IndexFunc(pool, issues); i >= 0 {
			c = pool[i]
		} else {
			return false
		}
	}
	return false
}

// signed reports whether the issuer's key made the certificate's signature. Where Go can't tell (a certificate it refuses, MD5),
// the names decide, which are known to match.
func signed(issuer, c *Certificate) bool {
	if issuer.Malformed != "" || c.Malformed != "" {
		return true
	}
	parent, err := x509.ParseCertificate([]byte(issuer.Raw))
	if err != nil {
		return true
	}
	child, err := x509.ParseCertificate([]byte(c.Raw))
	if err != nil {
		return true
	}
	err = parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	return err == nil || uncheckable(err)
}

// uncheckable: Go does not know the algorithm or refuses to use it.
func uncheckable(err error) bool {
	var insecure x509.InsecureAlgorithmError
	return errors.As(err, &insecure) || errors.Is(err, x509.ErrUnsupportedAlgorithm)
}
