package capture

import (
	"fmt"

	"cbdoctor/capture/tlswire"
)

// Summary is what is known of a session when it is judged: plain values, so that deciding is pure. Times are nanoseconds,
// frames are numbers from 1 and 0 means "none". Fields in pairs are indexed by direction: client 0, server 1.
type Summary struct {
	Start, End  int64   // first and last packet
	Rest        int64   // how long the capture went on after the session's last packet
	CaptureEnd  bool    // judged because the capture ended, not because the session did
	Truncated   bool    // the snap length cut payload
	Missed      bool    // the capture missed packets
	MissedOf    [2]bool // the same, of each side
	FirstFrame  int64
	LastFrame   int64
	Packets     [2]int64
	Payload     [2]int64
	SYN, SYNACK int64
	SYNFrames   [2]int64 // first and last SYN
	SYNSpan     int64    // between the first and the last SYN
	Scan        bool     // the SYN is one that a scanner makes
	SYNACKFrame [2]int64
	SYNACKSpan  int64 // between the first and the last SYN-ACK
	ServerAfter bool  // the server sent something after its SYN-ACKs
	Established int64
	RTT         int64
	ICMP        *ICMP
	ICMPFirst   bool
	Challenged  bool // the server answered the SYN for an older connection with these ports, which it still holds

	FIN, RST      [2]int64 // frame of the first one
	FINTime       [2]int64
	FINAgain      [2]int64  // how often the side sent its FIN again when the other one said nothing more
	FINLast       [2]int64  // frame of the last one
	FINForeign    [2]string // why the FIN was not sent by the host it names; empty when nothing says so
	FINAnswers    [2]bool   // the side's FIN acknowledges the other's: it came second, whatever the order in the capture, or what it lost
	Received      int64     // bytes of the client that the server's FIN acknowledges, in the capture or not
	RSTTime       [2]int64
	RSTReply      bool      // the server's reset answers the SYN
	RSTLeaves     bool      // the capturing host itself sent that
	RSTForeign    [2]string // why the reset was not sent by the host it names; empty when nothing says so
	RSTWeak       [2]bool   // what says so is the MAC address, the IP id or the time: likely, no proof
	RSTLike       [2]string // why it looks like the host's own, e.g. "same TTL 64 as its other packets"
	AfterRST      [2]int64  // packets the side sent after its own reset
	Acks          [2]int64
	AckMoves      [2]bool  // the side acknowledged more as time went on
	TTL           [2]uint8 // of the side's packets here, resets aside; 0 when there is none, or several
	FragNeeded    int64    // frame of an ICMP "fragmentation needed" or "packet too big" about the session
	AckOfMissing  bool     // one side acknowledges what the capture does not have
	Retransmitted [2]int64
	Recovered     bool // SYN or handshake data had to be sent again, and arrived
	Tail          [2]tail
	Hole          [2]int64 // bytes that never arrived although later ones did
	HoleFrame     [2]int64
	HoleTold      [2]bool // the other side has spoken since, and did not acknowledge them
	BiggestAcked  [2]int32
	Biggest       [2]int32 // payload of a segment
	MSS           int32
	ZeroWindow    [2]int64 // how long the window had been zero at the end
	ZeroFrame     [2]int64
	Pause         int64 // longest pause
	PauseFrame    int64 // frame that ended it
	PauseSide     int
	AfterPause    [2]segment // the first payload of each side since
	Probes        [2]int64   // keep-alives of the side that nobody answered, at the end
	ProbeFrame    [2]int64
	ProbeIdle     [2]int64 // how long the session had rested before them
	LastData      [2]int64 // frame of the last new payload
	LastDataTime  [2]int64
	LastTime      [2]int64 // of the last packet of each side

	SSLRequest, GSSRequest, Cancel, Startup bool
	SSLReply                                byte
	GSS                                     bool   // the server went over to GSSAPI encryption
	GSSPackets                              [2]int // after that
	GSSMost                                 int    // bytes of the server's longest one after its first
	Foreign                                 string
	ForeignTLS                              bool // which went over to TLS at once: a web server may well work
	PGError                                 bool
	SQLState, Message                       string
	AuthAsked, AuthAnswer, Ready, Replicate bool
	Terminate                               bool
	TLS                                     bool // both sides went over to TLS
	TLSVersion                              uint16
	Skew                                    int64 // between the clocks of both sides as their hellos tell the time, seconds; 0 when they do not
	NotTLS                                  [2]bool
	ServerHello                             bool
	TLSBegun                                bool           // there was a TLS record
	Alert                                   *tlswire.Alert // the first fatal one in clear text
	OpenedAlert                             *tlswire.Alert // the first one that a key log opened, close_notify aside
	Opened                                  bool           // a key log opened what was said inside TLS: the fields of PostgreSQL are about that
	TLSDone                                 bool           // the handshake finished, as far as can be seen
	TLSGap                                  bool
	OnlyHello                               bool // of the client, nothing but its ClientHello
	TLSCut                                  bool // records of TLS were told by their size alone: the snap length cut their headers off
	AppData                                 [2]int64
	Flow                                    flow
	EmptyCert                               bool

	shown [4]int64 // see show
}

// show is evidence that needs no memory: nearly all sessions of a capture are well, and few of those are listed. It is valid until the
// next is asked for.
func (m *Summary) show(frames ...int64) []int64 { return append(m.shown[:0], frames...) }

// summarise boils a session down into m. end is the time of the capture's last packet so far, final whether it is the last one.
func (s *session) summarise(m *Summary, end int64, final bool) {
	c, v := &s.sides[client], &s.sides[server]
	*m = Summary{} // and then field by field: see tuple.set
	m.Start, m.End, m.Rest, m.CaptureEnd, m.Truncated = s.first, s.last, end-s.last, final && !s.closed, s.cutShort
	m.MissedOf[client], m.MissedOf[server] = c.missed(), v.missed()
	m.Missed = m.MissedOf[client] || m.MissedOf[server]
	m.FirstFrame, m.LastFrame = s.firstFrame, s.lastFrame
	m.SYN, m.SYNFrames[0], m.SYNFrames[1], m.SYNSpan, m.Scan = c.syn, c.synFrame, c.synLast, c.synLastTime-c.synTime, c.synBare
	m.SYNACK, m.SYNACKFrame[0], m.SYNACKFrame[1], m.SYNACKSpan = s.synAcks(), v.synFrame, v.synLast, v.synLastTime-v.synTime
	m.ServerAfter, m.Established = v.packets > v.syn+v.rst, s.established
	m.RTT, m.ICMP, m.ICMPFirst, m.Challenged, m.FragNeeded = max(s.synAckAfterSYN, s.ackAfterSYNACK), s.icmp, s.icmpFirst, s.challenged, s.fragNeeded
	m.RSTLeaves = v.rstLeaves
	m.RSTReply = v.rst > 0 && c.syn > 0 && (v.syn == 0 && v.packets == v.rst || s.established == 0 && v.rstFrame < v.synFrame)
	m.AfterPause, m.Pause, m.PauseFrame, m.PauseSide = s.afterPause, s.longestIdle, s.idleBefore, s.pauseSide
	m.MSS = int32(minMSS(c.mss, v.mss))
	for d := range s.sides {
		a, b := &s.sides[d], &s.sides[1-d]
		m.Packets[d], m.Payload[d] = a.packets, a.payload
		m.FIN[d], m.RST[d], m.FINTime[d], m.RSTTime[d] = a.finFrame, a.rstFrame, a.finTime, a.rstTime
		switch {
		case a.fin > 0 && b.fin > 0:
			m.FINAnswers[d] = a.finAck == b.finSeq+1 && b.finAck != a.finSeq+1
		case a.fin > 0:
			m.FINAnswers[d] = b.hasNext && a.finAck == b.next+1
		}
		if a.fin > 1 && b.lastTime < a.finTime && (!a.hasAcked || seqLess(a.acked, a.finSeq+1)) {
			m.FINAgain[d], m.FINLast[d] = a.fin-1, a.finLast
		}
		m.AfterRST[d], m.Acks[d], m.AckMoves[d] = a.afterRST, a.acks, a.ackMoved
		if a.hasTTL && a.ttlMin == a.ttlMax {
			m.TTL[d] = a.ttl
		}
		m.Retransmitted[d] = a.retrans
		m.Probes[d], m.ProbeFrame[d], m.ProbeIdle[d] = a.probes, a.probeFrame, a.probeIdle
		m.BiggestAcked[d], m.Biggest[d] = a.biggestAcked, a.biggest
		m.LastData[d], m.LastDataTime[d], m.LastTime[d] = a.lastData, a.lastDataTime, a.lastTime
		if a.tail.times > 0 && (!a.hasAcked || seqLess(a.acked, a.tail.seq+uint32(a.tail.len))) {
			m.Tail[d] = a.tail
		}
		if len(a.order.held) > 0 && (!a.hasAcked || !seqLess(a.order.next, a.acked)) {
			m.Hole[d], m.HoleFrame[d] = int64(int32(a.order.held[0].seq-a.order.next)), a.order.held[0].frame
			m.HoleTold[d] = a.order.denied
		} else if a.fin > 0 && a.order.started && seqLess(a.order.next, a.finSeq) && (!a.hasAcked || !seqLess(a.order.next, a.acked)) {
			m.Hole[d], m.HoleFrame[d] = int64(int32(a.finSeq-a.order.next)), a.finFrame
		}
		if a.zeroWindow > 0 {
			m.ZeroWindow[d], m.ZeroFrame[d] = max(s.last, end*boolInt(final))-a.zeroWindow, a.zeroFrame
		}
		m.RSTForeign[d], m.RSTLike[d], m.RSTWeak[d] = s.judgeReset(a, b)
		m.FINForeign[d] = a.judgeFIN()
		if a.packets == 0 && b.acks > 0 && a.hasAcked {
			m.AckOfMissing = true
		}
	}
	if v.fin > 0 && c.hasISN {
		m.Received = int64(int32(v.finAck - c.isn - 1))
	}
	m.Recovered = c.syn > 1 && s.established > 0 || v.syn > 1 && v.synLast < s.established || c.handshakeRetrans+v.handshakeRetrans > 0
	if w := s.wire; w != nil {
		w.summarise(m)
	}
}

// synAcks is how often the server sent its SYN-ACK. Those that come at once and alike were captured several times, or sent so fast: the
// former as often as the SYN.
func (s *session) synAcks() int64 {
	if more := s.sides[server].synCopies - s.sides[client].synCopies; more > 1 {
		return s.sides[server].syn + more
	}
	return s.sides[server].syn
}

// missed reports whether the other side acknowledged bytes that are not in the capture. One byte more than what was sent is a FIN
// that the capture lost, which says nothing.
func (a *side) missed() bool {
	if a.order.lost > 0 || !a.hasAcked || !a.order.started || a.packets == 0 {
		return a.order.lost > 0
	}
	unseen := int32(a.acked - a.order.next)
	if a.fin > 0 && !seqLess(a.finSeq, a.acked) {
		return unseen > 0
	}
	return unseen > 1 && (a.fin == 0 || int32(a.finSeq-a.order.next) > 0)
}

func minMSS(a, b uint16) uint16 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (w *wire) summarise(m *Summary) {
	p, t, login := &w.pg, &w.tls, w.login()
	m.SSLRequest, m.GSSRequest, m.Cancel, m.SSLReply, m.Foreign = p.SSLRequest, p.GSSRequest, p.Cancel || login.Cancel, p.SSLReply, p.Foreign
	m.GSS, m.GSSPackets, m.GSSMost = p.GSS, [2]int{p.GSSClient, p.GSSServer}, p.GSSMost
	m.Opened = w.opened
	m.Startup, m.AuthAsked, m.AuthAnswer, m.Ready, m.Replicate, m.Terminate = login.Startup, login.AuthAsked, login.AuthAnswer, login.Ready, login.Replication, login.Terminate
	if login.Error != nil {
		m.PGError, m.SQLState, m.Message = true, login.Error.SQLState, login.Error.Message
	}
	m.TLS, m.TLSVersion, m.NotTLS = p.TLS, t.Version, t.NotTLS
	if read := t.ClientRandom != [32]byte{}; p.Direct && m.Foreign == "" && read && t.ALPN != "postgresql" {
		m.Foreign, m.ForeignTLS = "TLS without SSLRequest", true
	}
	m.Skew = t.Skew(m.Start / 1e9)
	m.TLSBegun = t.Total > 0
	m.ServerHello = t.Last[tlswire.Server] != 0
	m.Alert, m.OpenedAlert = firstAlert(&t.Alerts, t.HasAlert), firstAlert(&t.OpenedAlerts, t.HasOpenedAlert)
	m.TLSGap = t.Gaps[0] || t.Gaps[1]
	m.TLSCut = t.Guessed[0] || t.Guessed[1]
	m.OnlyHello = t.Last[client] == tlswire.ClientHello && !t.Guessed[client] && t.AppData[client] == 0
	m.AppData = t.AppData
	m.Flow = *w.flow()
	m.EmptyCert = m.Flow.emptyCert
	m.Cancel = m.Cancel || m.Flow.cancels && m.Flow.serverCount == 0 && m.Flow.clientMore == 0 // as clients of PostgreSQL 17 do
	if t.Version >= 0x0304 {
		m.TLSDone = m.Flow.clientDone
	} else {
		m.TLSDone = t.Finished[0] && t.Finished[1] || m.TLSCut && t.Version != 0 && t.AppData[client] > 0
	}
}

// firstAlert is the earlier alert of both sides that is no close_notify.
func firstAlert(alerts *[2]tlswire.Alert, has [2]bool) (first *tlswire.Alert) {
	for d := range alerts {
		if a := &alerts[d]; has[d] && a.Code != 0 && (first == nil || a.Frame < first.Frame) {
			alert := *a
			first = &alert
		}
	}
	return first
}

// resetUnknown reports whether a side's reset could not be compared with anything that its named sender sent in the session.
func (m *Summary) resetUnknown(d int) bool {
	return m.RST[d] > 0 && m.RSTForeign[d] == "" && m.RSTLike[d] == ""
}

// judgeReset compares a reset with what its named sender sends otherwise in this session. Other traffic of the host is
// compared when the capture has been read whole: see tracker.compareResets.
func (s *session) judgeReset(a, _ *side) (foreign, like string, weak bool) {
	differs, _ := tellsApart(a.rstTTL, a.ttlMin, a.ttlMax)
	switch {
	case a.rst == 0 || !a.hasTTL || chosen(a.rstTTL, a.ttlMin, a.ttlMax):
		return "", "", false
	case differs:
		// Of a server that has only answered the SYN, that answer may be another's: SYN cookies of a firewall, a load balancer, which are nearer.
		answered := a.packets == a.syn+a.rst && farther(a.rstTTL, a.ttlMin)
		return ttlDiffers("reset", a.rstTTL, a.ttlMin, a.ttlMax, ofSession), "", a.ttlMin != a.ttlMax || answered
	case a.rstLeaves && a.arrives:
		return sentHere(ofSession), "", false
	case a.afterRST >= 2:
		return "its named sender went on as if it had sent none", "", false
	case a.rstBefore:
		return "its sequence number lies before the connection's first", "", false
	case a.rstBeyond > 0 && a.rstVaries && !a.missed() && (!a.hasAcked || seqLess(a.acked, a.rstUpTo)):
		return fmt.Sprintf("its sequence number is %d beyond what its named sender has sent", a.rstBeyond), "", true
	case a.idSteps >= idSteady && a.idJumps == 0 && a.rstID != 0 && !idFollows(a.lastID, a.rstID):
		return fmt.Sprintf("the IP id %d of the reset does not follow %d, the id of the packet before it, as all others do", a.rstID, a.lastID), "", true
	}
	if a.ttlMin != a.ttlMax {
		return "", "", false
	}
	return "", ttlSame(a.rstTTL, ofSession), false
}

// judgeFIN compares a side's FIN with what it sends otherwise in this session.
func (a *side) judgeFIN() string {
	differs, _ := tellsApart(a.finTTL, a.ttlMin, a.ttlMax)
	switch {
	case a.fin == 0 || !a.hasTTL:
	case differs:
		return ttlDiffers("FIN", a.finTTL, a.ttlMin, a.ttlMax, ofSession)
	case a.hasNext && seqLess(a.finSeq, a.next):
		return "the named sender of the FIN went on as if it had sent none"
	case a.idSteps >= idSteady && a.idJumps == 0 && a.finID != 0 && !idFollows(a.lastID, a.finID) && !idFollows(a.finID, a.lastID):
		return fmt.Sprintf("the IP id %d of the FIN does not follow %d, as all others do", a.finID, a.lastID)
	}
	return ""
}
