package points

import (
	"context"
	"net/netip"

	"cbdoctor/capture/packet"
)

// Bounds of what is kept of the captures: 56 sessions of each capture of two (see match.go), at 56 bytes a packet.
const (
	maxRecords = 2048 // packets of one session
	maxOthers  = 1024 // packets of other ports of one pair of hosts
	// maxLooked is how many packets of a capture are looked at for those: a million are minutes of a busy interface, and take about a second.
	maxLooked = 1 << 20
)

// record is what is kept of a packet.
type record struct {
	time     int64 // nanoseconds
	frame    int64
	seq, ack uint32
	stamp    uint32 // TCP timestamp value, 0 when there is none
	size     int32  // payload
	mss      uint16
	id       uint16 // IP identification
	ports    [2]uint16
	flags    uint8
	ttl      uint8
	from     uint8 // client or server
}

func (r *record) take(p *packet.Packet, from uint8) {
	*r = record{
		time: p.Time, frame: p.Frame, seq: p.Seq, ack: p.Ack, stamp: p.Options.TSVal, size: int32(p.PayloadLen), mss: p.Options.MSS,
		id: p.IPID, flags: p.Flags, ttl: p.TTL, from: from,
	}
}

// again reports whether r is the same packet as one that was captured just before: on the interface "any" each may be seen twice.
func (r *record) again(list []record) bool {
	const look, apart = 6, 3e6
	for i := len(list) - 1; i >= 0 && i >= len(list)-look; i-- {
		o := &list[i]
		if o.from == r.from && o.exact() == r.exact() && (r.id != 0 || r.time-o.time < apart) {
			return true
		}
	}
	return false
}

// trace keeps the packets of the sessions that are compared.
func trace(ctx context.Context, s *Source, port uint16, all []*comparison) error {
	type ends struct{ client, server netip.AddrPort }
	wanted := map[ends][]*view{}
	ports, last := []uint16{port}, int64(0)
	for _, c := range all {
		for side, source := range c.sources {
			if source != s {
				continue
			}
			for _, p := range c.pairings {
				v := p.views[side]
				if v == nil {
					continue
				}
				key := ends{v.client, v.server}
				wanted[key] = append(wanted[key], v)
				last = max(last, v.session.LastFrame)
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return s.Read(ctx, packet.Options{Ports: ports, Filter: s.Filter}, func(p *packet.Packet) error {
		if p.Frame > last {
			return packet.ErrStop
		}
		if p.Kind != packet.TCP {
			return nil
		}
		src, dst := netip.AddrPortFrom(p.Src.Netip(), p.SrcPort), netip.AddrPortFrom(p.Dst.Netip(), p.DstPort)
		for from, views := range [2][]*view{wanted[ends{src, dst}], wanted[ends{dst, src}]} {
			for _, v := range views {
				v.keep(p, uint8(from))
			}
		}
		return nil
	})
}

func (v *view) keep(p *packet.Packet, from uint8) {
	if p.Frame < v.session.FirstFrame || p.Frame > v.session.LastFrame {
		return
	}
	if len(v.records) >= maxRecords {
		v.leftOut++
		return
	}
	var r record
	if r.take(p, from); !r.again(v.records) {
		v.records = append(v.records, r)
	}
}

// overlaps reports whether the two files have packets of the same time: files that one capture wrote one after the other have not.
func (c *comparison) overlaps() bool {
	a, b := c.sources[0].Result, c.sources[1].Result
	return a.First.T.Before(b.Last.T) && b.First.T.Before(a.Last.T)
}

// traceOthers keeps packets of other ports between the hosts of comparisons without a packet that both points have.
func traceOthers(ctx context.Context, s *Source, port uint16, all []*comparison) error {
	type place struct {
		c    *comparison
		side int
	}
	wanted, lists, full := map[hosts][]place{}, 0, 0
	for _, c := range all {
		for side, source := range c.sources {
			if source == s && c.shared() == 0 && c.overlaps() {
				wanted[c.hosts[side]] = append(wanted[c.hosts[side]], place{c, side})
				lists++
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	looked := 0
	return s.Read(ctx, packet.Options{All: true, Filter: s.Filter}, func(p *packet.Packet) error {
		if looked++; looked > maxLooked {
			return packet.ErrStop
		}
		if p.Kind != packet.TCP || p.SrcPort == port || p.DstPort == port {
			return nil
		}
		for from, places := range [2][]place{wanted[hosts{p.Src, p.Dst}], wanted[hosts{p.Dst, p.Src}]} {
			for _, w := range places {
				list := &w.c.others[w.side]
				var r record
				if r.take(p, uint8(from)); r.again(*list) || len(*list) >= maxOthers {
					continue
				}
				r.ports = [2]uint16{p.SrcPort, p.DstPort}
				*list = append(*list, r)
				if len(*list) == maxOthers {
					full++
				}
			}
		}
		if full == lists {
			return packet.ErrStop
		}
		return nil
	})
}
