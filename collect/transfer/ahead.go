package transfer

import "io"

// lookAhead is at least what comes before the data of an answer.
const lookAhead = 64

// ahead reads the beginning of the next packet together with what is wanted, where there is room for it. Each read of a channel may
// tell the node that there is room again, which is a packet of its own: the beginnings alone would be three of four of them.
type ahead struct {
	r     io.Reader
	space [2 * lookAhead]byte
	held  []byte // what was read and not wanted yet
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.held) == 0 {
		return a.r.Read(p)
	}
	n := copy(p, a.held)
	a.held = a.held[n:]
	return n, nil
}

// fill fills p, and uses what there is behind it up to its capacity. The error is io.EOF only where nothing came.
func (a *ahead) fill(p []byte) error {
	n := copy(p, a.held)
	a.held = a.held[n:]
	p = p[n:]
	if len(p) == 0 {
		return nil
	}
	to := p[:min(cap(p), len(p)+lookAhead)]
	if len(p) < lookAhead { // a beginning
		to = a.space[lookAhead:]
	}
	got, err := io.ReadAtLeast(a.r, to, len(p))
	if len(p) < lookAhead {
		copy(p, to[:got])
	}
	if got > len(p) {
		a.held = a.space[:copy(a.space[:], to[len(p):got])]
	}
	if n > 0 {
		return unexpected(err)
	}
	return err
}
