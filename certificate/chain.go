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
// "" when it does or when nothing can be said. Where both are known, neither the names that the peer accepts nor its CA file may
// lack the issuer; where none is, an intermediate that was seen elsewhere is still missing in the chain.
func JudgeIssuer(chain []*Certificate, known Known) string {
	leaf, shown := chain[0], chain[1:]
	all := append(slices.Clone(shown), known.Seen...)
	judge := func(accepts func(pool []*Certificate) bool) string {
		switch {
		case accepts(shown):
			return ""
		case accepts(all):
			return incompleteChain
		}
		return unknownIssuer
	}
	problem := ""
	if len(known.Authorities) > 0 {
		problem = judge(func(pool []*Certificate) bool { return namesAuthority(leaf, pool, known.Authorities) })
	}
	if problem == "" && len(known.Trusted) > 0 {
		problem = judge(func(pool []*Certificate) bool { return reachesRoot(leaf, pool, known.Trusted) })
	}
	if len(known.Authorities)+len(known.Trusted) == 0 && len(known.Seen) > 0 && lacksIssuer(leaf, shown, known.Seen) {
		problem = incompleteChain
	}
	return problem
}

// lacksIssuer reports whether a chain ends below an intermediate that was seen elsewhere: whoever shows a chain must show all of it,
// only the root may be left out (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2).
func lacksIssuer(c *Certificate, shown, seen []*Certificate) bool {
	for range maxDepth {
		issues := func(p *Certificate) bool { return p.RawSubject == c.RawIssuer && signed(p, c) }
		if c.SelfSigned {
			return false
		}
		next := slices.IndexFunc(shown, issues)
		if next < 0 {
			return slices.ContainsFunc(seen, issues)
		}
		c = shown[next]
	}
	return false
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
