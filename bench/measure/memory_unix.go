//go:build unix

package measure

import (
	"os"
	"runtime"
	"syscall"
)

// peak is the most memory that a program had, in MiB.
func peak(p *os.ProcessState) float64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	unit := 1 << 10 // getrusage(2): kilobytes, on macOS bytes
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	return float64(usage.Maxrss) * float64(unit) / (1 << 20)
}
