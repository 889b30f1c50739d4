//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestWriteWholeIntoAPipe: what is no file stays what it is.
func TestWriteWholeIntoAPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan string, 1)
	go func() {
		b, _ := os.ReadFile(pipe)
		read <- string(b)
	}()
	err := writeWhole(pipe, func(w io.Writer) error {
		_, err := io.WriteString(w, "report")
		return err
	})
	if got := <-read; err != nil || got != "report" {
		t.Errorf("%q was read, %v", got, err)
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Errorf("the pipe is gone: %v %v", info, err)
	}
}
