package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// sample is one run of a program.
type sample struct {
	wall   time.Duration
	memory float64 // MiB, at its peak
}

// pair is a run of the program and the run of the yardstick after it.
type pair struct{ tool, yardstick sample }

// timed runs a program. One that finds something to report ends with 1, which is no failure.
func timed(argv []string) (sample, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	start := time.Now()
	err := cmd.Run()
	s := sample{wall: time.Since(start)}
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 || cmd.ProcessState.ExitCode() < 0 {
		return s, fmt.Errorf("%q: %w", argv, err)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.memory = float64(usage.Maxrss) / 1024
	}
	return s, nil
}

// output is what a program prints.
func output(argv []string) ([]byte, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
		return nil, fmt.Errorf("%q: %w", argv, err)
	}
	return out, nil
}

// summary of the runs: medians, in milliseconds and MiB.
type summary struct{ tool, yardstick, ratio, least, most, memory float64 }

func summarise(pairs []pair) (s summary) {
	var tool, yardstick, ratios []float64
	for _, p := range pairs {
		a, b := p.tool.wall.Seconds()*1000, p.yardstick.wall.Seconds()*1000
		tool, yardstick, ratios = append(tool, a), append(yardstick, b), append(ratios, a/b)
		s.memory = max(s.memory, p.tool.memory)
	}
	s.tool, s.yardstick, s.ratio = median(tool), median(yardstick), median(ratios)
	s.least, s.most = slices.Min(ratios), slices.Max(ratios)
	return s
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
