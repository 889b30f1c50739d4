package capture

// Bounds of what is kept of one direction while a piece is missing.
const (
	maxHeld      = 64
	maxHeldBytes = 256 << 10
)

// inOrder puts the payload of one direction in order. What comes too early is kept, bounded; what never comes is a gap.
type inOrder struct {
	next    uint32
	started bool
	held    []piece
	bytes   int
	denied  bool  // the other side spoke since, and did not acknowledge what is missing
	lost    int64 // bytes that never came although they were acknowledged: the capture missed them
}

type piece struct {
	seq   uint32
	len   int // on the wire
	frame int64
	data  []byte
}

func (o *inOrder) start(seq uint32) {
	if !o.started {
		o.next, o.started = seq, true
	}
}

// expects reports whether a segment is the very next one, and nothing waits for it.
func (o *inOrder) expects(seq uint32) bool { return o.started && o.next == seq && len(o.held) == 0 }

// waitsFor reports whether a segment fills a hole: then it came late and is no retransmission.
func (o *inOrder) waitsFor(seq uint32) bool {
	return o.started && len(o.held) > 0 && !seqLess(seq, o.next)
}

// take hands on what is in order: each for bytes, skip for those that were sent and are not here, cut off by the snap length or lost.
func (o *inOrder) take(seq uint32, length int, data []byte, frame int64, each func(frame int64, b []byte), skip func(frame int64, n int, cut bool)) {
	if !o.started {
		o.start(seq)
	}
	if seqLess(o.next, seq) {
		o.hold(piece{seq, length, frame, data})
		return
	}
	o.deliver(seq, length, data, frame, each, skip)
	o.drain(each, skip)
}

func (o *inOrder) deliver(seq uint32, length int, data []byte, frame int64, each func(int64, []byte), skip func(int64, int, bool)) {
	old := int(int32(o.next - seq))
	if old >= length {
		return
	}
	if old < len(data) {
		each(frame, data[old:])
	}
	if have := max(len(data), old); have < length {
		skip(frame, length-have, true)
	}
	o.next = seq + uint32(length)
}

func (o *inOrder) drain(each func(int64, []byte), skip func(int64, int, bool)) {
	for again := true; again && len(o.held) > 0; {
		again = false
		for i, h := range o.held {
			if !seqLess(o.next, h.seq) {
				o.held = append(o.held[:i], o.held[i+1:]...)
				o.bytes -= len(h.data)
				o.deliver(h.seq, h.len, h.data, h.frame, each, skip)
				again, o.denied = true, false
				break
			}
		}
	}
}

func (o *inOrder) hold(p piece) {
	if len(o.held) >= maxHeld || o.bytes+len(p.data) > maxHeldBytes {
		return
	}
	for _, h := range o.held {
		if h.seq == p.seq {
			return
		}
	}
	p.data = append([]byte(nil), p.data...)
	o.held = append(o.held, p)
	o.bytes += len(p.data)
}

// missed says that the bytes before seq are not in the capture though they arrived, and returns how many.
func (o *inOrder) missed(seq uint32) int {
	n := int(int32(seq - o.next))
	o.lost += int64(n)
	o.next = seq
	return n
}

// acknowledged says that the other side has all bytes before ack: what is missing here was missed by the capture.
func (o *inOrder) acknowledged(ack uint32, each func(int64, []byte), skip func(int64, int, bool)) {
	if !o.started || len(o.held) == 0 {
		return
	}
	first := o.held[0]
	for _, h := range o.held {
		if seqLess(h.seq, first.seq) {
			first = h
		}
	}
	if seqLess(ack, first.seq) {
		o.denied = true
		return
	}
	skip(first.frame, o.missed(first.seq), false)
	o.drain(each, skip)
}
