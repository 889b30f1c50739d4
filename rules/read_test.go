package rules_test

import (
	"bytes"
	"encoding/gob"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cbdoctor/rules"
)

// The program holds the catalog in a form that is quick to read; it must say what the files say.
func TestTheCompiledCatalogIsThatOfTheFiles(t *testing.T) {
	families, err := rules.ReadDir(os.DirFS("catalog"), "catalog")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(families); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("catalog.gob", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return // what is embedded in this test is the old one
	}
	compiled, err := rules.ReadBuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(families, compiled, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(rules.Family{}, rules.Rule{}, rules.Expression{}, rules.Text{})); diff != "" {
		t.Errorf("the compiled catalog is out of date; run \"go generate ./rules\" (-files +compiled):\n%s", diff)
	}
}
