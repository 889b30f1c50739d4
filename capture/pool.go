package capture

import (
	"cbdoctor/capture/tlswire"
	"cbdoctor/certificate"
)

func (t *tracker) newSession() *session {
	if n := len(t.idle); n > 0 {
		s := t.idle[n-1]
		t.idle = t.idle[:n-1]
		return s
	}
	return &session{}
}

// maxIdle bounds the sessions kept for use again; a quarter as many keep their buffers for payload.
const maxIdle = 1024

// discard lets go of a judged session.
func (t *tracker) discard(s *session) {
	t.kept -= s.kept
	t.recycle(s.wire)
	*s = session{}
	if len(t.idle) < maxIdle {
		t.idle = append(t.idle, s)
	}
}

func (t *tracker) newWire() *wire {
	if n := len(t.pool); n > 0 {
		w := t.pool[n-1]
		t.pool = t.pool[:n-1]
		return w
	}
	w := &wire{}
	if !t.keys.Empty() {
		w.tls.Open = func(side tlswire.Side, kind uint8, body []byte) (uint8, []byte, bool) {
			return w.open(t.keys, int(side), kind, body)
		}
		w.tls.Data = func(side tlswire.Side, _ int64, plain []byte) { w.data(int(side), plain) }
	}
	w.tls.Certificates = func(side tlswire.Side, _ int64, chain [][]byte) { w.show(t, int(side), chain) }
	return w
}

func (t *tracker) recycle(w *wire) {
	if w == nil || len(t.pool) >= maxIdle/4 {
		return
	}
	w.pg.Reset()
	w.tls.Reset()
	w.inside.Reset()
	w.keys, w.asked, w.opened = nil, false, false
	w.upgraded, w.chains, w.flowOf = false, chainsOf{}, 0
	w.session, w.chain, w.notes = nil, [2][]certificate.Certificate{}, [2][]string{}
	t.pool = append(t.pool, w)
}
