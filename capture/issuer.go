package capture

import (
	"slices"

	"cbdoctor/certificate"
)

// issuers holds the chains of clients whose issuer must be judged against what the server accepts. They are judged when the file
// has been read, each once: an intermediate that a client forgot may be shown by another session, and to check a signature takes as
// long as reading a thousand packets. The zero value is ready.
type issuers struct {
	chains []issuerChain
}

// issuerChain is a chain, what the server said it accepts, and what is wrong with it.
type issuerChain struct {
	chain       []*certificate.Certificate
	authorities []string
	problem     string
}

// maxIssuers bounds the chains that are judged; a cluster has a handful.
const maxIssuers = 256

// note returns the number of a chain, from 1; 0 when there is no place left for it.
func (s *issuers) note(chain []*certificate.Certificate, authorities []string) uint16 {
	for i := range s.chains {
		if c := &s.chains[i]; slices.Equal(c.chain, chain) && slices.Equal(c.authorities, authorities) { // by pointer: see certificate.Cache
			return uint16(i + 1)
		}
	}
	if len(s.chains) == maxIssuers {
		return 0
	}
	s.chains = append(s.chains, issuerChain{slices.Clone(chain), slices.Clone(authorities), ""})
	return uint16(len(s.chains))
}

// problem is the observation about the chain of a number, "" when there is none.
func (s *issuers) problem(at uint16) string {
	if at == 0 {
		return ""
	}
	return s.chains[at-1].problem
}

// judgeIssuers judges the chains of all lanes, now that all certificates of the capture are known.
func judgeIssuers(lanes []*tracker) {
	var seen []*certificate.Certificate
	for _, t := range lanes {
		seen = append(seen, t.certificates.Intermediates()...)
	}
	for _, t := range lanes {
		for i := range t.issuers.chains {
			c := &t.issuers.chains[i]
			c.problem = certificate.JudgeIssuer(c.chain, certificate.Known{Authorities: c.authorities, Seen: seen})
		}
	}
}

// issuerTally counts the sessions of a pair with a chain.
type issuerTally struct {
	lane  *tracker
	at    uint16
	count int64
}

func addIssuer(list []issuerTally, lane *tracker, at uint16) []issuerTally {
	for i := range list {
		if list[i].at == at && list[i].lane == lane {
			list[i].count++
			return list
		}
	}
	return append(list, issuerTally{lane, at, 1})
}
