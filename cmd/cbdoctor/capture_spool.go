package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// maxSpool bounds what is kept of standard input where a capture must be read more than once.
const maxSpool = 8 << 30

// onDisk is a file that can be read more than once: standard input is written to a temporary file, which remove deletes.
func onDisk(cmd *cobra.Command, file string) (path string, remove func(), err error) {
	if file != "-" {
		return file, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "cbdoctor-*")
	if err != nil {
		return "", nil, inputError(fmt.Errorf("keep standard input: %w", err))
	}
	remove = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, "standard input") // as it is named in comments
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		var n int64
		n, err = io.Copy(f, io.LimitReader(cmd.InOrStdin(), maxSpool+1))
		if err = errors.Join(err, f.Close()); err == nil && n > maxSpool {
			err = fmt.Errorf("it has more than %d GiB, which is what is kept of it: write it to a file first", maxSpool>>30)
		}
	}
	if err != nil {
		remove()
		return "", nil, inputError(fmt.Errorf("keep standard input, which has to be read twice: %w", err))
	}
	return path, remove, nil
}
