package capture

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"time"

	"cbdoctor/capture/packet"
	"cbdoctor/capture/tlswire"
	"cbdoctor/stamp"
)

// finish judges a session and lets go of it.
func (t *tracker) finish(s *session, final bool) {
	at, _ := t.find(t.index.hash(&s.tuple), &s.tuple)
	t.index.remove(at)
	t.sessions[s.at], t.recent[s.tuple.clientPort%recentSessions] = nil, nil
	t.free = append(t.free, s.at)

	m := &t.summary
	s.summarise(m, t.last, final)
	row := rowOf(m)
	class := row.Verdict.class()
	confidence, reason, evidence := row.judge(m)
	observations, own := observe(s, m, t.notes[:0])
	t.notes = observations
	j := judged{
		frame: s.firstFrame, first: s.first, last: s.last, digits: s.digits, verdict: row.Verdict, class: class, confidence: confidence, observations: observations,
	}
	if w := s.wire; w != nil {
		j.chains = w.chains
		if len(w.chain[server]) > 0 {
			j.shown = w.chain[server][0].SHA256
			t.noteServer(s.tuple.server, s.firstFrame, j.shown)
		}
	}
	late := class != goodClass && (m.resetUnknown(client) || m.resetUnknown(server))
	if late && len(t.late) == maxLate {
		t.compareResets(peers{ports: t.ports})
	}
	list := t.of(class)
	wanted := list.wants(s.firstFrame)
	var kept uint32
	if wanted {
		var out *told
		kept, out = t.told.new()
		out.tuple, out.own, out.chains = s.tuple, own, j.chains
		s.tell(&out.Session, m, packet.Addr.String, row.Verdict, confidence, reason, evidence, observations)
	}
	if late {
		t.late = append(t.late, lateSession{at: kept, listed: wanted, summary: *m, judged: j.copy(), resets: s.resets(m), tuple: s.tuple})
	} else {
		t.count(s.tuple.pair(), &j, nil)
	}
	if wanted {
		list.add(listed{frame: s.firstFrame, at: kept, lane: t.lane}, t.drop)
	}
	if s.closed {
		e := ended{hash: s.tuple.hash(), at: s.last, frame: s.firstFrame, told: unlisted}
		if s.sides[server].syn > 0 {
			e.isn = s.sides[client].isn
		}
		if wanted {
			e.told = kept
		}
		t.endsOf(&s.tuple).add(e)
	}
	t.discard(s)
}

// finishAttempt judges an attempt. It is told in full only where it is listed, and then when it is printed.
func (t *tracker) finishAttempt(r ref, final bool) {
	a := t.attempt(r)
	if !final { // at the end nobody looks for it any more
		at, _ := t.find(t.index.hash(&a.tuple), &a.tuple)
		t.index.remove(at)
	}
	t.waiting--

	a.end = t.last
	if final {
		a.bits |= attemptFinal
	}
	m := &t.summary
	a.summarise(m)
	row := rowOf(m)
	class := row.Verdict.class()
	t.notes, _ = observe(&t.blank, m, t.notes[:0])
	j := judged{frame: a.frame, first: a.first, last: m.End, digits: a.digits, verdict: row.Verdict, class: class, observations: t.notes}
	t.count(a.tuple.pair(), &j, a)
	list := t.of(class)
	if !list.wants(a.frame) {
		t.attempts.release(uint32(r - 1))
		return
	}
	a.bits |= attemptListed
	list.add(listed{frame: a.frame, at: uint32(r - 1), attempt: true, lane: t.lane}, t.drop)
}

// of is the list that a session of a class may stand in.
func (t *tracker) of(c class) *listing {
	if c == goodClass {
		return &t.good
	}
	return &t.bad
}

// tell makes the session's entry in the report, in out, which is otherwise zero. name gives the text of an address.
func (s *session) tell(out *Session, m *Summary, name func(packet.Addr) string, v Verdict, c Confidence, reason string, evidence []int64, observations []string) {
	s.build(out, m)
	out.Verdict, out.Confidence, out.Reason, out.Evidence, out.Observations = v, c, reason, frames(evidence), append([]string{}, observations...)
	out.ask(m, &s.tuple, name)
}

// ask names the node on which a capture would settle what this one can't, and says in the reason what it would tell.
func (out *Session) ask(m *Summary, k *tuple, name func(packet.Addr) string) {
	side, question := m.next(out.Verdict, out.Confidence)
	if side < 0 {
		out.NextCapture = ""
		return
	}
	out.NextCapture = name([2]packet.Addr{k.client, k.server}[side])
	out.Reason += "; a capture on " + out.NextCapture + " tells " + question
}

// build makes the session's entry, verdict and names aside: those come when it is told, see teller.ends.
func (s *session) build(out *Session, m *Summary) {
	c, v := &s.sides[client], &s.sides[server]
	out.FirstFrame, out.LastFrame = s.firstFrame, s.lastFrame
	out.First, out.Last = stamp.New(nsTime(s.first), int(s.digits)), stamp.New(nsTime(s.last), int(s.digits))
	out.RTTMillis, out.BytesClient, out.BytesServer, out.ICMP = float64(m.RTT/1000)/1000, c.payload+c.rstPayload, v.payload+v.rstPayload, s.icmp
	out.Trail = Trail{ISN: [2]uint32{c.isn, v.isn}, HasISN: [2]bool{c.hasISN, v.hasISN}}
	if !c.hasISN && v.hasISN {
		out.Trail.ISN[client], out.Trail.HasISN[client] = v.synAcked-1, true
	}
	w := s.wire
	if w == nil {
		return
	}
	p, login := &w.pg, w.login()
	out.Trail.Hello = binary.BigEndian.Uint64(w.tls.ClientRandom[:])
	if p.SSLReply != 0 || login.User != "" || login.Error != nil {
		out.Postgres = &Postgres{User: login.User, Database: login.Database, ApplicationName: login.Application}
		if p.SSLReply != 0 {
			out.Postgres.SSLReply = strconv.QuoteRuneToASCII(rune(p.SSLReply))
			if p.SSLReply >= ' ' && p.SSLReply < 0x7f {
				out.Postgres.SSLReply = string(rune(p.SSLReply))
			}
		}
		if e := login.Error; e != nil {
			out.Postgres.SQLState, out.Postgres.Message = e.SQLState, e.Message
		}
	}
	if (p.TLS || w.upgraded) && w.tls.Total > 0 {
		out.TLS = &TLS{
			Version: tlswire.VersionName(w.tls.Version), Cipher: tlswire.CipherName(w.tls.Cipher), SNI: w.tls.SNI,
			Mutual: w.tls.Requested || m.Flow.emptyCert || m.Flow.certSent,
		}
		a := m.Alert
		if a == nil {
			a = m.OpenedAlert
		}
		if a == nil && w.tls.HasWarning {
			a = &w.tls.Warning
		}
		if a != nil {
			level := "warning"
			if a.Fatal {
				level = "fatal"
			}
			out.TLS.Alert = &Alert{Frame: a.Frame, Sender: sideName(int(a.Side)), Level: level, Code: a.Code, Name: tlswire.AlertName(a.Code), Stage: a.After()}
		}
	}
	if len(w.chain[client])+len(w.chain[server]) > 0 {
		out.Certificates = &Certificates{Client: w.chain[client], Server: w.chain[server]}
	}
}

func endpoint(a netip.Addr, port uint16) string { return netip.AddrPortFrom(a, port).String() }

func nsTime(ns int64) time.Time { return time.Unix(0, ns).UTC() }
