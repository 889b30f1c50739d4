// Command logs measures how fast cbdoctor reads logs, side by side with programs that only search or count in them.
//
// Each case is a log of fixtures/biglog, so that what must be found is known: the command ends with 1 when the report counts
// anything else. Program and yardstick run in turn (A B A B), because a machine is never equally busy for long; the ratio of
// the two is what counts. Run it with "make bench-logs"; figures are in docs/performance.md.
package main

import (
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"cbdoctor/bench/measure"
	"cbdoctor/fixtures/biglog"
)

// one case of the benchmark: some logs, and what they are compared with.
type bench struct {
	name      string
	logs      []biglog.Options
	gzip      bool
	yardstick string // {} stands for the logs
	goal      float64
}

const search = `rg -c 'sfpool|postgres\[|schema_builder|cli:' {}`

// cases for a total size.
func cases(size int64) []bench {
	third := size / 3
	return []bench{
		{"one file", []biglog.Options{{Bytes: size}}, false, search, 1.0},
		{"three nodes, three forms of lines", []biglog.Options{
			{Bytes: third, Host: "cms-core1", Seed: 1}, {Bytes: third, Host: "cms-core2", Form: biglog.Milliseconds, Seed: 2}, {Bytes: third, Host: "cms-edge3", Form: biglog.ISO, Seed: 3},
		}, false, search, 1.3},
		{"thirty times as many events", []biglog.Options{{Bytes: size, Events: 30}}, false, search, 0},
		{"gzip", []biglog.Options{{Bytes: size / 2}}, true, `zcat {} | wc -l`, 1.3},
	}
}

func main() {
	tool := flag.String("tool", "build/cbdoctor", "the program to measure")
	size := flag.String("size", "512M", "bytes of the logs of a case; K, M and G are powers of 1024")
	runs := flag.Int("runs", 7, "runs of each, after one that warms the page cache")
	dir := flag.String("dir", os.TempDir(), "where the logs are written; they are removed again")
	flag.Parse()
	ok, err := run(*tool, *size, *runs, *dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/logs:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(tool, size string, runs int, dir string) (right bool, err error) {
	bytes, err := measure.ParseSize(size)
	if err != nil {
		return false, err
	}
	dir, err = os.MkdirTemp(dir, "cbdoctor-bench-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	table := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "case\tMiB\tlines\tcbdoctor\tyardstick\tratio (lowest, highest)\tgoal\tpeak memory\tcounts")
	right = true
	for _, c := range cases(bytes) {
		line, ok, err := c.measure(tool, runs, dir)
		if err != nil {
			return false, fmt.Errorf("%s: %w", c.name, err)
		}
		right = right && ok
		fmt.Fprintln(table, line)
	}
	return right, table.Flush()
}

// measure writes the logs of a case, runs the programs in turn and compares the report with the truth.
func (c *bench) measure(tool string, runs int, dir string) (line string, right bool, err error) {
	var names []string
	truth := newCounts()
	for i, opt := range c.logs {
		name := filepath.Join(dir, fmt.Sprintf("%d.log", i))
		t, err := write(name, opt, c.gzip)
		if err != nil {
			return "", false, err
		}
		defer os.Remove(name)
		names = append(names, name)
		truth.addTruth(t)
	}
	yardstick := []string{"sh", "-c", strings.ReplaceAll(c.yardstick, "{}", strings.Join(names, " "))}
	program := append([]string{tool, "analyze", "--format", "json"}, names...)
	report, err := measure.Output(program)
	if err != nil {
		return "", false, err
	}
	said, err := counted(report)
	if err != nil {
		return "", false, err
	}
	verdict := "exact"
	if diff := truth.differs(said); diff != "" {
		verdict = "WRONG: " + diff
	}
	pairs, err := measure.InTurn(program, yardstick, runs)
	if err != nil {
		return "", false, err
	}
	m := measure.Summarise(pairs)
	goal := "-"
	if c.goal > 0 {
		goal = fmt.Sprintf("%.1f", c.goal)
	}
	return fmt.Sprintf("%s\t%d\t%d\t%.0f ms\t%.0f ms\t%.2f (%.2f, %.2f)\t%s\t%.0f MiB\t%s",
		c.name, truth.bytes>>20, truth.lines, m.Tool, m.Yardstick, m.Ratio, m.Least, m.Most, goal, m.Memory, verdict), verdict == "exact", nil
}

func write(name string, opt biglog.Options, packed bool) (t *biglog.Truth, err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := io.Writer(f)
	if packed {
		z := gzip.NewWriter(f)
		defer func() {
			if e := z.Close(); err == nil {
				err = e
			}
		}()
		out = z
	}
	return biglog.Write(out, opt)
}
