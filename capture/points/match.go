package points

import (
	"net/netip"
	"slices"
	"time"

	"cbdoctor/capture"
	"cbdoctor/capture/packet"
)

// The two directions, named by who sends.
const (
	client = 0
	server = 1
)

// hosts is a pair of addresses as one capture sees it.
type hosts struct{ client, server packet.Addr }

// comparison is what two captures have of one pair of addresses.
type comparison struct {
	sources  [2]*Source
	hosts    [2]hosts // differ behind address translation
	pairings []*pairing
	others   [2][]record  // packets of other ports
	aligned  [2]alignment // of others, by direction
	swapped  bool         // the second source is the one nearer to the client
	ordered  bool         // that is known
	clock    *Clock
	leftOut  int // sessions beyond the limit
}

// pairing is one session, at one of the points or at both.
type pairing struct {
	views   [2]*view // nil where the capture does not have it
	aligned [2]alignment
}

// view is a session as one capture has it.
type view struct {
	session        *capture.Session
	client, server netip.AddrPort
	records        []record
	leftOut        int // packets beyond the limit
}

func newView(s *capture.Session) (*view, bool) {
	c, errC := netip.ParseAddrPort(s.Client)
	v, errV := netip.ParseAddrPort(s.Server)
	if errC != nil || errV != nil || c.Port() == 0 {
		return nil, false // no SYN could leave
	}
	return &view{session: s, client: c, server: v}, true
}

func (v *view) hosts() hosts {
	return hosts{packet.AddrFrom(v.client.Addr()), packet.AddrFrom(v.server.Addr())}
}

// index finds the sessions of a capture by what may be the same at another point.
type index struct {
	tuple map[[2]string][]*capture.Session
	isn   map[uint32][]*capture.Session
	hello map[uint64][]*capture.Session
}

func newIndex(r *capture.Result) *index {
	x := &index{map[[2]string][]*capture.Session{}, map[uint32][]*capture.Session{}, map[uint64][]*capture.Session{}}
	for i := range r.Sessions {
		s := &r.Sessions[i]
		x.tuple[[2]string{s.Client, s.Server}] = append(x.tuple[[2]string{s.Client, s.Server}], s)
		if s.Trail.HasISN[client] {
			x.isn[s.Trail.ISN[client]] = append(x.isn[s.Trail.ISN[client]], s)
		}
		if s.Trail.Hello != 0 {
			x.hello[s.Trail.Hello] = append(x.hello[s.Trail.Hello], s)
		}
	}
	return x
}

// find returns the session that is the same as s at another point, nil when there is none.
func (x *index) find(s *capture.Session) *capture.Session {
	return nearest(s, slices.Concat(
		fitting(s, x.tuple[[2]string{s.Client, s.Server}], sameTuple),
		fitting(s, x.isn[s.Trail.ISN[client]], translated),
		fitting(s, x.hello[s.Trail.Hello], sameHello)))
}

func fitting(s *capture.Session, list []*capture.Session, same func(a, b *capture.Session) bool) (out []*capture.Session) {
	for _, o := range list {
		if same(s, o) {
			out = append(out, o)
		}
	}
	return out
}

// clocksApart is how far the clocks of two nodes are thought to be apart at most, where nothing but the time speaks against two sessions
// of the same ports being one.
const clocksApart = 5 * time.Minute

// sameTuple: the same addresses and ports, and no sequence number against it. Cisco ASA and others write their own initial sequence
// numbers; then the ClientHello, or the time, must agree.
func sameTuple(a, b *capture.Session) bool {
	if a.Trail.Hello != 0 && b.Trail.Hello != 0 {
		return a.Trail.Hello == b.Trail.Hello
	}
	if a.Trail.HasISN[client] && b.Trail.HasISN[client] && a.Trail.ISN[client] == b.Trail.ISN[client] {
		return true
	}
	d := a.First.T.Sub(b.First.T)
	return -clocksApart < d && d < clocksApart
}

// translated: another address or port on one side, and the sequence numbers of both sides, or the client's with one address, agree.
func translated(a, b *capture.Session) bool {
	if !a.Trail.HasISN[client] || a.Trail.ISN[client] != b.Trail.ISN[client] {
		return false
	}
	if a.Trail.HasISN[server] && b.Trail.HasISN[server] {
		return a.Trail.ISN[server] == b.Trail.ISN[server]
	}
	return a.Client == b.Client || a.Server == b.Server
}

func sameHello(a, b *capture.Session) bool {
	return a.Trail.Hello != 0 && a.Trail.Hello == b.Trail.Hello
}

// nearest is the candidate whose sequence number agrees, else the one that begins at the nearest time.
func nearest(s *capture.Session, list []*capture.Session) (best *capture.Session) {
	distance := func(o *capture.Session) time.Duration {
		d := s.First.T.Sub(o.First.T).Abs()
		if s.Trail.HasISN[client] && o.Trail.HasISN[client] && s.Trail.ISN[client] != o.Trail.ISN[client] {
			d += 24 * time.Hour
		}
		return d
	}
	for _, o := range list {
		if best == nil || distance(o) < distance(best) {
			best = o
		}
	}
	return best
}

// Bounds of what is compared of two captures.
const (
	maxBad  = 48 // bad sessions: the first and the last ones
	maxGood = 8  // good ones: they tell the clocks and the places
)

// chosen lists the sessions of a capture that are worth comparing, and how many more there are.
func chosen(r *capture.Result) (list []*capture.Session, leftOut int) {
	var bad []*capture.Session
	good := 0
	for i := range r.Sessions {
		s := &r.Sessions[i]
		switch {
		case s.Verdict == capture.ARPUnanswered:
		case !s.Verdict.Good() || s.Verdict == capture.OKRecovered:
			bad = append(bad, s)
		case good < maxGood:
			good++
			list = append(list, s)
		}
	}
	if n := len(bad); n > maxBad {
		leftOut = n - maxBad
		bad = slices.Concat(bad[:maxBad/2], bad[n-maxBad/2:])
	}
	return append(list, bad...), leftOut
}

// match pairs the sessions of two captures and sorts them by their pair of addresses.
func match(a, b *Source, here, there *index) []*comparison {
	m := newMatcher(a, b)
	list, leftOut := chosen(a.Result)
	var alone [2][]*capture.Session
	for _, s := range list {
		if o := there.find(s); o != nil && !m.taken[1][o] {
			m.pair(s, o)
		} else {
			alone[0] = append(alone[0], s)
		}
	}
	list, more := chosen(b.Result)
	for _, s := range list {
		if m.taken[1][s] {
			continue
		}
		if o := here.find(s); o != nil && !m.taken[0][o] {
			m.pair(o, s)
		} else {
			alone[1] = append(alone[1], s)
		}
	}
	for _, s := range alone[0] {
		if o := m.rewritten(s, alone[1]); o != nil {
			m.pair(s, o)
		}
	}
	for side, sessions := range alone {
		for _, s := range sessions {
			if !m.taken[side][s] {
				m.single(side, s)
			}
		}
	}
	for _, c := range m.order {
		c.leftOut = leftOut + more
		slices.SortStableFunc(c.pairings, func(p, q *pairing) int { return p.start().Compare(q.start()) })
	}
	return m.order
}

type matcher struct {
	sources [2]*Source
	byHosts map[[2]hosts]*comparison
	order   []*comparison
	taken   [2]map[*capture.Session]bool
}

func newMatcher(a, b *Source) *matcher {
	return &matcher{sources: [2]*Source{a, b}, byHosts: map[[2]hosts]*comparison{}, taken: [2]map[*capture.Session]bool{{}, {}}}
}

func (m *matcher) comparison(key [2]hosts) *comparison {
	c := m.byHosts[key]
	if c == nil {
		c = &comparison{sources: m.sources, hosts: key}
		m.byHosts[key] = c
		m.order = append(m.order, c)
	}
	return c
}

func (m *matcher) pair(a, b *capture.Session) {
	v, ok := newView(a)
	w, ok2 := newView(b)
	if !ok || !ok2 {
		return
	}
	m.taken[0][a], m.taken[1][b] = true, true
	c := m.comparison([2]hosts{v.hosts(), w.hosts()})
	c.pairings = append(c.pairings, &pairing{views: [2]*view{v, w}})
}

// sameMoment is how close in time two sessions must begin that nothing but time tells to be one: attempts come seconds apart.
const sameMoment = 2 * time.Second

// rewritten finds, among the sessions that only the other capture has, what a device has made of s that writes both addresses and
// sequence numbers anew: where a ClientHello does not come through, no more tells it again than one end that is the same, another that
// neither capture has seen of the other's, and the time.
func (m *matcher) rewritten(s *capture.Session, list []*capture.Session) (best *capture.Session) {
	opened := func(s *capture.Session) bool { return s.Trail.HasISN[client] }
	leads := func(near, far *capture.Session) bool { // nothing comes out that did not go in
		return far.BytesClient <= near.BytesClient && near.BytesServer <= far.BytesServer
	}
	unseen := func(side int, endpoint string) bool {
		a, err := netip.ParseAddrPort(endpoint)
		return err == nil && !m.sources[side].Result.Saw(a.Addr())
	}
	apart := func(o *capture.Session) time.Duration { return s.First.T.Sub(o.First.T).Abs() }
	for _, o := range list {
		source := s.Server == o.Server && unseen(1, s.Client) && unseen(0, o.Client)
		target := s.Client == o.Client && unseen(1, s.Server) && unseen(0, o.Server)
		told := s.Trail.Hello != 0 && o.Trail.Hello != 0 // by their ClientHellos, which are not the same
		if (source || target) && !told && (leads(s, o) || leads(o, s)) && !m.taken[1][o] && opened(s) && opened(o) && apart(o) < sameMoment && (best == nil || apart(o) < apart(best)) {
			best = o
		}
	}
	return best
}

// single takes a session that only one capture has. The hosts have other addresses in the other capture where other sessions of theirs do.
func (m *matcher) single(side int, s *capture.Session) {
	v, ok := newView(s)
	if !ok {
		return
	}
	key := [2]hosts{v.hosts(), v.hosts()}
	for _, c := range m.order {
		if c.hosts[side] == v.hosts() {
			key = c.hosts
			break
		}
	}
	if other := m.sources[1-side].Result; !other.Saw(key[1-side].client.Netip()) && !other.Saw(key[1-side].server.Netip()) {
		return // another place altogether, or a capture that was filtered: its silence says nothing
	}
	c := m.comparison(key)
	p := &pairing{}
	p.views[side] = v
	c.pairings = append(c.pairings, p)
}

// start is when a session began at either point.
func (p *pairing) start() time.Time {
	if p.views[0] != nil {
		return p.views[0].session.First.T
	}
	return p.views[1].session.First.T
}

// Twins gives the sessions of another capture that are the same as those of one, each once.
func Twins(of *capture.Result, sessions []*capture.Session, other *capture.Result) (twins []*capture.Session) {
	m := newMatcher(&Source{Result: of}, &Source{Result: other})
	here, there := newIndex(of), newIndex(other)
	var alone [2][]*capture.Session
	for _, s := range sessions {
		if o := there.find(s); o == nil {
			alone[0] = append(alone[0], s)
		} else if !slices.Contains(twins, o) {
			twins = append(twins, o)
		}
	}
	if len(alone[0]) == 0 {
		return twins
	}
	for i := range other.Sessions {
		if o := &other.Sessions[i]; here.find(o) == nil {
			alone[1] = append(alone[1], o)
		}
	}
	for _, s := range alone[0] {
		if o := m.rewritten(s, alone[1]); o != nil {
			m.taken[1][o] = true
			twins = append(twins, o)
		}
	}
	return twins
}
