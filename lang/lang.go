// Package lang knows the languages that people read the program's texts in, and the words of the program itself in each.
//
// The words stand in English where they are used, as l.T("Root causes"); a file beside this one (ja.yaml) has the others, keyed
// by the English text, and a test holds the two together. The texts of the rules are not here: they stand beside the rules
// (rules/catalog/ja). Commands, log lines, names of fields and ids of findings and verdicts are the same in every language.
package lang

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cbdoctor/strictyaml"
)

// Lang is a language, by its ISO 639-1 code.
type Lang string

// The languages.
const (
	English  Lang = "en"
	Japanese Lang = "ja"
)

// All lists the languages; the first is the one that texts are written in.
var All = []Lang{English, Japanese}

// Parse reads a language as --lang takes it: "ja", and forms of a locale such as "ja_JP.UTF-8" or "ja-JP". "" is English.
func Parse(s string) (Lang, error) {
	code, _, _ := strings.Cut(strings.ToLower(s), "_")
	code, _, _ = strings.Cut(code, "-")
	code, _, _ = strings.Cut(code, ".")
	if code == "" {
		return English, nil
	}
	if l := Lang(code); slices.Contains(All, l) {
		return l, nil
	}
	return English, fmt.Errorf("language %q is not one of %s", s, names())
}

func names() string {
	list := make([]string, len(All))
	for i, l := range All {
		list[i] = string(l)
	}
	return strings.Join(list, ", ")
}

// Locale is the language that the environment asks for, as POSIX has it: the first of LC_ALL, LC_MESSAGES and LANG that is not
// empty decides. A language that is not known is English.
func Locale(getenv func(string) string) Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			l, err := Parse(value)
			if err != nil {
				return English
			}
			return l
		}
	}
	return English
}

//go:embed ja.yaml
var japanese []byte

// words is read when the first text is wanted in Japanese.
var words = sync.OnceValue(func() map[string]string {
	var list map[string]string
	if err := strictyaml.Decode(japanese, &list); err != nil {
		return nil // the tests don't let such a file pass
	}
	return list
})

// T is the English text in the language, filled in as by fmt.Sprintf when there are values. A translation may take the values
// in another order: "%[2]s". A text without a translation stays English.
func (l Lang) T(english string, values ...any) string {
	text := english
	if l == Japanese {
		if translated, ok := words()[english]; ok {
			text = translated
		}
	}
	if len(values) == 0 {
		return text
	}
	return fmt.Sprintf(text, values...)
}

// Mark names texts that reach T as values, such as "critical", so that they are known to be used.
func Mark(english ...string) []string { return english }

// Plural is the one text for one thing and the other for any other number of them: l.Plural(n, "1 finding", "%d findings").
func (l Lang) Plural(n int, one, many string) string {
	if n == 1 {
		return l.T(one)
	}
	return l.T(many, n)
}

// List joins words as the language does: "a, b and c".
func (l Lang) List(words []string) string {
	if l == Japanese {
		return strings.Join(words, "、")
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
