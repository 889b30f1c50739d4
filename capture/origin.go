package capture

import (
	"fmt"
	"time"

	"cbdoctor/capture/packet"
)

// origin is how a host's packets on the port arrive, resets aside: what tells them from those that others send in its name.
type origin struct {
	ttlMin   uint8
	ttlMax   uint8
	mac      [6]byte
	hasMAC   bool
	macMixed bool
	arrives  bool  // the capturing host receives them
	answer   int64 // shortest time from SYN to SYN-ACK, ns; 0 when there was none
}

// noteOrigin takes the first packet of a side in a session; s is nil where there is no session yet.
func (t *tracker) noteOrigin(p *packet.Packet, s *session) {
	seen, known := t.ports[p.Src]
	before := seen
	switch {
	case known:
		seen.ttlMin, seen.ttlMax = min(seen.ttlMin, p.TTL), max(seen.ttlMax, p.TTL)
		seen.macMixed = seen.macMixed || seen.hasMAC && p.HasSrcMAC && seen.mac != p.SrcMAC
	case len(t.ports) >= maxTTLs:
		return
	default:
		seen.ttlMin, seen.ttlMax = p.TTL, p.TTL
	}
	seen.arrives = seen.arrives || p.Arrives()
	if p.HasSrcMAC && !seen.hasMAC {
		seen.mac, seen.hasMAC = p.SrcMAC, true
	}
	const synAck = packet.SYN | packet.ACK
	if s != nil && p.Flags&synAck == synAck && s.sides[client].syn > 0 {
		if wait := p.Time - s.sides[client].synLastTime; wait > 0 && (seen.answer == 0 || wait < seen.answer) {
			seen.answer = wait
		}
	}
	if !known || seen != before {
		t.ports[p.Src] = seen
	}
}

// merge is what two lanes know of a host.
func (o origin) merge(p origin) origin {
	o.ttlMin, o.ttlMax = min(o.ttlMin, p.ttlMin), max(o.ttlMax, p.ttlMax)
	o.arrives = o.arrives || p.arrives
	o.macMixed = o.macMixed || p.macMixed || o.hasMAC && p.hasMAC && o.mac != p.mac
	if !o.hasMAC {
		o.mac, o.hasMAC = p.mac, p.hasMAC
	}
	if o.answer == 0 || p.answer > 0 && p.answer < o.answer {
		o.answer = p.answer
	}
	return o
}

// reset is the first reset of a side.
type reset struct {
	ttl    uint8
	mac    [6]byte
	hasMAC bool
	leaves bool  // the capturing host sent it
	after  int64 // the SYN that it answers, ns; 0 when it answers none
}

// resets are those of both sides of a session.
func (s *session) resets(m *Summary) (out [2]reset) {
	for d := range s.sides {
		a := &s.sides[d]
		out[d] = reset{ttl: a.rstTTL, mac: a.rstMAC, hasMAC: a.rstMAC != [6]byte{}, leaves: a.rstLeaves}
		if d == server && m.RSTReply {
			out[d].after = a.rstTime - s.sides[client].synLastTime
		}
	}
	return out
}

// slowest is how long an answer must take for a much quicker reset to be remarkable: below, a busy host explains the difference.
const slowest = int64(4 * time.Millisecond)

// foreign says why a reset of the same TTL was still not sent by the host: on one segment, where no router changes it, the MAC
// address of a host is one and the same; and no answer comes in a quarter of the time that light and kernel need.
func (o origin) foreign(r reset) string {
	own := o.ttlMin == 64 || o.ttlMin == 128 || o.ttlMin == 255
	switch {
	case own && o.hasMAC && !o.macMixed && r.hasMAC && r.mac != o.mac:
		return fmt.Sprintf("the reset comes from the MAC address %s, its other packets from %s", macName(r.mac), macName(o.mac))
	case r.after > 0 && o.answer > slowest && r.after < o.answer/4:
		return fmt.Sprintf("the reset comes %.1f ms after the SYN, its other answers take at least %.1f ms", float64(r.after)/1e6, float64(o.answer)/1e6)
	}
	return ""
}

func macName(m [6]byte) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}
