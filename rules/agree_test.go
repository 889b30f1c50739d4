package rules_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"cbdoctor/fact"
	"cbdoctor/lang"
	"cbdoctor/rules"
)

// What the catalog says in Go is what CEL makes of its conditions and texts: over every example of every rule and every incident,
// in all languages.
func TestNativeExpressionsAgreeWithCEL(t *testing.T) {
	t.Parallel()
	native, interpreted := load(t, rules.Options{Also: lang.All}), load(t, rules.Options{Also: lang.All})
	interpreted.Interpret()
	compare := func(name string, set *fact.Set) {
		got, err := native.Evaluate(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		want, err := interpreted.Evaluate(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-CEL +Go):\n%s", name, diff)
		}
	}
	for _, r := range native.Rules {
		for _, e := range r.Examples {
			set, err := e.Set()
			if err != nil {
				t.Fatal(err)
			}
			compare(r.ID+", "+e.Name, set)
		}
	}
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		compare(file, factsOf(t, file))
	}
}

// factsOf reads the facts of an incident.
func factsOf(t testing.TB, file string) *fact.Set {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var in incident
	if err := yaml.UnmarshalWithOptions(text, &in, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if text, err = yaml.Marshal(in.Facts); err != nil {
		t.Fatal(err)
	}
	set, err := rules.ReadFacts(text)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
