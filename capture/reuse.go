package capture

import "cbdoctor/capture/packet"

// reuse remembers which connections may have been opened more than once: the filters of such sessions need a range of frames. It is
// a Bloom filter of 128 KB (Bloom 1970, two bits a key in one word): a chance hit costs a longer filter, never a wrong one. Its
// hash has no secret, so that the same capture always gives the same report.
type reuse struct {
	seen  []uint64
	again map[uint64]bool
	late  []uint64 // hashes that are not entered yet: words that are asked for together come from memory at the same time
}

const (
	reuseWords = 1 << 14
	maxAgain   = 1 << 16
	reuseLate  = 16
)

func (r *reuse) note(h uint64) {
	if r.late = append(r.late, h); len(r.late) == reuseLate {
		r.enter()
	}
}

// enter enters what was noted.
func (r *reuse) enter() {
	if r.seen == nil && len(r.late) > 0 {
		r.seen, r.again = make([]uint64, reuseWords), map[uint64]bool{}
	}
	for _, h := range r.late {
		word, bits := &r.seen[h%reuseWords], uint64(1)<<(h>>58)|uint64(1)<<(h>>52&63)
		if *word&bits == bits && len(r.again) < maxAgain {
			r.again[h] = true
		}
		*word |= bits
	}
	r.late = r.late[:0]
}

// hash is the same in every run; the index has a keyed one.
func (k *tuple) hash() uint64 {
	h := k.client.Lo*0x9e3779b97f4a7c15 ^ k.client.Hi*0xc2b2ae3d27d4eb4f ^ k.server.Lo*0x165667b19e3779f9 ^ k.server.Hi*0x27d4eb2f165667c5
	h = (h ^ (uint64(k.clientPort)<<16|uint64(k.serverPort))*0x85ebca77c2b2ae63) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// reuseOf is where a connection is remembered: apart by lanes even where there is one lane only, so that chance hits are the same.
func (t *tracker) reuseOf(k *tuple) *reuse {
	return &t.reuse[packet.LaneOf(k.client, k.server, k.clientPort, k.serverPort)]
}

func (t *tracker) noteReuse(k *tuple) { t.reuseOf(k).note(k.hash()) }

// enterReuse must come before anybody asks whether a connection was reused.
func (t *tracker) enterReuse() {
	for i := range t.reuse {
		t.reuse[i].enter()
	}
}

func (t *tracker) reused(k *tuple) bool { return t.reuseOf(k).again[k.hash()] }
