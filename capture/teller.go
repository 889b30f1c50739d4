package capture

import (
	"slices"
	"strconv"

	"cbdoctor/capture/packet"
)

// teller tells sessions, each in the same place. It needs nothing of the trackers that changes, so that several may be at work at a
// time.
type teller struct {
	listing *Listing
	session session
	summary Summary
	notes   []string
	out     told
	names   map[packet.Addr]string
}

// tell makes the i-th session of the list.
func (r *teller) tell(i int) *Session {
	l, s := r.listing, &r.out
	if i >= len(l.entries) {
		return &l.last[i-len(l.entries)]
	}
	e := &l.entries[i]
	t := l.lanes[e.lane]
	if e.attempt {
		r.attempt(t, t.attempts.at(e.at))
	} else {
		*s = *t.told.at(e.at)
	}
	s.Session.Session = l.numbers[i]
	r.ends(t, s)
	if other, is := l.translated[i]; is {
		r.sayTranslated(&s.Session, other)
	}
	s.CaptureEnd = l.end
	more := t.issuers.problems(s.chains) // what only the whole capture could tell of its certificates
	if c := s.Certificates; c != nil && len(c.Server) > 0 && c.Server[0].SHA256 != l.servers[s.tuple.server].sha256 {
		more = append(more, certDiffers)
	}
	if len(more) > 0 {
		s.Observations = slices.Insert(slices.Clone(s.Observations), s.own, more...)
	}
	return &s.Session
}

// attempt makes the report's entry of an attempt.
func (r *teller) attempt(t *tracker, a *attempt) *told {
	s, m := &r.session, &r.summary
	a.identify(s)
	a.summarise(m)
	m.TTL[server] = r.listing.known.ttl(a.tuple.server)
	row := rowOf(m)
	confidence, reason, evidence := row.judge(m)
	notes, own := observe(s, m, r.notes[:0])
	r.notes = notes
	r.out = told{tuple: a.tuple, own: own}
	s.tell(&r.out.Session, m, r.name, row.Verdict, confidence, reason, evidence, r.notes)
	return &r.out
}

// ends names the ends of a session and makes its filter.
func (r *teller) ends(t *tracker, s *told) {
	k := &s.tuple
	client, server := r.name(k.client), r.name(k.server)
	s.Client, s.Server = joinPort(client, k.clientPort, k.client.Is4()), joinPort(server, k.serverPort, k.server.Is4())
	s.Filter = t.filter(s, client, server)
}

// maxNames bounds the addresses whose text is kept.
const maxNames = 1 << 12

// name is the text of an address: a hundred thousand sessions have a handful of them.
func (r *teller) name(a packet.Addr) string {
	if text, known := r.names[a]; known {
		return text
	}
	text := a.String()
	if r.names == nil {
		r.names = map[packet.Addr]string{}
	}
	if len(r.names) < maxNames {
		r.names[a] = text
	}
	return text
}

func joinPort(address string, port uint16, v4 bool) string {
	b := make([]byte, 0, 64)
	if v4 {
		b = append(append(b, address...), ':')
	} else {
		b = append(append(append(b, '['), address...), "]:"...)
	}
	return string(strconv.AppendUint(b, uint64(port), 10))
}

// filter is a display filter that selects exactly the session.
func (t *tracker) filter(s *told, client, server string) string {
	family := "ip.addr == "
	if !s.tuple.client.Is4() {
		family = "ipv6.addr == "
	}
	b := make([]byte, 0, 200)
	b = append(append(append(append(append(b, family...), client...), " && "...), family...), server...)
	b = strconv.AppendUint(append(b, " && tcp.port == "...), uint64(s.tuple.clientPort), 10)
	b = strconv.AppendUint(append(b, " && tcp.port == "...), uint64(s.tuple.serverPort), 10)
	if t.reused(&s.tuple) {
		b = strconv.AppendInt(append(b, " && frame.number >= "...), s.FirstFrame, 10)
		b = strconv.AppendInt(append(b, " && frame.number <= "...), s.end(), 10)
	}
	return string(b)
}
