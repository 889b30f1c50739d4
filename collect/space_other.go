//go:build !linux && !darwin

package collect

// freeSpace is not known here: a full disk shows when it is full.
func freeSpace(string) (bytes int64, known bool) { return 0, false }
