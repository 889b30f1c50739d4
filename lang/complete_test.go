package lang_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cbdoctor/strictyaml"
)

// fileOf reads a file of texts and their translations.
func fileOf(t *testing.T, name string) (pairs map[string]string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := strictyaml.Decode(text, &pairs); err != nil {
		t.Fatal(err)
	}
	return pairs
}

// Every text that the program shows through T, Plural or Mark has its translation, every translation its text, and both take the
// same values.
func TestEveryTextIsTranslated(t *testing.T) {
	t.Parallel()
	translated := fileOf(t, "ja.yaml")
	used := texts(t, "..")
	if len(used) == 0 {
		t.Fatalf("only %d texts are used", len(used))
	}
	for english, where := range used {
		switch japanese := translated[english]; {
		case strings.TrimSpace(japanese) == "":
			t.Errorf("%s: %q is not in ja.yaml", where, english)
		case !slices.Equal(verbs(english), verbs(japanese)):
			t.Errorf("%s: %q and %q take other values", where, english, japanese)
		}
	}
	for english := range translated {
		if used[english] == "" {
			t.Errorf("ja.yaml: nothing shows %q any more", english)
		}
	}
}

// inTemplate finds {{T "..."}}, {{.T "..."}} and (T "...").
var inTemplate = regexp.MustCompile(`[{.( ]T "((?:[^"\\]|\\.)*)"`)

// texts finds the English texts of the program, with the place that shows each.
func texts(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root, d.IsDir() && d.Name() == "fixtures":
			return fs.SkipDir
		case strings.HasSuffix(path, "_test.go"):
		case strings.HasSuffix(path, ".go"):
			return inGo(path, found)
		case strings.HasSuffix(path, ".html"), strings.HasSuffix(path, ".tmpl"), strings.HasSuffix(path, ".gohtml"):
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range inTemplate.FindAllStringSubmatch(string(source), -1) {
				english, err := strconv.Unquote(`"` + m[1] + `"`)
				if err != nil {
					return err
				}
				found[english] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func inGo(path string, found map[string]string) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || method.Sel.Name != "T" && method.Sel.Name != "Plural" && method.Sel.Name != "Mark" {
			return true
		}
		for _, argument := range call.Args {
			if literal, ok := argument.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if english, err := strconv.Unquote(literal.Value); err == nil {
					found[english] = files.Position(literal.Pos()).String()
				}
				if method.Sel.Name == "T" {
					break // what follows are values
				}
			}
		}
		return true
	})
	return nil
}

var verb = regexp.MustCompile(`%(?:\[\d+\])?[-+# 0]*(?:\d+|\*)?(?:\.\d+)?([a-zA-Z])`)

// verbs lists the verbs of a format, in an order of its own: a translation may take the values in another order.
func verbs(format string) []string {
	var list []string
	for _, m := range verb.FindAllStringSubmatch(strings.ReplaceAll(format, "%%", ""), -1) {
		list = append(list, m[1])
	}
	slices.Sort(list)
	return list
}
