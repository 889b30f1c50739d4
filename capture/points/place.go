package points

import "cbdoctor/capture/packet"

// place tells which point is nearer to the client. Each router takes one off the TTL; where none is between the points, the point
// that waits longer for the SYN-ACK is nearer to the client; and what only one point has was sent on its side.
func (c *comparison) place() {
	for _, votes := range []func() int{c.byTTL, c.byWaiting, c.byPresence} {
		if n := votes(); n != 0 {
			c.ordered, c.swapped = true, n < 0
			return
		}
	}
}

// byTTL is positive when the first source is the nearer to the client, negative when the second is, 0 when nothing tells.
func (c *comparison) byTTL() (n int) {
	for from := range c.aligned {
		for _, a := range c.alignments(from) {
			for _, b := range a.both {
				n += sign(int(b[0].ttl)-int(b[1].ttl)) * towards(from)
			}
		}
	}
	return n
}

// towards is 1 for what the client sends, -1 for the other direction.
func towards(from int) int { return 1 - 2*from }

func sign(n int) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}

func (c *comparison) byWaiting() (n int) {
	for _, p := range c.pairings {
		if p.views[0] == nil || p.views[1] == nil {
			continue
		}
		a, okA := p.views[0].wait()
		b, okB := p.views[1].wait()
		if okA && okB {
			n += sign(int(a - b))
		}
	}
	return n
}

// wait is the time from the first SYN to the first SYN-ACK, in nanoseconds.
func (v *view) wait() (ns int64, known bool) {
	var syn int64
	for i := range v.records {
		switch r := &v.records[i]; r.flags & (packet.SYN | packet.ACK) {
		case packet.SYN:
			if syn == 0 {
				syn = r.time
			}
		case packet.SYN | packet.ACK:
			return r.time - syn, syn != 0
		}
	}
	return 0, false
}

func (c *comparison) byPresence() (n int) {
	for from := range c.aligned {
		for _, a := range c.alignments(from) {
			n += sign(len(a.only[0])-len(a.only[1])) * towards(from)
		}
	}
	return n
}

// near is the index of the source nearer to the client, far of the other.
func (c *comparison) near() int {
	if c.swapped {
		return 1
	}
	return 0
}

func (c *comparison) far() int { return 1 - c.near() }

// neighbours leaves out what another point between the two tells more exactly.
func neighbours(all []*comparison) (out []*comparison) {
	for _, c := range all {
		if !between(c, all) {
			out = append(out, c)
		}
	}
	return out
}

// between reports whether some other capture was taken between the points of c.
func between(c *comparison, all []*comparison) bool {
	if !c.ordered {
		return false
	}
	for _, first := range all {
		if first == c || !first.ordered || first.sources[first.near()] != c.sources[c.near()] || first.hosts[first.near()] != c.hosts[c.near()] {
			continue
		}
		for _, second := range all {
			if second.ordered && second != c && second.sources[second.near()] == first.sources[first.far()] && second.hosts[second.near()] == first.hosts[first.far()] &&
				second.sources[second.far()] == c.sources[c.far()] {
				return true
			}
		}
	}
	return false
}
