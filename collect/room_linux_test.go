package collect

import (
	"path/filepath"
	"strings"
	"testing"

	"cbdoctor/bundle"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/smalldisk"
)

// What does not fit on the disk with the files of the other nodes is not begun: the others come whole, and the manifest says what is missing.
// When there is room, --continue fetches it.
func TestNodesShareASmallDisk(t *testing.T) {
	t.Parallel()
	disk := smalldisk.Mount(t, "5m")
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
				if n.Outcome != bundle.Failed || !strings.HasPrefix(n.Problem, f.Remote+": it has ") {
					t.Errorf("the node with it: %s, %q", n.Outcome, n.Problem)
				}
			}
		}
	}
	if whole != 3 || refused != 1 {
		t.Errorf("%d files are whole and %d were refused: %+v", whole, refused, m.Nodes)
	}
	smalldisk.Resize(t, disk, "9m")
	opt.Continue = true
	if again, _ := collectTo(t, Inventory{}, opt); !again.Complete() {
		t.Errorf("with more room: %+v", again.Nodes)
	}
}
