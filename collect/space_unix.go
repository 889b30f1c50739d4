//go:build linux || darwin

package collect

import (
	"math"
	"syscall"
)

// freeSpace is what the disk of a directory has left for this user.
func freeSpace(dir string) (bytes int64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(min(s.Bavail*uint64(s.Bsize), math.MaxInt64)), true
}
