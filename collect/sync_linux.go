package collect

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncDisk writes everything that the disk of a file does not have yet.
func syncDisk(f *os.File) error { return unix.Syncfs(int(f.Fd())) }
