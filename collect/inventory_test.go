package collect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/login"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

func inventoryFrom(t testing.TB, text string) (Inventory, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cluster.yaml")
	sshdtest.Write(t, file, text)
	return ReadInventory(file)
}

// The inventory of the documentation is read as it stands there.
func TestDocumentedInventory(t *testing.T) {
	t.Parallel()
	doc := sshdtest.Read(t, "../docs/collect.md")
	_, rest, _ := strings.Cut(doc, "```yaml\n")
	text, _, _ := strings.Cut(rest, "```")
	inv, err := inventoryFrom(t, text)
	if err != nil {
		t.Fatal(err)
	}
	n := inv.Nodes[0]
	if n.Name != "cms01" || n.Password.Env != "CMS01" || n.Jump != "bob@gate.example:2222" || n.Zone != "Asia/Tokyo" || n.Target().HostKey == "" {
		t.Errorf("it became %+v", n)
	}
}

func TestInventoryProblemsAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"no node":            {"nodes: []", "no node"},
		"no host":            {"nodes: [{name: cms01}]", "node 1 (cms01): the host is missing"},
		"unknown field":      {"nodes: [{host: a, adress: b}]", "adress"},
		"bad port":           {"nodes: [{host: a, port: 70000}]", "70000 is no port"},
		"the same twice":     {"nodes: [{host: a}, {host: b}, {host: a}]", "node 3: it has the same host a as node 1"},
		"the same name":      {"nodes: [{host: a, name: x}, {host: b, name: x}]", "same name x"},
		"bad interface":      {"nodes: [{host: a, interface: eth0}]", "eth0"},
		"bad zone":           {"nodes: [{host: a, zone: Mars/Olympus}]", "Mars/Olympus"},
		"bad key":            {"nodes: [{host: a, host_key: abc}]", "abc"},
		"a password":         {"nodes: [{host: a, password: hunter2}]", "node 1: a password does not belong in this file"},
		"a line beside one":  {"nodes:\n- password: hunter2\n  hosst: a\n", "[3:3] unknown field"},
		"two passwords":      {"nodes: [{host: a, password: {env: A, file: b}}]", "one of env, file and command"},
		"a host of defaults": {"defaults: {host: a}\nnodes: [{host: b}]", "belong to one node"},
		"an option":          {"nodes: [{host: -oProxyCommand=x}]", "no host name"},
		"several at once":    {"nodes: [{host: a, port: -1}, {host: '!'}]", "node 2"},
		"several of a node":  {"nodes: [{host: a, interface: q, zone: Mars/Olympus}]", "\nnode 1: zone"},
	} {
		_, err := inventoryFrom(t, c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}

func TestDefaultsFillNodes(t *testing.T) {
	t.Parallel()
	inv, err := inventoryFrom(t, "defaults: {user: admin, port: 2222, password: {env: P}, interface: b}\nnodes: [{host: a}, {host: b, user: x, port: 22, interface: a}]")
	if err != nil {
		t.Fatal(err)
	}
	if a, b := inv.Nodes[0], inv.Nodes[1]; a.String() != "admin@a:2222" || b.String() != "x@b:22" || a.Password.Env != "P" || a.Interface != "b" || b.Interface != "a" {
		t.Errorf("%+v %+v", a, b)
	}
}

// A password is read from where it is said to be, and is never part of an error.
func TestSecrets(t *testing.T) {
	t.Setenv("CBDOCTOR_TEST_PASSWORD", "open sesame")
	file := filepath.Join(t.TempDir(), "p")
	sshdtest.Write(t, file, "open sesame\r\nsecond line\n")
	for name, s := range map[string]Secret{
		"env": {Env: "CBDOCTOR_TEST_PASSWORD"}, "file": {File: file},
		"command": {Command: `[ "$CBDOCTOR_NODE" = cms01:22 ] && echo "$CBDOCTOR_TEST_PASSWORD"`},
	} {
		if got, err := s.Read("cms01:22"); got != "open sesame" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, s := range map[string]Secret{
		"env": {Env: "CBDOCTOR_NOT_SET"}, "file": {File: file + "x"}, "command": {Command: "echo open sesame; exit 1"}, "nothing": {}, "empty": {Command: "true"},
	} {
		if got, err := s.Read("x"); got != "" || err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// Times choose files by when they were written, padded by the node's clock; a rotated log begins where the one before ends, and what
// says how a node is set up is of any time.
func TestSelectionByTime(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2026, 3, 31, hour, 0, 0, 0, time.UTC) }
	entries := func() []os.FileInfo {
		var out []os.FileInfo
		for name, hour := range map[string]int{"log": 12, "log.1": 9, "log.2.gz": 6, "log.3.gz": 3, "a.pcap": 9, "live.json": 2} {
			out = append(out, info{name, at(hour)})
		}
		return out
	}
	for name, c := range map[string]struct {
		s     Selection
		clock *bundle.Clock
		want  string
	}{
		"all":                      {Selection{}, nil, "a.pcap live.json log log.1 log.2.gz log.3.gz"},
		"since":                    {Selection{From: at(8)}, nil, "a.pcap live.json log log.1"},
		"until":                    {Selection{To: at(7)}, nil, "a.pcap live.json log.1 log.2.gz log.3.gz"},
		"between":                  {Selection{From: at(5), To: at(7)}, nil, "a.pcap live.json log.1 log.2.gz"},
		"a clock two hours behind": {Selection{From: at(8)}, &bundle.Clock{Offset: -7200}, "a.pcap live.json log log.1 log.2.gz"},
		"a clock two hours ahead":  {Selection{From: at(8)}, &bundle.Clock{Offset: 7200}, "a.pcap live.json log log.1"},
		"patterns":                 {Selection{Include: []string{"*.csr"}, Exclude: []string{"log.*", "*.pcap"}}, nil, "live.json log"},
	} {
		take, skipped := c.s.choose(entries(), c.clock, beginnings(entries()))
		var got []string
		for _, f := range take {
			got = append(got, f.Path)
		}
		if strings.Join(got, " ") != c.want || len(take)+len(skipped) != 6 {
			t.Errorf("%s: %v and %d left out, want %s", name, got, len(skipped), c.want)
		}
	}
	if err := (Selection{Include: []string{"[a"}}).Check(); err == nil {
		t.Error("a pattern that is none")
	}
}

type info struct {
	name string
	at   time.Time
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return 1 }
func (i info) Mode() os.FileMode  { return 0o644 }
func (i info) ModTime() time.Time { return i.at }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

// List shows what Run would fetch, and reads nothing.
func TestList(t *testing.T) {
	t.Parallel()
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file("log", "x\n"), file("db.key", "k"))}})
	l := List(t.Context(), inventoryOf(t, c), Options{Login: simLogin(t, c, "x")})
	if len(l) != 1 || l[0].Err != nil || len(l[0].Files) != 1 || l[0].Files[0].Path != "log" || len(l[0].Skipped) != 1 || len(c.Nodes[0].Reads()) != 0 {
		t.Errorf("%+v, read %v", l, c.Nodes[0].Reads())
	}
	l = List(t.Context(), inventoryOf(t, c), Options{Login: login.Login{User: "admin"}, Retries: -1})
	if l[0].Err == nil {
		t.Error("a host that is not known")
	}
}

// Above the limit somebody is asked; who says no gets none of the files, and the manifest says why.
func TestApproval(t *testing.T) {
	t.Parallel()
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file("log", "0123456789"))}})
	for _, c2 := range []struct {
		above int64
		yes   bool
		files int
	}{{5, false, 0}, {5, true, 1}, {50, false, 1}, {0, false, 1}} {
		m, dir := collectTo(t, inventoryOf(t, c), Options{Login: simLogin(t, c, "x"), AskAbove: c2.above, Approve: func(_ string, files int, bytes int64) bool {
			if files != 1 || bytes != 10 {
				t.Errorf("asked about %d files of %d bytes", files, bytes)
			}
			return c2.yes
		}})
		checkBundle(t, m, dir)
		if len(fetched(m.Nodes[0])) != c2.files || !m.Complete() {
			t.Errorf("%+v: %+v", c2, m.Nodes[0].Files)
		}
	}
}
