package analyze

import (
	"cbdoctor/fact"
)

// stillDown takes failures for ongoing, although their log went quiet, when a status says that one of the two does not see the
// other. A status is taken when the material is collected; one that is older than the failures proves nothing.
func stillDown(s *fact.Set) {
	for i := range s.HealthChecks {
		c := &s.HealthChecks[i]
		c.Ongoing = c.Ongoing || apart(s, c.Client, c.Server, c.Span)
	}
	for i := range s.Messages {
		m := &s.Messages[i]
		if m.Peer != "" && m.Reason != "" {
			m.Ongoing = m.Ongoing || apart(s, m.Node, m.Peer, m.Span)
		}
	}
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
