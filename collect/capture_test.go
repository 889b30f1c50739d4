package collect

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/sim"
)

// capturing is a node that can capture, and whose log shows lines.
func capturing(name string, follow ...sim.Line) sim.Node {
	n := node(name, file("log", "a line\n"), file("old.pcap", "old"))
	n.Capture = &sim.File{Name: "a.pcap", Content: []byte("packets"), ModTime: modified.Add(time.Hour)}
	n.Follow = follow
	return n
}

// All nodes capture at the same moment and for the time that was asked for; the files are fetched, and named as left there.
func TestCapture(t *testing.T) {
	t.Parallel()
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{capturing("cms01"), capturing("cms02")}})
	inv := inventoryOf(t, c)
	m, dir := collectTo(t, inv, Options{Login: simLogin(t, c, "x"), Capture: &Capture{For: 300 * time.Millisecond}})
	checkBundle(t, m, dir)
	if !m.Complete() {
		t.Errorf("%+v", m.Nodes)
	}
	var began []time.Time
	for i, n := range m.Nodes {
		if got := fetched(n); len(got) != 3 || strings.Join(n.Left, " ") != "a.pcap" {
			t.Errorf("%s: fetched %v, left %v", n.Name, got, n.Left)
		}
		if e := c.Nodes[i].Events(); !slices.Equal(e, []string{"pcap started", "pcap stopped"}) {
			t.Errorf("%s saw %v", n.Name, e)
		}
		for _, command := range n.Commands {
			if command.Command == "pcap a" {
				began = append(began, command.Time)
			}
		}
	}
	if len(began) != 2 || began[0].Sub(began[1]).Abs() > 5*time.Second {
		t.Errorf("the captures began at %v", began)
	}
}

// A failed health check in the log of one node stops the captures of all, long before their time.
func TestCaptureUntilFailure(t *testing.T) {
	t.Parallel()
	failing := capturing("cms02",
		sim.Line{Text: "2026-03-31T08:35:40.000 user.info cms02 host:server: INFO : sfpool: Health check of mine: error"},
		sim.Line{After: 10 * time.Millisecond, Text: "2026-03-31T08:35:50.000 user.info cms02 sfpool: Health check 10.48.36.61: error (up = 1): connection failed: timeout expired|"},
	)
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{capturing("cms01"), failing}})
	var told []string
	m, dir := collectTo(t, inventoryOf(t, c), Options{
		Login: simLogin(t, c, "x"), Capture: &Capture{For: time.Hour, UntilFailure: true},
		Progress: func(e Event) {
			if e.Kind == Capturing {
				told = append(told, e.Text)
			}
		},
	})
	checkBundle(t, m, dir)
	if !m.Complete() || len(m.Nodes[0].Left) != 1 || len(m.Nodes[1].Left) != 1 {
		t.Errorf("%+v", m.Nodes)
	}
	if !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, "10.48.36.61: error") }) {
		t.Errorf("the failure was not told: %q", told)
	}
}

// When the collection is interrupted, the captures are stopped on the nodes, and what they leave there is named.
func TestInterruptionStopsCaptures(t *testing.T) {
	t.Parallel()
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{capturing("cms01")}})
	ctx, interrupt := context.WithCancel(t.Context())
	dir := filepath.Join(t.TempDir(), "bundle")
	m, err := Run(ctx, inventoryOf(t, c), Options{
		Dir: dir, Login: simLogin(t, c, "x"), Capture: &Capture{For: time.Hour},
		Progress: func(e Event) {
			if e.Kind == Capturing {
				interrupt()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if e := c.Nodes[0].Events(); !slices.Equal(e, []string{"pcap started", "pcap stopped"}) {
		t.Errorf("the node saw %v", e)
	}
	if n := m.Nodes[0]; n.Outcome != bundle.Canceled || strings.Join(n.Left, " ") != "a.pcap" {
		t.Errorf("%s, left %v: %s", n.Outcome, n.Left, n.Problem)
	}
	// what it left is fetched when the collection is continued, which then is complete
	again, _ := collectTo(t, Inventory{}, Options{Dir: dir, Continue: true, Login: simLogin(t, c, "x")})
	if _, have := fetched(again.Nodes[0])["a.pcap"]; !have || !again.Complete() {
		t.Errorf("continued: %+v", again.Nodes[0])
	}
	// and a second capture is another file
	more, _ := collectTo(t, Inventory{}, Options{Dir: dir, Continue: true, Login: simLogin(t, c, "x"), Capture: &Capture{For: time.Millisecond}})
	if n := more.Nodes[0]; strings.Join(n.Left, " ") != "a.pcap a-2.pcap" || !more.Complete() {
		t.Errorf("with another capture: %+v", n)
	}
}

// One node that can't capture, or can't be reached, keeps no other from it.
func TestCaptureGoesOnWithoutANode(t *testing.T) {
	t.Parallel()
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{capturing("cms01"), node("cms02", file("log", "x\n")), capturing("cms03")}})
	c.Nodes[2].Stop()
	m, dir := collectTo(t, inventoryOf(t, c), Options{Login: simLogin(t, c, "x"), Capture: &Capture{For: 100 * time.Millisecond}, Retries: -1})
	checkBundle(t, m, dir)
	for i, want := range []bundle.Outcome{bundle.Success, bundle.Failed, bundle.Failed} {
		if m.Nodes[i].Outcome != want {
			t.Errorf("%s: %s (%s), want %s", m.Nodes[i].Name, m.Nodes[i].Outcome, m.Nodes[i].Problem, want)
		}
	}
	if len(fetched(m.Nodes[1])) != 1 || len(m.Nodes[0].Left) != 1 {
		t.Errorf("%+v", m.Nodes)
	}
}

// What is decided while the nodes are still connected is captured over the connection that is there. A time limit that ends meanwhile ends
// the connection, not what is decided: the capture comes over a new one and has a limit of its own.
func TestCaptureFurther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit  time.Duration
		logins int
	}{"still connected": {time.Hour, 1}, "the time limit was over": {3 * time.Second, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{capturing("cms01"), capturing("cms02")}})
			m, dir := collectTo(t, inventoryOf(t, cluster), Options{Login: simLogin(t, cluster, "x"), NodeTimeout: c.limit, Review: func(m *bundle.Manifest) *Further {
				if !m.Complete() || m.Finished.IsZero() || len(fetched(m.Nodes[0])) != 2 {
					t.Errorf("before it is decided: %+v", m)
				}
				if c.logins > 1 {
					<-time.After(c.limit + 100*time.Millisecond) // as long as somebody thinks
				}
				return &Further{Capture: Capture{For: 100 * time.Millisecond}, Nodes: func(reached string) bool { return reached == cluster.Nodes[0].Endpoint }}
			}})
			checkBundle(t, m, dir)
			if !m.Complete() || strings.Join(m.Nodes[0].Left, " ") != "a.pcap" || len(m.Nodes[1].Left) > 0 || fetched(m.Nodes[0])["a.pcap"].SHA256 == "" {
				t.Errorf("%+v", m.Nodes)
			}
			if first, second := cluster.Nodes[0].Logins(), cluster.Nodes[1].Logins(); first != c.logins || second != 1 {
				t.Errorf("%d and %d logins", first, second)
			}
		})
	}
}
