package redact_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cbdoctor/analyze"
	"cbdoctor/capture/packet"
	"cbdoctor/finding"
	"cbdoctor/redact"
	"cbdoctor/rules"
)

func diagnose(t *testing.T, catalog *rules.Catalog, path string) []finding.Finding {
	t.Helper()
	set, err := analyze.Run(context.Background(), []string{path}, analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := catalog.Evaluate(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	return outcome.Findings
}

// material copies a folder of the fixtures, without what the tests say of it.
func material(t *testing.T, from string) string {
	t.Helper()
	in := filepath.Join(t.TempDir(), "bundle")
	if err := os.CopyFS(in, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"expect.yaml", "README.md"} {
		_ = os.Remove(filepath.Join(in, name))
	}
	return in
}

func run(t *testing.T, in string) (out string, r *redact.Redactor, s *redact.Summary) {
	t.Helper()
	out = filepath.Join(t.TempDir(), "copy")
	r, s, err := redact.Run(context.Background(), []string{in}, out, redact.Options{Key: []byte("a key")})
	if err != nil {
		t.Fatal(err)
	}
	return out, r, s
}

// Addresses in the names of files and directories have stand-ins, however they are written, and no file is left out for its name.
func TestAddressesInNames(t *testing.T) {
	t.Parallel()
	line := []byte("Mar 31 10:16:59 user.info cms01 sfpool: Health check 10.48.36.61: error (up = 1): could not connect\n")
	names := []string{
		"10.48.36.61.log", "10.48.36.61.1.log", "1.10.48.36.61.log", "cms_10-48-36-61_eth0.log", "x10_48_36_61.log", "010.048.036.061.log",
		"10.48.36.61/log", "172.16.5.7-a.log", "2001:db8::7.log", "syslog_20260331_101659.log", "cms01.log",
	}
	in := filepath.Join(t.TempDir(), "bundle")
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(in, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(in, name), line, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, _, summary := run(t, in)
	if len(summary.LeftOut) > 0 || len(summary.Files) != len(names) {
		t.Errorf("%d files, left out %v", len(summary.Files), summary.LeftOut)
	}
	hidden := regexp.MustCompile(`10[._-]0?48[._-]0?36[._-]0?61|172\.16\.5\.7|2001:db8::7|cms01`)
	for _, f := range summary.Files {
		if hidden.MatchString(f.To) || len(f.To) != len(strings.TrimPrefix(f.From, in+"/")) {
			t.Errorf("%s became %s", f.From, f.To)
		}
		if strings.HasSuffix(f.From, "_20260331_101659.log") && f.To != "syslog_20260331_101659.log" {
			t.Errorf("a time became %s", f.To)
		}
	}
}

// The copy of every case leads to the diagnosis of the original, up to the renaming, and holds no value of the original.
func TestDiagnosisStaysTheSame(t *testing.T) {
	catalog, err := rules.Load(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cases, err := filepath.Glob("../fixtures/*/*/expect.yaml")
	if err != nil || len(cases) < 20 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		dir := filepath.Dir(c)
		t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			in := material(t, dir)
			out, r, summary := run(t, in)
			for _, l := range summary.LeftOut {
				if strings.Contains(l.Why, "scan") {
					t.Errorf("%s: %s", l.Path, l.Why)
				}
			}
			if slices.ContainsFunc(summary.LeftOut, func(l redact.LeftOut) bool { return strings.Contains(l.Why, "the keys") }) {
				if info := secrets(t, out); info != 0 {
					t.Errorf("%d key logs are still there", info)
				}
				return // what only the keys show is gone, as the summary says
			}
			for _, d := range r.Differences(diagnose(t, catalog, in), diagnose(t, catalog, out)) {
				t.Error(d)
			}
			for _, host := range []string{"10.48.36.", "10.48.54.", "ClusterCore", "cms0", "Example Corp"} {
				if where := contains(t, out, host); where != "" {
					t.Errorf("%q is still in %s", host, where)
				}
			}
		})
	}
}

// secrets counts the key logs in the captures below dir.
func secrets(t *testing.T, dir string) (n int) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.pcapng"))
	if err != nil || len(list) == 0 {
		t.Fatalf("no capture in the copy (%v)", err)
	}
	for _, path := range list {
		info, err := packet.ReadFile(context.Background(), path, packet.Options{}, func(*packet.Packet) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		n += len(info.Secrets)
	}
	return n
}

// contains names the first file below dir that holds the text, whatever the case of its letters.
func contains(t *testing.T, dir, text string) (where string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || where != "" {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(strings.ToLower(path), strings.ToLower(text)) || bytes.Contains(bytes.ToLower(b), []byte(strings.ToLower(text))) {
			where = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return where
}

// What people say and are called goes with the lines of programs that the diagnosis does not read.
func TestWhatIsNotUnderstoodIsLeftOut(t *testing.T) {
	in := filepath.Join(t.TempDir(), "bundle")
	files := map[string]string{
		"cms-tokyo-7/log": "2024-03-05T16:50:25.736 user.info cms-tokyo-7 host:server: INFO : call 12: chat from \"Jane Doe\": secret of sfpool\n" +
			"2024-03-05T16:50:26.736 user.info cms-tokyo-7 sfpool: Health check 10.20.30.41: error (up = 1): connection to server at \"10.20.30.41\", port 5432 failed: timeout expired|\n" +
			"2024-03-05T16:50:27.736 local0.info cms-tokyo-7 cli: User jdoe from 10.20.30.99:50000 issued command < user add mallory admin>: permission granted\n" +
			"2024-03-05T16:50:28.736 local0.info cms-tokyo-7 cli: User jdoe from 10.20.30.99:50000 issued command < database cluster remove>: permission granted\n" +
			"2024-03-05T16:50:29.736 local0.warning cms-tokyo-7 postgres[77]: [2-1] ERROR:  duplicate key value violates unique constraint \"domains_pkey\"\n" +
			"2024-03-05T16:50:29.737 local0.warning cms-tokyo-7 postgres[77]: [2-2] DETAIL:  Key (domain_name)=(meet.acmeworks.example) already exists.\n" +
			"somebody pasted this: Jane Doe, Acmeworks\n",
		"cms-tokyo-7/notes.bin": "\x00\x01\x02",
		"cms-tokyo-7/db.key":    "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		"cms-tokyo-7/live.json": `{"ipv4": {"module": {"interfaces": {"eth4": {"address": "10.20.30.40", "macaddress": "00:50:56:AA:BB:CC"}}}}, "users": {"jdoe": {"mail": "jane@acmeworks.example"}}}`,
	}
	for name, text := range files {
		full := filepath.Join(in, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, r, s := run(t, in)
	for _, value := range []string{"jane", "doe", "acmeworks", "mallory", "10.20.30", "tokyo", "aa:bb:cc", "PRIVATE"} {
		if where := contains(t, out, value); where != "" {
			t.Errorf("%q is still in %s", value, where)
		}
	}
	for _, value := range []string{"database cluster remove", "Health check", "duplicate key value violates unique constraint \"domains_pkey\"", "host:server: (removed)"} {
		if contains(t, out, value) == "" {
			t.Errorf("%q is gone", value)
		}
	}
	left := map[string]bool{}
	for _, l := range s.LeftOut {
		left[filepath.Base(l.Path)] = true
	}
	if !left["notes.bin"] || !left["db.key"] || len(left) != 2 {
		t.Errorf("left out: %v", s.LeftOut)
	}
	i := slices.IndexFunc(s.Files, func(f redact.Written) bool { return filepath.Base(f.To) == "log" })
	if i < 0 || s.Files[i].LinesLeftOut != 1 {
		t.Errorf("files: %v, want one line left out of the log", s.Files)
	}
	if s.Mapping.Names["jdoe"] == "" || s.Mapping.Addresses["10.20.30.41"] != r.String("10.20.30.41") {
		t.Errorf("mapping: %v", s.Mapping)
	}
}

func TestTheOriginalIsNeverTouchedAndNothingIsOverwritten(t *testing.T) {
	in := material(t, "../fixtures/bundles/03-firewall-drop")
	out := t.TempDir()
	if _, _, err := redact.Run(context.Background(), []string{in}, out, redact.Options{}); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("Run() into a directory that exists = %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	parent := t.TempDir()
	if _, _, err := redact.Run(ctx, []string{in}, filepath.Join(parent, "copy"), redact.Options{}); err == nil {
		t.Error("Run() with a context that has ended gave no error")
	}
	if list, _ := os.ReadDir(parent); len(list) != 0 {
		t.Errorf("an interrupted run leaves %v", list)
	}
}
