package capture

import "slices"

// class sorts verdicts for the summary of a pair.
type class uint8

const (
	neutralClass class = iota
	goodClass
	badClass
)

func (v Verdict) class() class {
	switch v {
	case OK, OKRecovered, OKPlaintext, Midstream:
		return goodClass
	case Open, OneWay, ClosedByClient:
		return neutralClass
	}
	return badClass
}

// highRTT is the round trip from which a path counts as slow, in nanoseconds.
const highRTT = 100e6

// observation is one row of the table: what else is worth knowing of a session.
type observation struct {
	id    string
	holds func(s *session, m *Summary) bool
}

// observations is where a new one is added. Those about certificates come from package certificate.
var observations = []observation{
	{"cert-missing", func(_ *session, m *Summary) bool { return m.EmptyCert }},
	{"tls-old-version", func(_ *session, m *Summary) bool { return m.TLSVersion > 0 && m.TLSVersion < 0x0303 }},
	{"retransmissions", func(_ *session, m *Summary) bool {
		return m.SYN > 1 || m.SYNACK > 1 || m.Retransmitted[0]+m.Retransmitted[1] > 0
	}},
	{"duplicate-packets", func(s *session, _ *Summary) bool { return s.duplicates > 0 }},
	{"high-rtt", func(_ *session, m *Summary) bool { return m.RTT > highRTT }},
	{"packets-missing", func(s *session, _ *Summary) bool { return s.sides[0].order.lost+s.sides[1].order.lost > 0 }},
	{"snaplen-truncated", func(_ *session, m *Summary) bool { return m.Truncated }},
	{"middlebox-mss", func(s *session, _ *Summary) bool { return s.mssChanged }},
	{"replication", func(_ *session, m *Summary) bool { return m.Replicate }},
	{"cancel-request", func(_ *session, m *Summary) bool { return m.Cancel }},
	{"gssenc-request", func(_ *session, m *Summary) bool { return m.GSSRequest }},
}

// observe appends the observations of a session to out; own is how many of them, the first ones, are about its certificates.
func observe(s *session, m *Summary, out []string) (all []string, own int) {
	if w := s.wire; w != nil {
		for _, notes := range w.notes {
			for _, n := range notes {
				if !slices.Contains(out, n) {
					out = append(out, n)
				}
			}
		}
	}
	own = len(out)
	for i := range observations {
		if o := &observations[i]; o.holds(s, m) {
			out = append(out, o.id)
		}
	}
	return out, own
}
