//go:build !linux

package collect

import (
	"errors"
	"os"
)

// syncDisk is not possible here for one disk alone.
func syncDisk(*os.File) error { return errors.ErrUnsupported }
