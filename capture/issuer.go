package capture

import (
	"math"
	"slices"

	"cbdoctor/certificate"
	"cbdoctor/stamp"
)

// issuers holds the chains that were shown, and what is wrong with them. Whether their peer can know the issuer is judged when the file
// has been read, each once: an intermediate that one host forgot may be shown by another, and to check a signature takes as long as
// reading a thousand packets. The zero value is ready.
type issuers struct {
	chains []issuerChain
}

// issuerChain is a chain, who shows it, what the server said it accepts where that is the client, and what is wrong with it.
type issuerChain struct {
	chain       []*certificate.Certificate
	shown       []certificate.Certificate // the same for reports: all sessions share it
	side        int
	authorities []string
	problem     string

	notes       []string // observations that need no other chain,
	from, until int64    // as they are between these times, seconds since 1970: a certificate may be good for longer than nanoseconds count
}

// chainsOf names the chains of a session's sides in issuers, from 1; 0 is none.
type chainsOf [2]uint16

// maxIssuers bounds the chains that are judged; a cluster has a handful.
const maxIssuers = 256

// note returns the number of a chain that a side shows at the given time, from 1 (0 when there is no place left for it), and what is
// known of it.
func (s *issuers) note(chain []*certificate.Certificate, side int, authorities []string, at int64) (uint16, issuerChain) {
	for i := range s.chains {
		if c := &s.chains[i]; c.side == side && slices.Equal(c.chain, chain) && slices.Equal(c.authorities, authorities) { // by pointer: see certificate.Cache
			if now := at / 1e9; now <= c.from || now >= c.until {
				c.judge(at)
			}
			return uint16(i + 1), *c
		}
	}
	c := issuerChain{chain: slices.Clone(chain), side: side, authorities: slices.Clone(authorities)}
	for _, x := range chain {
		c.shown = append(c.shown, *x)
	}
	c.judge(at)
	if len(s.chains) == maxIssuers {
		return 0, c
	}
	s.chains = append(s.chains, c)
	return uint16(len(s.chains)), c
}

// judge judges the chain as it is at a time: it stays so until one of its certificates begins or ends.
func (c *issuerChain) judge(at int64) {
	c.notes = certificate.JudgeChain(c.chain, [2]string{certificate.ClientSide, certificate.ServerSide}[c.side], stamp.New(nsTime(at), 0), certificate.Known{})
	c.from, c.until = math.MinInt64, math.MaxInt64
	for _, x := range c.chain {
		for _, edge := range []stamp.Time{x.NotBefore, x.NotAfter} {
			if edge := edge.T.Unix(); edge <= at/1e9 {
				c.from = max(c.from, edge)
			} else {
				c.until = min(c.until, edge)
			}
		}
	}
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
