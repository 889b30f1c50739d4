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
	if *update {
		write(t, lang.English, families)
	}
	for _, l := range lang.All[1:] {
		texts, err := rules.ReadTranslations(dir, "catalog", l)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			write(t, l, texts)
			continue
		}
		compiled, known, err := rules.ReadBuiltIn(l)
		if err != nil {
			t.Fatal(err)
		}
		same(t, families, compiled)
		same(t, texts, known)
	}
}

func write(t *testing.T, l lang.Lang, content any) {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(content); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("compiled/"+string(l)+".gob", b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, files, compiled any) {
	t.Helper()
	if diff := cmp.Diff(files, compiled, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(rules.Family{}, rules.Rule{}, rules.Expression{}, rules.Text{})); diff != "" {
		t.Errorf("the compiled catalog is out of date; run \"go generate ./rules\" (-files +compiled):\n%s", diff)
	}
}
