package capture

import (
	"slices"

	"cbdoctor/certificate"
)

// issuers holds the chains whose issuer must be judged against what their peer accepts. They are judged when the file has been
// read, each once: an intermediate that one host forgot may be shown by another, and to check a signature takes as long as reading
// a thousand packets. The zero value is ready.
type issuers struct {
	chains []issuerChain
}

// issuerChain is a chain, what the server said it accepts where the client shows it, and what is wrong with it.
type issuerChain struct {
	chain       []*certificate.Certificate
	authorities []string
	problem     string
}

// chainsOf names the chains of a session's sides in issuers, from 1; 0 is none.
type chainsOf [2]uint16

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

// problems are the observations about the chains of a session.
func (s *issuers) problems(of chainsOf) (list []string) {
	for _, at := range of {
		if at == 0 {
			continue
		}
		if p := s.chains[at-1].problem; p != "" && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// judgeIssuers judges the chains of all lanes, now that all certificates of the capture are known, and those that the peers trust,
// where somebody told.
func judgeIssuers(lanes []*tracker) {
	var seen []*certificate.Certificate
	for _, t := range lanes {
		seen = append(seen, t.certificates.Intermediates()...)
	}
	for _, t := range lanes {
		for i := range t.issuers.chains {
			c := &t.issuers.chains[i]
			c.problem = certificate.JudgeIssuer(c.chain, certificate.Known{Authorities: c.authorities, Trusted: t.trusted, Seen: seen})
		}
	}
}

// issuerTally counts the sessions of a pair with the same chains.
type issuerTally struct {
	lane  *tracker
	at    chainsOf
	count int64
}

func addIssuer(list []issuerTally, lane *tracker, at chainsOf) []issuerTally {
	for i := range list {
		if list[i].at == at && list[i].lane == lane {
			list[i].count++
			return list
		}
	}
	return append(list, issuerTally{lane, at, 1})
}
