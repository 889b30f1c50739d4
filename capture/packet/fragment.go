package packet

// Bounds of reassembly: TCP to a database is hardly ever fragmented, so a few datagrams at a time are enough.
const (
	maxDatagrams  = 64
	maxDatagram   = 1 << 16
	maxPieces     = 128 // of one datagram
	datagramLifes = 30e9
)

type fragmentKey struct {
	src, dst Addr
	id       uint32
	protocol uint8
}

// fragments puts IP fragments together (RFC 791 section 3.2, RFC 8200 section 4.5). The oldest datagram makes room for a new one.
type fragments struct {
	open    []*datagram
	leftOut int64 // datagrams that had to make room
}

type datagram struct {
	key    fragmentKey
	begun  int64
	data   []byte
	pieces []piece
	total  int // known once the last fragment is there, else 0
	frames []int64
}

type piece struct{ from, to int }

// fragment takes one fragment and goes on with the whole datagram when this was the last one missing.
func (d *decoder) fragment(key fragmentKey, offset int, more bool, s span) outcome {
	if d.sifting {
		return wanted
	}
	if d.tracing { // the whole would not lie in the frame, and so its headers could not be listed
		return ignored
	}
	if key.protocol != protoTCP && key.protocol != protoUDP && key.protocol != protoGRE && key.protocol != protoIPIP && key.protocol != protoIPv6 {
		return ignored
	}
	if len(s.b) < s.n || len(s.b) == 0 || offset+len(s.b) > maxDatagram {
		return ignored // cut by the snap length, or a "ping of death"
	}
	whole := d.parts.add(key, d.p.Frame, d.p.Time, offset, more, s.b)
	if whole == nil {
		return ignored
	}
	d.p.FragmentCount = len(whole.frames)
	d.p.Fragments = append(d.p.Fragments[:0], whole.frames...)
	return d.transport(key.protocol, span{whole.data, len(whole.data)})
}

// add returns the datagram when it is complete.
func (f *fragments) add(key fragmentKey, frame, time int64, offset int, more bool, b []byte) *datagram {
	g, at := f.find(key, time)
	if len(g.pieces) == maxPieces {
		return nil
	}
	for _, p := range g.pieces {
		if offset < p.to && p.from < offset+len(b) {
			if p.from == offset && p.to == offset+len(b) {
				return nil // the same fragment again
			}
			f.drop(at) // overlapping fragments are an attack (RFC 5722): nothing of them is believed
			return nil
		}
	}
	g.pieces = append(g.pieces, piece{offset, offset + len(b)})
	g.frames = append(g.frames, frame)
	if need := offset + len(b); need > len(g.data) {
		g.data = append(g.data, make([]byte, need-len(g.data))...)
	}
	copy(g.data[offset:], b)
	if !more {
		g.total = offset + len(b)
	}
	have := 0
	for _, p := range g.pieces {
		have += p.to - p.from
	}
	if g.total == 0 || have != g.total || len(g.data) != g.total {
		return nil
	}
	f.drop(at)
	return g
}

// find returns the datagram of the key, a new one when there is none, and its place.
func (f *fragments) find(key fragmentKey, time int64) (*datagram, int) {
	for i, g := range f.open {
		if g.key == key {
			if time-g.begun <= datagramLifes {
				return g, i
			}
			f.drop(i) // the id has come round again
			break
		}
	}
	if len(f.open) == maxDatagrams {
		f.drop(0)
		f.leftOut++
	}
	f.open = append(f.open, &datagram{key: key, begun: time})
	return f.open[len(f.open)-1], len(f.open) - 1
}

func (f *fragments) drop(i int) { f.open = append(f.open[:i], f.open[i+1:]...) }
