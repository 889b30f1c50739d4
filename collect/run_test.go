package collect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/bundle"
	"cbdoctor/collect/faulty"
	"cbdoctor/collect/login"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

var modified = time.Date(2026, time.March, 31, 9, 30, 0, 0, time.UTC)

// startSim starts a scenario and ends it with the test.
func startSim(t testing.TB, s sim.Scenario) *sim.Cluster {
	t.Helper()
	c, err := sim.Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// simLogin logs in to a simulated cluster with its password and its true host keys.
func simLogin(t testing.TB, c *sim.Cluster, password string) login.Login {
	t.Helper()
	known := filepath.Join(t.TempDir(), "known_hosts")
	sshdtest.Write(t, known, c.KnownHosts())
	return login.Login{User: "admin", Password: func(string) (string, error) { return password, nil }, KnownHosts: []string{known}}
}

// sshLogin logs in to a real server with the key that it accepts.
func sshLogin(t testing.TB, s *sshdtest.Server) login.Login {
	return login.Login{KeyFiles: []string{s.Key}, KnownHosts: []string{s.KnownHosts(t, "host_ed25519")}}
}

// sshNode is a real server as the collector is told of it.
func sshNode(s *sshdtest.Server) Node { return Node{Host: "127.0.0.1", Port: s.Port, User: s.User} }

func inventoryOf(t testing.TB, c *sim.Cluster) Inventory {
	t.Helper()
	var inv Inventory
	for _, s := range c.Nodes {
		host, port, err := net.SplitHostPort(s.Endpoint)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		inv.Nodes = append(inv.Nodes, Node{Name: s.Node.Name, Host: host, Port: n})
	}
	return inv
}

// node is a small healthy node with the given files.
func node(name string, files ...sim.File) sim.Node {
	return sim.Node{Name: name, Files: files, Answers: map[string]string{
		"version":                 "3.9.1\n",
		"database cluster status": "Status : Enabled\n\nNodes:\n    10.48.36.61 (me) : Connected Primary\n",
	}}
}

func file(name, content string) sim.File {
	return sim.File{Name: name, Content: []byte(content), ModTime: modified}
}

// collectTo runs a collection into a new directory. The manifest on disk must be the one that is returned.
func collectTo(t testing.TB, inv Inventory, opt Options) (*bundle.Manifest, string) {
	t.Helper()
	if opt.Dir == "" {
		opt.Dir = filepath.Join(t.TempDir(), "bundle")
	}
	m, err := Run(context.Background(), inv, opt)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(opt.Dir, bundle.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	onDisk, err := bundle.ReadManifest(f)
	if err != nil {
		t.Fatal(err)
	}
	got, gotErr := onDisk.Bytes()
	want, wantErr := m.Bytes()
	if gotErr != nil || wantErr != nil || !bytes.Equal(got, want) {
		t.Errorf("the manifest on disk differs from the one returned:\n%s\n%s", got, want)
	}
	return m, opt.Dir
}

// fetched maps the names of the files that a node gave to their entries.
func fetched(n bundle.ManifestNode) map[string]bundle.ManifestFile {
	files := map[string]bundle.ManifestFile{}
	for _, f := range n.Files {
		if f.Outcome == bundle.Success {
			files[f.Remote] = f
		}
	}
	return files
}

// checkBundle: every file below dir is named by the manifest, as long as it says and with the hash that it says.
func checkBundle(t testing.TB, m *bundle.Manifest, dir string) {
	t.Helper()
	named := map[string]bool{bundle.ManifestName: true}
	for _, n := range m.Nodes {
		for _, c := range n.Commands {
			named[c.File] = true
		}
		for _, f := range n.Files {
			if f.File == "" {
				continue
			}
			named[f.File] = true
			b := sshdtest.Read(t, filepath.Join(dir, f.File))
			sum := sha256.Sum256([]byte(b))
			if int64(len(b)) != f.Bytes || hex.EncodeToString(sum[:]) != f.SHA256 {
				t.Errorf("%s: %d bytes with SHA-256 %x, the manifest says %d and %s", f.File, len(b), sum, f.Bytes, f.SHA256)
			}
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if !named[filepath.ToSlash(rel)] {
			t.Errorf("%s lies in the bundle, but the manifest does not name it", rel)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCollectFromSimulatedNodes(t *testing.T) {
	t.Parallel()
	log := strings.Repeat("Mar 31 10:16:59 user.info cms01 host:server: INFO : hello\n", 20_000)
	c := startSim(t, sim.Scenario{User: "admin", Password: "secret", Nodes: []sim.Node{
		node("cms01", file("log", log), file("logbundle.tar.gz", "\x1f\x8bbundle"), file("live.json", "{}"), file("a.pcap", "capture"), file("empty.pcap", "")),
		node("cms02", file("log", "short\n")),
	}})
	m, dir := collectTo(t, inventoryOf(t, c), Options{Login: simLogin(t, c, "secret")})
	if !m.Complete() {
		t.Errorf("the collection is not complete: %+v", m.Nodes)
	}
	checkBundle(t, m, dir)
	got := fetched(m.Nodes[0])
	for _, want := range []string{"log", "logbundle.tar.gz", "live.json", "a.pcap", "empty.pcap"} {
		if _, ok := got[want]; !ok {
			t.Errorf("%s was not fetched", want)
		}
	}
	if sshdtest.Read(t, filepath.Join(dir, got["log"].File)) != log {
		t.Error("the log differs from the node's")
	}
	if !got["log"].ModTime.Equal(modified) {
		t.Errorf("modified %s, want %s", got["log"].ModTime, modified)
	}
	if a := m.Nodes[0].Address; a != "10.48.36.61" {
		t.Errorf("address %q is not the one that the status calls its own", a)
	}
	status := sshdtest.Read(t, filepath.Join(dir, m.Nodes[0].Dir, "database_cluster_status.txt"))
	if !strings.HasPrefix(status, "cms01> database cluster status\nStatus : Enabled\n") {
		t.Errorf("the status begins with %.80q", status)
	}
}

func TestCollectFromOpenSSH(t *testing.T) {
	t.Parallel()
	s := sshdtest.Start(t)
	log := strings.Repeat("Mar 31 10:16:59 user.info cms01 host:server: INFO : hello\n", 50_000)
	sshdtest.Write(t, filepath.Join(s.Root, "log"), log)
	sshdtest.Write(t, filepath.Join(s.Root, "dbclusterclient.key"), "secret\n")
	if err := os.Symlink("/etc/passwd", filepath.Join(s.Root, "link.pcap")); err != nil {
		t.Fatal(err)
	}
	m, dir := collectTo(t, Inventory{Nodes: []Node{sshNode(s)}}, Options{Login: sshLogin(t, s)})
	if !m.Complete() {
		t.Errorf("the collection is not complete: %+v", m.Nodes)
	}
	checkBundle(t, m, dir)
	files := fetched(m.Nodes[0])
	if len(files) != 1 || sshdtest.Read(t, filepath.Join(dir, files["log"].File)) != log {
		t.Errorf("fetched %v, want the log alone, as it is", files)
	}
	if m.Nodes[0].HostKey != s.Fingerprint(t, "host_ed25519") {
		t.Errorf("host key %s, want %s", m.Nodes[0].HostKey, s.Fingerprint(t, "host_ed25519"))
	}
}

// A node that gives no files is told at once, and its commands are collected.
func TestNodeWithoutSFTP(t *testing.T) {
	t.Parallel()
	n := node("cms01")
	n.Faults.NoSFTP = true
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{n}})
	m, dir := collectTo(t, inventoryOf(t, c), Options{Login: simLogin(t, c, "x"), Progress: func(e Event) {
		if e.Kind == Retry {
			t.Errorf("tried again: %s", e.Text)
		}
	}})
	checkBundle(t, m, dir)
	got := m.Nodes[0]
	if got.Outcome != bundle.Failed || !strings.Contains(got.Problem, "refuses SFTP") || got.Address != "10.48.36.61" {
		t.Errorf("%s, %q, the status has address %q", got.Outcome, got.Problem, got.Address)
	}
}

// A node that has one channel at a time gives commands and files one after the other, whichever came first.
func TestNodeWithOneChannel(t *testing.T) {
	t.Parallel()
	for range 10 {
		n := node("cms01", file("log", strings.Repeat("x", 300_000)))
		n.Faults.Channels = 1
		c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{n}})
		m, dir := collectTo(t, inventoryOf(t, c), Options{Login: simLogin(t, c, "x"), Retries: -1})
		checkBundle(t, m, dir)
		if !m.Complete() || len(fetched(m.Nodes[0])) != 1 || m.Nodes[0].Address == "" {
			t.Fatalf("%+v", m.Nodes[0])
		}
	}
}

// A node of which a file did not come whole did not succeed, and its entry names the file.
func TestNodeWithAFileThatFails(t *testing.T) {
	t.Parallel()
	lying := file("audit.log", "x")
	lying.Claims = 1000
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file("log", "one\n"), lying)}})
	m, _ := collectTo(t, inventoryOf(t, c), Options{Login: simLogin(t, c, "x")})
	if n := m.Nodes[0]; n.Outcome != bundle.Failed || !strings.HasPrefix(n.Problem, "audit.log: ") || len(fetched(n)) != 1 {
		t.Errorf("%+v", n)
	}
}

// When the connection is gone for good, the files that were still to come are in the manifest, and told in a few words.
func TestManyFilesOfALostConnection(t *testing.T) {
	t.Parallel()
	n := node("cms01")
	for i := range 200 {
		n.Files = append(n.Files, file(fmt.Sprintf("log.%d", i), strings.Repeat("x", 1000)))
	}
	n.Link = &faulty.Link{After: 60_000, Then: faulty.Cut}
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{n}})
	var told []string
	m, _ := collectTo(t, inventoryOf(t, c), Options{Login: simLogin(t, c, "x"), Retries: -1, Progress: func(e Event) {
		if e.Kind == FileFailed {
			told = append(told, e.Text)
		}
	}})
	missing := len(m.Nodes[0].Missing())
	if len(told) != toldEach+1 || missing < 20 || !strings.Contains(told[toldEach], "more files for the same reason") {
		t.Errorf("%d are missing, told %q", missing, told)
	}
}

// A wrong password and a node that is down are told; the others are collected.
func TestOneNodeFailsTheOthersAreCollected(t *testing.T) {
	t.Parallel()
	other := node("cms02", file("log", "not reached\n"))
	other.Login.Password = "another"
	c := startSim(t, sim.Scenario{User: "admin", Password: "secret", Nodes: []sim.Node{
		node("cms01", file("log", "one\n")), other, node("cms03", file("log", "three\n")),
	}})
	inv := inventoryOf(t, c)
	inv.Nodes = append(inv.Nodes, Node{Name: "down", Host: "127.0.0.1", Port: sshdtest.FreePort(t)})
	m, dir := collectTo(t, inv, Options{Login: simLogin(t, c, "secret")})
	if m.Complete() {
		t.Error("the manifest calls the collection complete")
	}
	checkBundle(t, m, dir)
	for i, want := range []bundle.Outcome{bundle.Success, bundle.Failed, bundle.Success, bundle.Failed} {
		if m.Nodes[i].Outcome != want {
			t.Errorf("%s: %s (%s), want %s", m.Nodes[i].Name, m.Nodes[i].Outcome, m.Nodes[i].Problem, want)
		}
	}
	for i, want := range map[int]string{1: "log in as admin", 3: "connection refused"} {
		if !strings.Contains(m.Nodes[i].Problem, want) {
			t.Errorf("%s: problem %q does not say %q", m.Nodes[i].Name, m.Nodes[i].Problem, want)
		}
	}
	if strings.Contains(sshdtest.Read(t, filepath.Join(dir, bundle.ManifestName)), "secret") {
		t.Error("the password is in the manifest")
	}
}

func TestPrivateKeysAndBackupsStayOnTheNode(t *testing.T) {
	t.Parallel()
	secret := []string{"dbclusterclient.key", "DB.KEY", "cms.pem", "store.p12", "store.pfx", "old.bak", "upgrade.img", "cms.lic", "log.key", "syslog.key", "id_rsa"}
	var files []sim.File
	for _, name := range secret {
		files = append(files, file(name, "SECRET"))
	}
	files = append(files, file("log", "one\n"))
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", files...)}})
	m, dir := collectTo(t, inventoryOf(t, c), Options{Login: simLogin(t, c, "x")})
	checkBundle(t, m, dir)
	if got := fetched(m.Nodes[0]); len(got) != 1 {
		t.Errorf("fetched %v, want the log alone", got)
	}
	if n := c.Nodes[0].Reads(); len(n) != 1 || n[0] != "/log" {
		t.Errorf("the node was asked for %v, want /log alone", n)
	}
	for _, f := range m.Nodes[0].Files {
		if f.Outcome == bundle.Skipped && f.Problem == "" {
			t.Errorf("%s was left out without a reason", f.Remote)
		}
	}
}

// Names from a node are hostile: nothing is written outside the node's directory and nothing unprintable gets into the manifest.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	names := []string{"../../evil.pcap", "..", "a\nb.pcap", "\x1b[31mred.pcap", "log", "LOG", "con.pcap", strings.Repeat("x", 240) + ".pcap", "..pcap", "-rf.pcap", "a b;c.pcap", "caf\xe9.pcap", "manifest.json", ".pcap"}
	var files []sim.File
	for _, name := range names {
		files = append(files, file(name, "content of "+name))
	}
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", files...)}})
	home := t.TempDir()
	m, dir := collectTo(t, inventoryOf(t, c), Options{Login: simLogin(t, c, "x"), Dir: filepath.Join(home, "deep", "bundle")})
	checkBundle(t, m, dir)
	for _, place := range []string{home, filepath.Join(home, "deep")} {
		if entries, err := os.ReadDir(place); err != nil || len(entries) != 1 {
			t.Errorf("%s has %v (%v), want one directory alone", place, entries, err)
		}
	}
	for _, f := range m.Nodes[0].Files {
		if printable(f.Remote) != f.Remote || printable(f.File) != f.File {
			t.Errorf("%q as %q has control characters", f.Remote, f.File)
		}
	}
	if got := fetched(m.Nodes[0]); len(got) < 8 {
		t.Errorf("only %d files were fetched: %v", len(got), m.Nodes[0].Files)
	}
}

// throughFaults puts a proxy before the first node that breaks the first connections after so many bytes.
func throughFaults(t testing.TB, c *sim.Cluster, breaks int, after int64) (inv Inventory, knownHosts string) {
	t.Helper()
	proxy, err := faulty.Listen(c.Nodes[0].Endpoint, func(i int) faulty.Link {
		if i < breaks {
			return faulty.Link{After: after, Then: faulty.Reset}
		}
		return faulty.Link{}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	n, err := ParseNode(proxy.Addr)
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(t.TempDir(), "known_hosts")
	sshdtest.Write(t, known, fmt.Sprintf("[127.0.0.1]:%d %s", n.Port, ssh.MarshalAuthorizedKey(c.Nodes[0].HostKey)))
	return Inventory{Nodes: []Node{n}}, known
}
