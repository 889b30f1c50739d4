package main

import (
	"runtime"
	"runtime/debug"
)

// quietMemory is how much memory the program may take before its garbage is collected for the first time.
const quietMemory = 32 << 20

// collectLate puts the garbage collector off until the program has grown: most runs end before. A collection is dear here whatever
// the heap, because it goes through the tables of gopacket and protobuf too, some 8 MB of pointers. From the first collection on
// the collector works as it always does.
func collectLate() {
	before := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(quietMemory)
	type sentinel struct{ _ *int } // not a tiny allocation, which would live as long as its neighbours
	runtime.AddCleanup(&sentinel{}, func(int) {
		debug.SetGCPercent(before)
		debug.SetMemoryLimit(limit)
	}, 0)
}
