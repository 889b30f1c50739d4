package capture

import "math/bits"

// index finds what is followed by its tuple: a table with open addressing and linear probing (Knuth, TAOCP 6.4). It holds no
// pointers, so a million entries cost the garbage collector nothing, and 8 bytes an entry, so a probe costs one cache line.
// Tuples are compared where they are kept: see [tracker.find]. The zero value is not ready: see newIndex.
type index struct {
	slots []slot
	used  int
	seed  uint64 // differs from run to run: nobody can prepare addresses that collide
}

// slot is free when its ref is none.
type slot struct {
	hash uint32
	ref  ref
}

// ref names an attempt or a session of the tracker.
type ref uint32

const (
	none ref = 0
	// isSession tells a session from an attempt.
	isSession ref = 1 << 31
)

const indexLeast = 1 << 8

func newIndex(seed uint64) index {
	return index{slots: newSlots(indexLeast), seed: seed}
}

// newSlots makes free slots and writes to each page of them: one that is read before it is written costs two page faults instead of one,
// and the second of them stops the other cores.
func newSlots(n int) []slot {
	const page = 4096 / 8
	slots := make([]slot, n)
	for i := 0; i < n; i += page {
		slots[i].ref = none
	}
	return slots
}

// hash mixes a tuple by multiplication to 128 bits, as wyhash does. The table never has as many places as there are hashes.
func (x *index) hash(k *tuple) uint32 {
	ports := uint64(k.clientPort)<<16 | uint64(k.serverPort)
	h := mix(k.client.Lo^x.seed, k.server.Lo^0x9e3779b97f4a7c15)
	if k.client.Hi|k.server.Hi != 0 { // IPv6
		h ^= mix(k.client.Hi^0xc2b2ae3d27d4eb4f, k.server.Hi^x.seed)
	}
	h = mix(h^ports, 0x165667b19e3779f9^x.seed)
	return uint32(h ^ h>>32)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// same compares tuples in place: the compiler's own comparison is a call.
func (k *tuple) same(o *tuple) bool {
	return k.clientPort == o.clientPort && k.client.Lo == o.client.Lo && k.server.Lo == o.server.Lo && k.serverPort == o.serverPort &&
		k.client.Hi == o.client.Hi && k.server.Hi == o.server.Hi
}

// find returns what a tuple with the given hash names, none when nothing, and its slot.
func (t *tracker) find(h uint32, k *tuple) (at int, r ref) {
	slots := t.index.slots
	mask := len(slots) - 1
	for at = int(h) & mask; ; at = (at + 1) & mask {
		s := &slots[at&(len(slots)-1)]
		if s.ref == none {
			return at, none
		}
		if s.hash == h && t.tuple(s.ref).same(k) {
			return at, s.ref
		}
	}
}

// tuple is that of what a ref names.
func (t *tracker) tuple(r ref) *tuple {
	if r&isSession != 0 {
		return &t.session(r).tuple
	}
	return &t.attempt(r).tuple
}

// add enters what is not in the table yet.
func (x *index) add(h uint32, r ref) {
	if x.used++; x.used > len(x.slots)/4*3 {
		old := x.slots
		x.slots = newSlots(2 * len(old))
		for _, s := range old {
			if s.ref != none {
				x.place(s)
			}
		}
	}
	x.place(slot{h, r})
}

func (x *index) place(s slot) {
	mask := len(x.slots) - 1
	at := int(s.hash) & mask
	for x.slots[at].ref != none {
		at = (at + 1) & mask
	}
	x.slots[at] = s
}

// remove empties a slot and moves up what stands behind it, so that no search ends too early.
func (x *index) remove(at int) {
	mask := len(x.slots) - 1
	for next := (at + 1) & mask; x.slots[next].ref != none; next = (next + 1) & mask {
		home := int(x.slots[next].hash) & mask
		if (next-home)&mask >= (next-at)&mask { // it may stand at the empty place
			x.slots[at] = x.slots[next]
			at = next
		}
	}
	x.slots[at] = slot{}
	x.used--
}
