package points

import (
	"cmp"
	"slices"

	"cbdoctor/capture/packet"
)

// alignment is what became of the packets of one direction: records of the first source beside records of the second.
type alignment struct {
	both [][2]*record
	only [2][]*record // seen at one point only
}

// exactKey is the same for one packet at all points, unless something rewrites it on the way.
type exactKey struct {
	seq, ack, stamp uint32
	size            int32
	id              uint16
	ports           [2]uint16
	flags           uint8
}

func (r *record) exact() exactKey {
	return exactKey{r.seq, r.ack, r.stamp, r.size, r.id, r.ports, r.flags}
}

// looser forms of the key, in the order in which they are tried: what devices rewrite is left out one by one.
var looser = []func(k exactKey) exactKey{
	func(k exactKey) exactKey { return k },
	func(k exactKey) exactKey { k.id = 0; return k },
	func(k exactKey) exactKey {
		k.id, k.ack = 0, 0
		k.flags &^= packet.PSH | packet.ECE | packet.CWR
		return k
	},
	func(k exactKey) exactKey {
		k.id, k.ack, k.stamp = 0, 0, 0
		k.flags &^= packet.PSH | packet.ECE | packet.CWR
		return k
	},
}

// align pairs the packets of all sessions.
func (c *comparison) align() {
	for _, p := range c.pairings {
		p.align()
	}
}

func (c *comparison) alignOthers() {
	for from := range c.aligned {
		c.aligned[from] = pairUp(split(c.others, uint8(from)), 0, 0)
	}
}

// alignments are those of all packets of one direction.
func (c *comparison) alignments(from int) []*alignment {
	out := []*alignment{&c.aligned[from]}
	for _, p := range c.pairings {
		out = append(out, &p.aligned[from])
	}
	return out
}

func (p *pairing) align() {
	var lists [2][]record
	for side, v := range p.views {
		if v != nil {
			lists[side] = v.records
		}
	}
	shift := p.rewritten()
	for from := range p.aligned {
		p.aligned[from] = pairUp(split(lists, uint8(from)), shift[from], shift[1-from])
		p.aligned[from].resegmented(shift[from])
	}
}

// rewritten is what must be added to the sequence numbers of each side at the first point to get those at the second.
func (p *pairing) rewritten() (shift [2]uint32) {
	if p.views[0] == nil || p.views[1] == nil {
		return shift
	}
	a, b := &p.views[0].session.Trail, &p.views[1].session.Trail
	for side := range shift {
		if a.HasISN[side] && b.HasISN[side] {
			shift[side] = b.ISN[side] - a.ISN[side]
		}
	}
	return shift
}

// split picks the packets of one direction.
func split(lists [2][]record, from uint8) (out [2][]*record) {
	for side, list := range lists {
		for i := range list {
			if list[i].from == from {
				out[side] = append(out[side], &list[i])
			}
		}
	}
	return out
}

// pairUp pairs packets by ever looser keys, in the order of their times: the first transmission of a segment with the first, and so on.
func pairUp(rest [2][]*record, seqShift, ackShift uint32) (a alignment) {
	for _, loosen := range looser {
		waiting := map[exactKey][]*record{}
		for _, r := range rest[1] {
			k := loosen(r.exact())
			waiting[k] = append(waiting[k], r)
		}
		paired := map[*record]bool{}
		for _, r := range rest[0] {
			k := r.exact()
			k.seq += seqShift
			if r.flags&packet.ACK != 0 {
				k.ack += ackShift
			}
			k = loosen(k)
			if list := waiting[k]; len(list) > 0 {
				a.both = append(a.both, [2]*record{r, list[0]})
				paired[r], paired[list[0]] = true, true
				waiting[k] = list[1:]
			}
		}
		for side := range rest {
			rest[side] = slices.DeleteFunc(rest[side], func(r *record) bool { return paired[r] })
		}
	}
	a.only = rest
	return a
}

// resegmented takes out the data that both points have in other pieces: network cards join and split segments (GRO, TSO).
func (a *alignment) resegmented(shift uint32) {
	var data [2][]*record
	for side, list := range a.only {
		for _, r := range list {
			if r.size > 0 {
				data[side] = append(data[side], r)
			}
		}
		slices.SortFunc(data[side], func(x, y *record) int { return cmp.Compare(int32(x.seq-y.seq), 0) })
	}
	for side, add := range [2]uint32{shift, -shift} {
		a.only[side] = slices.DeleteFunc(a.only[side], func(r *record) bool { return r.size > 0 && covered(r.seq+add, r.size, data[1-side]) })
	}
}

// covered reports whether several other segments, in the order of their sequence numbers, hold all of these bytes.
func covered(seq uint32, size int32, others []*record) bool {
	end := seq + uint32(size)
	for _, o := range others {
		if from, to := o.seq, o.seq+uint32(o.size); o.size != size && int32(from-seq) <= 0 && int32(to-seq) > 0 {
			seq = to
			if int32(end-seq) <= 0 {
				return true
			}
		}
	}
	return false
}

// shared is how many packets both points have.
func (c *comparison) shared() (n int) {
	for _, p := range c.pairings {
		n += len(p.aligned[client].both) + len(p.aligned[server].both)
	}
	return n + len(c.aligned[client].both) + len(c.aligned[server].both)
}
