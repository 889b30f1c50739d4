package analyze_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cbdoctor/analyze"
)

// The default host name is often left on every node. Directories, archives and addresses tell the machines apart.
func TestMachinesOfOneName(t *testing.T) {
	t.Parallel()
	status := func(me string) string {
		return strings.Replace(strings.Replace(newWords, " (me)", "     ", 1), me+" ", me+" (me) ", 1)
	}
	fails := func(server string) string {
		return fmt.Sprintf("Mar  5 16:50:25 user.info cms sfpool: Health check %s: error (up = 1): timeout expired|\n", server)
	}
	for name, files := range map[string]map[string]string{
		"a directory each":           {"a/log": fails("10.48.36.118"), "a/status.txt": status("10.48.36.61"), "b/log": fails("10.48.36.61"), "b/status.txt": status("10.48.36.118")},
		"directories in directories": {"a/logs/log": fails("10.48.36.118"), "a/texts/status.txt": status("10.48.36.61"), "b/logs/log": fails("10.48.36.61"), "b/texts/status.txt": status("10.48.36.118")},
		"terminal sessions":          {"a.txt": "cms> syslog follow\n" + fails("10.48.36.118") + "cms> database cluster status\n" + status("10.48.36.61"), "b.txt": "cms> syslog follow\n" + fails("10.48.36.61") + "cms> database cluster status\n" + status("10.48.36.118")},
		"a central log":              {"central.log": "2025-03-05T16:50:26+00:00 10.48.36.61 " + fails("10.48.36.118") + "2025-03-05T16:50:26+00:00 10.48.36.118 " + fails("10.48.36.61")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := []string{}
			for _, c := range run(t, files).HealthChecks {
				got = append(got, fmt.Sprintf("%s at %s, %d", c.Client, c.Server, c.Count))
			}
			slices.Sort(got)
			if want := []string{"10.48.36.118 at 10.48.36.61, 1", "10.48.36.61 at 10.48.36.118, 1"}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// The log of one node and the status of another lie in directories of their own: they do not belong together.
func TestDirectoriesOfTwoNodes(t *testing.T) {
	t.Parallel()
	set := run(t, map[string]string{"cms01/log": "Mar  5 16:50:25 user.info cms01 sfpool: Health check 10.48.36.182: error (up = 1): timeout expired|\n", "cms03/status.txt": newWords})
	if c := set.HealthChecks[0]; c.Client != "cms01" || set.Statuses[0].Node != "10.48.36.182" {
		t.Errorf("%s fails at %s, the status is of %s", c.Client, c.Server, set.Statuses[0].Node)
	}
}

// Each host of a central log has its own zone.
func TestZonesInOneFile(t *testing.T) {
	t.Parallel()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{"central.log": "2025-03-05T09:00:00.000 user.info cms01 sfpool: Health check 10.1.1.3: error (up = 1): timeout expired|\n" +
		"2025-03-05T18:00:00.000 user.info cms02 sfpool: Health check 10.1.1.3: error (up = 1): timeout expired|\n"})
	set, err := analyze.Run(t.Context(), []string{dir}, analyze.Options{Zones: map[string]*time.Location{"cms02": tokyo}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range set.HealthChecks {
		if want := "2025-03-05T09:00:00.000Z"; c.First.String() != want {
			t.Errorf("%s: %s, want %s", c.Client, c.First, want)
		}
	}
	for _, n := range set.Nodes {
		if n.Name == "cms02" && n.Timezone != "Asia/Tokyo" || n.Name == "cms01" && n.Timezone != "UTC" {
			t.Errorf("%s: %s", n.Name, n.Timezone)
		}
	}
}
