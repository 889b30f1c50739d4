package capture

import (
	"fmt"
)

// openRows are about the opening of TCP: whether SYN and SYN-ACK arrive, and who answers.
var openRows = []Row{
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
			return !m.begun() && m.ICMP == nil && !m.lostUnderWay(client) && !m.lostUnderWay(server) &&
				(m.Packets[client] == 0 || m.Packets[server] == 0 || m.over() && m.Payload[client]+m.Payload[server] == 0 && m.Pause < idleAfter && m.probedInVain() < 0)
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
		Wrong:   "a firewall that rejects with RST copies the server's TTL, or stands on the server itself",
		When:    func(m *Summary) bool { return m.RSTReply },
		Judge: func(m *Summary) (Confidence, string, []int64) {
			e := []int64{m.SYNFrames[0], m.RST[server]}
			if m.RSTLike[server] != "" {
				return High, "the server itself resets the SYN, so nothing listens on the port, or its own firewall rejects: " + m.RSTLike[server], e
			}
			if m.RSTLeaves {
				return Medium, "the SYN is reset by the very machine on which the capture was taken: where that is not the server, it is the firewall that rejects", e
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
			return m.SYN == 1 && m.SYNACK == 0 && m.Packets[server] == 0 && m.waited(m.Start) < answerWait
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Low, fmt.Sprintf("the session or the capture ends %s after the SYN, before an answer was due", seconds(m.waited(m.Start))), []int64{m.SYNFrames[0]}
		},
	},
	{
		Verdict: SYNDropped,
		Rule:    "SYN, repeated or alone, and nothing comes back",
		Source:  "RFC 9293 section 3.10.7.4: every host answers a SYN with SYN-ACK or RST; silence is the network's",
		Wrong:   "the address is dead, or the capture misses the way back",
		When: func(m *Summary) bool {
			return m.SYN > 0 && m.SYNACK == 0 && m.Packets[server] == 0 && !m.Challenged && m.Established == 0
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			c, more := Medium, ""
			if m.SYN == 1 && m.waited(m.Start) > 2*silence {
				c, more = Low, "; it is not even repeated: the client asks no more, or the answer is not in the capture"
			}
			if m.vantage() == server {
				more += "; they arrive here, at the server itself: its own packet filter drops them, or the answers are not in the capture"
			}
			if m.SYN > 2 || m.SYN == 2 && m.waited(m.Start+m.SYNSpan) > answerWait { // two had the time to be answered
				c = High
			}
			syns, sent, waited := plural(m.SYN, "SYN", "SYNs"), seconds(m.SYNSpan), seconds(m.waited(m.Start))
			if m.SYN > 1 && sent != waited {
				syns += " within " + sent
			}
			return c, syns + " and no answer of any kind within " + waited + more, m.SYNFrames[:]
		},
	},
	{
		Verdict: SYNACKLost,
		Rule:    "each SYN is answered by an ACK for an older connection of these ports, which the server still holds, and the client never resets that",
		Source:  "RFC 9293 section 3.10.7.4, RFC 5961 section 4.2; stateful firewalls drop such ACKs as invalid",
		Wrong:   "the client's reset was lost from the capture",
		When: func(m *Summary) bool {
			return m.Challenged && m.SYN > 1 && m.SYNACK == 0 && m.Packets[client] == m.SYN && m.waited(m.Start+m.SYNSpan) > answerWait
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			return Medium, fmt.Sprintf("%s within %s, answered only for an older connection with these ports that the server still holds: what it sends does not reach the client, or the client's reset does not reach it",
				plural(m.SYN, "SYN", "SYNs"), seconds(m.SYNSpan)), m.SYNFrames[:]
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
			return m.SYNACK > 0 && m.RST[client] > 0 && m.Payload[client] == 0 && m.Payload[server] == 0 && m.FIN[server] == 0 && (m.RSTForeign[client] == "" || m.Scan && m.Packets[client] == m.SYN+1)
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
			gaveUp := m.SYNACK > 1 && m.RST[server] > m.SYNACKFrame[1] && m.RSTForeign[server] == ""
			return m.Established == 0 && m.SYNACK > 0 && m.Packets[client] == m.SYN && (m.RST[server] == 0 || gaveUp) &&
				(m.SYNACK > 1 || m.SYNFrames[1] > m.SYNACKFrame[0]) && (m.SYN > 0 || m.SYNACKSpan > answerWait)
		},
		Judge: func(m *Summary) (Confidence, string, []int64) {
			c := Medium
			if m.SYN > 0 && (m.SYNACK > 2 || m.SYNACK == 2 && m.waited(m.LastTime[server]) > answerWait) { // two had the time to be acknowledged
				c = High
			}
			sent := plural(m.SYNACK, "SYN-ACK", "SYN-ACKs")
			if m.SYN > 0 {
				sent = plural(m.SYN, "SYN", "SYNs") + ", " + sent
			}
			said := ""
			if m.ICMP != nil {
				said = fmt.Sprintf("; %s says ICMP %q", m.ICMP.Sender, m.ICMP.Name)
			}
			return c, sent + ", and never the client's ACK: the way back to the client is blocked" + said,
				[]int64{m.SYNFrames[0], m.SYNACKFrame[0], m.SYNFrames[1], m.SYNACKFrame[1], m.RST[server]}
		},
	},
}
