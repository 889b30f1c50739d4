package analyze

import (
	"slices"
	"strings"
	"time"

	"cbdoctor/fact"
)

// stillDown takes failures for ongoing, although their log went quiet, when a status says that one of the two does not see the
// other. A status is taken when the material is collected; one that is older than the failures proves nothing.
func stillDown(s *fact.Set) {
	for i := range s.HealthChecks {
		c := &s.HealthChecks[i]
		c.Ongoing = c.Ongoing || apart(s, c.Client, c.Server, c.Span) && !overtaken(s.HealthChecks, c) && !otherCertificates(s.Commands, c)
	}
	for i := range s.Messages {
		m := &s.Messages[i]
		if m.Peer != "" && m.Reason != "" {
			m.Ongoing = m.Ongoing || apart(s, m.Node, m.Peer, m.Span)
		}
	}
}

// takenOut reports whether a node's failures ended because it was taken out of the cluster, and it did not come back: that repairs nothing.
func takenOut(commands []fact.Command, node string, last time.Time, patience time.Duration) bool {
	removed := false
	for _, c := range commands {
		if c.Node != node || !c.Granted || c.Time.T.Before(last) {
			continue
		}
		words := strings.Fields(c.Command)
		if len(words) < 3 || words[0] != "database" || words[1] != "cluster" {
			continue
		}
		switch words[2] {
		case "remove":
			removed = removed || !c.Time.T.After(last.Add(patience))
		case "join", "initialize", "connect", "certs":
			return false
		}
	}
	return removed
}

// overtaken reports whether the pair worked for a while after these failures and then failed for another reason: it is that one
// which a later status shows.
func overtaken(checks []fact.HealthCheck, c *fact.HealthCheck) bool {
	return slices.ContainsFunc(checks, func(other fact.HealthCheck) bool {
		return other.Client == c.Client && other.Server == c.Server && other.First.T.After(c.Last.T.Add(retryPatience))
	})
}

// otherCertificates reports whether the failures were about certificates, and one of the two nodes was given others since: what a later
// status shows has another reason.
func otherCertificates(commands []fact.Command, c *fact.HealthCheck) bool {
	return strings.HasPrefix(c.Reason, "tls-") && slices.ContainsFunc(commands, func(cmd fact.Command) bool {
		return cmd.Granted && (cmd.Node == c.Client || cmd.Node == c.Server) && cmd.Time.T.After(c.Last.T) && strings.HasPrefix(cmd.Command, "database cluster certs ")
	})
}

// apart reports whether the latest status of one node shows the other as not connected.
func apart(s *fact.Set, a, b string, seen fact.Span) bool {
	for i := range s.Statuses {
		st := &s.Statuses[i]
		if st.Superseded || st.Time.Before(seen.Last) {
			continue
		}
		other := b
		if st.Node == b {
			other = a
		} else if st.Node != a {
			continue
		}
		for _, m := range st.Members {
			if m.Address == other && !m.Connected && !m.Me {
				return true
			}
		}
	}
	return false
}

// over marks the links whose bad sessions fall into an incident of the client's health checks that its log shows to have ended: a
// capture that was stopped during the incident can't tell that.
func over(s *fact.Set) {
	for i := range s.Links {
		l := &s.Links[i]
		checks := slices.DeleteFunc(slices.Clone(s.HealthChecks), func(c fact.HealthCheck) bool { return c.Client != l.Client || c.Server != l.Server })
		l.Over = !l.LastBad.IsZero() && !l.LastBad.Before(l.LastGood) && len(checks) > 0 &&
			!slices.ContainsFunc(checks, func(c fact.HealthCheck) bool { return c.Ongoing }) &&
			slices.ContainsFunc(checks, func(c fact.HealthCheck) bool { return !l.LastBad.T.After(c.Last.T.Add(retryPatience)) })
	}
}
