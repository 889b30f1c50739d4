//go:build !linux

package packet

import "os"

// readSequentially does nothing where the kernel takes no advice.
func readSequentially(*os.File) {}
