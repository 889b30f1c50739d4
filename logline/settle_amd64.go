package logline

import "unsafe"

// settleAlike settles lines of the last second and host as long as facility and program fit into 32 bytes, and says how many
// they are; low and high are the least and greatest fraction of a second. It is what [settler.run] does, without its exceptions.
//
//go:noescape
func settleAlike(s *settler, base unsafe.Pointer, start int, ends *uint32, count int, low, high uint32) (n int, least, greatest uint32)

// alike settles the lines at the beginning of ends that need no second look.
func (s *settler) alike(base unsafe.Pointer, start int, ends []uint32, low, high uint32) (n int, least, greatest uint32) {
	if !wide {
		return 0, low, high
	}
	return settleAlike(s, base, start, &ends[0], len(ends), low, high)
}
