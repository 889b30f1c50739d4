package transfer

import "runtime/metrics"

// tolerance is how far the program may be above its memory limit before less is asked for. The limit is a soft one: where other programs
// have the processors, the collector is late, and what arrives meanwhile is garbage as soon as it is written.
const tolerance = 5 << 20

// pressed reports whether the program has clearly more memory than it should (debug.SetMemoryLimit); without a limit it never has.
func pressed() bool {
	samples := [3]metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(samples[:])
	limit := samples[2].Value.Uint64()
	return samples[0].Value.Uint64()-samples[1].Value.Uint64() > limit+min(tolerance, 1<<63-limit)
}
