package rules_test

import (
	"bytes"
	"encoding/gob"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cbdoctor/lang"
	"cbdoctor/rules"
)

// The program holds the catalog in a form that is quick to read; it must say what the files say.
func TestTheCompiledCatalogIsThatOfTheFiles(t *testing.T) {
	dir := os.DirFS("catalog")
	families, err := rules.ReadDir(dir, "catalog")
	if err != nil {
		t.Fatal(err)
	}
	translations := map[lang.Lang][]*rules.Translation{}
	for _, l := range lang.All[1:] {
		texts, err := rules.ReadTranslations(dir, "catalog", l)
		if err != nil {
			t.Fatal(err)
		}
		translations[l] = texts
		compiled, known, err := rules.ReadBuiltIn(l)
		if err != nil && !*update {
			t.Fatal(err)
		}
		same(t, string(lang.English), families, compiled)
		same(t, string(l), texts, known)
	}
}

// same compares one file of the compiled catalog with its source, or writes it: only when it differs, because gob has maps in no
// order.
func same(t *testing.T, name string, files, compiled any) {
	t.Helper()
	diff := cmp.Diff(files, compiled, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(rules.Family{}, rules.Rule{}, rules.Expression{}, rules.Text{}))
	switch {
	case diff == "":
	case *update:
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(files); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("compiled/"+name+".gob", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the compiled catalog is out of date; run \"go generate ./rules\" (-files +compiled):\n%s", diff)
	}
}
