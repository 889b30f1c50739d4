package transfer

import (
	"os"

	"golang.org/x/sys/unix"
)

// startWriteback lets the disk begin with a stretch of a file, so that little is left to wait for when the file is whole.
func startWriteback(f *os.File, off, n int64) {
	if c, err := f.SyscallConn(); err == nil {
		_ = c.Control(func(fd uintptr) { _ = unix.SyncFileRange(int(fd), off, n, unix.SYNC_FILE_RANGE_WRITE) }) // a hint
	}
}
