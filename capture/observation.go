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

// maxSkew is how much clocks may differ, in seconds, as FINDINGS says of the finding clock-skew.
const maxSkew = 2

// observation is one row of the table: what else is worth knowing of a session.
type observation struct {
	id     string
	means  string
	source string
	holds  func(s *session, m *Summary) bool
}

// observations is where a new one is added. Those about certificates come from package certificate.
var observations = []observation{
	{
		"cert-missing", "the client sent an empty Certificate; in TLS 1.3 its record has 25 bytes, 17 with a short tag", "RFC 5246 section 7.4.6, RFC 8446 section 4.4.2",
		func(_ *session, m *Summary) bool { return m.EmptyCert },
	},
	{
		"tls-old-version", "TLS 1.1 or older was negotiated", "RFC 8996",
		func(_ *session, m *Summary) bool { return m.TLSVersion > 0 && m.TLSVersion < 0x0303 },
	},
	{
		"retransmissions", "a SYN, a SYN-ACK or data was sent again", "RFC 6298",
		func(_ *session, m *Summary) bool {
			return m.SYN > 1 || m.SYNACK > 1 || m.Retransmitted[0]+m.Retransmitted[1] > 0
		},
	},
	{
		"duplicate-packets", "the same packet was captured twice: the IP id is the same, which that of a retransmission is not", "RFC 6864 section 4.1",
		func(s *session, _ *Summary) bool { return s.duplicates > 0 },
	},
	{
		"high-rtt", "the TCP handshake took more than 100 ms to cross the path and back", "measured between SYN and SYN-ACK, or SYN-ACK and ACK",
		func(_ *session, m *Summary) bool { return m.RTT > highRTT },
	},
	{
		"packets-missing", "data was acknowledged that is not in the capture: it lost packets", "RFC 9293 section 3.4",
		func(_ *session, m *Summary) bool { return m.Missed },
	},
	{
		"snaplen-truncated", "the snap length cut payload off", "tcpdump -s",
		func(_ *session, m *Summary) bool { return m.Truncated },
	},
	{
		"clock-skew", "the clocks of both nodes, or one and the capture's, differ by more than 2 s: old TLS libraries put the time into their hellos", "RFC 5246 section 7.4.1.2 (gmt_unix_time)",
		func(_ *session, m *Summary) bool { return m.Skew > maxSkew || m.Skew < -maxSkew },
	},
	{
		"middlebox-mss", "one SYN was captured twice with different MSS options: a device on the way rewrites it", "RFC 9293 section 3.7.1",
		func(s *session, _ *Summary) bool { return s.mssChanged },
	},
	{
		"replication", "the StartupMessage asks for a replication connection", "PostgreSQL protocol-replication",
		func(_ *session, m *Summary) bool { return m.Replicate },
	},
	{
		"cancel-request", "the client asks to cancel the query of another connection", "PostgreSQL protocol-flow, canceling requests in progress",
		func(_ *session, m *Summary) bool { return m.Cancel },
	},
	{
		"gssenc-request", "the client asks for GSSAPI encryption first", "PostgreSQL protocol-flow, GSSAPI session encryption",
		func(_ *session, m *Summary) bool { return m.GSSRequest },
	},
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
