package points

import (
	"slices"
	"strconv"

	"cbdoctor/capture"
	"cbdoctor/capture/packet"
)

// Path is what two captures together say of the way between them. Its JSON form is an element of "paths" in the report, version 1.
type Path struct {
	Client   string     `json:"client"` // address as the near point sees it
	Server   string     `json:"server"`
	Port     uint16     `json:"port"`
	Near     Point      `json:"near"` // the point nearer to the client
	Far      Point      `json:"far"`  // the point nearer to the server
	Ordered  bool       `json:"ordered"`
	Clock    *Clock     `json:"clock,omitempty"`
	ToServer Direction  `json:"to_server"` // from the near point to the far one
	ToClient Direction  `json:"to_client"` // from the far point to the near one
	Sessions []Compared `json:"sessions"`
	// Verdict is what the two captures together prove of the latest session in which something vanished or was injected; "" when nothing is.
	Verdict    capture.Verdict `json:"verdict,omitempty"`
	Conclusion string          `json:"conclusion,omitempty"` // what that means, one sentence
	Text       string          `json:"text"`                 // all of it in words
	LeftOut    int             `json:"left_out,omitempty"`   // bad sessions beyond the limit
}

// Point is one of the captures, with the addresses of the two hosts there.
type Point struct {
	File   string `json:"file"`
	Client string `json:"client"`
	Server string `json:"server"`
	// Host is the one of the two hosts that the packets leave here without having passed a router: the capture was taken there. "" when that
	// is neither, or not known.
	Host string `json:"host,omitempty"`
}

// Direction is what became of the packets that travel one way.
type Direction struct {
	Text     string `json:"text"`    // in words
	Arrived  int    `json:"arrived"` // packets that both points have
	Vanished []Loss `json:"vanished,omitempty"`
	Injected []Loss `json:"injected,omitempty"` // came out of the stretch and never went in: something on it sent them
	Missed   int    `json:"missed,omitempty"`   // one capture does not have them, though they arrived (or nothing came of it): it lost them
	Unknown  int    `json:"unknown,omitempty"`  // at that time the other point was not capturing, as far as its packets show
	Largest  int32  `json:"largest,omitempty"`  // largest payload that passed, bytes
	Others   int    `json:"others,omitempty"`   // packets of other ports that passed
}

// Loss is packets of one kind that only one point has.
type Loss struct {
	Kind   string  `json:"kind"` // "SYN", "SYN-ACK", "ACK", "RST", "FIN", "data"
	Count  int     `json:"count"`
	Size   int32   `json:"size,omitempty"` // smallest payload among them, bytes
	File   string  `json:"file"`           // the capture that has them
	Frames []int64 `json:"frames"`         // in it: the first sixteen
}

// Compared is a session at the two points.
type Compared struct {
	Near    *int            `json:"near,omitempty"` // its number in the near capture, absent when it is not there
	Far     *int            `json:"far,omitempty"`
	Reached bool            `json:"reached,omitempty"` // its SYN came to the far point
	Verdict capture.Verdict `json:"verdict,omitempty"` // what both together prove
}

// maxFrames is how many frames a loss names.
const maxFrames = 16

// path draws the conclusions. It is false where the captures have nothing in common but the addresses, and no time.
func (c *comparison) path(port uint16) (Path, bool) {
	n, f := c.near(), c.far()
	p := Path{
		Client: c.hosts[n].client.String(), Server: c.hosts[n].server.String(), Port: port,
		Near: c.point(n), Far: c.point(f),
		Ordered: c.ordered, Clock: c.clock, LeftOut: c.leftOut,
	}
	if len(c.pairings) == 0 {
		return p, false
	}
	for _, s := range c.pairings {
		found := c.fates(s)
		verdict := found.verdict(s)
		p.Sessions = append(p.Sessions, Compared{number(s.views[n]), number(s.views[f]), found.passed(client, syn), verdict})
		if verdict != "" {
			p.Verdict = verdict
		}
		for from, d := range [2]*Direction{&p.ToServer, &p.ToClient} {
			d.add(&found[from], c, from)
		}
	}
	p.ToServer.Others, p.ToClient.Others = len(c.aligned[client].both), len(c.aligned[server].both)
	p.ToServer.Text = p.ToServer.describe(p.Client+" to "+p.Server+":"+strconv.Itoa(int(port)), p.Client)
	p.ToClient.Text = p.ToClient.describe(p.Server+":"+strconv.Itoa(int(port))+" to "+p.Client, p.Server)
	p.Conclusion = c.conclusion(&p)
	p.Text = p.describe()
	return p, c.shared() > 0 || p.proves()
}

func (c *comparison) point(i int) Point {
	p := Point{File: c.sources[i].Result.File, Client: c.hosts[i].client.String(), Server: c.hosts[i].server.String()}
	switch {
	case !c.ordered:
	case i == c.near() && c.leaves(i, client):
		p.Host = p.Client
	case i == c.far() && c.leaves(i, server):
		p.Host = p.Server
	}
	return p
}

// leaves reports whether the packets of a side have a TTL at a point with which hosts send (RFC 1700, Windows, Cisco): no router has taken one off.
func (c *comparison) leaves(point, from int) bool {
	seen, whole := 0, 0
	note := func(r *record) {
		if r.from == uint8(from) && r.flags&packet.RST == 0 {
			seen++
			if r.ttl == 64 || r.ttl == 128 || r.ttl == 255 {
				whole++
			}
		}
	}
	for i := range c.others[point] {
		note(&c.others[point][i])
	}
	for _, p := range c.pairings {
		if v := p.views[point]; v != nil {
			for i := range v.records {
				note(&v.records[i])
			}
		}
	}
	return seen > 0 && seen == whole
}

// proves reports whether something vanished or was injected.
func (p *Path) proves() bool {
	return len(p.ToServer.Vanished)+len(p.ToClient.Vanished)+len(p.ToServer.Injected)+len(p.ToClient.Injected) > 0
}

func number(v *view) *int {
	if v == nil {
		return nil
	}
	n := v.session.Session
	return &n
}

// fate is what became of the packets of one direction of one session.
type fate struct {
	arrived            [][2]*record
	vanished, injected []*record
	missed, unknown    int
}

type fates [2]fate

// entering is the point at which packets of a direction go into the stretch.
func (c *comparison) entering(from int) int {
	if from == client {
		return c.near()
	}
	return c.far()
}

// fates sorts the packets that only one point has.
func (c *comparison) fates(p *pairing) (out fates) {
	for from := range out {
		in := c.entering(from)
		a, f := &p.aligned[from], &out[from]
		f.arrived = a.both
		for _, r := range a.only[in] {
			switch {
			case !c.capturing(in, r):
				f.unknown++
			case p.answered(in, r, a):
				f.missed++
			default:
				f.vanished = append(f.vanished, r)
			}
		}
		for _, r := range a.only[1-in] {
			switch {
			case !c.capturing(1-in, r):
				f.unknown++
			case r.flags&packet.RST != 0 && c.shared() > 0 && p.failed():
				f.injected = append(f.injected, r)
			default:
				f.missed++
			}
		}
	}
	refused := p.met(syn) > 0 && p.met(synAck) == 0
	if out[client].missed+out[server].missed > 0 || !out.opened() && !refused { // a capture that lost other packets may have lost a reset too
		for from := range out {
			out[from].missed += len(out[from].injected)
			out[from].injected = nil
		}
	}
	return out
}

// failed reports whether the session is bad at either point: the end of a good one needs no explanation.
func (p *pairing) failed() bool {
	return slices.ContainsFunc(p.views[:], func(v *view) bool { return v != nil && !v.session.Verdict.Good() })
}

// answered reports whether the receiver acknowledges a packet of which it never got another copy: then the other capture lost it. A mere
// ACK is followed by others of the same side that arrived.
func (p *pairing) answered(in int, r *record, a *alignment) bool {
	end := r.seq + uint32(r.length())
	if r.flags&packet.RST != 0 {
		return false
	}
	if r.length() == 0 {
		return slices.ContainsFunc(a.both, func(b [2]*record) bool { return b[in].frame > r.frame })
	}
	for _, b := range a.both {
		if o := b[in]; o.length() > 0 && int32(o.seq-end) < 0 && int32(r.seq-o.seq-uint32(o.length())) < 0 {
			return false // a copy of it arrived: this one did vanish
		}
	}
	v := p.views[in]
	return v != nil && slices.ContainsFunc(v.records, func(o record) bool {
		return o.from != r.from && o.flags&packet.ACK != 0 && o.flags&packet.RST == 0 && o.time >= r.time && int32(o.ack-end) >= 0
	})
}

// length is how much of the sequence space a packet takes (RFC 9293 section 3.4).
func (r *record) length() int32 {
	n := r.size
	if r.flags&packet.SYN != 0 {
		n++
	}
	if r.flags&packet.FIN != 0 {
		n++
	}
	return n
}

// kind names what a packet is.
func (r *record) kind() string {
	switch {
	case r.flags&packet.RST != 0:
		return "RST"
	case r.flags&(packet.SYN|packet.ACK) == packet.SYN|packet.ACK:
		return "SYN-ACK"
	case r.flags&packet.SYN != 0:
		return "SYN"
	case r.size > 0:
		return "data"
	case r.flags&packet.FIN != 0:
		return "FIN"
	}
	return "ACK"
}

func (d *Direction) add(f *fate, c *comparison, from int) {
	in := c.entering(from)
	d.Arrived += len(f.arrived)
	d.Missed += f.missed
	d.Unknown += f.unknown
	for _, b := range f.arrived {
		d.Largest = max(d.Largest, b[in].size)
	}
	d.Vanished = tally(d.Vanished, f.vanished, c.sources[in].Result.File)
	d.Injected = tally(d.Injected, f.injected, c.sources[1-in].Result.File)
}

func tally(list []Loss, records []*record, file string) []Loss {
	for _, r := range records {
		kind := r.kind()
		i := slices.IndexFunc(list, func(l Loss) bool { return l.Kind == kind })
		if i < 0 {
			list = append(list, Loss{Kind: kind, File: file, Size: r.size})
			i = len(list) - 1
		}
		l := &list[i]
		l.Count++
		l.Size = min(l.Size, r.size)
		if len(l.Frames) < maxFrames {
			l.Frames = append(l.Frames, r.frame)
		}
	}
	return list
}
