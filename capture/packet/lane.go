package packet

import "sync/atomic"

const (
	// MaxLanes is how many handlers can share the packets of a file.
	MaxLanes = 2
	// everyLane marks packets that are not known to be of one connection before they are decoded.
	everyLane = 255
	// hostLane is the lane of what belongs to no connection.
	hostLane = 0
)

// LaneOf tells which of MaxLanes lanes follows a connection: the same for both directions.
func LaneOf(a, b Addr, portA, portB uint16) uint8 {
	h := (a.Lo + b.Lo + (a.Hi+b.Hi)*31 + (uint64(portA)+uint64(portB))<<20) * 0x9e3779b97f4a7c15
	return uint8(h >> 63)
}

// lane decodes the packets of some connections and calls one handler.
type lane struct {
	number  uint8
	alone   bool // the only lane: all connections are its own
	every   bool
	filter  func(p *Packet) bool
	hosts   *Hosts
	handle  Handler
	decoder decoder
	time    int64 // of the packet before
	packets int64 // TCP packets handed over
}

// own reports whether the packet that was decoded is this lane's.
func (l *lane) own(p *Packet) bool {
	if l.alone {
		return true
	}
	switch p.Kind {
	case TCP:
		return LaneOf(p.Src, p.Dst, p.SrcPort, p.DstPort) == l.number
	case ICMPError:
		return p.Quote.Cut || LaneOf(p.Quote.Src, p.Quote.Dst, p.Quote.SrcPort, p.Quote.DstPort) == l.number
	}
	return l.number == hostLane
}

// prefetchedAtOnce is for how many packets cache lines are asked for at a time. Another core has read the packets, and has written the hits:
// what is waited for at each of them otherwise is there when its turn comes.
const prefetchedAtOnce, prefetchedAhead = 16, 16

// prefetch asks for the packets at the given place of list, and for the hits behind them.
func (l *lane) prefetch(b *batch, list []hit, from, packets int) {
	if from < len(list) && len(b.buf) > 0 {
		packets = min(packets, len(list)-from)
		prefetch(&b.buf[0], &list[from], packets, min(prefetchedAhead, len(list)-from-packets))
	}
}

// from sets what packets of an origin have in common. The zero origin may have no interface yet: then no packet is of it.
func (l *lane) from(b *batch, at uint32) (s *section, face *iface, options uint32) {
	o := b.origins[at]
	if s = b.sections[o.section]; int(o.iface) < len(s.ifaces) {
		face = &s.ifaces[o.iface]
		l.decoder.p.Digits, l.decoder.p.Interface, l.decoder.p.Link = face.digits, int(o.iface), face.link
	}
	return s, face, o.options
}

// walk goes through the packets in list, of a batch before which the file has the given number of frames.
func (l *lane) walk(b *batch, list []hit, frames int64) error {
	p := &l.decoder.p
	s, face, options := l.from(b, 0)
	l.prefetch(b, list, 0, prefetchedAhead)
	for i := range list {
		h := &list[i]
		if i%prefetchedAtOnce == 0 {
			l.prefetch(b, list, i+prefetchedAhead, prefetchedAtOnce)
		}
		kind := h.kind()
		if kind == hitOrigin {
			s, face, options = l.from(b, h.orig)
			continue
		}
		if h.time != noTime {
			l.time = h.time
		}
		end := h.offset + h.cap
		data := b.buf[h.offset:end:end]
		p.Frame, p.Time = frames+int64(h.frame()), l.time
		p.Offset = b.base + int64(h.offset)
		p.CapLen, p.OrigLen = h.cap, h.orig
		what := ignored
		if kind == hitFixed {
			what = l.decoder.fixed(data)
		} else {
			what = l.decoder.frame(face, data, h.orig)
		}
		if options > 0 && p.Direction == DirectionUnknown {
			p.Direction = s.direction(b.packetOptions(h.offset, h.cap, options))
			l.decoder.clean = false
		}
		switch {
		case what == foreign && l.hosts != nil && l.number == hostLane && p.Flags&RST == 0:
			l.hosts.note(p)
		case l.every:
			if what != wanted {
				p.Kind = 0
			}
			if err := l.handle(p); err != nil {
				return err
			}
		case what == wanted && kind != hitHost && (kind == hitFixed || l.own(p)) && (l.filter == nil || l.filter(p)):
			if p.Kind == TCP {
				l.packets++
			}
			if err := l.handle(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// lanes are the goroutines that go through batches, each with a handler of its own. With one handler it is the caller's.
type lanes []*laneWorker

type laneWorker struct {
	lane
	work   chan laneWork
	tasks  chan func(*sifter) // what there is to do for who has nothing to deliver; all lanes share it
	sifter *sifter
	failed atomic.Pointer[error]
	ended  chan struct{}
}

type laneWork struct {
	batch  *batch
	frames int64
}

// laneQueue is how many batches may wait for a lane: more than there are.
const laneQueue = 16

func newLanes(opt Options, handlers []Handler) lanes {
	var all lanes
	tasks := make(chan func(*sifter), laneQueue)
	for i, h := range handlers[:min(len(handlers), MaxLanes)] {
		w := &laneWorker{lane: lane{number: uint8(i), alone: len(handlers) == 1, every: opt.Every, filter: opt.Filter, hosts: opt.Hosts, handle: h}}
		w.decoder.ports, w.decoder.all, w.decoder.tracing = opt.portSet(), opt.All, opt.Every
		w.tasks, w.sifter = tasks, newSifter(opt)
		all = append(all, w)
	}
	return all
}

// start starts the goroutines; stop ends them when they have gone through all they were given, and returns the first error.
func (l lanes) start() (stop func() error) {
	if len(l) == 1 {
		return func() error { return nil }
	}
	for _, w := range l {
		w.work, w.ended = make(chan laneWork, laneQueue), make(chan struct{})
		go w.run()
	}
	return func() (err error) {
		for _, w := range l {
			close(w.work)
		}
		for _, w := range l {
			<-w.ended
			if failed := w.failed.Load(); failed != nil && err == nil {
				err = *failed
			}
		}
		return err
	}
}

func (w *laneWorker) run() {
	defer close(w.ended)
	for {
		select { // the ring waits for what is to be delivered: that comes first
		case work, more := <-w.work:
			if !more {
				return
			}
			w.deliver(work)
			continue
		default:
		}
		select {
		case work, more := <-w.work:
			if !more {
				return
			}
			w.deliver(work)
		case task := <-w.tasks:
			task(w.sifter)
		}
	}
}

func (w *laneWorker) deliver(work laneWork) {
	if w.failed.Load() == nil {
		if err := w.walk(work.batch, work.batch.hits[w.number], work.frames); err != nil {
			w.failed.Store(&err)
		}
	}
	work.batch.busy.Done()
	work.batch.letGo()
}

// take hands a batch to all lanes. Its buffers must not be changed before the lanes are done with it: batch.busy.
func (l lanes) take(b *batch, frames int64) error {
	if len(l) == 1 {
		return l[0].walk(b, b.hits[0], frames)
	}
	for _, w := range l {
		if failed := w.failed.Load(); failed != nil {
			return *failed
		}
	}
	b.busy.Add(len(l))
	b.holders.Add(int32(len(l)))
	for _, w := range l {
		w.work <- laneWork{b, frames}
	}
	return nil
}

func (l lanes) portPackets() (n int64) {
	for _, w := range l {
		n += w.packets
	}
	return n
}
