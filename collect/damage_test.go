package collect

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cbdoctor/bundle"
	"cbdoctor/collect/sim"
)

// Whatever happens between a collection and its continuations, an interruption at any moment, bytes that the disk lost or changed, files that
// are gone, a log that grows: in the end every file is the node's, or what the node had of it when it was listed.
func TestContinueAfterAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		grown := strings.Repeat("one line of the log\n", 60_000)
		capture := strings.Repeat("packets", 100_000)
		log := grown[:len(grown)/2]
		var dir string
		damages := map[string]func(file string, b []byte) error{
			"cut off": func(f string, b []byte) error {
				return os.Truncate(f, int64(rapid.IntRange(0, len(b)).Draw(r, "length")))
			},
			"changed": func(f string, b []byte) error {
				if len(b) > 0 {
					b[rapid.IntRange(0, len(b)-1).Draw(r, "at")] ^= 1
				}
				return os.WriteFile(f, b, 0o600)
			},
			"longer": func(f string, b []byte) error { return os.WriteFile(f, append(b, make([]byte, 1000)...), 0o600) },
			"gone":   func(f string, _ []byte) error { return os.Remove(f) },
		}
		for run := 0; ; run++ {
			c, err := sim.Start(sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01",
				sim.File{Name: "log", Content: []byte(log), ModTime: modified.Add(time.Duration(len(log)))}, file("a.pcap", capture))}})
			if err != nil {
				r.Fatalf("%v", err)
			}
			ctx, interrupt := context.WithCancel(context.Background())
			last := run == 2
			moment := rapid.IntRange(0, 12).Draw(r, "moment")
			opt := Options{Dir: dir, Continue: run > 0, Login: simLogin(t, c, "x"), Progress: func(Event) {
				if moment--; moment < 0 && !last {
					interrupt()
				}
			}}
			inv := inventoryOf(t, c)
			inv.Nodes[0].Name = "cms01"
			if run == 0 {
				opt.Dir = filepath.Join(t.TempDir(), "bundle")
				dir = opt.Dir
			} else {
				follow(r, dir, c.Nodes[0].Endpoint, inv.Nodes[0].String())
			}
			m, err := Run(ctx, inv, opt)
			interrupt()
			if err := c.Close(); err != nil {
				r.Fatalf("%v", err)
			}
			if err != nil {
				r.Fatalf("run %d: %v", run, err)
			}
			if last {
				have := fetched(m.Nodes[0])
				gotLog, _ := os.ReadFile(filepath.Join(dir, have["log"].File))
				gotCapture, _ := os.ReadFile(filepath.Join(dir, have["a.pcap"].File))
				if !m.Complete() || !strings.HasPrefix(grown, string(gotLog)) || int64(len(gotLog)) != have["log"].Bytes || len(gotLog) == 0 || string(gotCapture) != capture {
					r.Fatalf("the files are not the node's: %+v", m.Nodes)
				}
				if _, problems, err := bundle.Check(context.Background(), dir); err != nil || len(problems) > 0 {
					r.Fatalf("bundle check: %v, %v", problems, err)
				}
				return
			}
			if rapid.Bool().Draw(r, "the log grows") {
				log = grown[:len(log)+(len(grown)-len(log))/2]
			}
			files, _ := filepath.Glob(filepath.Join(dir, "cms01", "*"))
			for _, f := range files {
				if how := rapid.SampledFrom([]string{"", "", "cut off", "changed", "longer", "gone"}).Draw(r, filepath.Base(f)); how != "" {
					b, err := os.ReadFile(f)
					if err == nil {
						err = damages[how](f, b)
					}
					if err != nil {
						r.Fatalf("%v", err)
					}
				}
			}
		}
	})
}

// follow lets a bundle find its node at another endpoint, since each run starts it anew.
func follow(r *rapid.T, dir, endpoint, target string) {
	name := filepath.Join(dir, bundle.ManifestName)
	f, err := os.Open(name)
	if err != nil {
		r.Fatalf("%v", err)
	}
	m, err := bundle.ReadManifest(f)
	f.Close()
	if err != nil {
		r.Fatalf("%v", err)
	}
	m.Nodes[0].Reached, m.Nodes[0].Target = endpoint, target
	b, err := m.Bytes()
	if err == nil {
		err = os.WriteFile(name, b, 0o600)
	}
	if err != nil {
		r.Fatalf("%v", err)
	}
}
