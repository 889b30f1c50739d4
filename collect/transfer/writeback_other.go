//go:build !linux

package transfer

import "os"

// startWriteback is left to the system.
func startWriteback(*os.File, int64, int64) {}
