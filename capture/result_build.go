package capture

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"cbdoctor/capture/tlswire"
	"cbdoctor/certificate"
	"cbdoctor/stamp"
)

// finish judges a session and lets go of it.
func (t *tracker) finish(s *session, final bool) {
	delete(t.open, s.tuple)
	summary := &t.summary
	s.summarise(summary, t.last, final)
	verdict, confidence, reason, evidence := Decide(summary)
	observations := observe(t, s, summary)
	class := verdict.class()
	judged := judged{
		id: s.id, first: s.first, last: s.last, digits: s.digits, verdict: verdict, class: class, confidence: confidence, observations: observations,
	}
	if class == goodClass && t.good >= goodListed && !t.all {
		t.pairs.count(s.tuple.pair(), judged)
		t.discard(s)
		return
	}
	if class == goodClass {
		t.good++
	}
	out := s.build(summary)
	out.Verdict, out.Confidence, out.Reason, out.Evidence, out.Observations = verdict, confidence, reason, evidence, observations
	out.ask(summary, s.tuple)
	t.result.Sessions = append(t.result.Sessions, out)
	if class != goodClass && (summary.resetUnknown(client) || summary.resetUnknown(server)) {
		late := lateSession{index: len(t.result.Sessions) - 1, summary: *summary, judged: judged, tuple: s.tuple}
		for d := range s.sides {
			late.ttl[d] = s.sides[d].rstTTL
		}
		t.late = append(t.late, late)
	} else {
		t.pairs.count(s.tuple.pair(), judged)
	}
	t.discard(s)
}

// build makes the session's entry, verdict aside.
func (s *session) build(m *Summary) Session {
	c, v := &s.sides[client], &s.sides[server]
	out := Session{
		Session: s.id, Client: endpoint(s.tuple.client.Netip(), s.tuple.clientPort), Server: endpoint(s.tuple.server.Netip(), s.tuple.serverPort),
		FirstFrame: s.firstFrame, LastFrame: s.lastFrame, First: stamp.New(nsTime(s.first), int(s.digits)), Last: stamp.New(nsTime(s.last), int(s.digits)),
		RTTMillis: float64(m.RTT/1000) / 1000, BytesClient: c.payload, BytesServer: v.payload, ICMP: s.icmp,
	}
	out.Trail = Trail{ISN: [2]uint32{c.isn, v.isn}, HasISN: [2]bool{c.hasISN, v.hasISN}}
	if !c.hasISN && v.hasISN {
		out.Trail.ISN[client], out.Trail.HasISN[client] = v.synAcked-1, true
	}
	w := s.wire
	if w == nil {
		return out
	}
	p := &w.pg
	out.Trail.Hello = w.tls.Hello
	if p.SSLReply != 0 || p.User != "" || p.Error != nil {
		out.Postgres = &Postgres{User: p.User, Database: p.Database, ApplicationName: p.Application}
		if p.SSLReply != 0 {
			out.Postgres.SSLReply = strconv.QuoteRuneToASCII(rune(p.SSLReply))
			if p.SSLReply >= ' ' && p.SSLReply < 0x7f {
				out.Postgres.SSLReply = string(rune(p.SSLReply))
			}
		}
		if p.Error != nil {
			out.Postgres.SQLState, out.Postgres.Message = p.Error.SQLState, p.Error.Message
		}
	}
	if (p.TLS || w.upgraded) && w.tls.Total > 0 {
		out.TLS = &TLS{
			Version: tlswire.VersionName(w.tls.Version), Cipher: tlswire.CipherName(w.tls.Cipher), SNI: w.tls.SNI,
			Mutual: w.tls.Requested || m.Flow.emptyCert || m.Flow.certSent,
		}
		if a := m.Alert; a != nil {
			level := "warning"
			if a.Fatal {
				level = "fatal"
			}
			out.TLS.Alert = &Alert{Frame: a.Frame, Sender: sideName(int(a.Side)), Level: level, Code: a.Code, Name: tlswire.AlertName(a.Code), Stage: a.Stage.String()}
		}
	}
	if len(w.chain[client])+len(w.chain[server]) > 0 {
		out.Certificates = &Certificates{Client: certificates(w.chain[client]), Server: certificates(w.chain[server])}
	}
	return out
}

func certificates(chain []*certificate.Certificate) []certificate.Certificate {
	var out []certificate.Certificate
	for _, c := range chain {
		out = append(out, *c)
	}
	return out
}

func endpoint(a netip.Addr, port uint16) string { return netip.AddrPortFrom(a, port).String() }

func nsTime(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// compareResets judges again the sessions with a reset, now that other traffic of the hosts is known.
func (t *tracker) compareResets() {
	for i := range t.late {
		l := &t.late[i]
		m := &l.summary
		out := &t.result.Sessions[l.index]
		for d, addr := range [2]packetAddr{l.tuple.client, l.tuple.server} {
			if m.resetUnknown(d) {
				m.RSTForeign[d], m.RSTLike[d] = t.compare(l.ttl[d], addr)
			}
		}
		out.Verdict, out.Confidence, out.Reason, out.Evidence = Decide(m)
		out.ask(m, l.tuple)
		l.judged.verdict, l.judged.class, l.judged.confidence = out.Verdict, out.Verdict.class(), out.Confidence
		t.pairs.count(l.tuple.pair(), l.judged)
	}
}

// compare holds a reset's TTL against the other packets of its named sender: on the port, and of other ports.
func (t *tracker) compare(ttl uint8, addr packetAddr) (foreign, like string) {
	if seen, known := t.ports[addr]; known && !seen.mixed {
		if seen.ttl != ttl {
			return ttlDiffers(ttl, seen.ttl, "its other connections on this port"), ""
		}
		return "", ttlSame(ttl, "its other connections on this port")
	}
	if h := t.hosts.Lookup(addr); h != nil && h.Len == 1 {
		if h.TTLs[0].TTL != ttl {
			return ttlDiffers(ttl, h.TTLs[0].TTL, "its connections on other ports"), ""
		}
		return "", ttlSame(ttl, "its connections on other ports")
	}
	return "", ""
}

func ttlDiffers(reset, other uint8, where string) string {
	return fmt.Sprintf("the reset has TTL %d, %s have TTL %d", reset, where, other)
}

func ttlSame(ttl uint8, where string) string {
	return "the reset has the same TTL " + strconv.Itoa(int(ttl)) + " as " + where
}

// end judges what is still open when the file ends and completes the result.
func (t *tracker) end() {
	open := make([]*session, 0, len(t.open))
	for _, s := range t.open {
		open = append(open, s)
	}
	slices.SortFunc(open, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	for _, s := range open {
		t.finish(s, true)
	}
	t.compareResets()
	t.unanswered()
	r := t.result
	slices.SortFunc(r.Sessions, func(a, b Session) int { return cmp.Compare(a.Session, b.Session) })
	for i := range r.Sessions {
		s := &r.Sessions[i]
		if s.Filter == "" {
			s.Filter = t.filter(s)
		}
	}
	r.Pairs = t.pairs.result()
	r.hosts = t.hosts
}

// ask names the node on which a capture would settle what this one can't, and says in the reason what it would tell.
func (out *Session) ask(m *Summary, k tuple) {
	side, question := m.next(out.Verdict, out.Confidence)
	if side < 0 {
		out.NextCapture = ""
		return
	}
	out.NextCapture = [2]packetAddr{k.client, k.server}[side].String()
	out.Reason += "; a capture on " + out.NextCapture + " tells " + question
}

// filter is a display filter that selects exactly the session.
func (t *tracker) filter(s *Session) string {
	c, errC := netip.ParseAddrPort(s.Client)
	v, errV := netip.ParseAddrPort(s.Server)
	if errC != nil || errV != nil {
		return ""
	}
	family := "ip"
	if c.Addr().Is6() {
		family = "ipv6"
	}
	f := fmt.Sprintf("%s.addr == %s && %s.addr == %s && tcp.port == %d && tcp.port == %d", family, c.Addr(), family, v.Addr(), c.Port(), v.Port())
	if t.reused[tuple{addrOf(c.Addr()), addrOf(v.Addr()), c.Port(), v.Port()}.hash()] {
		f += fmt.Sprintf(" && frame.number >= %d && frame.number <= %d", s.FirstFrame, s.end())
	}
	return f
}

// askedEnough: an address that is there answers at once; Linux asks three times, a second apart.
const askedEnough = 3

// unanswered makes a session of every address that was asked for and never answered, when it is a known peer of the port, or
// when nothing else in the file concerns the port.
func (t *tracker) unanswered() {
	keys := make([]arpKey, 0, len(t.arp))
	for k := range t.arp {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b arpKey) int { return cmp.Compare(t.arp[a].firstFrame, t.arp[b].firstFrame) })
	peers := map[packetAddr]bool{}
	for _, p := range t.pairs.order {
		peers[p.key.server], peers[p.key.client] = true, true
	}
	alone := len(t.pairs.order) == 0
	for _, k := range keys {
		a := t.arp[k]
		if a.answered || a.count < askedEnough || !alone && !peers[k.target] || t.hosts.Lookup(k.target) != nil {
			continue
		}
		if _, alive := t.ports[k.target]; alive {
			continue
		}
		confidence := Medium
		if alone {
			confidence = Low
		}
		s := Session{
			Session: t.nextID, Client: endpoint(k.asker.Netip(), 0), Server: endpoint(k.target.Netip(), t.port), Verdict: ARPUnanswered, Confidence: confidence,
			Reason:       fmt.Sprintf("%s asks %d times for the MAC address of %s and gets no answer; no SYN can leave", k.asker, a.count, k.target),
			Observations: []string{}, Evidence: frames([]int64{a.firstFrame, a.last}), FirstFrame: a.firstFrame, LastFrame: a.last,
			Filter: fmt.Sprintf("arp.src.proto_ipv4 == %s && arp.dst.proto_ipv4 == %s", k.asker, k.target),
			First:  stamp.New(nsTime(a.firstTime), 6), Last: stamp.New(nsTime(a.lastTime), 6),
		}
		t.nextID++
		t.result.Sessions = append(t.result.Sessions, s)
		t.pairs.count(pairKey{k.asker, k.target, t.port}, judged{
			id: s.Session, first: a.firstTime, last: a.lastTime, digits: 6, verdict: s.Verdict, class: badClass, confidence: s.Confidence,
		})
	}
}
