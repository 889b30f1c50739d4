// Package quiet puts the garbage collector off until the program has grown: most runs end before.
//
// A collection is dear here whatever the heap, because it goes through the tables of protobuf and CEL too. The first would come
// while the packages make their tables, before anything is read. From the first collection on the collector works as it always
// does, so that what grows stays as small as ever.
//
// It is a package of its own, without imports of ours, because packages are initialised in the order of their paths as soon as
// what they import is: so it comes before the tables. It is for its effect alone.
package quiet

import (
	"runtime"
	"runtime/debug"
)

// Memory is how much the program may take before its garbage is collected for the first time, in bytes.
const Memory = 48 << 20

var _ = collectLate()

func collectLate() struct{} {
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(Memory)
	type sentinel struct{ _ *int } // not a tiny object, which lives as long as its neighbours
	runtime.AddCleanup(&sentinel{}, func(struct{}) {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}, struct{}{})
	return struct{}{}
}
