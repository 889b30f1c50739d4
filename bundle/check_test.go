package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample writes a bundle with one file and returns its directory.
func sample(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	m := &Manifest{Schema: ManifestSchema, Nodes: []ManifestNode{{Reached: "10.48.36.61:22", Dir: "cms01", Outcome: Success, Files: []ManifestFile{
		{Remote: "log", File: "cms01/log", Bytes: 6, SHA256: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", Outcome: Success},
		{Remote: "a.pcap", Partial: "cms01/a.pcap.part", Bytes: 9, Outcome: Failed},
	}}}}
	b, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{ManifestName: string(b), "cms01/log": "hello\n", "cms01/a.pcap.part": "half"} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A bundle checks the same as a directory and as an archive of each kind, and every member comes out of it as it went in.
func TestPackAndCheck(t *testing.T) {
	t.Parallel()
	dir := sample(t)
	paths := []string{dir}
	for _, kind := range ArchiveKinds {
		archive := filepath.Join(t.TempDir(), "bundle"+kind)
		if err := Pack(t.Context(), dir, archive); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, archive)
	}
	for _, archive := range paths[1:] {
		again := filepath.Join(t.TempDir(), "again")
		if err := Unpack(t.Context(), archive, again); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, again)
	}
	for _, path := range paths {
		m, problems, err := Check(t.Context(), path)
		if err != nil || len(problems) > 0 || m.Complete() {
			t.Errorf("%s: %v %v", path, problems, err)
		}
		members := map[string]string{}
		first := ""
		if err := Members(t.Context(), path, func(f Member, r io.Reader) error {
			if first == "" {
				first = f.Name
			}
			b, err := io.ReadAll(r)
			members[f.Name] = string(b)
			return err
		}); err != nil {
			t.Error(err)
		}
		if members["cms01/log"] != "hello\n" || len(members) != 3 || strings.Contains(path, ".tar.") && first != ManifestName {
			t.Errorf("%s has %v, first %s", path, members, first)
		}
	}
}

// Every change to a file of the bundle is found.
func TestCheckFindsChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(dir string) error
		want   string
	}{
		"another byte":   {func(dir string) error { return os.WriteFile(filepath.Join(dir, "cms01/log"), []byte("hellO\n"), 0o600) }, "its content"},
		"another size":   {func(dir string) error { return os.WriteFile(filepath.Join(dir, "cms01/log"), []byte("hello"), 0o600) }, "it has 5 bytes"},
		"gone":           {func(dir string) error { return os.Remove(filepath.Join(dir, "cms01/log")) }, "it is missing"},
		"one more":       {func(dir string) error { return os.WriteFile(filepath.Join(dir, "cms01/more"), nil, 0o600) }, "not in the manifest"},
		"no beginning":   {func(dir string) error { return os.Remove(filepath.Join(dir, "cms01/a.pcap.part")) }, ""},
		"a link outside": {func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "cms01/link")) }, ""},
	} {
		dir := sample(t)
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		_, problems, err := Check(t.Context(), dir)
		if err != nil || (c.want == "") != (len(problems) == 0) || c.want != "" && !strings.Contains(problems[0].Text, c.want) {
			t.Errorf("%s: %v %v, want %q", name, problems, err, c.want)
		}
	}
}

// An archive that breaks off, or is none, is an error; a name that leaves it is only a name.
func TestBadArchives(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(t.TempDir(), "bundle.tar.gz")
	if err := Pack(t.Context(), sample(t), archive); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	var evil bytes.Buffer
	w := tar.NewWriter(&evil)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "../../evil", Size: 1, Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "x")
	w.Close()
	for name, content := range map[string][]byte{"cut off": whole[:len(whole)/2], "empty": nil, "no archive": []byte("hello"), "no manifest": evil.Bytes()} {
		file := filepath.Join(t.TempDir(), "b.tar.gz")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Check(t.Context(), file); err == nil {
			t.Errorf("%s: no error", name)
		}
		var names []string
		_ = Members(t.Context(), file, func(m Member, _ io.Reader) error { names = append(names, m.Name); return nil })
		if slices.ContainsFunc(names, func(n string) bool { return !filepath.IsLocal(n) }) {
			t.Errorf("%s: %v", name, names)
		}
	}
	if err := Pack(context.Background(), t.TempDir(), filepath.Join(t.TempDir(), "x.tar.zst")); err == nil {
		t.Error("a directory without a manifest was packed")
	}
}

func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(`{"schema": "cbdoctor/manifest/v1", "nodes": [{"files": [{"file": "a", "partial": "b.part"}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadManifest(bytes.NewReader(b))
		if err != nil {
			return
		}
		m.Complete()
		m.compare(map[string]entry{"a": {1, "x"}})
		if _, err := m.Bytes(); err != nil {
			t.Fatal(err)
		}
	})
}
