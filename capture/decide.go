package capture

import (
	"fmt"
	"strconv"
	"time"
)

// Row is one line of the decision table: the first row whose When holds gives the verdict.
type Row struct {
	Verdict Verdict
	Rule    string // what the packets show
	Source  string // where that meaning comes from
	Wrong   string // what would make the verdict wrong
	When    func(m *Summary) bool
	// Judge gives the confidence, the reason and the frames that show it.
	Judge func(m *Summary) (Confidence, string, []int64)
	// Closes says that the verdict rests on who closed the session.
	Closes bool
}

// judge is Judge, in doubt where the verdict rests on a FIN that its named sender did not send.
func (r *Row) judge(m *Summary) (Confidence, string, []int64) {
	confidence, reason, evidence := r.Judge(m)
	if !r.Closes {
		return confidence, reason, evidence
	}
	if side, reset, _, _ := m.ended(); side >= 0 && !reset && m.FINForeign[side] != "" {
		return Low, reason + "; but " + m.FINForeign[side] + ": a device on the way may have closed it in the name of the " + sideName(side), evidence
	}
	return confidence, reason, evidence
}

// Patience says how long silence must last before it means something.
const (
	// answerWait: Linux repeats a SYN after 1 s (RFC 6298 section 2); an answer that takes longer is none.
	answerWait = int64(time.Second)
	// silence: three times the shortest wait of libpq's connect_timeout (2 s, fe-connect.c) would be 6 s; CMS uses 4 s.
	silence = int64(3 * time.Second)
	// recent: a server that sent something so short a time before the client gave up was still making progress.
	recent = int64(1500 * time.Millisecond)
	// fullSize: payload from which a segment can fail for its size. An IPv6 path must carry 1,280 bytes (RFC 8200
	// section 5), which leaves 1,220 for TCP; tunnels on IPv4 paths are hardly ever narrower than 1,000.
	fullSize = 1000
)

// Decide is the verdict about a session.
func Decide(m *Summary) (Verdict, Confidence, string, []int64) {
	r := rowOf(m)
	confidence, reason, evidence := r.judge(m)
	return r.Verdict, confidence, reason, frames(evidence)
}

// rowOf is the first row of the table that holds.
func rowOf(m *Summary) *Row {
	for i := range Table {
		if r := &Table[i]; r.When(m) {
			return r
		}
	}
	return &undecided
}

// undecided is what no row of the table holds for.
var undecided = Row{
	Verdict: Open,
	Judge: func(m *Summary) (Confidence, string, []int64) {
		reason := "nothing wrong so far"
		if m.Established > 0 && m.Payload[client]+m.Payload[server] == 0 {
			reason = fmt.Sprintf("TCP opened, and nothing was said in the %s that the capture goes on", seconds(m.Rest))
		}
		return Low, reason, []int64{m.FirstFrame, m.LastFrame}
	},
}

// elsewhere says what a capture at the other end would tell of a verdict that one capture can't settle.
var elsewhere = map[Verdict]string{
	SYNDropped:        "whether the SYNs arrive there, and whether they are answered",
	SYNACKLost:        "whether the SYN-ACKs arrive there",
	Refused:           "whether the SYN arrives there, or a device on the way refuses it",
	ResetByServer:     "whether the reset was sent there",
	ResetByClient:     "whether the reset was sent there",
	BlackholeAfterTCP: "in which direction packets are lost",
	MTUBlackhole:      "which packets arrive there",
	ServerSilent:      "whether the server answers and its answers are lost",
	TLSStalled:        "whether the missing message was sent, or arrived",
	ClosedEarly:       "whether the close was sent there",
	IdleDrop:          "whether the packet after the pause arrives there",
}

// next is the end at which a capture would settle what this one can't, and what it would tell; -1 when there is no question.
func (m *Summary) next(v Verdict, c Confidence) (side int, question string) {
	question = elsewhere[v]
	here := m.vantage()
	switch {
	case question == "",
		v == Refused && c == High,
		(v == SYNDropped || v == ServerSilent) && here == server,
		(v == ResetByServer || v == ClosedEarly) && here == server,
		v == ResetByClient && here == client:
		return -1, ""
	case v == SYNACKLost && m.Challenged && here == client:
		return server, "whether the client's resets arrive there"
	case here == server, v == SYNACKLost, here < 0 && v == ResetByClient:
		return client, question
	}
	return server, question
}

// vantage is the end at which the capture was taken, -1 when that can't be told: only at a host itself, or before the first
// router, its packets still have the TTL that systems begin with.
func (m *Summary) vantage() int {
	own := func(ttl uint8) bool { return ttl == 64 || ttl == 128 || ttl == 255 }
	switch c, v := m.TTL[client], m.TTL[server]; {
	case own(c) && !own(v):
		return client
	case own(v) && !own(c):
		return server
	}
	return -1
}

// frames drops zeros and repeats, in order.
func frames(list []int64) []int64 {
	out := make([]int64, 0, len(list))
	for _, f := range list {
		seen := f == 0
		for _, o := range out {
			seen = seen || o == f
		}
		if !seen {
			out = append(out, f)
		}
	}
	return out
}

func seconds(ns int64) string { return strconv.FormatFloat(float64(ns)/1e9, 'f', 1, 64) + " s" }

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// ended reports how a session ended: the side that first sent FIN or RST, and when.
func (m *Summary) ended() (side int, reset bool, at int64, frame int64) {
	side = -1
	for d := range m.FIN {
		first := d
		if m.FINAnswers[d] {
			first = 1 - d // the other's FIN, which the capture may have lost
		}
		if m.FIN[d] > 0 && (first == d || m.FIN[first] == 0) && (side < 0 || m.FINTime[d] < at) {
			side, reset, at, frame = first, false, m.FINTime[d], m.FIN[d]
		}
		if m.RST[d] > 0 && (side < 0 || m.RSTTime[d] < at) && !m.disbelieved(d) {
			side, reset, at, frame = d, true, m.RSTTime[d], m.RST[d]
		}
	}
	return side, reset, at, frame
}

// disbelieved reports whether a side's reset ended nothing, as one with a sequence number outside the window (RFC 5961 section 3): both sides
// closed in an orderly way after it.
func (m *Summary) disbelieved(d int) bool {
	return m.AfterRST[d] > 0 && m.FIN[client] > m.RST[d] && m.FIN[server] > m.RST[d]
}

func (m *Summary) over() bool { side, _, _, _ := m.ended(); return side >= 0 }

// waited is how long after t the session had time to go on: to its end, or to the capture's.
func (m *Summary) waited(t int64) int64 {
	if m.over() {
		return m.End - t
	}
	return m.End + m.Rest - t
}

// lost reports whether payload of a side was sent again and never acknowledged, for long enough to mean something.
func (m *Summary) lost(d int) bool {
	t := &m.Tail[d]
	return t.times >= 2 || t.times >= 1 && m.waited(t.started) > answerWait
}

// worked reports whether the session was seen to work: answers beyond the handshake.
func (m *Summary) worked() bool {
	if m.Opened {
		return m.Ready
	}
	if m.TLS {
		if m.TLSGap || m.TLSVersion == 0 {
			least := [2]int64{2, 2}
			if m.begun() && m.TLSVersion >= 0x0304 { // here the handshake's own records are among them
				least = [2]int64{handshake13Client + 2, handshake13Server + 1}
			}
			return m.AppData[client] >= least[client] && m.AppData[server] >= least[server]
		}
		tooLate := m.FIN[client] > 0 && m.FIN[client] < m.Flow.firstAnswer // the client had given up before the answer came
		return m.TLSDone && m.Flow.serverCount > 0 && (m.Flow.clientMore > 0 && !m.Flow.authAsked || m.Flow.most() > errorSize && !tooLate)
	}
	if m.GSS { // a token of each, the StartupMessage and its answer: more of the client, or a long answer, shows that it was no error
		c, v := m.GSSPackets[client], m.GSSPackets[server]
		return c >= 4 && v >= 3 || c >= 3 && v >= 2 && m.GSSMost > errorSize
	}
	return m.Ready || !m.begun() && !m.SSLRequest && m.Payload[client] > 0 && m.Payload[server] > 0
}

// What the handshake of TLS 1.3 has of sealed records, at most: Certificate, CertificateVerify and Finished of the client, and
// EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify and Finished of the server (RFC 8446 section 2).
const (
	handshake13Client = 3
	handshake13Server = 5
)

// errorSize is the largest answer that is taken for an ErrorResponse: measured 125 to 185 bytes, with DETAIL and HINT some
// more; the parameters and ReadyForQuery of a session that works have 400 and more.
const errorSize = 330

// begun reports whether the session's start was captured.
func (m *Summary) begun() bool { return m.SYN > 0 || m.SYNACK > 0 }
