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

// align pairs the packets of all sessions: first those that are the same to the bit, which tell the clocks; then what devices have rewritten, which
// the time must tell from a retransmission.
func (c *comparison) align() {
	for _, p := range c.pairings {
		p.align()
	}
	apart, known := c.apart()
	if !known && !c.overlaps() {
		return
	}
	for _, p := range c.pairings {
		p.alignLoosely(apart)
	}
}

// apart is the median of what the second point's clock shows more than the first one's for the same packet.
func (c *comparison) apart() (ns int64, known bool) {
	var all []int64
	for from := range c.aligned {
		for _, a := range c.alignments(from) {
			for _, b := range a.both {
				all = append(all, b[1].time-b[0].time)
			}
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return all[len(all)/2], true
}

func (c *comparison) alignOthers() {
	for from := range c.aligned {
		a := alignment{only: split(c.others, uint8(from))}
		a.pair(0, 0, looser[0], always)
		c.aligned[from] = a
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
		a := &p.aligned[from]
		a.only = split(lists, uint8(from))
		a.pair(shift[from], shift[1-from], func(k exactKey) exactKey { return k }, always)
	}
}

// alignLoosely pairs what is left. Apart is how far the clocks are apart.
func (p *pairing) alignLoosely(apart int64) {
	shift := p.rewritten()
	near := func(x, y *record) bool {
		d := y.time - x.time - apart
		return -int64(oneWay) < d && d < int64(oneWay)
	}
	for from := range p.aligned {
		a := &p.aligned[from]
		for _, loosen := range looser {
			a.pair(shift[from], shift[1-from], loosen, near)
		}
		a.resegmented(shift[from])
	}
}

func always(_, _ *record) bool { return true }

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

// pair pairs packets of the same key that fit, in the order of their times: the first transmission of a segment with the first, and so on.
func (a *alignment) pair(seqShift, ackShift uint32, loosen func(exactKey) exactKey, fit func(x, y *record) bool) {
	waiting := map[exactKey][]*record{}
	for _, r := range a.only[1] {
		k := loosen(r.exact())
		waiting[k] = append(waiting[k], r)
	}
	paired := map[*record]bool{}
	for _, r := range a.only[0] {
		k := r.exact()
		k.seq += seqShift
		if r.flags&packet.ACK != 0 {
			k.ack += ackShift
		}
		k = loosen(k)
		list := waiting[k]
		if i := slices.IndexFunc(list, func(o *record) bool { return fit(r, o) }); i >= 0 {
			a.both = append(a.both, [2]*record{r, list[i]})
			paired[r], paired[list[i]] = true, true
			waiting[k] = slices.Delete(list, i, i+1)
		}
	}
	for side := range a.only {
		a.only[side] = slices.DeleteFunc(a.only[side], func(r *record) bool { return paired[r] })
	}
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
