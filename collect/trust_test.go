package collect

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		"version.txt": func(f string) error { return os.Truncate(f, 5) },
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

// cutOff makes of a file that was fetched one whose collection was cut off when the first kept bytes of it were on the disk.
func cutOff(t *testing.T, m *bundle.Manifest, dir, remote string, kept int) {
	t.Helper()
	for i, f := range m.Nodes[0].Files {
		if f.Remote != remote {
			continue
		}
		e := bundle.ManifestFile{Remote: f.Remote, Partial: f.File + bundle.PartSuffix, Bytes: f.Bytes, ModTime: f.ModTime, Outcome: bundle.Unknown}
		if kept > 0 {
			e.Kept = &bundle.Kept{Bytes: int64(kept), SHA256: sumOf([]byte(sshdtest.Read(t, filepath.Join(dir, f.File))[:kept]))}
		}
		m.Nodes[0].Files[i] = e
		b, err := m.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		sshdtest.Write(t, filepath.Join(dir, bundle.ManifestName), string(b))
		return
	}
	t.Fatalf("%s was not fetched", remote)
}

// A file goes on from where the manifest can prove what is here, and from nowhere else: whatever a lost disk cache did to the rest, and
// whatever took its name on the node meanwhile.
func TestContinueGoesOnFromWhatIsProved(t *testing.T) {
	t.Parallel()
	const size, kept = 2_000_000, 1_500_000
	first := strings.Repeat("one\n", size/4)
	second := first[:kept/2] + strings.Repeat("TWO\n", 100) + first[kept/2+400:]
	part := func(f string) string { return f + bundle.PartSuffix }
	for name, c := range map[string]struct {
		remote string
		kept   int
		damage func(t *testing.T, file string)
		now    string    // what the node has by then
		at     time.Time // and since when
		from   int64
	}{
		"it has its final name already": {"log", kept, func(*testing.T, string) {}, first, modified, kept},
		"the part is longer":            {"log", kept, func(t *testing.T, f string) { sshdtest.Write(t, part(f), first[:kept]+"\x00\x00\x00") }, first, modified, kept},
		"the middle is lost": {"log", kept, func(t *testing.T, f string) {
			sshdtest.Write(t, part(f), first[:kept/2]+strings.Repeat("\x00", 100)+first[kept/2+100:kept])
		}, first, modified, 0},
		"the end is lost":              {"log", kept, func(t *testing.T, f string) { sshdtest.Write(t, part(f), first[:kept-1]) }, first, modified, 0},
		"nothing is proved":            {"log", 0, func(t *testing.T, f string) { sshdtest.Write(t, part(f), first[:kept]) }, first, modified, 0},
		"the log grew":                 {"log", kept, func(t *testing.T, f string) { sshdtest.Write(t, part(f), first[:kept]) }, first + "three\n", modified.Add(time.Hour), kept},
		"the log became shorter":       {"log", kept, func(t *testing.T, f string) { sshdtest.Write(t, part(f), first[:kept]) }, first[:kept-4], modified.Add(time.Hour), 0},
		"a file was written anew":      {"live.json", kept, func(t *testing.T, f string) { sshdtest.Write(t, part(f), first[:kept]) }, second, modified.Add(time.Hour), 0},
		"a file is the same as then":   {"live.json", kept, func(t *testing.T, f string) { sshdtest.Write(t, part(f), first[:kept]) }, first, modified, kept},
		"a log was rotated in between": {"log", kept, func(t *testing.T, f string) { sshdtest.Write(t, part(f), first[:kept]) }, "new\n" + first, modified.Add(time.Hour), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file(c.remote, first))}})
			opt := Options{Dir: filepath.Join(t.TempDir(), "bundle"), Login: simLogin(t, nodes, "x")}
			m, dir := collectTo(t, inventoryOf(t, nodes), opt)
			local := filepath.Join(dir, m.Nodes[0].Files[0].File)
			cutOff(t, m, dir, c.remote, c.kept)
			c.damage(t, local)
			if _, err := os.Stat(part(local)); err == nil {
				if err := os.Remove(local); err != nil {
					t.Fatal(err)
				}
			}
			changed := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", sim.File{Name: c.remote, Content: []byte(c.now), ModTime: c.at})}})
			inv := inventoryOf(t, changed)
			m.Nodes[0].Reached, m.Nodes[0].Target = changed.Nodes[0].Endpoint, inv.Nodes[0].String()
			cutOffAgain, err := m.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			sshdtest.Write(t, filepath.Join(dir, bundle.ManifestName), string(cutOffAgain))
			opt.Continue, opt.Login = true, simLogin(t, changed, "x")
			least := int64(len(c.now))
			opt.Progress = func(e Event) {
				if e.Kind == Progress {
					least = min(least, e.Bytes)
				}
			}
			again, _ := collectTo(t, inv, opt)
			if !again.Complete() || sshdtest.Read(t, local) != c.now {
				t.Errorf("it is not that of the node: %+v", again.Nodes)
			}
			if least < c.from || c.from == 0 && least > 1_000_000 {
				t.Errorf("it went on from %d, want %d", least, c.from)
			}
			for _, problem := range check(t, dir) {
				t.Errorf("bundle check: %v", problem)
			}
		})
	}
}

// What a collection that was ended in good order has of a file is proved, and it goes on there.
func TestContinueAfterAnInterruption(t *testing.T) {
	t.Parallel()
	log := strings.Repeat("one\n", 2_000_000)
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file("log", log))}})
	ctx, interrupt := context.WithCancel(t.Context())
	opt := Options{Dir: filepath.Join(t.TempDir(), "bundle"), Login: simLogin(t, c, "x"), LimitRate: 4 << 20}
	opt.Progress = func(e Event) {
		if e.Kind == Progress && e.Bytes > 1_000_000 {
			interrupt()
		}
	}
	m, err := Run(ctx, inventoryOf(t, c), opt)
	if err != nil {
		t.Fatal(err)
	}
	f := m.Nodes[0].Files[0]
	if f.Outcome != bundle.Canceled || f.Kept == nil || f.Kept.Bytes < 1_000_000 {
		t.Fatalf("%+v", f)
	}
	opt.Continue, opt.LimitRate = true, 0
	least := int64(len(log))
	opt.Progress = func(e Event) {
		if e.Kind == Progress {
			least = min(least, e.Bytes)
		}
	}
	again, dir := collectTo(t, Inventory{}, opt)
	if !again.Complete() || least < f.Kept.Bytes || sshdtest.Read(t, filepath.Join(dir, again.Nodes[0].Files[0].File)) != log {
		t.Errorf("it went on from %d of %d: %+v", least, f.Kept.Bytes, again.Nodes)
	}
}

// A file that the node no longer has is still told of, with what there is of it.
func TestContinueWithoutTheFile(t *testing.T) {
	t.Parallel()
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file("log", "one\n"))}})
	opt := Options{Dir: filepath.Join(t.TempDir(), "bundle"), Login: simLogin(t, c, "x")}
	m, dir := collectTo(t, inventoryOf(t, c), opt)
	n := &m.Nodes[0]
	n.Files = append(n.Files, bundle.ManifestFile{Remote: "log.9", Partial: n.Dir + "/log.9" + bundle.PartSuffix, Outcome: bundle.Unknown})
	sshdtest.Write(t, filepath.Join(dir, n.Dir, "log.9"+bundle.PartSuffix), "its beginning\n")
	cutOff(t, m, dir, "log", 4)
	if problems := check(t, dir); len(problems) > 0 {
		t.Errorf("bundle check, before: %v", problems)
	}
	opt.Continue = true
	again, _ := collectTo(t, Inventory{}, opt)
	gone := again.Nodes[0].Files[len(again.Nodes[0].Files)-1]
	if gone.Remote != "log.9" || gone.Outcome != bundle.Failed || !strings.Contains(gone.Problem, "no longer on the node") {
		t.Errorf("%+v", gone)
	}
	for _, problem := range check(t, dir) {
		t.Errorf("bundle check: %v", problem)
	}
}
