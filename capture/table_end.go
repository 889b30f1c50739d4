package capture

import (
	"fmt"

	"cbdoctor/capture/tlswire"
)

// endRows are about sessions that ended before they were ready, without a word why.
var endRows = []Row{
	{
		Verdict: ClosedEarly,
		Closes:  true,
		Rule:    "the server closes (FIN) before it answered the first message",
		Source:  "PostgreSQL protocol-flow: every request has an answer",
		Wrong:   "a proxy without a backend closed in its place",
		When: func(m *Summary) bool {
			side, reset, _, _ := m.ended()
			return side == server && !reset && m.Payload[server] == 0 && !m.Missed && !m.maybeCancel() && !m.mute()
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return High, "the server closes the connection before it answers anything", []int64{m.LastData[client], m.FIN[server]}
		},
	},
	{
		Verdict: ClosedByClient,
		Closes:  true,
		Rule:    "the client closes in an orderly way before the session is ready, though every answer came",
		Source:  "libpq closes to ask for a password; monitoring connects and closes",
		Wrong:   "the client crashed",
		When: func(m *Summary) bool {
			side, _, at, _ := m.ended()
			switch {
			case side < 0 || m.Missed:
				return false
			case m.Flow.authAsked && m.Flow.clientMore == 0 && (side == client || m.Flow.clientEnds):
				return true
			case m.mute():
				return true
			}
			return side == client && (m.Payload[client] == 0 || m.AuthAsked && !m.AuthAnswer || !m.TLS && m.SSLReply == 0 && m.Payload[server] > 0 && m.AuthAsked) && at-m.Start < int64(3*silence)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			_, _, _, frame := m.ended()
			what := "without sending anything: a port probe"
			c := High
			switch {
			case m.mute():
				return c, fmt.Sprintf("the client says nothing for %s, and the server closes (authentication_timeout): a port probe", seconds(m.waited(m.Start))), []int64{m.Established, frame}
			case m.AuthAsked:
				what = "when the server asks for a password"
			case m.Flow.authAsked: // by its size
				c, what = Medium, "when the server asks for a password"
			}
			return c, "the client closes " + what, []int64{m.LastData[server], frame}
		},
	},
	{
		Verdict: Open,
		Rule:    "closed, and the contents that would tell why are not in the capture",
		Source:  "tcpdump -s: a snap length cuts packets off",
		Wrong:   "nothing: it is no judgement",
		When: func(m *Summary) bool {
			return m.over() && (m.maybeCancel() || m.Missed || m.unread() || m.TLSGap && m.Payload[server] > 0)
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
		Verdict: BlackholeAfterTCP,
		Rule:    "a side gives up and closes, and not even its FIN, sent again and again, is acknowledged: the path has died",
		Source:  "RFC 9293 section 3.8.1: the host itself acknowledges a FIN, whatever hangs on it",
		Wrong:   "the peer lost power, or forgot the connection and its reset is dropped",
		When: func(m *Summary) bool {
			side, reset, at, _ := m.ended()
			return side >= 0 && !reset && m.Established > 0 && !m.worked() && (m.FINAgain[side] > 1 || m.FINAgain[side] == 1 && m.waited(at) > answerWait)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			side, _, _, frame := m.ended()
			return High, fmt.Sprintf("the %s gives up, and its FIN is sent %d times and never acknowledged: nothing arrives any more, or comes back", sideName(side), m.FINAgain[side]+1),
				[]int64{m.LastData[1-side], frame, m.FINLast[side]}
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
			return (m.Established > 0 || m.SSLRequest) && m.Payload[client] > 0 && m.Payload[server] == 0 && m.Acks[server] > 0 && !(side == server && reset) && m.waited(m.LastDataTime[client]) > 2*answerWait
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
		Verdict: ServerSilent,
		Rule:    "TLS finishes and the server's TCP acknowledges the StartupMessage, but it is never answered",
		Source:  "PostgreSQL protocol-flow: every request has an answer; the backend was forked and hangs",
		Wrong:   "the client's certificate is being looked up somewhere else",
		When: func(m *Summary) bool {
			side, _, _, _ := m.ended()
			return m.TLS && m.TLSDone && !m.Missed && !m.TLSGap && m.Flow.clientFirst > 0 && m.Flow.serverCount == 0 && !m.Flow.serverAlert && side != server && m.waited(m.LastDataTime[server]) > 2*answerWait
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			c := Medium
			if m.vantage() == server {
				c = High
			}
			return c, fmt.Sprintf("TLS is done, the server acknowledges the startup message and says nothing for %s", seconds(m.waited(m.LastDataTime[server]))), []int64{m.Flow.requestFrame, m.LastFrame}
		},
	},
	{
		Verdict: TLSStalled,
		Rule:    "the TLS handshake stops and times out though TCP still acknowledges",
		Source:  "RFC 8446 section 2: every flight has an answer",
		Wrong:   "a long garbage collection or swap on either side",
		When: func(m *Summary) bool {
			side, _, at, _ := m.ended()
			if !m.TLS || m.worked() || m.Missed || side == server {
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
		Closes:  true,
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
			case !m.TLSBegun && side == server && m.SSLReply == 'S' && m.waited(m.LastDataTime[server]) > answerWait:
				reason = fmt.Sprintf("the client does not begin TLS for %s after the server's S, and the server closes", seconds(m.waited(m.LastDataTime[server])))
			case m.Flow.clientLeft > 0 || m.TLSDone && side == client && m.Flow.clientFirst == 0:
				reason = "the client closes when the TLS handshake is done, before its StartupMessage: it does not accept what the server shows, e.g. its name (sslmode=verify-full)"
			case m.Flow.earlyAlert > 0:
				reason += "; the client's last record has the size of an encrypted alert: it may reject the server's certificate"
			}
			if m.TLSCut {
				return Medium, m.bySize(reason), []int64{m.LastData[client], m.LastData[server], frame}
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
			if m.Established == 0 && m.SYNACK > 0 {
				return Medium, "the server resets the connection after its SYN-ACK, before the client's ACK", []int64{m.SYNACKFrame[0], m.RST[server]}
			}
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
		Closes:  true,
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
		Closes:  true,
		Rule:    "the server closes before the session is ready",
		Source:  "PostgreSQL protocol-flow",
		Wrong:   "the reason was lost from the capture",
		When:    func(m *Summary) bool { side, _, _, _ := m.ended(); return side == server },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Medium, "the server closes the connection before the session is ready", []int64{m.FIN[server]}
		},
	},
}
