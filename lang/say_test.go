package lang_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cbdoctor/lang"
)

func TestSentencesAreSaidInJapanese(t *testing.T) {
	t.Parallel()
	for english, want := range map[string]string{
		"3 SYNs within 3.0 s and no answer of any kind within 9.0 s; a capture on 10.1.1.1 tells whether the SYN-ACKs arrive there": "3.0 s の間に SYN が 3 回送られ、9.0 s たってもどのような応答もない；10.1.1.1 でキャプチャすれば、SYN-ACK が届いているかが分かる",
		"the client closes the connection inside the TLS handshake, without a readable alert":                                       "読み取れるアラートなしに、クライアントが TLS ハンドシェイクの途中で接続を閉じた",
		"the 3rd time, and nothing came back":                        "3 回目、何も返って来ない",
		"10.1.1.2:41000 to 10.1.1.1:5432: refused: the SYN is reset": "10.1.1.2:41000 から 10.1.1.1:5432：refused：SYN がリセットされた",
		"a sentence that nobody knows":                               "a sentence that nobody knows",
		"a sentence that nobody knows; the SYN is reset":             "a sentence that nobody knows；SYN がリセットされた",
		"": "",
	} {
		if got := lang.Japanese.Say(english); got != want {
			t.Errorf("%q\n is %q\nwant %q", english, got, want)
		}
		if got := lang.English.Say(english); got != english {
			t.Errorf("%q became %q in English", english, got)
		}
	}
}

// Texts of logs reach Say: whatever they are, the answer comes at once and English stays what it is.
func FuzzSay(f *testing.F) {
	f.Add("3 SYNs within 3.0 s and no answer of any kind within 9.0 s; a capture on 10.1.1.1 tells whether the SYN-ACKs arrive there")
	f.Add(strings.Repeat("; ", 3000) + " of silence")
	f.Add("{n} SYN{p} within {t}: {quote}; {a} to {b}")
	f.Fuzz(func(t *testing.T, text string) {
		if lang.English.Say(text) != text {
			t.Error("English changed")
		}
		if said := lang.Japanese.Say(text); text != "" && said == "" {
			t.Errorf("nothing is left of %q", text)
		}
	})
}

// Every sentence that the judging of packets makes has a form in the file of phrases, every form its sentence, and both have the same
// holes.
func TestEverySentenceHasAForm(t *testing.T) {
	t.Parallel()
	forms := fileOf(t, "phrases-ja.yaml")
	made := ""
	for _, files := range []string{"../capture/table_*.go", "../capture/*.go", "../capture/points/*.go", "../capture/packet/*.go", "../analyze/*.go", "../bundle/*.go"} {
		for _, literal := range literals(t, files) {
			made += literal + "\n"
		}
	}
	hole := regexp.MustCompile(`\{(\w+)\}`)
	all := ""
	for english, japanese := range forms {
		all += english + "\n"
		for _, m := range hole.FindAllStringSubmatch(japanese, -1) {
			if !strings.Contains(english, m[0]) {
				t.Errorf("%q: there is no %s in it", english, m[0])
			}
		}
		for _, m := range hole.FindAllStringSubmatch(english, -1) {
			if !strings.Contains(japanese, m[0]) && m[1] != "p" && m[1] != "q" {
				t.Errorf("%q: %s is lost", english, m[0])
			}
		}
		for _, words := range hole.Split(english, -1) {
			if len(words) >= 24 && !strings.Contains(made, strings.TrimPrefix(strings.TrimSpace(words), "s ")) {
				t.Errorf("nothing says %q any more (of %q)", words, english)
			}
		}
	}
	verb := regexp.MustCompile(`%[-+# 0]*(?:\d+|\*)?(?:\.\d+)?[a-zA-Z]|; `)
	for _, literal := range judged(t) {
		for _, words := range verb.Split(literal, -1) {
			if words = strings.Trim(words, " :,"); len(words) >= 12 && strings.Contains(words, " ") && !strings.Contains(all, words) {
				t.Errorf("%q, of %q, has no form in phrases-ja.yaml", words, literal)
			}
		}
	}
}

// judged lists the texts in the functions Judge of the decision table, and the questions and answers of captures.
func judged(t *testing.T) (list []string) {
	t.Helper()
	inspect(t, "../capture/table_*.go", func(n ast.Node) bool {
		field, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		if key, ok := field.Key.(*ast.Ident); !ok || key.Name != "Judge" {
			return true
		}
		list = append(list, literalsIn(field.Value)...)
		return false
	})
	for _, table := range []string{"undecided", "elsewhere", "conclusions", "shows"} {
		for _, files := range []string{"../capture/decide.go", "../capture/points/*.go"} {
			inspect(t, files, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name == table {
					list = append(list, literalsIn(v)...)
				}
				return true
			})
		}
	}
	if len(list) < 40 {
		t.Fatalf("only %d texts are found", len(list))
	}
	return list
}

func literals(t *testing.T, files string) (list []string) {
	t.Helper()
	inspect(t, files, func(n ast.Node) bool {
		if file, ok := n.(*ast.File); ok {
			list = append(list, literalsIn(file)...)
		}
		return false
	})
	return list
}

func literalsIn(n ast.Node) (list []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				list = append(list, text)
			}
		}
		return true
	})
	return list
}

func inspect(t *testing.T, files string, visit func(ast.Node) bool) {
	t.Helper()
	paths, err := filepath.Glob(files)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files %s (%v)", files, err)
	}
	for _, path := range slices.DeleteFunc(paths, func(path string) bool { return strings.HasSuffix(path, "_test.go") }) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, visit)
	}
}
