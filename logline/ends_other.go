//go:build !amd64

package logline

// wide: there are instructions for it.
const wide = false

// lineEnds puts the places of the line ends in b[from:to] into out, which has room for one a byte.
func lineEnds(b []byte, from, to int, out []uint32) []uint32 { return plainEnds(b, from, to, out) }
