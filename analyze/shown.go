package analyze

import (
	"fmt"
	"slices"

	"cbdoctor/capture"
	"cbdoctor/certificate"
	"cbdoctor/fact"
	"cbdoctor/stamp"
)

// Certificates that captures show; pki.go has those on disk.

// makeCertificates lists each certificate that a node showed in a capture once.
func (m *material) makeCertificates(s *fact.Set, c *capture.Result) {
	for i := range c.Sessions {
		x := &c.Sessions[i]
		if x.Certificates == nil {
			continue
		}
		m.certificate(s, c, x, certificate.ClientSide, host(x.Client), host(x.Server), x.Certificates.Client)
		m.certificate(s, c, x, certificate.ServerSide, host(x.Server), host(x.Client), x.Certificates.Server)
	}
}

func (m *material) certificate(s *fact.Set, c *capture.Result, x *capture.Session, side, node, peer string, chain []certificate.Certificate) {
	if len(chain) == 0 {
		return
	}
	leaf := chain[0]
	i := slices.IndexFunc(s.Certificates, func(f fact.Certificate) bool { return f.Node == node && f.Side == side && f.Cert.SHA256 == leaf.SHA256 })
	if i < 0 {
		problems := append([]string{}, certificate.Judge(&leaf, side, x.First)...)
		s.Certificates = append(s.Certificates, fact.Certificate{
			Node: node, Side: side, From: "capture", Cert: leaf, Seen: x.First, Problems: problems, DaysLeft: daysLeft(&leaf, x.First),
		})
		i = len(s.Certificates) - 1
	}
	f := &s.Certificates[i]
	f.Peers = appendOnce(f.Peers, peer)
	f.First, f.Last = stamp.Earlier(f.First, x.First), stamp.Later(f.Last, x.Last)
	f.Count++
	if rejected(x, side) {
		f.Rejected = true
	}
	if len(f.Sources) < fact.SourceLimit {
		f.Sources = append(f.Sources, fact.Source{File: c.File, Frames: x.Evidence, Filter: x.Filter, Text: fmt.Sprintf("%s certificate of %s: CN %q, valid from %s to %s", side, node, leaf.SubjectCN, leaf.NotBefore, leaf.NotAfter)})
	}
}

// rejected: the other side ended the session over the certificate.
func rejected(x *capture.Session, side string) bool {
	if a := x.TLS.EndedBy(); a != nil {
		return a.Sender != side
	}
	return side == certificate.ClientSide && (x.Verdict == capture.TLSRejectedEncrypted || x.Verdict == capture.PGRejectedEncrypted)
}

// daysLeft is from the moment at which a certificate was seen to its end, rounded down.
func daysLeft(c *certificate.Certificate, seen stamp.Time) int {
	return int(c.NotAfter.T.Sub(seen.T).Hours() / 24)
}
