package reduce_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cbdoctor/reduce"
)

// write makes a folder of texts.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// has is a Still that wants certain lines somewhere in the folder.
func has(t *testing.T, dir string, wanted ...string) reduce.Still {
	return func(context.Context) (bool, error) {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, e := range list {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, strings.Split(string(b), "\n")...)
		}
		for _, w := range wanted {
			if !slices.Contains(all, w) {
				return false, nil
			}
		}
		return true, nil
	}
}

func TestOnlyWhatMattersStays(t *testing.T) {
	noise := strings.Repeat("noise\n", 300)
	files := map[string]string{"a": noise + "one\n" + noise + "two\n" + noise, "b": noise, "c": "three\n"}
	for name, evidence := range map[string]map[string][]int64{"without hints": nil, "with hints": {"a": {301, 602}, "c": {1}}, "with wrong hints": {"a": {5, 99999, -1}}} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, files)
			s, err := reduce.Run(context.Background(), dir, has(t, dir, "one", "two", "three"), reduce.Options{Evidence: evidence})
			if err != nil {
				t.Fatal(err)
			}
			if s.Files != 2 || s.Units != 3 || s.FilesBefore != 3 {
				t.Errorf("%+v, want 2 files with 3 lines", s)
			}
			if b, _ := os.ReadFile(filepath.Join(dir, "a")); string(b) != "one\ntwo\n" {
				t.Errorf("a is %q", b)
			}
		})
	}
}

func TestWithoutTimeTheMaterialStaysRight(t *testing.T) {
	dir := write(t, map[string]string{"a": strings.Repeat("x\n", 50) + "one\n"})
	still := has(t, dir, "one")
	s, err := reduce.Run(context.Background(), dir, still, reduce.Options{Time: time.Nanosecond})
	if err != nil || !s.OutOfTime {
		t.Errorf("Run() = %+v, %v", s, err)
	}
	if same, _ := still(context.Background()); !same {
		t.Error("what mattered is gone")
	}
}

func TestMaterialThatDoesNotLeadThereIsRefused(t *testing.T) {
	dir := write(t, map[string]string{"a": "x\n"})
	if _, err := reduce.Run(context.Background(), dir, has(t, dir, "one"), reduce.Options{}); err == nil {
		t.Error("Run() gave no error")
	}
}
