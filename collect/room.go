package collect

import "sync"

// reserve is left free for the manifest and the command outputs.
const reserve = 64 << 10

// room is what the disk here has left for the files of all nodes.
type room struct {
	mu       sync.Mutex
	promised int64 // to files that are to be fetched, and not written yet
}

// take promises a file its room, if there is so much. free is what is left without it.
func (r *room) take(dir string, size int64) (free int64, fits bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	free, known := freeSpace(dir)
	if free -= r.promised; known && size > free-reserve {
		return max(free, 0), false
	}
	r.promised += size
	return free, true
}

// wrote says how much less is still to be written.
func (r *room) wrote(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.promised -= bytes
}
