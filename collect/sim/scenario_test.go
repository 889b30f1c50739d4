package sim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The scenario of the documentation starts as it stands there.
func TestDocumentedScenario(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/sim.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil || !found {
		t.Fatal(err, "no scenario in the documentation")
	}
	s, err := ReadScenario(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Nodes) != 2 || c.Nodes[1].Node.Faults.Channels != 2 || c.Nodes[1].Node.Link.After != 50000 || c.Nodes[1].link == nil {
		t.Errorf("it became %+v", s)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestBadScenarios(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"no node":       {"nodes: []", "no node"},
		"no name":       {"nodes: [{address: 1.2.3.4}]", "no name"},
		"unknown field": {"nodes: [{name: a, adress: b}]", "adress"},
		"unknown fault": {"nodes: [{name: a, link: {then: explode}}]", "explode"},
		"open to all":   {"nodes: [{name: a, listen: 0.0.0.0}]", "no loopback"},
		"missing file":  {"nodes: [{name: a, files: [{name: x, path: nowhere}]}]", "nowhere"},
	} {
		file := filepath.Join(t.TempDir(), "scenario.yaml")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadScenario(file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
