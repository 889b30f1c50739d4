package capture

import (
	"fmt"

	"cbdoctor/capture/tlswire"
)

// reachedRows are about how far a session got that nothing stopped on the way.
var reachedRows = []Row{
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
			if m.TLS && !m.Opened { // told by its length
				return Medium, "a CancelRequest was delivered", []int64{m.Flow.requestFrame}
			}
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
		Rule:    "TLS 1.3: after the client's flight the server sends one record of an alert's size, which ends the connection, without an answer to the startup message",
		Source:  "RFC 8446 section 4.4.2.4: the server judges the client's certificate after the client thinks it is done; section 6: alerts end the connection",
		Wrong:   "the server closed TLS for another reason, e.g. it was stopped at that moment",
		When: func(m *Summary) bool {
			return m.TLS && m.TLSVersion >= 0x0304 && m.Flow.clientDone && m.Flow.serverCount == 0 && m.Flow.serverAlert && m.Flow.clientLeft == 0 && !m.MissedOf[server]
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			what := "the client's certificate was rejected"
			if m.EmptyCert {
				what = "the client sent no certificate, and one is required"
			}
			if a := m.OpenedAlert; a != nil && a.Side == tlswire.Server {
				return High, fmt.Sprintf("TLS 1.3: after the client's flight the server sends alert %d %s, read with the key log: %s", a.Code, tlswire.AlertName(a.Code), what), []int64{a.Frame, m.LastFrame}
			}
			return Medium, m.bySize(fmt.Sprintf("TLS 1.3: after the client's flight the server sends one encrypted record of an alert's size (%d bytes) and ends: %s", m.Flow.alertSize, what)), []int64{m.Flow.alertFrame, m.LastFrame}
		},
	},
	{
		Verdict: OK,
		Rule:    "GSSENCRequest and G, and after the tokens packets go both ways as in a session that works",
		Source:  "PostgreSQL protocol-flow, GSSAPI session encryption; sizes measured, see errorSize",
		Wrong:   "a login of many rounds that is refused in the end",
		When:    func(m *Summary) bool { return m.GSS && m.worked() },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Medium, fmt.Sprintf("GSSAPI encryption: %d packets of the client and %d of the server, as in a session that works", m.GSSPackets[client], m.GSSPackets[server]),
				[]int64{m.FirstFrame, m.LastData[client], m.LastData[server]}
		},
	},
	{
		Verdict: PGRejectedEncrypted,
		Rule:    "GSSENCRequest and G, a token of each side, the StartupMessage and a short answer, and the connection ends",
		Source:  "PostgreSQL protocol-flow, GSSAPI session encryption; sizes measured, see errorSize",
		Wrong:   "the login took two rounds and failed",
		When: func(m *Summary) bool {
			return m.GSS && m.over() && m.GSSPackets == [2]int{2, 2} && m.GSSMost <= errorSize && !m.Missed
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Medium, fmt.Sprintf("inside GSSAPI encryption the server answers the startup message with %d bytes, the size of an error, and the session ends without a query", m.GSSMost), []int64{m.LastData[client], m.LastData[server], m.LastFrame}
		},
	},
	{
		Verdict: PGRejectedEncrypted,
		Rule:    "TLS finishes, the server answers the startup message, and the connection ends without the client sending any further message but a password",
		Source:  "PostgreSQL protocol-flow: ErrorResponse and close; sizes measured, see errorSize",
		Wrong:   "the client was killed right after it connected",
		When: func(m *Summary) bool {
			if m.Opened {
				return m.PGError && !m.Ready
			}
			return m.TLS && m.TLSDone && !m.Missed && m.Flow.serverCount > 0 && (m.Flow.clientMore > 0) == m.Flow.authAsked && m.Flow.clientFirst > 0 && m.Flow.most() <= errorSize && m.over()
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			if m.Opened {
				return High, fmt.Sprintf("inside TLS, read with the key log, the server answers %s: %s", m.SQLState, m.Message), []int64{m.Flow.requestFrame, m.Flow.firstAnswer, m.LastFrame}
			}
			if m.Flow.authAsked {
				return Medium, "inside TLS the server asks for a password, and its answers to that have the size of an error: the password is refused", []int64{m.Flow.requestFrame, m.Flow.firstAnswer, m.LastFrame}
			}
			return Medium, m.bySize(fmt.Sprintf("inside TLS the server answers the startup message with %d bytes, the size of an error, and the session ends without a query", m.Flow.most())), []int64{m.Flow.requestFrame, m.Flow.firstAnswer, m.LastFrame}
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
		When: func(m *Summary) bool {
			return !m.begun() && m.Packets[client] > 0 && m.Packets[server] > 0 && !(m.SSLRequest && m.over() && !m.worked())
		},
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
			syns, again := plural(m.SYN, "SYN", "SYNs"), m.Retransmitted[client]+m.Retransmitted[server]
			reason := "the session works, after " + syns
			if again > 0 {
				reason = fmt.Sprintf("the session works, after %s and %s of handshake data", syns, plural(again, "retransmission", "retransmissions"))
			}
			return High, reason,
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
			if m.TLSGap || m.TLSCut {
				c = Medium
			}
			return c, "TLS handshake finished and application data both ways", m.show(m.FirstFrame, m.LastData[client], m.LastData[server])
		},
	},
}
