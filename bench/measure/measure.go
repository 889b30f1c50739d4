// Package measure runs a program and its yardstick in turn and says how they compare.
//
// Machines are never equally busy for long: what counts is the ratio of two runs that stand next to each other, and the median of
// several such ratios. The benchmarks of this folder use it.
package measure

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sample is one run of a program.
type Sample struct {
	Wall   time.Duration
	CPU    time.Duration // of all its threads, user and system
	Memory float64       // MiB, at its peak; 0 where the system does not tell
}

// Pair is a run of the program and the run of the yardstick after it.
type Pair struct{ Tool, Yardstick Sample }

// Timed runs a program. One that finds something to report ends with 1, which is no failure.
func Timed(argv []string) (Sample, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	start := time.Now()
	err := cmd.Run()
	s := Sample{Wall: time.Since(start)}
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 || cmd.ProcessState.ExitCode() < 0 {
		return s, fmt.Errorf("%q: %w", argv, err)
	}
	s.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	s.Memory = peak(cmd.ProcessState)
	return s, nil
}

// InTurn runs program and yardstick in turn, each once before to warm the page cache.
func InTurn(program, yardstick []string, runs int) (pairs []Pair, err error) {
	for i := range runs + 1 {
		var p Pair
		if p.Tool, err = Timed(program); err != nil {
			return nil, err
		}
		if p.Yardstick, err = Timed(yardstick); err != nil {
			return nil, err
		}
		if i > 0 {
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

// Output is what a program prints.
func Output(argv []string) ([]byte, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
		return nil, fmt.Errorf("%q: %w", argv, err)
	}
	return out, nil
}

// Summary of the runs: medians, in milliseconds and MiB. CPU is the ratio of the processor times.
type Summary struct{ Tool, Yardstick, Ratio, Least, Most, CPU, Memory float64 }

// Summarise is the summary of at least one pair.
func Summarise(pairs []Pair) (s Summary) {
	var tool, yardstick, ratios, cpu []float64
	for _, p := range pairs {
		a, b := p.Tool.Wall.Seconds()*1000, p.Yardstick.Wall.Seconds()*1000
		tool, yardstick, ratios = append(tool, a), append(yardstick, b), append(ratios, a/b)
		cpu = append(cpu, float64(p.Tool.CPU)/float64(max(p.Yardstick.CPU, 1)))
		s.Memory = max(s.Memory, p.Tool.Memory)
	}
	s.Tool, s.Yardstick, s.Ratio, s.CPU = median(tool), median(yardstick), median(ratios), median(cpu)
	s.Least, s.Most = slices.Min(ratios), slices.Max(ratios)
	return s
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// ParseSize reads "512M".
func ParseSize(s string) (int64, error) {
	shift := map[string]uint{"K": 10, "M": 20, "G": 30}[strings.ToUpper(s[max(0, len(s)-1):])]
	digits := s
	if shift > 0 {
		digits = s[:len(s)-1]
	}
	n, err := strconv.ParseInt(digits, 10, 40)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("-size %q is no size: give a number with K, M or G behind it", s)
	}
	return n << shift, nil
}
