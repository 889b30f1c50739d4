package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

// patience is far more than anything here takes; who waits for it has a fault.
const patience = time.Minute

// lines is output that somebody waits for.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newLines() *lines { return &lines{more: make(chan struct{}, 1)} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until the output has a text.
func (l *lines) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(patience)
	for !strings.Contains(l.String(), text) {
		select {
		case <-l.more:
		case <-deadline:
			t.Fatalf("%q does not come; there is %q", text, l)
		}
	}
}

// When an incident begins, "watch --on-incident collect" tells it, captures on all nodes and collects, once; the bundle has the capture and
// says the same as the watch did. An interruption ends it.
func TestWatchCollectsOnIncident(t *testing.T) {
	t.Parallel()
	scenario := sim.Incident(time.Now())
	replica := &scenario.Nodes[1]
	for i := range scenario.Nodes {
		n := &scenario.Nodes[i]
		n.Files = slices.DeleteFunc(n.Files, func(f sim.File) bool {
			if f.Name == "a.pcap" {
				replica.Capture = &f
			}
			return f.Name == "a.pcap"
		})
	}
	scenario.Nodes[0].Capture = &sim.File{Name: "a.pcap", Content: replica.Capture.Content[:24], ModTime: time.Now()} // it saw no packet
	for range 4 {
		at := time.Now().UTC().Format("2006-01-02T15:04:05.000")
		replica.Follow = append(replica.Follow, sim.Line{Text: at + ` user.info cms02 sfpool: Health check 10.48.36.61: error (up = 0): connection to server at "10.48.36.61", port 5432 failed: timeout expired|`})
	}
	c, home := startCluster(t, scenario)
	sshdtest.Write(t, filepath.Join(home, "password"), "open sesame\n")
	out, messages := newLines(), newLines()
	root := newRootCommand()
	root.SetOut(out)
	root.SetErr(messages)
	root.SetArgs(append([]string{
		"watch", "-F", "none", "--known-hosts", filepath.Join(home, ".ssh", "known_hosts"), "--password-file", filepath.Join(home, "password"),
		"--every", "100ms", "--on-incident", "collect", "--pcap", "a", "--for", "200ms", "-o", filepath.Join(home, "incidents"),
	}, endpoints(c)[:2]...))
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	out.await(t, "begins")
	messages.await(t, "left on the node: a.pcap\n"+c.Nodes[1].Endpoint)
	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if strings.Count(out.String(), "begins") != 1 || !strings.Contains(out.String(), "cms02 gets no answer from 10.48.36.61") {
		t.Errorf("it told %q", out)
	}
	bundles, err := filepath.Glob(filepath.Join(home, "incidents", "*"))
	if err != nil || len(bundles) != 1 {
		t.Fatalf("%v, %v; it said %s", bundles, err, messages)
	}
	m, problems, err := bundle.Check(context.Background(), bundles[0])
	if err != nil || len(problems) > 0 || !m.Complete() {
		t.Errorf("the bundle: %v, %v", err, problems)
	}
	for i := range 2 {
		if e := c.Nodes[i].Events(); !slices.Equal(e, []string{"pcap started", "pcap stopped"}) {
			t.Errorf("node %d saw %v", i, e)
		}
	}
	var report, errs bytes.Buffer
	if code := run([]string{"analyze", bundles[0]}, os.Stdin, &report, &errs); code != exitFindings || !strings.Contains(report.String(), "A firewall blocks 10.48.36.118") {
		t.Errorf("exit %d: %.2000s%s", code, &report, &errs)
	}
}
