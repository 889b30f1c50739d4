package analyze_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"cbdoctor/fact"
)

// incidentLog is a log with everything that facts are made of, and lines that only look alike.
func incidentLog() (lines []string) {
	at := time.Date(2025, 3, 5, 9, 0, 0, 0, time.UTC)
	line := func(after time.Duration, text string) {
		at = at.Add(after)
		lines = append(lines, at.Format("Jan _2 15:04:05.000")+" "+text)
	}
	line(time.Second, `local0.info cms02 cli: User admin from 10.9.9.9:4711 issued command < database cluster upgrade_schema>: permission granted`)
	line(time.Second, `user.notice cms02 schema_builder: Upgrading schema with connect line 'connect_timeout=4 user=postgres host=127.0.0.1 port=9899'`)
	line(time.Second, `user.notice cms02 schema_builder: Using database name 'cluster'`)
	for i := range 40 {
		line(15*time.Second, fmt.Sprintf(`user.info cms02 host:server: INFO : chat message from "x": "postgres[1]: [2-1] ERROR:  relation %d does not exist"`, i))
		if i > 10 && i < 30 {
			line(time.Second, fmt.Sprintf(`user.info cms02 sfpool: Health check 10.1.1.1: error (up = %d): could not connect to server: Connection refused|#011Is the server running on host "10.1.1.1" and accepting|#011TCP/IP connections on port 5432?|`, min(1, 30-i-18)))
		}
		if i == 20 {
			for c, text := range []string{`ERROR:  duplicate key value violates unique constraint "domains_pkey"`, `DETAIL:  Key (domain_id)=(1) already exists.`, `CONTEXT:  SQL statement "INSERT INTO domains"`, `#011PL/pgSQL function create_matching_domain(uuid,text) line 3 at SQL statement`, `STATEMENT:  SELECT 1`} {
				line(time.Millisecond, fmt.Sprintf(`local0.warning cms02 postgres[77]: [4-%d] %s`, c+1, text))
			}
		}
	}
	line(time.Second, `user.info cms02 schema_builder: INFO    : Database cluster settled`)
	line(time.Second, `user.notice cms02 schema_builder: Schema upgrade complete`)
	line(time.Second, `user.info cms02 dbcluster_watcher:  Operation Complete`)
	line(time.Minute, `local0.info cms02 postgres[78]: [1] LOG:  database system is ready to accept connections`)
	return lines
}

// same compares facts but for where they were read.
var same = cmp.Options{
	cmpopts.IgnoreFields(fact.Span{}, "Sources"), cmpopts.IgnoreFields(fact.Command{}, "Source"), cmpopts.IgnoreFields(fact.Event{}, "Source"), cmpopts.EquateEmpty(),
}

// A log that was rotated, compressed, split anywhere or given in any order says the same.
func TestOrderOfFilesDoesNotMatter(t *testing.T) {
	t.Parallel()
	lines := incidentLog()
	whole := run(t, map[string]string{"cms02/log": strings.Join(lines, "\n") + "\n"})
	if len(whole.HealthChecks) != 1 || len(whole.Upgrades) != 1 || !whole.Upgrades[0].Confirmed || len(whole.Commands) != 1 || len(whole.Messages) != 2 {
		t.Fatalf("%d checks, upgrades %+v, %d commands, messages %+v", len(whole.HealthChecks), whole.Upgrades, len(whole.Commands), whole.Messages)
	}
	rapid.Check(t, func(rt *rapid.T) {
		a := rapid.IntRange(1, len(lines)-2).Draw(rt, "a")
		b := rapid.IntRange(a+1, len(lines)-1).Draw(rt, "b")
		newline := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "newline")
		parts := [][]string{lines[:a], lines[a:b], lines[b:]}
		files := map[string]string{}
		for i, name := range rapid.Permutation([]string{"log", "log.1.gz", "log.2"}).Draw(rt, "names") {
			text := strings.Join(parts[i], newline) + newline
			if strings.HasSuffix(name, ".gz") {
				var z bytes.Buffer
				w := gzip.NewWriter(&z)
				if _, err := w.Write([]byte(text)); err != nil {
					rt.Fatal(err)
				}
				if err := w.Close(); err != nil {
					rt.Fatal(err)
				}
				text = z.String()
			}
			files["cms02/"+name] = text
		}
		set := run(t, files)
		for what, pair := range map[string][2]any{
			"health checks": {whole.HealthChecks, set.HealthChecks}, "messages": {whole.Messages, set.Messages}, "upgrades": {whole.Upgrades, set.Upgrades},
			"commands": {whole.Commands, set.Commands}, "timeline": {whole.Timeline, set.Timeline}, "lines": {whole.Lines.Recognised, set.Lines.Recognised},
		} {
			if diff := cmp.Diff(pair[0], pair[1], same); diff != "" {
				rt.Errorf("%s (-whole +split):\n%s", what, diff)
			}
		}
	})
}

// What is handed in twice is told once: a log beside its rotated files, a part of it pasted, what a syslog server got of it, a block that
// was copied into the file a second time.
func TestCopiesChangeNothing(t *testing.T) {
	t.Parallel()
	lines := incidentLog()
	text := strings.Join(lines, "\n") + "\n"
	whole := run(t, map[string]string{"cms02/log": text})
	for name, files := range map[string]map[string]string{
		"the same file":     {"a/log": text, "b/log": text},
		"rotated files":     {"a/log": text, "b/log": strings.Join(lines[30:], "\n") + "\n", "b/log.1": strings.Join(lines[:30], "\n") + "\n"},
		"overlapping parts": {"log": strings.Join(lines[20:], "\n") + "\n", "log.1": strings.Join(lines[:40], "\n") + "\n"},
		"a pasted part":     {"log": text, "mail.txt": "Hello,\n\n> " + strings.Join(lines[10:50], "\n> ") + "\n"},
		"a syslog server":   {"log": text, "central.log": "2025-03-05T09:00:01+00:00 192.0.2.1 " + strings.Join(lines, "\n2025-03-05T09:00:01+00:00 192.0.2.1 ") + "\n"},
		"without fraction":  {"a": text, "b": regexp.MustCompile(`(?m)^(\w+ +\d+ [0-9:]+)\.\d+`).ReplaceAllString(text, "$1")},
		"a block twice":     {"log": text + strings.Join(lines[15:60], "\n") + "\n"},
		"delivered twice":   {"log": strings.Join(slices.Concat(lines[:30], lines[29:]), "\n") + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := run(t, files)
			if name == "without fraction" {
				set.Timeline = whole.Timeline // in which the copy's times may stand
			}
			for what, pair := range map[string][2]any{
				"health checks": {whole.HealthChecks, set.HealthChecks}, "messages": {whole.Messages, set.Messages}, "upgrades": {whole.Upgrades, set.Upgrades},
				"commands": {whole.Commands, set.Commands}, "timeline": {whole.Timeline, set.Timeline}, "gaps": {whole.Gaps, set.Gaps},
			} {
				if diff := cmp.Diff(pair[0], pair[1], same); diff != "" {
					t.Errorf("%s (-once +twice):\n%s", what, diff)
				}
			}
		})
	}
}
