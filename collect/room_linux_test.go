package collect

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cbdoctor/bundle"
	"cbdoctor/collect/sim"
)

// What does not fit on the disk with the files of the other nodes is not begun: the others come whole, and the manifest says what is missing.
// When there is room, --continue fetches it.
func TestNodesShareASmallDisk(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=5m"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, 0) })
	log := strings.Repeat("one\n", 500_000)
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{node("cms01", file("log", log)), node("cms02", file("log", log)), node("cms03", file("log", log), file("live.json", "{}"))}})
	opt := Options{Dir: filepath.Join(disk, "bundle"), Login: simLogin(t, c, "x")}
	m, dir := collectTo(t, inventoryOf(t, c), opt)
	checkBundle(t, m, dir)
	whole, refused := 0, 0
	for _, n := range m.Nodes {
		for _, f := range n.Files {
			switch {
			case f.Outcome == bundle.Success:
				whole++
			case strings.Contains(f.Problem, "the disk here has"):
				refused++
			}
		}
	}
	if whole != 3 || refused != 1 {
		t.Errorf("%d files are whole and %d were refused: %+v", whole, refused, m.Nodes)
	}
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT, "size=9m"); err != nil {
		t.Fatal(err)
	}
	opt.Continue = true
	if again, _ := collectTo(t, Inventory{}, opt); !again.Complete() {
		t.Errorf("with more room: %+v", again.Nodes)
	}
}
