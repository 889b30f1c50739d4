package capture

import (
	"fmt"

	"cbdoctor/capture/tlswire"
)

// Table is the decision table, most decisive rows first. Each verdict's rule can be read here beside VERDICTS.
var Table = []Row{
	{
		Verdict: OneWay,
		Rule:    "packets of one side only, and they acknowledge what the other side sent",
		Source:  "RFC 9293 section 3.4: an ACK proves that the bytes before it arrived",
		Wrong:   "the other side's packets are in another file of the same capture",
		When: func(m *Summary) bool {
			c, v := m.Packets[server] == 0 && m.Acks[client] > 0, m.Packets[client] == 0 && m.Acks[server] > 1 && m.ServerAfter
			return m.AckOfMissing && m.ICMP == nil && (c || v) && (m.begun() || m.AckMoves[client] || m.AckMoves[server])
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			who := "client"
			if m.Packets[client] == 0 {
				who = "server"
			}
			return High, fmt.Sprintf("only the packets of the %s are in the capture, and they acknowledge answers that are not: capture both directions", who), []int64{m.FirstFrame, m.LastFrame}
		},
	},
	{
		Verdict: Open,
		Rule:    "no more than the end of a session: no payload, or of one side only what proves nothing",
		Source:  "packets of earlier connections often stand at a capture's start",
		Wrong:   "nothing: it is no judgement",
		When: func(m *Summary) bool {
			if m.SYN == 0 && m.SYNACK > 0 && m.RST[client] > 0 && m.Payload[client]+m.Payload[server] == 0 {
				return true // a SYN-ACK that comes when its session is over
			}
			return !m.begun() && m.ICMP == nil && !m.lost(client) && !m.lost(server) &&
				(m.Packets[client] == 0 || m.Packets[server] == 0 || m.over() && m.Payload[client]+m.Payload[server] == 0)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Low, "only the end of a session is in the capture", []int64{m.FirstFrame, m.LastFrame}
		},
	},
	{
		Verdict: ICMPUnreachable,
		Rule:    "an ICMP error quotes the SYN, and the server never answers",
		Source:  "RFC 792 (type 3), RFC 4443 section 3.1, RFC 1812 section 5.2.7.1 (administratively prohibited)",
		Wrong:   "the error was forged, or transient while the server rebooted",
		When:    func(m *Summary) bool { return m.ICMP != nil && m.Established == 0 && m.SYNACK == 0 && m.SYN > 0 },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, fmt.Sprintf("%s answers the SYN with ICMP %q (type %d, code %d)", m.ICMP.Sender, m.ICMP.Name, m.ICMP.Type, m.ICMP.Code), []int64{m.SYNFrames[0], m.ICMP.Frame}
		},
	},
	{
		Verdict: RefusedByMiddlebox,
		Rule:    "RST answers the SYN, and TTL, IP id or MAC address differ from what the server sends otherwise",
		Source:  "RFC 9293 section 3.10.7.1; the TTL is set by the sender and falls by one a hop (RFC 791)",
		Wrong:   "the server is several machines behind one address, at different distances",
		When:    func(m *Summary) bool { return m.RSTReply && m.RSTForeign[server] != "" },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return m.sureOfReset(server), "the SYN is answered by a reset that a device on the way sent: " + m.RSTForeign[server], []int64{m.SYNFrames[0], m.RST[server]}
		},
	},
	{
		Verdict: Refused,
		Rule:    "RST answers the SYN and nothing says that it is not the server's own",
		Source:  "RFC 9293 section 3.10.7.1: a connection to a port that nobody listens on is reset",
		Wrong:   "a firewall that rejects with RST copies the server's TTL",
		When:    func(m *Summary) bool { return m.RSTReply },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			e := []int64{m.SYNFrames[0], m.RST[server]}
			if m.RSTLike[server] != "" {
				return High, "the server itself resets the SYN, so nothing listens on the port: " + m.RSTLike[server], e
			}
			return Medium, "the SYN is reset; no other packet of the server is here to compare with, so a firewall that rejects can't be excluded", e
		},
	},
	{
		Verdict: Open,
		Rule:    "a single SYN, and the capture ends before an answer was due",
		Source:  "RFC 6298 section 2: the first retransmission comes after one second",
		Wrong:   "nothing: it is no judgement",
		When: func(m *Summary) bool {
			return m.SYN == 1 && m.SYNACK == 0 && m.Packets[server] == 0 && !m.over() && m.Rest < answerWait
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Low, fmt.Sprintf("the capture ends %s after the SYN, before an answer was due", seconds(m.Rest)), []int64{m.SYNFrames[0]}
		},
	},
	{
		Verdict: SYNDropped,
		Rule:    "SYN, repeated or alone, and nothing comes back",
		Source:  "RFC 9293 section 3.10.7.4: every host answers a SYN with SYN-ACK or RST; silence is the network's",
		Wrong:   "the address is dead, or the capture misses the way back",
		When:    func(m *Summary) bool { return m.SYN > 0 && m.SYNACK == 0 && m.Packets[server] == 0 },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			c := Medium
			if m.SYN > 1 {
				c = High
			}
			return c, plural(m.SYN, "SYN", "SYNs") + " within " + seconds(m.waited(m.Start)) + " and no answer of any kind", m.SYNFrames[:]
		},
	},
	{
		Verdict: ClientTimeout,
		Rule:    "the SYN-ACK comes only after the client gave up and is reset",
		Source:  "RFC 9293 section 3.10.7.1; libpq connect_timeout",
		Wrong:   "a half-open scan, which is quick",
		When: func(m *Summary) bool {
			return m.Established == 0 && m.SYNACK > 0 && m.RST[client] > 0 && m.Payload[client] == 0 && m.RTT > int64(silence)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, fmt.Sprintf("the SYN-ACK arrives %s after the SYN, when the client had given up", seconds(m.RTT)), []int64{m.SYNFrames[0], m.SYNACKFrame[0], m.RST[client]}
		},
	},
	{
		Verdict: ClosedByClient,
		Rule:    "the client resets right after the SYN-ACK: a half-open port probe",
		Source:  "nmap and load balancers probe so; RFC 9293 section 3.10.7.3",
		Wrong:   "the client's host rejects its own connection",
		When: func(m *Summary) bool {
			return m.SYNACK > 0 && m.RST[client] > 0 && m.Payload[client] == 0 && m.Payload[server] == 0 && m.FIN[server] == 0 && m.RSTForeign[client] == ""
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, "the client resets before it sends anything: a port probe", []int64{m.SYNACKFrame[0], m.RST[client]}
		},
	},
	{
		Verdict: SYNACKLost,
		Rule:    "the SYN-ACK is sent, repeatedly, and the client never completes",
		Source:  "RFC 9293 section 3.5: the handshake ends with the client's ACK; tcp_synack_retries repeats it",
		Wrong:   "the client's host drops the SYN-ACK itself, or is gone",
		When: func(m *Summary) bool {
			return m.Established == 0 && m.SYNACK > 0 && m.Packets[client] == m.SYN && m.RST[server] == 0 && (m.SYNACK > 1 || m.SYNFrames[1] > m.SYNACKFrame[0] || m.waited(m.End) > silence)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			c := Medium
			if m.SYNACK > 1 {
				c = High
			}
			return c, fmt.Sprintf("%s, %s, and never the client's ACK: the way back to the client is blocked", plural(m.SYN, "SYN", "SYNs"), plural(m.SYNACK, "SYN-ACK", "SYN-ACKs")),
				[]int64{m.SYNFrames[0], m.SYNACKFrame[0], m.SYNFrames[1], m.SYNACKFrame[1]}
		},
	},
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
			if stage := m.Alert.Stage.String(); stage != "" {
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
		When:    func(m *Summary) bool { return m.Foreign != "" && !m.worked() },
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
			return High, fmt.Sprintf("the server answers %s: %s", m.SQLState, m.Message), []int64{m.LastData[server]}
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
			return m.lost(d) && m.Tail[d].first >= m.PauseFrame || m.RST[1-d] > m.PauseFrame && m.FIN[d] == 0 && m.FIN[1-d] == 0 && m.LastData[1-d] < m.PauseFrame
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			if d := m.probedInVain(); d >= 0 {
				return Medium, fmt.Sprintf("the session rested for %s; %d keep-alives of the %s after that are never answered", seconds(m.ProbeIdle[d]), m.Probes[d], sideName(d)), []int64{m.ProbeFrame[d], m.LastFrame}
			}
			d := m.PauseSide
			what := "is sent " + plural(m.Tail[d].times, "more time", "more times") + " and never acknowledged"
			e := []int64{m.PauseFrame, m.Tail[d].last}
			if m.RST[1-d] > 0 {
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
			reason := fmt.Sprintf("the %s sends a segment of %d bytes %d times and it is never acknowledged; up to %d bytes passed", sideName(d), m.Tail[d].len, m.Tail[d].times+1, m.BiggestAcked[d])
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
			return m.Established > 0 && (m.lost(client) || m.lost(server) || m.neverArrived(client) || m.neverArrived(server)) || !m.begun() && (m.Tail[client].times >= 3 || m.Tail[server].times >= 3)
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
				return High, fmt.Sprintf("the %s sends %d bytes %d times and they are never acknowledged, though the TCP handshake completed", sideName(d), t.len, t.times+1) + said, []int64{m.Established, t.first, t.last}
			}
			return Medium, fmt.Sprintf("%d bytes of the %s never arrive here, though the TCP handshake completed and later packets do arrive", m.Hole[d], sideName(d)) + said, []int64{m.Established, m.HoleFrame[d]}
		},
	},
	{
		Verdict: SSLRefused,
		Rule:    "the server answers the SSLRequest with N and the client gives up",
		Source:  "PostgreSQL protocol-flow, SSL session encryption",
		Wrong:   "a proxy answered for the server",
		When: func(m *Summary) bool {
			return m.SSLReply == 'N' && !m.Startup && !m.Cancel && (m.Payload[server] == 1 || m.Payload[server] == 2 && m.GSSRequest) && (m.over() || m.Rest > answerWait)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, "the server answers the SSLRequest with N: TLS is switched off there", []int64{m.LastData[server]}
		},
	},
	{
		Verdict: OK,
		Rule:    "a CancelRequest: the server closes without an answer, as it must",
		Source:  "PostgreSQL protocol-flow, canceling requests in progress",
		Wrong:   "nothing",
		When:    func(m *Summary) bool { return m.Cancel },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, "a CancelRequest was delivered", []int64{m.LastData[client]}
		},
	},
	{
		Verdict: OKPlaintext,
		Rule:    "a PostgreSQL session that worked without TLS",
		Source:  "PostgreSQL protocol-flow: ReadyForQuery in clear text",
		Wrong:   "nothing",
		When:    func(m *Summary) bool { return m.Ready && !m.TLS },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, "the session works in clear text; a Call Bridge always uses TLS", []int64{m.LastData[client], m.LastData[server]}
		},
	},
	{
		Verdict: TLSRejectedEncrypted,
		Rule:    "TLS 1.3: after the client's flight the server sends one record of an alert's size and the connection ends, without an answer to the startup message",
		Source:  "RFC 8446 section 4.4.2.4: the server judges the client's certificate after the client thinks it is done",
		Wrong:   "the server closed TLS for another reason, e.g. it was stopped at that moment",
		When: func(m *Summary) bool {
			return m.TLS && m.TLSVersion >= 0x0304 && m.Flow.clientDone && m.Flow.serverCount == 0 && m.Flow.serverAlert && (m.over() || m.Rest > answerWait)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			what := "the client's certificate was rejected"
			if m.EmptyCert {
				what = "the client sent no certificate, and one is required"
			}
			if a := m.OpenedAlert; a != nil && a.Side == tlswire.Server {
				return High, fmt.Sprintf("TLS 1.3: after the client's flight the server sends alert %d %s, read with the key log: %s", a.Code, tlswire.AlertName(a.Code), what), []int64{a.Frame, m.LastFrame}
			}
			return Medium, "TLS 1.3: after the client's flight the server sends one encrypted record of an alert's size (19 bytes) and ends: " + what, []int64{m.Flow.alertFrame, m.LastFrame}
		},
	},
	{
		Verdict: PGRejectedEncrypted,
		Rule:    "TLS finishes, the server answers the startup message, and the connection ends without the client sending any further message",
		Source:  "PostgreSQL protocol-flow: ErrorResponse and close; sizes measured, see errorSize",
		Wrong:   "the client was killed right after it connected",
		When: func(m *Summary) bool {
			if m.Opened {
				return m.PGError && !m.Ready
			}
			return m.TLS && m.TLSDone && m.Flow.serverCount > 0 && m.Flow.clientMore == 0 && m.Flow.clientFirst > 0 && m.Flow.serverData <= errorSize && m.over()
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			if m.Opened {
				return High, fmt.Sprintf("inside TLS, read with the key log, the server answers %s: %s", m.SQLState, m.Message), []int64{m.Flow.requestFrame, m.Flow.firstAnswer, m.LastFrame}
			}
			return Medium, fmt.Sprintf("inside TLS the server answers the startup message with %d bytes, the size of an error, and the session ends without a query", m.Flow.serverData), []int64{m.Flow.requestFrame, m.Flow.firstAnswer, m.LastFrame}
		},
	},
	{
		Verdict: ResetByServer,
		Rule:    "RST by the server after the session worked, without FIN or Terminate",
		Source:  "RFC 9293 section 3.10.7.4",
		Wrong:   "the server only cleaned up after the client had closed",
		When: func(m *Summary) bool {
			side, reset, _, _ := m.ended()
			return side == server && reset && m.begun() && m.worked() && m.tlsReadable() && !m.Terminate && !m.Flow.clientAlert && !m.Flow.serverAlert
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Medium, "the server resets a session that worked", []int64{m.LastData[server], m.RST[server]}
		},
	},
	{
		Verdict: Midstream,
		Rule:    "the capture starts inside a session that works",
		Source:  "no SYN was captured",
		Wrong:   "a fault before the capture began",
		When:    func(m *Summary) bool { return !m.begun() && m.Packets[client] > 0 && m.Packets[server] > 0 },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Medium, "the capture starts inside the session; nothing wrong in what is seen of it", []int64{m.FirstFrame, m.LastFrame}
		},
	},
	{
		Verdict: OKRecovered,
		Rule:    "as ok, but only after SYN or handshake retransmissions",
		Source:  "RFC 6298",
		Wrong:   "the capture lost the acknowledgements",
		When:    func(m *Summary) bool { return m.worked() && m.Recovered },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, fmt.Sprintf("the session works, after %s and %s of handshake data", plural(m.SYN, "SYN", "SYNs"), plural(m.Retransmitted[0]+m.Retransmitted[1], "retransmission", "retransmissions")),
				[]int64{m.SYNFrames[0], m.SYNFrames[1], m.LastData[server]}
		},
	},
	{
		Verdict: OK,
		Rule:    "TCP, SSLRequest and S, TLS handshake finished, application data both ways",
		Source:  "PostgreSQL protocol-flow; RFC 8446 section 2",
		Wrong:   "the application inside TLS is not PostgreSQL",
		When:    func(m *Summary) bool { return m.worked() },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			c := High
			if m.TLSGap {
				c = Medium
			}
			return c, "TLS handshake finished and application data both ways", []int64{m.FirstFrame, m.LastData[client], m.LastData[server]}
		},
	},
	{
		Verdict: ClosedEarly,
		Rule:    "the server closes (FIN) before it answered the first message",
		Source:  "PostgreSQL protocol-flow: every request has an answer",
		Wrong:   "a proxy without a backend closed in its place",
		When: func(m *Summary) bool {
			side, reset, _, _ := m.ended()
			return side == server && !reset && m.Payload[server] == 0 && !m.maybeCancel()
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, "the server closes the connection before it answers anything", []int64{m.LastData[client], m.FIN[server]}
		},
	},
	{
		Verdict: ClosedByClient,
		Rule:    "the client closes in an orderly way before the session is ready, though every answer came",
		Source:  "libpq closes to ask for a password; monitoring connects and closes",
		Wrong:   "the client crashed",
		When: func(m *Summary) bool {
			side, _, at, _ := m.ended()
			return side == client && (m.Payload[client] == 0 || m.AuthAsked && !m.AuthAnswer || !m.TLS && m.SSLReply == 0 && m.Payload[server] > 0 && m.AuthAsked) && at-m.Start < int64(3*silence)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			_, _, _, frame := m.ended()
			what := "without sending anything: a port probe"
			if m.AuthAsked {
				what = "when the server asks for a password"
			}
			return High, "the client closes " + what, []int64{m.LastData[server], frame}
		},
	},
	{
		Verdict: Open,
		Rule:    "closed, and the contents that would tell why are not in the capture",
		Source:  "tcpdump -s: a snap length cuts packets off",
		Wrong:   "nothing: it is no judgement",
		When: func(m *Summary) bool {
			return m.over() && (m.maybeCancel() || m.Payload[server] > 0 && (m.Truncated || m.Missed || m.TLSGap))
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			why := "packets are missing in the capture"
			if m.Truncated {
				why = "the snap length cut the packets off: capture whole packets"
			}
			return Low, "both sides spoke and closed; what they said can't be judged, for " + why, []int64{m.FirstFrame, m.LastFrame}
		},
	},
	{
		Verdict: ClientTimeout,
		Rule:    "the client gives up by itself while the server was still making progress",
		Source:  "libpq connect_timeout (4 s in CMS)",
		Wrong:   "the client was stopped by hand",
		When: func(m *Summary) bool {
			side, _, at, _ := m.ended()
			if side != client || m.worked() || at-m.Start < 2*answerWait || m.Payload[client] == 0 {
				return false
			}
			return m.LastDataTime[server] > at || m.Payload[server] > 0 && at-m.LastDataTime[server] < recent || m.LastTime[server] > at-recent && m.RTT > 500e6
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			_, _, at, frame := m.ended()
			return Medium, fmt.Sprintf("the client gives up after %s while the server was still answering; round trip %s", seconds(at-m.Start), seconds(m.RTT)), []int64{m.LastData[server], frame}
		},
	},
	{
		Verdict: ServerSilent,
		Rule:    "the server's TCP acknowledges the first message but the application never answers",
		Source:  "the kernel accepts connections for a process that hangs (listen backlog)",
		Wrong:   "an inspecting device acknowledges in the server's name",
		When: func(m *Summary) bool {
			side, reset, _, _ := m.ended()
			return m.Established > 0 && m.Payload[client] > 0 && m.Payload[server] == 0 && m.Acks[server] > 0 && !(side == server && reset) && m.waited(m.LastDataTime[client]) > 2*answerWait
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			reason := fmt.Sprintf("the server acknowledges the first message and says nothing for %s", seconds(m.waited(m.LastDataTime[client])))
			if m.vantage() == server {
				return High, reason, []int64{m.LastData[client], m.LastFrame}
			}
			return Medium, reason + "; answers that are lost on the way look the same from here", []int64{m.LastData[client], m.LastFrame}
		},
	},
	{
		Verdict: TLSStalled,
		Rule:    "the TLS handshake stops and times out though TCP still acknowledges",
		Source:  "RFC 8446 section 2: every flight has an answer",
		Wrong:   "a long garbage collection or swap on either side",
		When: func(m *Summary) bool {
			side, _, at, _ := m.ended()
			if !m.TLS || m.worked() || side == server {
				return false
			}
			quiet := max(m.LastDataTime[client], m.LastDataTime[server])
			if side < 0 {
				return m.Rest > silence
			}
			return at-quiet > answerWait
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			quiet := max(m.LastDataTime[client], m.LastDataTime[server])
			return Medium, fmt.Sprintf("the TLS handshake stops: %s without a message, though TCP still acknowledges", seconds(m.waited(quiet))), []int64{m.LastData[client], m.LastData[server], m.LastFrame}
		},
	},
	{
		Verdict: TLSClosed,
		Rule:    "the connection is closed or reset inside the TLS handshake without a readable alert",
		Source:  "RFC 8446 section 6.1: an orderly end has an alert",
		Wrong:   "the alert was lost from the capture",
		When: func(m *Summary) bool {
			side, reset, _, _ := m.ended()
			return m.TLS && side >= 0 && (m.TLSBegun || !reset || side == server)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			side, reset, _, frame := m.ended()
			how := "closes"
			if reset {
				how = "resets"
			}
			reason := fmt.Sprintf("the %s %s the connection inside the TLS handshake, without a readable alert", sideName(side), how)
			switch a := m.OpenedAlert; {
			case a != nil:
				reason = fmt.Sprintf("the %s ends the TLS handshake with alert %d %s, read with the key log", sideName(int(a.Side)), a.Code, tlswire.AlertName(a.Code))
			case m.Flow.earlyAlert > 0:
				reason += "; the client's last record has the size of an encrypted alert: it may reject the server's certificate"
			}
			return High, reason, []int64{m.LastData[client], m.LastData[server], frame}
		},
	},
	{
		Verdict: ResetByServer,
		Rule:    "RST by the server after the TCP handshake, no other cause visible",
		Source:  "RFC 9293 section 3.10.7.4",
		Wrong:   "a device on the way that copies the server's TTL",
		When:    func(m *Summary) bool { side, reset, _, _ := m.ended(); return side == server && reset },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Medium, "the server resets the connection after the TCP handshake", []int64{m.LastData[client], m.RST[server]}
		},
	},
	{
		Verdict: ResetByClient,
		Rule:    "RST by the client after the TCP handshake, no other cause visible",
		Source:  "RFC 9293 section 3.10.7.4",
		Wrong:   "a device on the way that copies the client's TTL",
		When:    func(m *Summary) bool { side, reset, _, _ := m.ended(); return side == client && reset },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Medium, "the client resets the connection after the TCP handshake", []int64{m.LastData[server], m.RST[client]}
		},
	},
	{
		Verdict: ClosedByClient,
		Rule:    "the client closes before the session is ready, though every answer came",
		Source:  "PostgreSQL protocol-flow",
		Wrong:   "the client crashed",
		When:    func(m *Summary) bool { side, _, _, _ := m.ended(); return side == client },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			_, _, _, frame := m.ended()
			return Medium, "the client closes before the session is ready, though nothing is missing", []int64{m.LastData[server], frame}
		},
	},
	{
		Verdict: ClosedEarly,
		Rule:    "the server closes before the session is ready",
		Source:  "PostgreSQL protocol-flow",
		Wrong:   "the reason was lost from the capture",
		When:    func(m *Summary) bool { side, _, _, _ := m.ended(); return side == server },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Medium, "the server closes the connection before the session is ready", []int64{m.FIN[server]}
		},
	},
}

func sideName(d int) string {
	if d == client {
		return "client"
	}
	return "server"
}

// sureOfReset is how sure it is that somebody else sent a side's reset.
func (m *Summary) sureOfReset(d int) Confidence {
	if m.RSTWeak[d] {
		return Medium
	}
	return High
}

// tlsReadable reports whether nothing of a TLS session was missed that would tell how it ended.
func (m *Summary) tlsReadable() bool {
	return !m.TLS || m.TLSVersion != 0 && !m.Truncated && !m.Missed && !m.TLSGap
}

// maybeCancel reports whether the client's only message has the length of a CancelRequest, which has no answer, and the
// capture does not have what it says.
func (m *Summary) maybeCancel() bool {
	const cancelRequestLen = 16 // PostgreSQL protocol-message-formats
	unread := m.Truncated && m.Payload[client] == cancelRequestLen || m.Payload[client] < cancelRequestLen && m.Received == cancelRequestLen
	return unread && m.Payload[server] == 0
}

// probedInVain is the side whose keep-alives nobody answers, -1 when there is none. One may be lost by chance.
func (m *Summary) probedInVain() int {
	for d, n := range m.Probes {
		if n >= 3 {
			return d
		}
	}
	return -1
}

func (m *Summary) begunOrWorked() bool { return m.worked() || !m.begun() }

// firstResetEnds: the foreign reset is what ended the session, not a straggler after a normal end.
func (m *Summary) firstResetEnds() bool {
	_, reset, _, _ := m.ended()
	return reset && (m.Established > 0 || !m.begun())
}

// fullSizeLost reports whether only large segments of a side get lost.
func (m *Summary) fullSizeLost(d int) bool {
	if t := &m.Tail[d]; m.lost(d) && t.len >= fullSize && t.len > m.BiggestAcked[d] {
		return true
	}
	return m.Hole[d] >= fullSize && m.Tail[d].times == 0 && m.waited(m.LastDataTime[d]) > answerWait && !m.worked()
}

// neverArrived reports whether a hole in what a side sent was never filled, seen from the receiving end.
func (m *Summary) neverArrived(d int) bool {
	seen := max(m.LastDataTime[d], m.FINTime[d])
	leftBefore := m.FINTime[1-d] > 0 && m.FINTime[1-d] < seen || m.RST[1-d] > 0 && m.RSTTime[1-d] < seen // nobody waits for it any more
	return m.Hole[d] > 0 && !leftBefore && !m.worked() && m.waited(seen) > answerWait
}
