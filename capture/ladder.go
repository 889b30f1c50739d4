package capture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cbdoctor/capture/packet"
	"cbdoctor/capture/pgwire"
	"cbdoctor/capture/tlswire"
	"cbdoctor/stamp"
)

// Step is one packet of a session as a row of its ladder. Numbers are as Wireshark shows them: relative, and windows scaled.
type Step struct {
	Frame        int64      `json:"frame"`
	Time         stamp.Time `json:"time"`
	FromClient   bool       `json:"from_client"`
	Protocol     string     `json:"protocol"` // "TCP", "PGSQL", "TLSv1.2", "ICMP"
	Length       int        `json:"length"`   // of the frame on the wire, bytes
	Flags        string     `json:"flags"`    // "SYN", "SYN, ACK" ...
	Seq          uint32     `json:"seq"`
	Ack          uint32     `json:"ack"`
	Window       uint32     `json:"window"`
	Payload      int        `json:"payload"`               // bytes of TCP payload
	Meaning      string     `json:"meaning"`               // what the packet says: "SSLRequest", "Client Hello", "retransmission of frame 4"
	Note         string     `json:"note,omitempty"`        // what it means among the others: "the 3rd time, and nothing came back"
	Decisive     bool       `json:"decisive,omitempty"`    // it is evidence of the verdict
	Gap          string     `json:"gap,omitempty"`         // how long nothing came before this packet, from a second on
	GapMatters   bool       `json:"gap_matters,omitempty"` // that silence is what the verdict says
	After        string     `json:"after,omitempty"`       // of the last packet: how long the capture goes on
	AfterMatters bool       `json:"after_matters,omitempty"`
	LeftOut      int        `json:"left_out,omitempty"` // packets between the step before and this one that a short ladder has not
}

// ErrNoSession says that a capture has no session of the number that was asked for.
var ErrNoSession = errors.New("no such session")

// applicationData is how package tlswire names such a record.
const applicationData = "Application Data"

// gapShown is the pause before a packet that a ladder points out, in nanoseconds.
const gapShown = 1e9

// Ladder judges a capture and returns the packets of one session in order.
func Ladder(ctx context.Context, path string, session int, opt Options) ([]Step, *Session, error) {
	opt.AllSessions = true
	r, err := AnalyzeFile(ctx, path, opt)
	if err != nil {
		return nil, nil, err
	}
	return r.Ladder(ctx, path, session, opt)
}

// Ladder reads the capture of the result again and returns the packets of one of its sessions in order.
func (r *Result) Ladder(ctx context.Context, path string, session int, opt Options) ([]Step, *Session, error) {
	i := slices.IndexFunc(r.Sessions, func(s Session) bool { return s.Session == session })
	if i < 0 {
		return nil, nil, fmt.Errorf("%w: %s has sessions 0 to %d, not %d", ErrNoSession, path, len(r.Sessions)-1, session)
	}
	s := &r.Sessions[i]
	opt = opt.with(r.lateSecrets)
	l := newLadder(s, readerOf(opt))
	reading, err := opt.reading()
	if err != nil {
		return nil, nil, err
	}
	reading.Secrets = l.tracker.secrets
	_, err = packet.ReadFile(ctx, path, reading, l.packet)
	l.finish()
	return l.steps, s, err
}

// ladder makes steps of the packets of one session. It holds what following that needs from its first packet on.
type ladder struct {
	session            *Session
	steps              []Step
	follow             *session
	tracker            *tracker
	scale              [2]uint8
	scaled             [2]bool
	isn                [2]uint32
	has                [2]bool
	sent               [2]map[uint32]int64 // first frame of each sequence number with payload
	watch              [2]watched
	last               int64
	longest, longestAt int64 // the longest pause, and the frame that ended it
	says               []string
}

// readerOf is the tracker that the ladders of a capture share: it follows no session, and has what reading their payload needs.
func readerOf(opt Options) *tracker { return newTracker(Options{KeyLog: opt.KeyLog}) }

func newLadder(s *Session, reader *tracker) *ladder {
	return &ladder{session: s, tracker: reader}
}

// forget lets go of what following the session needs, when its last packet is dealt with.
func (l *ladder) forget() {
	if l.follow != nil {
		l.tracker.discard(l.follow)
	}
	l.follow, l.sent = nil, [2]map[uint32]int64{}
}

// secrets takes a key log that stands in the capture.
func (t *tracker) secrets(b []byte) { t.keys.Add(b) }

func (l *ladder) packet(p *packet.Packet) error {
	s := l.session
	if p.Frame > s.end() {
		return packet.ErrStop
	}
	if p.Frame < s.FirstFrame {
		return nil
	}
	switch p.Kind {
	case packet.TCP:
		from, to := endpoint(p.Src.Netip(), p.SrcPort), endpoint(p.Dst.Netip(), p.DstPort)
		switch {
		case from == s.Client && to == s.Server:
			l.tcp(p, client)
		case from == s.Server && to == s.Client:
			l.tcp(p, server)
		}
	case packet.ICMPError:
		if s.ICMP != nil && s.ICMP.Frame == p.Frame {
			l.add(p, Step{Protocol: "ICMP", FromClient: false, Meaning: fmt.Sprintf("%s says: %s", p.Src, s.ICMP.Name)})
		}
	case packet.ARP:
		if l.asks(p) {
			l.add(p, Step{Protocol: "ARP", FromClient: true, Meaning: fmt.Sprintf("who has %s? asks %s", p.Neighbor.Target, p.Neighbor.Sender)})
		}
	}
	return nil
}

// asks reports whether a packet is the question for the address that is the whole of this session.
func (l *ladder) asks(p *packet.Packet) bool {
	s, n := l.session, &p.Neighbor
	return s.Verdict == ARPUnanswered && !n.Reply && endpoint(n.Sender.Netip(), 0) == s.Client && host(s.Server) == bracketed(n.Target.String())
}

func (l *ladder) add(p *packet.Packet, step Step) {
	step.Frame, step.Time, step.Length = p.Frame, stamp.New(nsTime(p.Time), int(p.Digits)), int(p.OrigLen)
	step.Decisive = slices.Contains(l.session.Evidence, p.Frame)
	if l.last > 0 {
		l.gap(&step, p.Time-l.last)
	}
	l.last = p.Time
	l.steps = append(l.steps, step)
}

func (l *ladder) tcp(p *packet.Packet, d int) {
	if l.follow == nil {
		l.follow, l.sent = l.tracker.newSession(), [2]map[uint32]int64{{}, {}}
	}
	if !l.has[d] {
		l.isn[d], l.has[d] = p.Seq, true
		if p.Flags&packet.SYN == 0 {
			l.isn[d]-- // as Wireshark counts a stream whose SYN is missing: its first byte is number 1
		}
	}
	if p.Flags&packet.ACK != 0 && !l.has[1-d] {
		l.isn[1-d], l.has[1-d] = p.Ack-1, true
	}
	if p.Flags&packet.SYN != 0 {
		l.scaled[d] = p.Options.HasWindowScale
		l.scale[d] = p.Options.WindowScale
	}
	step := Step{FromClient: d == client, Protocol: "TCP", Flags: flagNames(p.Flags), Seq: p.Seq - l.isn[d], Payload: p.PayloadLen, Window: uint32(p.Window)}
	if p.Flags&packet.ACK != 0 {
		step.Ack = p.Ack - l.isn[1-d]
	}
	if p.Flags&packet.SYN == 0 && l.scaled[0] && l.scaled[1] {
		step.Window <<= min(l.scale[d], 14) // RFC 7323 section 2.3
	}
	l.says = l.says[:0]
	again := int64(0)
	if p.PayloadLen > 0 {
		if first, seen := l.sent[d][p.Seq]; seen {
			again = first
		} else {
			l.sent[d][p.Seq] = p.Frame
		}
	}
	step.Note = l.note(p, d)
	l.read(p, d)
	w := l.follow.wire
	switch {
	case again > 0:
		step.Meaning = fmt.Sprintf("retransmission of frame %d", again)
		step.Protocol = l.protocol(w, p, d)
	case p.PayloadLen > 0:
		if w != nil && w.opened {
			for i := range l.says {
				l.says[i] = strings.Replace(l.says[i], applicationData, said(&w.inside, d), 1)
			}
		}
		step.Protocol, step.Meaning = l.protocol(w, p, d), strings.Join(l.says, ", ")
		if step.Meaning == "" {
			step.Meaning = l.clear(w, p, d)
		}
	default:
		step.Meaning = l.plain(p, &step)
	}
	l.add(p, step)
}

// read feeds the payload to the same readers as the judgement and gathers what they say.
func (l *ladder) read(p *packet.Packet, d int) {
	me := &l.follow.sides[d]
	if p.Flags&packet.SYN != 0 {
		me.syn++
		me.order.start(p.Seq + 1)
	}
	if p.PayloadLen == 0 {
		return
	}
	w := l.follow.wireFor(l.tracker)
	if w.tls.Message == nil {
		w.tls.Message = func(_ tlswire.Side, _ int64, what string) { l.says = append(l.says, what) }
	}
	me.order.take(p.Seq, p.PayloadLen, p.Payload, p.Frame,
		func(frame int64, b []byte) { l.follow.read(l.tracker, d, frame, b) }, func(frame int64, n int, cut bool) { l.follow.skip(l.tracker, d, frame, n, cut) })
}

func (l *ladder) protocol(w *wire, p *packet.Packet, d int) string {
	if w == nil || p.PayloadLen == 0 {
		return "TCP"
	}
	if !w.pg.TLS && (w.pg.Foreign != "" || w.pg.Lost(d == server)) {
		return "TCP"
	}
	if !w.pg.TLS || w.tls.Total == 0 && len(l.says) == 0 && p.PayloadLen <= 8 {
		return "PGSQL"
	}
	if w.tls.Version == 0 {
		if v := l.session.TLS; v != nil && v.Version != "" {
			return strings.Replace(v.Version, "TLS ", "TLSv", 1)
		}
		return "TLS"
	}
	return strings.Replace(tlswire.VersionName(w.tls.Version), "TLS ", "TLSv", 1)
}

// clear says what clear-text PostgreSQL a packet carries.
func (l *ladder) clear(w *wire, p *packet.Packet, d int) string {
	switch {
	case w == nil, !w.pg.TLS && w.pg.Foreign == "" && w.pg.Lost(d == server):
		return fmt.Sprintf("%d bytes", p.PayloadLen)
	case w.pg.Foreign != "":
		return "speaks " + w.pg.Foreign
	case w.pg.TLS && p.PayloadLen > 1:
		return "part of a TLS record"
	case d == client && w.pg.Cancel:
		return "CancelRequest"
	case d == client && !w.pg.Startup && w.pg.SSLRequest:
		return "SSLRequest"
	case d == client && !w.pg.Startup && w.pg.GSSRequest:
		return "GSSENCRequest"
	case d == server && p.PayloadLen == 1 && w.pg.SSLReply != 0:
		return "SSL reply " + string(rune(w.pg.SSLReply))
	}
	return said(&w.pg, d)
}

// said names the latest message of a side.
func said(c *pgwire.Conn, d int) string {
	switch {
	case d == client && c.Terminate:
		return "Terminate"
	case d == client && c.User != "" && c.Queries == 0 && !c.AuthAnswer:
		return fmt.Sprintf("StartupMessage user=%s database=%s", c.User, c.Database)
	case d == client:
		return "frontend message"
	case c.Error != nil && !c.Ready:
		return fmt.Sprintf("ErrorResponse %s %s", c.Error.SQLState, c.Error.Message)
	}
	return "backend message"
}

// plain describes a packet without payload in Wireshark's words.
func (l *ladder) plain(p *packet.Packet, step *Step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s] Seq=%d", step.Flags, step.Seq)
	if p.Flags&packet.ACK != 0 {
		fmt.Fprintf(&b, " Ack=%d", step.Ack)
	}
	fmt.Fprintf(&b, " Win=%d Len=0", step.Window)
	if p.Flags&packet.SYN != 0 {
		if p.Options.HasMSS {
			fmt.Fprintf(&b, " MSS=%d", p.Options.MSS)
		}
		if p.Options.SACKPermitted {
			b.WriteString(" SACK_PERM=1")
		}
		if p.Options.HasWindowScale {
			fmt.Fprintf(&b, " WS=%d", 1<<min(p.Options.WindowScale, 14))
		}
	}
	return b.String()
}

func flagNames(flags uint8) string {
	var names []string
	for _, f := range []struct {
		bit  uint8
		name string
	}{{packet.FIN, "FIN"}, {packet.SYN, "SYN"}, {packet.RST, "RST"}, {packet.PSH, "PSH"}, {packet.ACK, "ACK"}, {packet.URG, "URG"}} {
		if flags&f.bit != 0 {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}
