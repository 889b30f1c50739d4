package capture

import (
	"fmt"

	"cbdoctor/capture/tlswire"
)

// faultRows are about what says itself what is wrong, and about packets that get lost on the way.
var faultRows = []Row{
	{
		Verdict: TLSAlert,
		Rule:    "a fatal alert in clear text ends the handshake",
		Source:  "RFC 8446 section 6, RFC 5246 section 7.2",
		Wrong:   "a device that intercepts TLS sent it",
		When:    func(m *Summary) bool { return m.Alert != nil && !m.worked() },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			who := "client"
			if m.Alert.Side == tlswire.Server {
				who = "server"
			}
			reason := fmt.Sprintf("the %s ends the TLS handshake with alert %d %s", who, m.Alert.Code, tlswire.AlertName(m.Alert.Code))
			if stage := m.Alert.After(); stage != "" {
				reason += " after the " + stage
			}
			if m.EmptyCert && (m.Alert.Code == 40 || m.Alert.Code == 116) {
				reason += ": the client sent no certificate, and one is required"
			}
			return High, reason, []int64{m.Alert.Frame}
		},
	},
	{
		Verdict: NotPostgres,
		Rule:    "the peer speaks another protocol on the port",
		Source:  "PostgreSQL protocol: the reply to SSLRequest is one byte, S, N or E",
		Wrong:   "bytes damaged on the way",
		When:    func(m *Summary) bool { return m.Foreign != "" && (m.ForeignTLS || !m.worked()) },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, "the peer speaks " + m.Foreign + " on this port", []int64{m.LastData[server], m.LastData[client]}
		},
	},
	{
		Verdict: PGError,
		Rule:    "an ErrorResponse in clear text before the session is ready",
		Source:  "PostgreSQL protocol-error-fields",
		Wrong:   "nothing: the server says so itself",
		When:    func(m *Summary) bool { return m.PGError && !m.Ready && !m.Opened },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			code := m.SQLState
			if code == "" {
				code = "an error without a code" // as servers before protocol 3 do, and those that have not read the request yet
			}
			return High, fmt.Sprintf("the server answers %s: %s", code, m.Message), []int64{m.LastData[server]}
		},
	},
	{
		Verdict: IdleDrop,
		Rule:    "a working session rests; the first packet after the pause is lost for good or answered by RST",
		Source:  "stateful firewalls forget idle connections (Cisco ASA: timeout conn, 1 hour)",
		Wrong:   "the server was restarted during the pause",
		When: func(m *Summary) bool {
			if m.begunOrWorked() && m.probedInVain() >= 0 {
				return true
			}
			if m.Pause < idleAfter || !m.begunOrWorked() {
				return false
			}
			d := m.PauseSide
			return m.lostAfterPause() >= 0 || m.RST[1-d] > m.PauseFrame && m.FIN[d] == 0 && m.FIN[1-d] == 0 && m.LastData[1-d] < m.PauseFrame
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			if d := m.probedInVain(); d >= 0 {
				return Medium, fmt.Sprintf("the session rested for %s; %d keep-alives of the %s after that are never answered", seconds(m.ProbeIdle[d]), m.Probes[d], sideName(d)), []int64{m.ProbeFrame[d], m.LastFrame}
			}
			d := m.lostAfterPause()
			what, e := "", []int64(nil)
			if d >= 0 {
				what, e = "is sent "+plural(m.Tail[d].times, "more time", "more times")+" and never acknowledged", []int64{m.PauseFrame, m.Tail[d].last}
			} else {
				d = m.PauseSide
				what, e = "is answered by a reset", []int64{m.PauseFrame, m.RST[1-d]}
				if m.RSTForeign[1-d] != "" {
					what += " of a device on the way: " + m.RSTForeign[1-d]
				}
			}
			return High, fmt.Sprintf("the session worked and rested for %s; the first packet of the %s after that %s", seconds(m.Pause), sideName(d), what), e
		},
	},
	{
		Verdict: ResetInjected,
		Rule:    "RST after the TCP handshake that its named sender did not send",
		Source:  "TTL, IP id and what the host does next; RFC 5961 section 3",
		Wrong:   "the host changed its TTL, or routing changed, in the middle of the session",
		When: func(m *Summary) bool {
			return (m.RST[client] > 0 && m.RSTForeign[client] != "" || m.RST[server] > 0 && m.RSTForeign[server] != "") && m.firstResetEnds()
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			d := server
			if m.RSTForeign[server] == "" {
				d = client
			}
			return m.sureOfReset(d), fmt.Sprintf("a device on the way resets the session in the name of the %s: %s", sideName(d), m.RSTForeign[d]), []int64{m.LastData[1-d], m.RST[d]}
		},
	},
	{
		Verdict: MTUBlackhole,
		Rule:    "small segments pass; full-size ones are sent again and never acknowledged",
		Source:  "RFC 2923 section 2.1, RFC 4821",
		Wrong:   "a device that drops by content, whose victim happens to be long",
		When: func(m *Summary) bool {
			return m.fullSizeLost(client) || m.fullSizeLost(server) || m.FragNeeded > 0 && (m.lost(client) || m.lost(server))
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			d := client
			if !m.fullSizeLost(client) && !m.lost(client) {
				d = server
			}
			if m.Tail[d].times == 0 {
				return Medium, fmt.Sprintf("%d bytes of the %s never arrive here, in full-size segments, while its small ones do", m.Hole[d], sideName(d)), []int64{m.HoleFrame[d]}
			}
			reason := fmt.Sprintf("the %s sends a segment of %d bytes %d times and it is never acknowledged; up to %s passed", sideName(d), m.Tail[d].len, m.Tail[d].times+1, plural(int64(m.BiggestAcked[d]), "byte", "bytes"))
			if m.FragNeeded > 0 {
				reason += "; a router says that fragmentation is needed"
			}
			return High, reason, []int64{m.Tail[d].first, m.Tail[d].last, m.FragNeeded}
		},
	},
	{
		Verdict: Stalled,
		Rule:    "the receiver's window stays at zero until the session dies",
		Source:  "RFC 9293 section 3.8.6.1",
		Wrong:   "the capture ends while the receiver was only slow",
		When:    func(m *Summary) bool { return m.ZeroWindow[client] > silence || m.ZeroWindow[server] > silence },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			d := server
			if m.ZeroWindow[server] <= silence {
				d = client
			}
			return High, fmt.Sprintf("the %s's receive window was zero for the last %s: it reads nothing more", sideName(d), seconds(m.ZeroWindow[d])), []int64{m.ZeroFrame[d], m.LastFrame}
		},
	},
	{
		Verdict: BlackholeAfterTCP,
		Rule:    "the TCP handshake completes; then data of one direction is sent again and never acknowledged",
		Source:  "RFC 9293 section 3.8.1",
		Wrong:   "the peer lost power at that moment",
		When: func(m *Summary) bool {
			return m.Established > 0 && (m.lost(client) || m.lost(server) || m.neverArrived(client) || m.neverArrived(server)) || m.lostUnderWay(client) || m.lostUnderWay(server)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			d := client
			if !m.lost(client) && !m.neverArrived(client) {
				d = server
			}
			said := ""
			if m.ICMP != nil {
				said = fmt.Sprintf("; %s says ICMP %q", m.ICMP.Sender, m.ICMP.Name)
			}
			if t := m.Tail[d]; t.times > 0 {
				c, never := High, " times and they are never acknowledged, though the TCP handshake completed"
				if !m.begun() {
					never = " times and they are never acknowledged, in a session that was under way when the capture began"
					if t.times < 3 {
						c = Medium
					}
				}
				return c, fmt.Sprintf("the %s sends %d bytes %d", sideName(d), t.len, t.times+1) + never + said, []int64{m.Established, t.first, t.last}
			}
			return Medium, fmt.Sprintf("%d bytes of the %s never arrive here, though the TCP handshake completed and later packets do arrive", m.Hole[d], sideName(d)) + said, []int64{m.Established, m.HoleFrame[d]}
		},
	},
}
