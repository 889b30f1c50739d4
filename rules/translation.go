package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode"

	"cbdoctor/lang"
	"cbdoctor/strictyaml"
)

// Translation is one file of texts in another language, in a directory named after it beside the rules ("ja/tls.yaml"). Texts
// stand in the order in which the original has them; commands, conditions and examples are not translated.
type Translation struct {
	Title    string                   `yaml:"title"`
	Rules    map[string]*RuleWords    `yaml:"rules"`    // by id
	Remedies map[string][]RemedyWords `yaml:"remedies"` // the sequences that rules share, by name
	Words    map[string]string        `yaml:"words"`    // what "words(...)" makes of a verdict
	File     string                   `yaml:"-"`
}

// RuleWords is what a rule says to people.
type RuleWords struct {
	Title       Text          `yaml:"title"`
	Explanation string        `yaml:"explanation"`
	Signs       []Text        `yaml:"signs"` // the summary of each sign
	Against     []Text        `yaml:"against"`
	Remedies    []RemedyWords `yaml:"remedies"` // of the steps written in place
}

// RemedyWords is what a step says to people. What has no words of its own in English, such as an address, can be left out.
type RemedyWords struct {
	Where  Text `yaml:"where"`
	Text   Text `yaml:"text"`
	Verify Text `yaml:"verify"`
}

// readTranslations reads the directory of one language; there need not be one: the rules speak English then.
func readTranslations(dir fs.FS, name string, l lang.Lang) (files []*Translation, err error) {
	err = eachFile(dir, string(l), path.Join(name, string(l)), func(file string, text []byte) error {
		t := &Translation{File: file}
		if err := strictyaml.Decode(text, t); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		files = append(files, t)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return files, err
}

// translator puts the texts of another language in the places of the English ones and notes what does not fit.
type translator struct {
	lang   lang.Lang
	checks bool // compile each text, as for a directory that no test knows
	file   string
	rule   string
	lacks  Problems // what stays English or has no place
	wrong  Problems // texts that can't be filled in
}

func (t *translator) fail(line int, format string, args ...any) {
	t.lacks = append(t.lacks, Problem{File: t.file, Line: line, Rule: t.rule, Text: fmt.Sprintf(format, args...)})
}

// translate takes in the files of one directory, for the families of the same directory.
func (c *Catalog) translate(t *translator, families []*Family, files []*Translation) {
	byName := map[string]*Translation{}
	for _, file := range files {
		byName[path.Base(file.File)] = file
		c.words = append(c.words, file.Words)
	}
	for _, family := range families {
		words := byName[path.Base(family.File)]
		delete(byName, path.Base(family.File))
		if words == nil {
			t.file, t.rule = family.File, "-"
			t.fail(0, "there is no %s/%s with its texts in that language", t.lang, path.Base(family.File))
			continue
		}
		t.file = words.File
		t.family(family, words)
	}
	for _, file := range files {
		if byName[path.Base(file.File)] != nil {
			t.file, t.rule = file.File, "-"
			t.fail(0, "there is no file of rules with this name")
		}
	}
}

func (t *translator) family(family *Family, words *Translation) {
	t.rule = "-"
	if words.Title == "" {
		t.fail(0, "the family's title is missing")
	} else {
		family.Title = words.Title
	}
	for _, name := range sortedKeys(family.Remedies) {
		t.rule = "remedies " + name
		t.steps(family.Remedies[name], words.Remedies[name])
	}
	known := map[string]bool{}
	for _, r := range family.Rules {
		known[r.ID], t.rule = true, r.ID
		own := words.Rules[r.ID]
		if own == nil {
			t.fail(0, "its texts are missing")
			continue
		}
		t.ruleWords(r, own)
	}
	for _, id := range sortedKeys(words.Rules) {
		if t.rule = id; !known[id] {
			t.fail(0, "there is no such rule in %s", family.File)
		}
	}
	for _, name := range sortedKeys(words.Remedies) {
		if t.rule = "remedies " + name; family.Remedies[name] == nil {
			t.fail(0, "there is no such sequence in %s", family.File)
		}
	}
}

func (t *translator) ruleWords(r *Rule, words *RuleWords) {
	t.text("title", &r.Title, words.Title)
	if strings.TrimSpace(words.Explanation) == "" {
		t.fail(words.Title.Line, "the explanation is missing")
	} else {
		r.Explanation = words.Explanation
	}
	if len(words.Signs) != len(r.Signs) {
		t.fail(words.Title.Line, "it has %d signs, and %d summaries here", len(r.Signs), len(words.Signs))
	}
	for i, s := range r.Signs {
		t.text(fmt.Sprintf("summary of sign %d", i+1), &s.Summary, at(words.Signs, i))
	}
	if len(words.Against) != len(r.Against) {
		t.fail(words.Title.Line, "it has %d texts against it, and %d here", len(r.Against), len(words.Against))
	}
	for i := range r.Against {
		t.text(fmt.Sprintf("text %d against it", i+1), &r.Against[i].Text, at(words.Against, i))
	}
	t.steps(r.Remedies, words.Remedies)
}

func (t *translator) steps(entries []RemedyEntry, words []RemedyWords) {
	n := 0
	for _, entry := range entries {
		if entry.Step == nil {
			continue
		}
		w := at(words, n)
		n++
		t.text(fmt.Sprintf("where of step %d", n), &entry.Step.Where, w.Where)
		t.text(fmt.Sprintf("text of step %d", n), &entry.Step.Text, w.Text)
		t.text(fmt.Sprintf("verify of step %d", n), &entry.Step.Verify, w.Verify)
	}
	if n < len(words) {
		t.fail(words[n].Text.Line, "it has %d steps of its own, and %d here", n, len(words))
	}
}

// text replaces one text. Its expressions see what those of the original see.
func (t *translator) text(what string, original *Text, words Text) {
	if words.IsZero() {
		if hasWords(*original) {
			t.fail(0, "the %s is missing", what)
		}
		return
	}
	words.env = original.env
	*original = words
	if !t.checks {
		return
	}
	for p, err := range words.parts() {
		if err == nil && !p.value.IsZero() {
			_, err = words.env.check(p.value.Source)
		}
		if err != nil {
			t.wrong = append(t.wrong, Problem{File: t.file, Line: words.Line, Rule: t.rule, Text: err.Error()})
			return
		}
	}
}

// hasWords reports whether a text says anything beside the values that it shows.
func hasWords(t Text) bool {
	for p, err := range t.parts() {
		if err != nil || strings.ContainsFunc(p.words, unicode.IsLetter) || strings.ContainsAny(p.value.Source, `"'`) && strings.Contains(p.value.Source, "?") {
			return true
		}
	}
	return false
}

// word is what the catalog's language calls a verdict, or says of a session in place of an English sentence; the same where it has no words.
func (c *Catalog) word(s string) string {
	for i := len(c.words) - 1; i >= 0; i-- {
		if w := c.words[i][s]; w != "" {
			return w
		}
	}
	return c.lang.Say(s)
}

// at is the element, or nothing where the list is too short.
func at[T any](list []T, i int) (value T) {
	if i < len(list) {
		value = list[i]
	}
	return value
}
