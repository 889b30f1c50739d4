package analyze

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"cbdoctor/bundle"
	"cbdoctor/certificate"
	"cbdoctor/fact"
	"cbdoctor/stamp"
)

// Certificates on disk: files that were copied from a node, and what "pki inspect" printed. Which of a node's many certificates
// belong to the database is told by its status, by the common name that only the client certificate of the database has, or by
// the file's name. The others (Web Admin, Call Bridge ...) say nothing of the cluster and make no fact.

// maxCertificateFile bounds a file of certificates; a CA bundle of a whole company has some hundred KiB.
const maxCertificateFile = 4 << 20

// foundCertificate is one certificate and where it was.
type foundCertificate struct {
	chain []certificate.Certificate // the first one is the node's own, the others follow it in the file
	name  string                    // of the file on the node
	line  int
	from  string // "file" or "pki"
}

// certificates reads a file of certificates. Keys in it are not decoded; that there is one is said.
func (m *material) certificates(f *bundle.File, head []byte, in *fact.Input) (found []foundCertificate) {
	certs, _, hasKey, err := certificate.ParseFile(head)
	if hasKey {
		in.Problem = "a private key lies in this file: it was not read; take it out of the bundle"
		if err != nil {
			in.Kind, in.Problem = string(bundle.PrivateKey), keyProblem
		}
	}
	if err != nil {
		if in.Problem == "" && bytes.IndexByte(head, 0) >= 0 {
			in.Problem = "neither a certificate nor a key: not used"
		}
		return nil
	}
	return []foundCertificate{{chain: certs, name: memberBase(f.Path), line: 1, from: "file"}}
}

const keyProblem = "a private key: it was not read; take it out of the bundle"

// memberBase is the last part of a path, through archives.
func memberBase(p string) string { return path.Base(strings.ReplaceAll(p, "\\", "/")) }

// head reads the beginning of a certificate file and gives a reader of the whole.
func head(r io.Reader, limit int64) ([]byte, io.Reader) {
	b, err := io.ReadAll(io.LimitReader(r, limit))
	return b, &rest{b, r, err}
}

// rest gives what was read already, then what follows; an error stays one.
type rest struct {
	b   []byte
	r   io.Reader
	err error
}

func (r *rest) Read(p []byte) (int, error) {
	if len(r.b) > 0 {
		n := copy(p, r.b)
		r.b = r.b[n:]
		return n, nil
	}
	if r.err != nil {
		return 0, r.err
	}
	return r.r.Read(p)
}

type statusKey struct{ key, side string }

// statusKeys are the roles of a certificate in a status, and the side that shows it.
var statusKeys = []statusKey{
	{"client_certificate", certificate.ClientSide},
	{"server_certificate", certificate.ServerSide},
	{"ca_certificate", "ca"},
}

// makeFileCertificates makes the facts of the certificates on disk.
func (m *material) makeFileCertificates(s *fact.Set, id *identity, now stamp.Time) {
	type placed struct {
		foundCertificate
		file  *textFile
		node  string
		sides []string
	}
	var all []placed
	trusted := map[string][]certificate.Certificate{} // by node
	for _, f := range m.finds {
		for _, c := range f.certificates {
			p := placed{c, f.file, id.ofSection(&f), nil}
			p.sides = sidesOf(s, p.node, c)
			if slices.Contains(p.sides, "ca") {
				trusted[p.node] = append(trusted[p.node], c.chain...)
			}
			all = append(all, p)
		}
	}
	m.makeExpiredInStatus(s)
	for _, p := range all {
		for _, side := range p.sides {
			seen := now
			if seen.IsZero() && !p.file.modTime.IsZero() {
				seen = stamp.New(p.file.modTime, 0)
			}
			c := fact.Certificate{Node: p.node, Side: side, From: p.from, File: p.name, Cert: p.chain[0], Seen: seen, Peers: peersOf(s, p.node, side)}
			c.Problems = certificate.JudgeChain(certificate.Pointers(p.chain), side, seen, certificate.Known{Trusted: certificate.Pointers(trustedBy(trusted, p.node, c.Peers))})
			if c.Cert.Raw == "" { // a text has no bytes to check a signature with
				c.Problems = slices.DeleteFunc(c.Problems, func(o string) bool { return o == "cert-unknown-issuer" || o == "cert-incomplete-chain" })
			}
			if side == "ca" { // a root is self-signed, and its usage and name are free
				c.Problems = slices.DeleteFunc(c.Problems, func(o string) bool { return o != "cert-expired" && o != "cert-not-yet-valid" && o != "cert-weak" })
			}
			if c.Problems == nil {
				c.Problems = []string{}
			}
			c.DaysLeft = 36_500 // nothing tells when it was seen: nothing can be said of the time that is left
			if !seen.IsZero() {
				c.DaysLeft = daysLeft(&c.Cert, seen)
			}
			c.First, c.Last, c.Count = seen, seen, 1
			c.Sources = []fact.Source{{File: p.file.path, Line: p.line, Text: fmt.Sprintf("%s certificate %s: CN %q, issuer %q, valid from %s to %s", side, p.name, c.Cert.SubjectCN, c.Cert.IssuerCN, c.Cert.NotBefore, c.Cert.NotAfter)}}
			if !slices.ContainsFunc(s.Certificates, func(have fact.Certificate) bool {
				return have.From != "capture" && have.Node == c.Node && have.Side == c.Side && have.File == c.File
			}) {
				s.Certificates = append(s.Certificates, c)
			}
		}
	}
}

// makeExpiredInStatus makes the facts of the certificates that a status itself calls expired.
func (m *material) makeExpiredInStatus(s *fact.Set) {
	n := 0
	for _, f := range m.finds {
		for _, text := range f.statuses {
			st := &s.Statuses[n] // makeStatuses made them in this order
			n++
			for _, e := range text.expired {
				i := slices.IndexFunc(statusKeys, func(k statusKey) bool { return k.key == e.key })
				if i < 0 || st.Superseded {
					continue
				}
				source := fact.Source{File: f.file.path, Line: e.line, Text: fmt.Sprintf("%s : %s (expired)", e.key, st.Certificates[e.key])}
				s.Certificates = append(s.Certificates, fact.Certificate{
					Node: st.Node, Side: statusKeys[i].side, From: "status", File: st.Certificates[e.key], Problems: []string{"cert-expired"}, Seen: st.Time,
					Peers: peersOf(s, st.Node, statusKeys[i].side), Span: fact.Span{First: st.Time, Last: st.Time, Count: 1, Sources: []fact.Source{source}},
				})
			}
		}
	}
}

// sidesOf tells which parts a certificate plays in the database cluster; one file may be both client and server certificate.
func sidesOf(s *fact.Set, node string, c foundCertificate) (sides []string) {
	named := false
	for i := range s.Statuses {
		if st := &s.Statuses[i]; st.Node == node && !st.Superseded && len(st.Certificates) > 0 {
			named = true
			for _, k := range statusKeys {
				if strings.EqualFold(st.Certificates[k.key], c.name) {
					sides = append(sides, k.side)
				}
			}
		}
	}
	if named || len(c.chain) == 0 {
		return sides
	}
	name := strings.ToLower(c.name)
	database := containsAny(name, []string{"db", "database", "postgres", "pgsql"})
	switch leaf := &c.chain[0]; {
	case leaf.SubjectCN == certificate.ClientCN:
		return []string{certificate.ClientSide}
	case !database:
		return nil
	case leaf.IsCA:
		return []string{"ca"}
	case strings.Contains(name, "client"):
		return []string{certificate.ClientSide}
	case strings.Contains(name, "server"):
		return []string{certificate.ServerSide}
	}
	return nil
}

// peersOf is who is shown a certificate: the primary sees a client's, the other database nodes see a server's.
func peersOf(s *fact.Set, node, side string) (peers []string) {
	for i := range s.Statuses {
		if s.Statuses[i].Superseded {
			continue
		}
		for _, m := range s.Statuses[i].Members {
			if m.Address != node && (side == certificate.ServerSide || side == certificate.ClientSide && m.Role == fact.Primary) {
				peers = appendOnce(peers, m.Address)
			}
		}
	}
	return peers
}

// trustedBy is what the peers have as CA; the node's own CA file stands for that of a peer whose file is not here, because a
// cluster has one CA.
func trustedBy(trusted map[string][]certificate.Certificate, node string, peers []string) []certificate.Certificate {
	for _, p := range peers {
		if len(trusted[p]) > 0 {
			return trusted[p]
		}
	}
	return trusted[node]
}
