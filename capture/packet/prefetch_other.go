//go:build !amd64

package packet

// prefetch does nothing where there is no instruction for it.
func prefetch(_ *byte, _ *hit, _, _ int) {}
