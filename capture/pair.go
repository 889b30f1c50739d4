package capture

import (
	"slices"

	"cbdoctor/capture/packet"
	"cbdoctor/stamp"
)

type pairKey struct {
	client, server packet.Addr
	port           uint16
}

func (k tuple) pair() pairKey { return pairKey{k.client, k.server, k.serverPort} }

// judged is what the summary of a pair needs of a session.
type judged struct {
	frame        int64 // the first one: sessions are known by it until they are numbered
	first, last  int64 // nanoseconds
	digits       uint8
	verdict      Verdict
	class        class
	confidence   Confidence
	observations []string
	shown        string   // SHA-256 of the certificate that the server showed
	chains       chainsOf // in issuers of the lane
}

// copy is j without what is another's.
func (j judged) copy() judged {
	j.observations = slices.Clone(j.observations)
	return j
}

// maxPairs bounds the pairs of addresses that a lane sums up: a scan from forged addresses has a million.
const maxPairs = 1 << 15

// pairs sums up sessions by their pair of addresses. The zero value is ready.
type pairs struct {
	table   map[pairKey]*pairCount
	order   []*pairCount
	leftOut int64 // sessions of pairs beyond maxPairs
}

// pairCount gathers the sessions of one pair. A pair has a handful of verdicts and observations: lists are faster than maps.
type pairCount struct {
	key          pairKey
	firstFrame   int64 // of the first session: pairs are listed in that order
	verdicts     []tally
	observations []tally
	shown        []tally // certificates of the server, by SHA-256
	issuers      []issuerTally
	first, last  int64
	digits       uint8
	classes      []uint64 // first frame * 4 + class, to see good and bad alternate in the order of first packets
	decisive     judged   // the session that speaks for the pair
	attempt      attempt  // that session, where it is one: then its confidence is not known yet
	lane         *tracker // of that session
}

// tally counts sessions of a verdict or an observation.
type tally struct {
	name        string
	count       int64
	first, last int64
}

func add(list []tally, name string, count, first, last int64) []tally {
	for i := range list {
		if l := &list[i]; l.name == name {
			l.count += count
			l.first, l.last = min(l.first, first), max(l.last, last)
			return list
		}
	}
	return append(list, tally{name, count, first, last})
}

// maxShown bounds the certificates of a server that are told apart.
const maxShown = 64

// count adds a judged session; a is set where it is an attempt, whose confidence nobody has asked for yet.
func (t *tracker) count(key pairKey, j *judged, a *attempt) {
	p := t.pairs.table[key]
	if p == nil {
		if len(t.pairs.order) >= maxPairs {
			t.pairs.leftOut++
			return
		}
		p = &pairCount{key: key, firstFrame: j.frame, first: j.first, last: j.last, digits: j.digits, decisive: judged{frame: -1}}
		t.pairs.add(p)
	}
	p.firstFrame = min(p.firstFrame, j.frame)
	p.first, p.last, p.digits = min(p.first, j.first), max(p.last, j.last), max(p.digits, j.digits)
	p.verdicts = add(p.verdicts, string(j.verdict), 1, j.first, j.last)
	for _, o := range j.observations {
		p.observations = add(p.observations, o, 1, j.first, j.last)
	}
	if j.shown != "" && len(p.shown) < maxShown {
		p.shown = add(p.shown, j.shown, 1, j.first, j.last)
	}
	if j.chains != (chainsOf{}) {
		p.issuers = addIssuer(p.issuers, t, j.chains)
	}
	if j.class != neutralClass {
		p.classes = append(p.classes, uint64(j.frame)<<2|uint64(j.class))
	}
	if p.decisive.speaksAfter(j) {
		p.decisive, p.lane = *j, t
		p.decisive.observations = nil
		if a != nil {
			p.attempt = *a
		}
	}
}

func (t *pairs) add(p *pairCount) {
	if t.table == nil {
		t.table = map[pairKey]*pairCount{}
	}
	t.table[p.key] = p
	t.order = append(t.order, p)
}

// join adds what another lane knows of the same pair.
func (p *pairCount) join(q *pairCount) {
	p.firstFrame = min(p.firstFrame, q.firstFrame)
	p.first, p.last, p.digits = min(p.first, q.first), max(p.last, q.last), max(p.digits, q.digits)
	for _, lists := range [][2]*[]tally{{&p.verdicts, &q.verdicts}, {&p.observations, &q.observations}, {&p.shown, &q.shown}} {
		for _, l := range *lists[1] {
			*lists[0] = add(*lists[0], l.name, l.count, l.first, l.last)
		}
	}
	p.issuers = append(p.issuers, q.issuers...)
	p.classes = append(p.classes, q.classes...)
	if q.decisive.frame >= 0 && p.decisive.speaksAfter(&q.decisive) {
		p.decisive, p.attempt, p.lane = q.decisive, q.attempt, q.lane
	}
}

// speaksAfter reports whether j speaks for a pair rather than d does: the latest one of a decisive verdict, otherwise the latest.
func (d *judged) speaksAfter(j *judged) bool {
	if d.frame < 0 || (d.class == neutralClass) == (j.class == neutralClass) {
		return j.frame > d.frame
	}
	return d.class == neutralClass
}

// result is the summary of a pair.
func (p *pairCount) result(l *Listing) Pair {
	confidence := p.decisive.confidence
	if confidence == "" {
		t := teller{listing: l}
		confidence = t.attempt(p.lane, &p.attempt).Confidence
	}
	r := Pair{
		Client: p.key.client.String(), Server: p.key.server.String(), Port: p.key.port, Verdict: p.decisive.verdict, Confidence: confidence,
		Sessions: map[Verdict]int64{}, Spans: map[Verdict]Span{}, Observations: map[string]int64{},
		First: stamp.New(nsTime(p.first), int(p.digits)), Last: stamp.New(nsTime(p.last), int(p.digits)),
	}
	for _, v := range p.verdicts {
		r.Sessions[Verdict(v.name)] = v.count
		r.Spans[Verdict(v.name)] = Span{stamp.New(nsTime(v.first), int(p.digits)), stamp.New(nsTime(v.last), int(p.digits))}
	}
	for _, o := range p.observations {
		r.Observations[o.name] = o.count
	}
	for _, c := range p.shown {
		if c.name != l.servers[p.key.server].sha256 {
			r.Observations[certDiffers] += c.count
		}
	}
	for _, i := range p.issuers {
		for _, problem := range i.lane.issuers.problems(i.at) {
			r.Observations[problem] += i.count
		}
	}
	slices.Sort(p.classes)
	r.Changes = changes(p.classes)
	r.Intermittent = r.Changes >= 2
	return r
}

// changes counts how often good turned to bad or bad to good.
func changes(classes []uint64) (n int) {
	for i := 1; i < len(classes); i++ {
		if classes[i]&3 != classes[i-1]&3 {
			n++
		}
	}
	return n
}
