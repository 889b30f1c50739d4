package transfer

import "runtime/metrics"

// tolerance is how far the program may be above its memory limit before less is asked for. The limit is a soft one: where other programs
// have the processors, the collector is late, and what arrives meanwhile is garbage as soon as it is written.
const tolerance = 5 << 20

// usual is what a program has besides what is in use: as long as the rest is, it is not garbage that is in the way.
const usual = 16 << 20

// pressed reports whether the program has clearly more memory than it should (debug.SetMemoryLimit), and than it needs; without a limit it never
// has.
func pressed() bool {
	samples := [4]metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/gomemlimit:bytes"}, {Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(samples[:])
	has, limit := samples[0].Value.Uint64()-samples[1].Value.Uint64(), samples[2].Value.Uint64()
	return has > tolerance && has-tolerance > max(limit, samples[3].Value.Uint64()+usual)
}
