package collect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cbdoctor/bundle"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

// A machine that lost power has less than its manifest claims: what is not as claimed is fetched again, the rest is not.
func TestContinueBelievesNoClaim(t *testing.T) {
	t.Parallel()
	want := map[string]string{"log": strings.Repeat("one\n", 50_000), "log.1": strings.Repeat("two\n", 50_000), "live.json": "{}", "a.pcap": "capture", "audit": "whole"}
	var files []sim.File
	for name, content := range want {
		files = append(files, file(name, content))
	}
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", files...)}})
	opt := Options{Dir: filepath.Join(t.TempDir(), "bundle"), Login: simLogin(t, c, "x")}
	m, dir := collectTo(t, inventoryOf(t, c), opt)
	in := func(name string) string { return filepath.Join(dir, m.Nodes[0].Dir, name) }
	for name, damage := range map[string]func(string) error{
		"log":         func(f string) error { return os.Truncate(f, 4096) },
		"log.1":       func(f string) error { return os.WriteFile(f, make([]byte, len(want["log.1"])), 0o600) },
		"live.json":   os.Remove,
		"a.pcap":      func(f string) error { return os.Rename(f, f+bundle.PartSuffix) },
		"version.txt": func(f string) error { return os.Truncate(f, 0) },
	} {
		if err := damage(in(name)); err != nil {
			t.Fatal(err)
		}
	}
	before := len(c.Nodes[0].Reads())
	opt.Continue = true
	again, _ := collectTo(t, Inventory{}, opt)
	checkBundle(t, again, dir)
	for name, content := range want {
		if name != "a.pcap" && sshdtest.Read(t, in(name)) != content {
			t.Errorf("%s is not that of the node", name)
		}
	}
	if v := sshdtest.Read(t, in("version.txt")); !strings.Contains(v, "3.9.1") || !again.Complete() {
		t.Errorf("version: %q; %+v", v, again.Nodes)
	}
	for _, path := range c.Nodes[0].Reads()[before:] {
		if path == "/audit" {
			t.Error("what is whole was asked for again")
		}
	}
	for _, problem := range check(t, dir) {
		t.Errorf("bundle check: %v", problem)
	}
}

// A file that got its final name and not its entry is not asked for again, and one that the node no longer has is still told of.
func TestContinueAfterTheLastMoment(t *testing.T) {
	t.Parallel()
	log := strings.Repeat("one\n", 500_000)
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file("log", log))}})
	opt := Options{Dir: filepath.Join(t.TempDir(), "bundle"), Login: simLogin(t, c, "x")}
	m, dir := collectTo(t, inventoryOf(t, c), opt)
	n := &m.Nodes[0]
	for i, f := range n.Files {
		n.Files[i] = bundle.ManifestFile{Remote: f.Remote, Partial: f.File + bundle.PartSuffix, Bytes: f.Bytes, ModTime: f.ModTime, Outcome: bundle.Unknown}
	}
	n.Files = append(n.Files, bundle.ManifestFile{Remote: "log.9", Partial: n.Dir + "/log.9" + bundle.PartSuffix, Outcome: bundle.Unknown})
	sshdtest.Write(t, filepath.Join(dir, n.Dir, "log.9"+bundle.PartSuffix), "its beginning\n")
	b, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	sshdtest.Write(t, filepath.Join(dir, bundle.ManifestName), string(b))
	if problems := check(t, dir); len(problems) > 0 {
		t.Errorf("bundle check, before: %v", problems)
	}
	opt.Continue = true
	least := int64(len(log))
	opt.Progress = func(e Event) {
		if e.Kind == Progress {
			least = min(least, e.Bytes)
		}
	}
	again, _ := collectTo(t, Inventory{}, opt)
	if least < int64(len(log)) {
		t.Errorf("the log was fetched anew, from %d of its bytes on", least)
	}
	gone := again.Nodes[0].Files[len(again.Nodes[0].Files)-1]
	if gone.Remote != "log.9" || gone.Outcome != bundle.Failed || !strings.Contains(gone.Problem, "no longer on the node") {
		t.Errorf("%+v", gone)
	}
	if sshdtest.Read(t, filepath.Join(dir, again.Nodes[0].Dir, "log")) != log {
		t.Error("the log is not that of the node")
	}
	for _, problem := range check(t, dir) {
		t.Errorf("bundle check: %v", problem)
	}
}
