package capture

import (
	"cmp"
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
	id           int
	first, last  int64 // nanoseconds
	digits       uint8
	verdict      Verdict
	class        class
	confidence   Confidence
	observations []string
}

// pairs sums up sessions by their pair of addresses. The zero value is ready.
type pairs struct {
	table map[pairKey]*pairCount
	order []*pairCount
}

// pairCount gathers the sessions of one pair. A pair has a handful of verdicts and observations: lists are faster than maps.
type pairCount struct {
	key          pairKey
	firstID      int // lowest session number: pairs are listed in that order
	verdicts     []tally
	observations []tally
	first, last  int64
	digits       uint8
	classes      []uint32 // session number * 4 + class, to see good and bad alternate in the order of first packets
	decisive     judged   // the session that speaks for the pair
}

// tally counts sessions of a verdict or an observation.
type tally struct {
	name        string
	count       int64
	first, last int64
}

func add(list []tally, name string, first, last int64) []tally {
	for i := range list {
		if l := &list[i]; l.name == name {
			l.count++
			l.first, l.last = min(l.first, first), max(l.last, last)
			return list
		}
	}
	return append(list, tally{name, 1, first, last})
}

// count adds a judged session.
func (t *pairs) count(key pairKey, j judged) {
	p := t.table[key]
	if p == nil {
		if t.table == nil {
			t.table = map[pairKey]*pairCount{}
		}
		p = &pairCount{key: key, firstID: j.id, first: j.first, last: j.last, digits: j.digits, decisive: judged{id: -1}}
		t.table[key] = p
		t.order = append(t.order, p)
	}
	p.firstID = min(p.firstID, j.id)
	p.first, p.last, p.digits = min(p.first, j.first), max(p.last, j.last), max(p.digits, j.digits)
	p.verdicts = add(p.verdicts, string(j.verdict), j.first, j.last)
	for _, o := range j.observations {
		p.observations = add(p.observations, o, j.first, j.last)
	}
	if j.class != neutralClass {
		p.classes = append(p.classes, uint32(j.id)<<2|uint32(j.class))
	}
	if p.decisive.speaksAfter(&j) {
		p.decisive = j
		p.decisive.observations = nil
	}
}

// speaksAfter reports whether j speaks for a pair rather than d does: the latest one of a decisive verdict, otherwise the latest.
func (d *judged) speaksAfter(j *judged) bool {
	if d.id < 0 || (d.class == neutralClass) == (j.class == neutralClass) {
		return j.id > d.id
	}
	return d.class == neutralClass
}

// result is the summary of all pairs.
func (t *pairs) result() []Pair {
	slices.SortFunc(t.order, func(a, b *pairCount) int { return cmp.Compare(a.firstID, b.firstID) })
	out := make([]Pair, 0, len(t.order))
	for _, p := range t.order {
		r := Pair{
			Client: p.key.client.String(), Server: p.key.server.String(), Port: p.key.port, Verdict: p.decisive.verdict, Confidence: p.decisive.confidence,
			Decisive: p.decisive.id, Sessions: map[Verdict]int64{}, Spans: map[Verdict]Span{}, Observations: map[string]int64{},
			First: stamp.New(nsTime(p.first), int(p.digits)), Last: stamp.New(nsTime(p.last), int(p.digits)),
		}
		for _, v := range p.verdicts {
			r.Sessions[Verdict(v.name)] = v.count
			r.Spans[Verdict(v.name)] = Span{stamp.New(nsTime(v.first), int(p.digits)), stamp.New(nsTime(v.last), int(p.digits))}
		}
		for _, o := range p.observations {
			r.Observations[o.name] = o.count
		}
		slices.Sort(p.classes)
		r.Changes = changes(p.classes)
		r.Intermittent = r.Changes >= 2
		out = append(out, r)
	}
	return out
}

// changes counts how often good turned to bad or bad to good.
func changes(classes []uint32) (n int) {
	for i := 1; i < len(classes); i++ {
		if classes[i]&3 != classes[i-1]&3 {
			n++
		}
	}
	return n
}
