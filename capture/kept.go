package capture

import "cbdoctor/capture/tlswire"

// maxKept bounds what a lane keeps of payload until its rest comes: segments that came too early, and parts of handshake messages. A
// session alone may keep two times [maxHeldBytes] and two messages of 128 KiB, which is much when thousands of them try.
const maxKept = 32 << 20

// settle takes account of what the session keeps now. One that would keep more than there is room for lets go of all it has: its
// bytes are then as if the capture had missed them.
func (s *session) settle(t *tracker) {
	t.kept += s.keeps() - s.kept
	s.kept = s.keeps()
	if t.kept <= maxKept || s.kept == 0 {
		return
	}
	t.shed++
	for d := range s.sides {
		o := &s.sides[d].order
		o.held, o.bytes = nil, 0
	}
	if s.wire != nil && s.wire.tls.Buffered() > 0 {
		s.wire.flowOf = 0
		s.wire.tls.Gap(tlswire.Client)
		s.wire.tls.Gap(tlswire.Server)
	}
	t.kept += s.keeps() - s.kept
	s.kept = s.keeps()
}

// keeps is how many bytes of payload the session keeps.
func (s *session) keeps() int {
	n := s.sides[client].order.bytes + s.sides[server].order.bytes
	if s.wire != nil {
		n += s.wire.tls.Buffered()
	}
	return n
}
