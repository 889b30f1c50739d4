package packet

import (
	"math"
	"math/bits"
)

// scale turns the ticks of a clock into nanoseconds.
type scale struct {
	times  uint64 // nanoseconds a tick, for clocks of nanoseconds or coarser; else 0
	over   uint64 // ticks a nanosecond, for finer decimal clocks; else 0
	shift  uint8  // binary clocks: ticks are 2^-shift seconds
	offset int64  // seconds to add (if_tsoffset)
}

// decimalClock is a clock of 10^-exponent seconds a tick.
func decimalClock(exponent uint8) scale {
	switch {
	case exponent <= 9:
		return scale{times: pow10(9 - exponent)}
	case exponent <= 28:
		return scale{over: pow10(exponent - 9)}
	}
	return scale{over: math.MaxUint64} // finer than 64 bits can count: all times are 0
}

// resolution reads if_tsresol (draft-ietf-opsawg-pcapng section 4.2): a power of ten, or of two when the top bit is set. The digits are
// as many as a decimal fraction needs to tell two ticks apart, at most 9.
func resolution(v uint8) (scale, uint8) {
	exponent := v & 0x7f
	if v&0x80 == 0 {
		return decimalClock(exponent), min(exponent, 9)
	}
	return scale{shift: min(exponent, 64)}, uint8(min(math.Ceil(float64(exponent)*math.Log10(2)), 9))
}

// nanoseconds since 1970. What does not fit wraps: such times are nonsense anyway.
func (s *scale) nanoseconds(ticks uint64) int64 {
	var ns int64
	switch {
	case s.times != 0:
		ns = int64(ticks * s.times)
	case s.over != 0:
		ns = int64(ticks / s.over)
	case s.shift == 0:
		ns = int64(ticks * 1e9)
	default:
		high, low := bits.Mul64(ticks, 1e9)
		if s.shift == 64 {
			ns = int64(high)
		} else {
			ns = int64(high<<(64-s.shift) | low>>s.shift)
		}
	}
	return ns + s.offset*1e9
}

func pow10(n uint8) uint64 {
	v := uint64(1)
	for range n {
		v *= 10
	}
	return v
}
