package packet

import "time"

// Frames decodes frames one by one, as they come from an interface: there is no file. It is for one goroutine.
type Frames struct {
	lane   lane
	sifter *sifter
	batch  batch
	links  map[LinkType]uint32 // their place in the batch's section
	list   [2]hit
	info   Info
	first  int64
	last   int64
}

// NewFrames returns a decoder that hands on what opt wants, as [Read] does. Workers and ChunkSize mean nothing here.
func NewFrames(opt Options, h Handler) *Frames {
	f := &Frames{sifter: newSifter(opt), links: map[LinkType]uint32{}, first: noTime, last: noTime, info: Info{Format: "live"}}
	f.lane = lane{alone: true, filter: opt.Filter, hosts: opt.Hosts, handle: h}
	f.lane.decoder.ports, f.lane.decoder.all = opt.portSet(), opt.All
	f.batch.sections, f.batch.origins = []*section{{}}, make([]origin, 1)
	f.list[0].what = whatOf(hitOrigin, 0)
	return f
}

// Take decodes a frame: its captured bytes from the link layer on, and its length on the wire. The error is the handler's.
func (f *Frames) Take(link LinkType, at time.Time, frame []byte, length int) error {
	i := f.iface(link)
	f.info.Packets++
	ns := at.UnixNano()
	if f.first == noTime {
		f.first = ns
	}
	f.last = max(f.last, ns)
	if len(frame) < length {
		f.info.Truncated++
	}
	kind := f.sifter.sift(&f.batch.sections[0].ifaces[i], frame, uint32(length))
	if kind == hitNone || kind == hitHost && !f.sifter.wantsHost(f.info.Packets<<10) {
		return nil
	}
	f.batch.buf, f.batch.origins[0].iface = frame, i
	f.list[1] = hit{time: ns, cap: uint32(len(frame)), orig: uint32(length), what: whatOf(kind, 1)}
	err := f.lane.walk(&f.batch, f.list[:], f.info.Packets-1)
	f.batch.buf = nil
	return err
}

func (f *Frames) iface(link LinkType) uint32 {
	i, known := f.links[link]
	if !known {
		s := f.batch.sections[0]
		i = uint32(len(s.ifaces))
		s.ifaces = append(s.ifaces, newInterface(link, 0, decimalClock(9), 9))
		f.links[link] = i
		f.info.LinkTypes = append(f.info.LinkTypes, link.String())
	}
	return i
}

// Info is what is known of the frames so far.
func (f *Frames) Info() Info {
	info := f.info
	info.PortPackets = f.lane.packets
	if f.first != noTime {
		info.First, info.Last = stampOf(f.first, 9), stampOf(f.last, 9)
	}
	return info
}
