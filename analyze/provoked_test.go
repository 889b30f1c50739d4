package analyze_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cbdoctor/fixtures/golden"
)

// What a real PostgreSQL 15 and libpq said of each fault that fixtures/provoke made. Each scenario is analysed alone, and what is
// recognised of it stands in expected.txt: a line of CLASS, REASON and ALERT for each kind of message.
func TestProvokedMessages(t *testing.T) {
	t.Parallel()
	const dir = "../fixtures/logs/provoked"
	var names []string
	parts := map[string]map[string]string{}
	for _, host := range []string{"DBMaster", "ClusterCore2"} {
		text, err := os.ReadFile(filepath.Join(dir, host, "syslog"))
		if err != nil {
			t.Fatal(err)
		}
		name := ""
		for line := range strings.Lines(string(text)) {
			if _, scenario, is := strings.Cut(strings.TrimSpace(line), " provoke: "); is {
				if name = scenario; parts[name] == nil {
					names, parts[name] = append(names, name), map[string]string{}
				}
			}
			parts[name][host+"/syslog"] += line
		}
	}
	if len(names) < 35 {
		t.Fatalf("%d scenarios", len(names))
	}
	var got strings.Builder
	for _, name := range names {
		set := run(t, parts[name])
		var lines []string
		for _, m := range set.Messages {
			if m.Class != "server-started" && m.Class != "server-ready" {
				lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s postgres %s %s %s", m.Node, m.Class, m.Reason, m.Alert)))
			}
		}
		for _, c := range set.HealthChecks {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s sfpool %s %s", c.Client, c.Reason, c.Alert)))
		}
		slices.Sort(lines)
		fmt.Fprintf(&got, "%s\n", name)
		for _, line := range slices.Compact(lines) {
			fmt.Fprintf(&got, "  %s\n", strings.Join(strings.Fields(line), " "))
		}
	}
	golden.Compare(t, filepath.Join(dir, "expected.txt"), got.String())
}

// Lines that only look like a fault make none.
func TestLookAlikeLog(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../fixtures/logs/lookalikes/cms01/syslog")
	if err != nil {
		t.Fatal(err)
	}
	set := run(t, map[string]string{"cms01/syslog": string(text)})
	if len(set.Messages)+len(set.HealthChecks)+len(set.Upgrades) != 0 || len(set.Commands) != 1 {
		t.Errorf("messages %+v, health checks %+v, upgrades %+v, commands %+v", set.Messages, set.HealthChecks, set.Upgrades, set.Commands)
	}
	if set.Lines.Recognised != set.Lines.Seen {
		t.Errorf("%+v", set.Lines)
	}
}
