package capture

import (
	"fmt"
	"strings"

	"cbdoctor/capture/packet"
)

// silent are the verdicts of which a pause is the proof: what should have come then did not.
var silent = map[Verdict]bool{
	SYNDropped: true, SYNACKLost: true, BlackholeAfterTCP: true, MTUBlackhole: true, IdleDrop: true, Stalled: true, ServerSilent: true, TLSStalled: true, ClientTimeout: true,
}

// watched is what a ladder keeps of one side to say what a packet means among the others.
type watched struct {
	opening int    // how often its SYN or SYN-ACK came
	ttl     uint8  // of its first packet that is no reset
	ack     uint32 // its latest acknowledgement
	acks    int    // how often that came without payload
	sent    uint32 // behind its highest byte
	hasSent bool
	again   map[uint32]int // how often each sequence number with payload came
	packets int
}

// note says what a packet means beside what it says, "" where that is nothing. It is asked before the packet's payload is put in order.
func (l *ladder) note(p *packet.Packet, d int) string {
	me, other := &l.watch[d], &l.watch[1-d]
	defer me.see(p)
	if l.follow.isDuplicate(p, d) {
		return "the same packet, captured twice"
	}
	var notes []string
	say := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	switch {
	case p.Flags&packet.RST != 0:
		if me.ttl != 0 && me.ttl != p.TTL {
			say("TTL %d, where the %s's other packets have %d", p.TTL, sideName(d), me.ttl)
		} else {
			say("TTL %d", p.TTL)
		}
	case p.Flags&packet.SYN != 0 && me.opening > 0:
		switch {
		case d == client && other.packets == 0:
			say("the %s time, and nothing came back", ordinal(me.opening+1))
		case d == client:
			say("the %s time, though it was answered", ordinal(me.opening+1))
		default:
			say("the %s time: the client's ACK did not come", ordinal(me.opening+1))
		}
	case p.PayloadLen > 0:
		if n := me.again[p.Seq]; n > 0 && other.acks > 0 && !seqLess(other.ack, p.Seq+uint32(p.PayloadLen)) {
			say("the %s time, though it was acknowledged", ordinal(n+1))
		} else if n > 0 {
			say("the %s time: not acknowledged", ordinal(n+1))
		}
		if o := &l.follow.sides[d].order; o.started && seqLess(o.next, p.Seq) && len(o.held) == 0 {
			say("%d bytes before it did not come", int32(p.Seq-o.next))
		}
	case p.Flags&packet.ACK != 0 && p.Flags&packet.FIN == 0 && other.hasSent && seqLess(p.Ack, other.sent) && me.acks > 0 && p.Ack == me.ack:
		say("asks for Seq=%d again", p.Ack-l.isn[1-d])
	}
	if p.Window == 0 && p.Flags&(packet.RST|packet.SYN) == 0 {
		say("its receive window is full")
	}
	return strings.Join(notes, "; ")
}

// see remembers a packet of the side.
func (w *watched) see(p *packet.Packet) {
	w.packets++
	if p.Flags&packet.RST != 0 {
		return
	}
	if w.ttl == 0 {
		w.ttl = p.TTL
	}
	if p.Flags&packet.SYN != 0 {
		w.opening++
	}
	if end := p.Seq + uint32(p.PayloadLen); !w.hasSent || seqLess(w.sent, end) {
		w.sent, w.hasSent = end, true
	}
	if p.PayloadLen > 0 {
		if w.again == nil {
			w.again = map[uint32]int{}
		}
		w.again[p.Seq]++
	}
	if p.Flags&packet.ACK != 0 {
		if w.acks++; p.Ack != w.ack {
			w.acks = 1
		}
		w.ack = p.Ack
	}
}

func ordinal(n int) string {
	suffix := "th"
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		suffix = "st"
	case n%10 == 2:
		suffix = "nd"
	case n%10 == 3:
		suffix = "rd"
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

// gap notes the pause before a step, where it is one.
func (l *ladder) gap(step *Step, pause int64) {
	if pause < gapShown {
		return
	}
	step.Gap = seconds(pause) + " of silence"
	if pause > l.longest {
		l.longest, l.longestAt = pause, step.Frame
	}
}

// unanswered are the verdicts of which the proof is that one side is not heard any more, however often the other one speaks.
var unanswered = map[Verdict]bool{SYNDropped: true, SYNACKLost: true, BlackholeAfterTCP: true, MTUBlackhole: true}

// finish marks the silence that matters, now that all is known: that of a side that is not heard any more, or the longest pause.
func (l *ladder) finish() {
	if len(l.steps) == 0 {
		return
	}
	verdict, last := l.session.Verdict, &l.steps[len(l.steps)-1]
	var after []string
	if text := l.unheard(); unanswered[verdict] && text != "" {
		after = append(after, text)
		last.AfterMatters = true
	}
	if text := l.rest(); text != "" {
		after = append(after, text)
		last.AfterMatters = last.AfterMatters || silent[verdict] && l.longest == 0
	}
	last.After = strings.Join(after, "; ")
	for i := range l.steps {
		s := &l.steps[i]
		s.GapMatters = silent[verdict] && !last.AfterMatters && s.Frame == l.longestAt
	}
}

// unheard says since when a side is not heard although the other one speaks, "" when both are.
func (l *ladder) unheard() string {
	var latest [2]*Step
	for i := range l.steps {
		if s := &l.steps[i]; s.FromClient {
			latest[client] = s
		} else {
			latest[server] = s
		}
	}
	for d, s := range latest {
		switch o := latest[1-d]; {
		case o == nil:
		case s == nil:
			return fmt.Sprintf("not one packet of the %s", sideName(d))
		case o.Time.T.Sub(s.Time.T) >= gapShown:
			return fmt.Sprintf("no packet of the %s since frame %d, %s before", sideName(d), s.Frame, seconds(int64(o.Time.T.Sub(s.Time.T))))
		}
	}
	return ""
}

// rest says how long the capture goes on behind a session that nobody ended, "" when it does not.
func (l *ladder) rest() string {
	for i := range l.steps {
		if f := l.steps[i].Flags; strings.Contains(f, "RST") || strings.Contains(f, "FIN") {
			return ""
		}
	}
	end := l.session.CaptureEnd
	if end.IsZero() || end.T.UnixNano()-l.last < gapShown {
		return ""
	}
	return "nothing more in the " + seconds(end.T.UnixNano()-l.last) + " until the capture ends"
}
