package analyze_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cbdoctor/analyze"
	"cbdoctor/fact"
)

// run analyses files, named as in the map.
func run(t *testing.T, files map[string]string) *fact.Set {
	t.Helper()
	set, err := analyze.Run(context.Background(), []string{write(t, files)}, analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestHealthChecks(t *testing.T) {
	t.Parallel()
	const head = "Mar 31 10:16:59 user.info cms2 sfpool: Health check 10.48.54.119: error (up = 1): "
	for _, c := range []struct{ name, text, reason string }{
		{"refused, libpq up to 13", `could not connect to server: Connection refused|#011Is the server running on host "10.48.54.119" and accepting|#011TCP/IP connections on port 5432?|`, fact.ReasonRefused},
		{"refused, libpq from 14", `connection to server at "10.48.54.119", port 5432 failed: Connection refused|#011Is the server running on that host and accepting TCP/IP connections?|`, fact.ReasonRefused},
		{"timed out by libpq", `timeout expired|`, fact.ReasonTimeout},
		{"timed out by libpq, from 14", `connection to server at "10.48.54.119", port 5432 failed: timeout expired|`, fact.ReasonTimeout},
		{"timed out by TCP", `could not connect to server: Connection timed out|#011Is the server running on host "10.48.54.119" and accepting|`, fact.ReasonTimeout},
		{"no route", `could not connect to server: No route to host|`, fact.ReasonNoRoute},
		{"expired certificate, OpenSSL 1", `SSL error: sslv3 alert certificate expired|`, fact.ReasonTLSAlert},
		{"expired certificate, OpenSSL 3.2", `connection to server at "10.48.54.119", port 5432 failed: SSL error: ssl/tls alert certificate expired|`, fact.ReasonTLSAlert},
		{"server certificate rejected", `connection to server at "10.48.54.119", port 5432 failed: SSL error: certificate verify failed|`, fact.ReasonTLSVerify},
		{"no SSL", `server does not support SSL, but SSL was required|`, fact.ReasonTLSOff},
		{"something else on the port", `received invalid response to SSL negotiation: H|`, fact.ReasonNotPostgres},
		{"wrong CN", `FATAL:  certificate authentication failed for user "postgres"|`, fact.ReasonClientCN},
		{"too many", `FATAL:  sorry, too many clients already|`, fact.ReasonTooMany},
		{"starting", `FATAL:  the database system is starting up|`, fact.ReasonStarting},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			set := run(t, map[string]string{"log": head + c.text + "\n"})
			if len(set.HealthChecks) != 1 {
				t.Fatalf("%d health checks, want 1", len(set.HealthChecks))
			}
			h := set.HealthChecks[0]
			if h.Reason != c.reason || h.Server != "10.48.54.119" || h.Client != "cms2" || h.Count != 1 {
				t.Errorf("got reason %q client %q server %q count %d, want reason %q", h.Reason, h.Client, h.Server, h.Count, c.reason)
			}
			if len(h.Sources) != 1 || h.Sources[0].Line != 1 || !strings.HasSuffix(h.Sources[0].File, "log") {
				t.Errorf("sources %+v", h.Sources)
			}
		})
	}
}

// TestLookAlikes: what only reads like a failure is none.
func TestLookAlikes(t *testing.T) {
	t.Parallel()
	set := run(t, map[string]string{"log": strings.Join([]string{
		`Mar 31 10:16:59 user.info cms2 host:server: INFO : chat message from "Bob": "sfpool: Health check 10.48.54.119: error (up = 1): Connection refused"`,
		`Mar 31 10:17:00 user.info cms2 host:server: INFO : call 7: display name "postgres[20882]: [2-1] ERROR:  relation does not exist"`,
		`Mar 31 10:17:01 user.info cms2 host:server: INFO : call 8: #012Mar 31 10:17:01 user.info cms2 sfpool: Health check 10.1.1.1: error (up = 1): timeout expired`,
		`Mar 31 10:17:02 user.info cms2 sfpool: Health check 10.48.54.119: ok`,
	}, "\n")})
	if len(set.HealthChecks)+len(set.Messages)+len(set.Upgrades) != 0 {
		t.Errorf("facts out of look-alikes: %+v %+v", set.HealthChecks, set.Messages)
	}
	if set.Lines.Seen != 4 || set.Lines.Recognised != 4 {
		t.Errorf("lines %+v", set.Lines)
	}
}

// TestSchemaErrorWithoutHead is the tech note's sample: the log begins in the middle of a message.
func TestSchemaErrorWithoutHead(t *testing.T) {
	t.Parallel()
	set := run(t, map[string]string{"log": strings.Join([]string{
		`Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-7] #011SQL statement "INSERT INTO domains(domain_name) VALUES (new.domain)"`,
		`Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-8] #011PL/pgSQL function create_matching_domain(text) line 3 at SQL statement`,
		`Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-9] #011SQL statement "SELECT create_matching_domain(new.tenant)"`,
		`Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-10] #011PL/pgSQL function create_or_update_matching_domain() line 18 at PERFORM`,
	}, "\n")})
	if len(set.Messages) != 1 {
		t.Fatalf("%d messages, want 1: %+v", len(set.Messages), set.Messages)
	}
	m := set.Messages[0]
	if !m.HeadMissing || m.Function != "create_matching_domain" || m.Node != "DBMaster" || m.Text != "" {
		t.Errorf("head missing %v, function %q, node %q, text %q", m.HeadMissing, m.Function, m.Node, m.Text)
	}
}

// TestMessageInChunks: one message in each of the four ways in which PostgreSQL numbers its lines, in order or not.
func TestMessageInChunks(t *testing.T) {
	t.Parallel()
	const head = `Mar 30 12:39:04 local0.warning cms1 postgres[20882]: `
	for _, c := range []struct {
		name  string
		lines []string
	}{
		{"sequence and chunk", []string{
			`[5-1] ERROR:  column "missing_col" does not exist at character 8`,
			`[5-2] HINT:  Perhaps you meant to reference the column "d.id".`,
			`[5-3] STATEMENT:  select missing_col from domains`,
		}},
		{"out of order", []string{
			`[5-3] STATEMENT:  select missing_col from domains`,
			`[5-1] ERROR:  column "missing_col" does not exist at character 8`,
			`[5-2] HINT:  Perhaps you meant to reference the column "d.id".`,
		}},
		{"sequence numbers off", []string{
			`[1] ERROR:  column "missing_col" does not exist at character 8`,
			`[2] HINT:  Perhaps you meant to reference the column "d.id".`,
			`[3] STATEMENT:  select missing_col from domains`,
		}},
		{"neither", []string{
			`ERROR:  column "missing_col" does not exist at character 8`,
			`HINT:  Perhaps you meant to reference the column "d.id".`,
			`STATEMENT:  select missing_col from domains`,
		}},
		{"one line", []string{
			`[5] ERROR:  column "missing_col" does not exist at character 8#012HINT:  Perhaps you meant to reference the column "d.id".#012STATEMENT:  select missing_col from domains`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			for i, l := range c.lines {
				log.WriteString(head + l + "\n")
				if i == 0 { // another process speaks in between
					log.WriteString("Mar 30 12:39:04 local0.info cms1 postgres[77]: [9-1] LOG:  connection received: host=10.1.1.2 port=4711\n")
				}
			}
			set := run(t, map[string]string{"log": log.String()})
			var got []fact.Message
			for _, m := range set.Messages {
				if m.Level == "ERROR" {
					got = append(got, m)
				}
			}
			if len(got) != 1 || got[0].Count != 1 {
				t.Fatalf("messages %+v, want one ERROR", set.Messages)
			}
			if m := got[0]; m.Text != `column "missing_col" does not exist at character 8` || m.HeadMissing {
				t.Errorf("text %q, head missing %v", m.Text, m.HeadMissing)
			}
		})
	}
}

func TestSchemaUpgrades(t *testing.T) {
	t.Parallel()
	lines := []string{
		`Mar 30 12:40:01 user.info cms1 schema_builder:  Upgrading schema with connect line 'connect_timeout=4 user=postgres host=127.0.0.1 port=9899 sslmode=verify-ca '`,
		`Mar 30 12:40:01 user.info cms1 schema_builder:  Using database name 'cluster'`,
		`Mar 30 12:40:04 user.info cms1 schema_builder:  schema build on database cluster complete`,
		`Mar 30 12:40:05 user.info cms1 schema_builder:  INFO    : Waiting for database cluster to settle...`,
		`Mar 30 12:40:15 user.info cms1 schema_builder:  INFO    : Database cluster settled`,
		`Mar 30 12:40:15 user.info cms1 schema_builder:  Schema upgrade complete`,
		`Mar 30 12:40:16 user.info cms1 dbcluster_watcher:  Operation Complete`,
	}
	set := run(t, map[string]string{"log": strings.Join(lines, "\n")})
	if len(set.Upgrades) != 1 || !set.Upgrades[0].Complete || set.Upgrades[0].Node != "cms1" {
		t.Errorf("complete run: %+v", set.Upgrades)
	}
	// The run stops after the build, the log goes on.
	cut := append(lines[:3:3], `Mar 30 13:40:16 user.info cms1 host:server: INFO : call 1: ended`)
	set = run(t, map[string]string{"log": strings.Join(cut, "\n")})
	if len(set.Upgrades) != 1 || set.Upgrades[0].Complete || set.Upgrades[0].CutOff || set.Upgrades[0].LastStep != "schema build on database cluster complete" {
		t.Errorf("incomplete run: %+v", set.Upgrades)
	}
	// The log ends during the run: it may have gone on.
	set = run(t, map[string]string{"log": strings.Join(lines[:3], "\n")})
	if len(set.Upgrades) != 1 || set.Upgrades[0].Complete || !set.Upgrades[0].CutOff {
		t.Errorf("cut-off run: %+v", set.Upgrades)
	}
}

func TestNothingRecognised(t *testing.T) {
	t.Parallel()
	_, err := analyze.Run(context.Background(), []string{write(t, map[string]string{"log": "Hello Bob\nanother line\n"})}, analyze.Options{})
	if err == nil || !strings.Contains(err.Error(), `"Hello Bob"`) {
		t.Errorf("error %v does not quote the first line", err)
	}
}

// A machine that loses power leaves zeros where the blocks of its log were to be written; the next line stands right behind them.
func TestLogWithHoles(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("\x00", 3000)
	set := run(t, map[string]string{"log": zeros + "Jul  4 10:03:00.111 user.info cms2 host:server: INFO : call 5: inactive\n" + zeros +
		"Jul  4 10:05:00.111 user.info cms2 sfpool: Health check 10.1.1.1: error (up = 1): timeout expired|\n" + zeros + "\n" +
		"Jul  4 10:06:00.111 user.info cms2 sfpool: Health check 10.1.1.1: error (up = 0): timeout expired|\n"})
	if len(set.HealthChecks) != 1 || set.HealthChecks[0].Count != 2 || set.Lines.Recognised != 3 {
		t.Errorf("health checks %+v, %d lines recognised", set.HealthChecks, set.Lines.Recognised)
	}
}

// The date of a file in an archive is when the node wrote it. That of a file on disk may be when it was copied, and one of 1970 is none.
func TestYearsOfFilesWithoutDate(t *testing.T) {
	t.Parallel()
	const line = "Apr 19 10:30:00.000 user.info %s sfpool: Health check 10.1.1.1: error (up = 1): timeout expired|\n"
	dated := func(at time.Time, host string) string { return archive(t, "log", fmt.Sprintf(line, host), at) }
	in2019 := time.Date(2019, 4, 20, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		files map[string]string
		year  int
	}{
		"one of the two in an archive": {map[string]string{"a.tar": dated(in2019, "cms1"), "log": fmt.Sprintf(line, "cms2")}, 2019},
		"the other archive has a date": {map[string]string{"a.tar": dated(in2019, "cms1"), "b.tar": dated(time.Unix(0, 0), "cms2")}, 2019},
		"no date at all":               {map[string]string{"a.tar": dated(time.Unix(0, 0), "cms1"), "b.tar": dated(time.Unix(0, 0), "cms2")}, 2010},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := run(t, c.files)
			if len(set.HealthChecks) != 2 {
				t.Fatalf("%d health checks", len(set.HealthChecks))
			}
			for _, check := range set.HealthChecks {
				if check.First.T.Year() != c.year {
					t.Errorf("%s: %v, want %d", check.Client, check.First, c.year)
				}
			}
		})
	}
}

func archive(t *testing.T, name, text string, at time.Time) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text)), ModTime: at}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
