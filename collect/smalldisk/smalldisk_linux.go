// Package smalldisk gives tests a disk that is soon full. Start at Mount.
package smalldisk

import (
	"os"
	"syscall"
	"testing"
)

// Mount returns a directory with room for size, such as "5m", until the test is over. Without the right to mount, the test is skipped.
func Mount(t testing.TB, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	return dir
}

// Resize gives a disk of Mount another size.
func Resize(t testing.TB, dir, size string) {
	t.Helper()
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size="+size); err != nil {
		t.Fatal(err)
	}
}
