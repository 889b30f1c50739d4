package points

import "time"

// Clock is how far the clocks of two points are apart, estimated from packets that both have.
type Clock struct {
	Offset time.Duration `json:"offset_ns"` // what the far point's clock shows minus what the near point's shows
	Within time.Duration `json:"within_ns"` // the true offset is Offset ± Within, as long as neither clock drifts
}

// oneWay is how long a packet is thought to take at most where only one direction was seen at both points.
const oneWay = 500 * time.Millisecond

// tellClock estimates the offset as NTP does (RFC 5905 section 8): the quickest packet of each direction bounds it from one side.
func (c *comparison) tellClock() {
	var quickest [2]int64 // far's time minus near's time of what the client sends, near's minus far's of the other direction
	var known [2]bool
	for from := range c.aligned {
		for _, a := range c.alignments(from) {
			for _, b := range a.both {
				d := (b[c.far()].time - b[c.near()].time) * int64(towards(from))
				if !known[from] || d < quickest[from] {
					quickest[from], known[from] = d, true
				}
			}
		}
	}
	forward, back := time.Duration(quickest[client]), time.Duration(quickest[server])
	switch {
	case known[client] && known[server]:
		c.clock = &Clock{Offset: (forward - back) / 2, Within: (forward + back).Abs() / 2}
	case known[client]:
		c.clock = &Clock{Offset: forward, Within: oneWay}
	case known[server]:
		c.clock = &Clock{Offset: -back, Within: oneWay}
	}
}

// seenFrom is a time of one point by the clock of the other.
func (c *comparison) seenFrom(point int, ns int64) int64 {
	switch {
	case c.clock == nil:
		return ns
	case point == c.near():
		return ns + int64(c.clock.Offset)
	}
	return ns - int64(c.clock.Offset)
}

// capturing reports whether the other point was capturing when this one saw a packet, as far as the packets of its file show.
func (c *comparison) capturing(point int, r *record) bool {
	other := c.sources[1-point].Result
	if other.First.IsZero() {
		return false
	}
	t := c.seenFrom(point, r.time)
	slack := int64(0)
	if c.clock != nil {
		slack = int64(c.clock.Within)
	}
	return t >= other.First.T.UnixNano()-slack && t <= other.Last.T.UnixNano()+slack
}
