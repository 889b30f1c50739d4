package logline

import "golang.org/x/sys/cpu"

// wide: there are the instructions of the assembly files, as in every server processor since 2013.
var wide = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

// ends64 writes where the line ends of b's 64-byte blocks are, counted from base, and how many there are. It also writes up to
// two places behind the last one.
//
//go:noescape
func ends64(b *byte, blocks int, out *uint32, base uint32) (n int)

// lineEnds puts the places of the line ends in b[from:to] into out, which has room for one a byte and two more. b goes on
// for slack bytes behind to.
func lineEnds(b []byte, from, to int, out []uint32) []uint32 {
	if !wide || to <= from {
		return plainEnds(b, from, to, out)
	}
	blocks := (to - from + 63) / 64
	_, _ = b[from+64*blocks-1], out[64*blocks+1]
	n := ends64(&b[from], blocks, &out[0], uint32(from))
	for n > 0 && int(out[n-1]) >= to { // the last block may go on behind to
		n--
	}
	return out[:n]
}
