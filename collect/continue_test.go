package collect

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

// A collection that failed half-way is finished by the next one: what is whole is not asked for again.
func TestContinue(t *testing.T) {
	t.Parallel()
	log := strings.Repeat("Mar 31 10:16:59 user.info cms01 host:server: INFO : hello\n", 30_000)
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file("live.json", "{}"), file("log", log)), node("cms02", file("log", "two\n"))}})
	dir := filepath.Join(t.TempDir(), "bundle")
	inv := inventoryOf(t, c)
	c.Nodes[1].Stop()
	first, _ := collectTo(t, inv, Options{Dir: dir, Login: simLogin(t, c, "x"), Retries: -1})
	if first.Complete() || first.Nodes[0].Outcome != bundle.Success {
		t.Fatalf("%+v", first.Nodes)
	}
	// as if it had been killed in the middle of the log
	lost := first.Nodes[0]
	for i, f := range lost.Files {
		if f.Remote == "log" {
			name := filepath.Join(dir, f.File)
			if err := os.Rename(name, name+bundle.PartSuffix); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(name+bundle.PartSuffix, 700_000); err != nil {
				t.Fatal(err)
			}
			lost.Files[i] = bundle.ManifestFile{Remote: "log", Partial: f.File + bundle.PartSuffix, Bytes: f.Bytes, Outcome: bundle.Unknown}
		}
	}
	first.Nodes[0].Outcome, first.Finished = bundle.Unknown, time.Time{}
	b, err := first.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	sshdtest.Write(t, filepath.Join(dir, bundle.ManifestName), string(b))
	if err := c.Nodes[1].Restart(); err != nil {
		t.Fatal(err)
	}
	before := len(c.Nodes[0].Reads())
	// nobody names the nodes again: the manifest knows them
	m, _ := collectTo(t, Inventory{}, Options{Dir: dir, Continue: true, Login: simLogin(t, c, "x")})
	checkBundle(t, m, dir)
	if !m.Complete() || len(m.Nodes) != 2 || len(m.Resumed) != 1 {
		t.Errorf("%+v", m)
	}
	for _, path := range c.Nodes[0].Reads()[before:] {
		if path != "/log" {
			t.Errorf("%s was asked for again", path)
		}
	}
	if sshdtest.Read(t, filepath.Join(dir, fetched(m.Nodes[0])["log"].File)) != log {
		t.Error("the log is not that of the node")
	}
	if len(m.Nodes[0].Commands) != len(first.Nodes[0].Commands) {
		t.Errorf("commands were run twice: %v", m.Nodes[0].Commands)
	}
	for _, problem := range check(t, dir) {
		t.Errorf("bundle check: %v", problem)
	}
}

func check(t testing.TB, path string) []bundle.Problem {
	t.Helper()
	_, problems, err := bundle.Check(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

// At any moment of a collection its manifest is readable, names all nodes, and every file with its final name is whole.
func TestManifestIsReadableAtAnyMoment(t *testing.T) {
	t.Parallel()
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file("log", strings.Repeat("x\n", 500_000)), file("a.pcap", "p")), node("cms02", file("log", "y\n"))}})
	dir := filepath.Join(t.TempDir(), "bundle")
	looks := 0
	collectTo(t, inventoryOf(t, c), Options{Dir: dir, Login: simLogin(t, c, "x"), Progress: func(Event) {
		looks++
		f, err := os.Open(filepath.Join(dir, bundle.ManifestName))
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		if m, err := bundle.ReadManifest(f); err != nil || len(m.Nodes) != 2 {
			t.Errorf("look %d: %v", looks, err)
		}
	}})
	if looks < 10 {
		t.Errorf("only %d looks", looks)
	}
}

// A directory of 100,000 files, with links in circles and names of every kind, on a real server.
func TestHugeHostileDirectory(t *testing.T) {
	t.Parallel()
	s := sshdtest.Start(t)
	for i := range 100_000 {
		f, err := os.Create(filepath.Join(s.Root, fmt.Sprintf("core.%06d", i)))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	sshdtest.Write(t, filepath.Join(s.Root, "log"), "the log\n")
	sshdtest.Write(t, filepath.Join(s.Root, "a\n\x1b[31m.pcap"), "odd\n")
	for from, to := range map[string]string{"a.log": "b.log", "b.log": "a.log", "loop.pcap": ".", "etc.log": "/etc/passwd"} {
		if err := os.Symlink(to, filepath.Join(s.Root, from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(s.Root, "dir.log"), 0o755); err != nil {
		t.Fatal(err)
	}
	m, dir := collectTo(t, Inventory{Nodes: []Node{sshNode(s)}}, Options{Login: sshLogin(t, s)})
	checkBundle(t, m, dir)
	if !m.Complete() || len(fetched(m.Nodes[0])) != 2 {
		t.Errorf("%s: %s; fetched %v", m.Nodes[0].Outcome, m.Nodes[0].Problem, fetched(m.Nodes[0]))
	}
	if b, err := json.Marshal(m); err != nil || len(b) > 1<<20 || !strings.Contains(string(b), "more files") {
		t.Errorf("the manifest has %d bytes", len(b))
	}
}

// The link to one of two nodes breaks again and again; commands and files come all the same.
func TestCollectOverABrokenLink(t *testing.T) {
	t.Parallel()
	broken := node("cms01", file("log", strings.Repeat("y\n", 300_000)))
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{broken}})
	inv, known := throughFaults(t, c, 3, 120_000)
	login := simLogin(t, c, "x")
	login.KnownHosts = []string{known}
	m, dir := collectTo(t, inv, Options{Login: login, Backoff: time.Millisecond})
	checkBundle(t, m, dir)
	if !m.Complete() {
		t.Errorf("%+v", m.Nodes)
	}
}
