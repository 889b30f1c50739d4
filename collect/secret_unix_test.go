//go:build unix

package collect

import (
	"os"
	"syscall"
	"testing"
)

// A password comes from a file descriptor that the program inherits, which nobody else closes.
func TestSecretOfADescriptor(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("open sesame\nsecond line\n"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	defer r.Close()
	fd, err := syscall.Dup(int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := (Secret{FD: fd}).Read("cms01:22"); got != "open sesame" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
