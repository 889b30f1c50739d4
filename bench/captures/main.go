// Command captures measures how fast cbdoctor judges captures, side by side with tcpdump's own filter on the same file.
//
// Each case is a capture of fixtures/bigpcap, so that what must be counted is known: the command ends with 1 when the report counts
// anything else. Program and yardstick run in turn, see bench/measure. Run it with "make bench-capture"; figures are in
// docs/performance.md.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"cbdoctor/bench/measure"
	"cbdoctor/fixtures/bigpcap"
)

// bench is one case: a capture, the command that is measured on it, and what is to be reached.
type bench struct {
	name    string
	capture bigpcap.Options
	command []string // {} stands for the capture
	ratio   float64  // of the time of tcpdump, 0 where there is no goal
	memory  float64  // MiB
}

var (
	judge   = []string{"capture", "{}", "--json"}
	analyze = []string{"analyze", "{}", "--format", "json"}
)

// cases for the size of the first ones. The cases with a number of sessions show how time and memory grow with it.
func cases(size int64) []bench {
	return []bench{
		{"mix", bigpcap.Options{Bytes: size}, judge, 0.30, 32},
		{"mix-pcapng", bigpcap.Options{Bytes: size, Pcapng: true}, judge, 0.35, 32},
		{"mix-analyze", bigpcap.Options{Bytes: size}, analyze, 0, 0},
		{"pg", bigpcap.Options{Bytes: size, Share: 1}, judge, 0.50, 64},
		{"pg-twice", bigpcap.Options{Bytes: 2 * size, Share: 1}, judge, 0.50, 64},
		{"pg-analyze", bigpcap.Options{Bytes: size, Share: 1}, analyze, 0, 0},
		{"sessions-1e3", bigpcap.Options{Sessions: 1e3, Share: 1}, judge, 0, 0},
		{"sessions-1e4", bigpcap.Options{Sessions: 1e4, Share: 1}, judge, 0, 0},
		{"sessions-1e5", bigpcap.Options{Sessions: 1e5, Share: 1}, judge, 0, 0},
		{"syn-2e5", unanswered(200_000), judge, 2, 0},
		{"syn-1e6", unanswered(1_000_000), judge, 2, 256},
	}
}

// unanswered are SYNs that nobody answers, 5,000 new ones a second: most are open at once.
func unanswered(n int) bigpcap.Options {
	return bigpcap.Options{Sessions: n, Share: 1, FaultRate: 1, Fault: "syn-dropped", Rate: 5000}
}

func main() {
	tool := flag.String("tool", "build/cbdoctor", "the program to measure")
	fixtures := flag.String("fixtures", "fixtures/captures", "the captures that sessions are taken from")
	size := flag.String("size", "512M", "bytes of a capture; K, M and G are powers of 1024")
	runs := flag.Int("runs", 7, "runs of each, after one that warms the page cache")
	only := flag.String("cases", "", "names of cases, separated by commas; all by default")
	dir := flag.String("dir", os.TempDir(), "where the captures are written; they are removed again")
	flag.Parse()
	right, err := run(*tool, *fixtures, *size, *only, *dir, *runs)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/captures:", err)
		os.Exit(2)
	}
	if !right {
		os.Exit(1)
	}
}

func run(tool, fixtures, size, only, dir string, runs int) (right bool, err error) {
	bytes, err := measure.ParseSize(size)
	if err != nil {
		return false, err
	}
	dir, err = os.MkdirTemp(dir, "cbdoctor-bench-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	right = true
	table := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "case\tMiB\tpackets\tsessions\tcbdoctor\ttcpdump\tratio (lowest, highest)\tgoal\tratio of processor time\tpeak memory\tgoal\tcounts")
	for _, c := range cases(bytes) {
		if only != "" && !slices.Contains(strings.Split(only, ","), c.name) {
			continue
		}
		line, exact, err := c.measure(tool, fixtures, filepath.Join(dir, "capture"), runs)
		if err != nil {
			return false, fmt.Errorf("%s: %w", c.name, err)
		}
		right = right && exact
		fmt.Fprintln(table, line)
	}
	return right, table.Flush()
}

// measure writes the capture of a case, compares the report with the truth and runs the programs in turn.
func (c *bench) measure(tool, fixtures, file string, runs int) (line string, exact bool, err error) {
	truth, err := write(file, fixtures, c.capture)
	if err != nil {
		return "", false, err
	}
	defer os.Remove(file)
	program := []string{tool}
	for _, a := range c.command {
		program = append(program, strings.ReplaceAll(a, "{}", file))
	}
	report, err := measure.Output(program)
	if err != nil {
		return "", false, err
	}
	verdict := "exact"
	if diff := differs(truth, report); diff != "" {
		verdict = "WRONG: " + diff
	}
	pairs, err := measure.InTurn(program, []string{"tcpdump", "-nr", file, "-w", "/dev/null", "tcp port 5432"}, runs)
	if err != nil {
		return "", false, err
	}
	m := measure.Summarise(pairs)
	sessions := int64(0)
	for _, n := range truth.Sessions {
		sessions += n
	}
	return fmt.Sprintf("%s\t%d\t%d\t%d\t%.0f ms\t%.0f ms\t%.2f (%.2f, %.2f)\t%s\t%.2f\t%.0f MiB\t%s\t%s",
			c.name, truth.Bytes>>20, truth.Packets, sessions, m.Tool, m.Yardstick, m.Ratio, m.Least, m.Most, goal(c.ratio, "%.2f"), m.CPU, m.Memory, goal(c.memory, "%.0f MiB"), verdict),
		verdict == "exact", nil
}

func goal(v float64, format string) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf(format, v)
}

func write(name, fixtures string, opt bigpcap.Options) (*bigpcap.Truth, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	truth, err := bigpcap.Write(f, fixtures, opt)
	if e := f.Close(); err == nil {
		err = e
	}
	return truth, err
}

// differs says what a report counts wrong, "" when nothing.
func differs(truth *bigpcap.Truth, report []byte) string {
	type result struct {
		Packets     int64 `json:"packets"`
		PortPackets int64 `json:"port_packets"`
		Pairs       []struct {
			Sessions map[string]int64 `json:"sessions"`
		} `json:"pairs"`
		Captures []json.RawMessage `json:"captures"`
	}
	var r result
	err := json.Unmarshal(report, &r)
	if err == nil && len(r.Captures) > 0 {
		whole := r.Captures[0]
		r = result{}
		err = json.Unmarshal(whole, &r)
	}
	if err != nil {
		return err.Error()
	}
	said := map[string]int64{}
	for _, p := range r.Pairs {
		for v, n := range p.Sessions {
			said[v] += n
		}
	}
	switch {
	case r.Packets != truth.Packets || r.PortPackets != truth.PortPackets:
		return fmt.Sprintf("%d packets, %d of the port instead of %d and %d", r.Packets, r.PortPackets, truth.Packets, truth.PortPackets)
	case !maps.Equal(said, truth.Sessions):
		return fmt.Sprintf("sessions %v instead of %v", said, truth.Sessions)
	}
	return ""
}
