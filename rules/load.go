package rules

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"time"

	"cbdoctor/lang"
)

// Options choose the rules. The zero value is the whole built-in catalog in English.
type Options struct {
	Dirs    []string    // more rule files; a rule with a known id replaces it
	Disable []string    // ids of rules to leave out
	Lang    lang.Lang   // of the texts; "" is English
	Also    []lang.Lang // further languages that an outcome carries its texts in
	// Accepted findings stay in the report and are marked, up to and including their last day; Today decides.
	Accepted []Acceptance
	Today    time.Time
}

// Catalog is a checked set of rules. It is immutable and safe for use by several goroutines.
type Catalog struct {
	Families []*Family
	Rules    []*Rule // in the order of the families' files
	lang     lang.Lang
	words    []map[string]string // of the translations; the last that has a word wins
	also     []*Catalog          // the same rules in further languages
	env      environments
	options  Options
	// interpreted has CEL run what is native: the tests compare the two.
	interpreted bool
}

// Load reads the catalog. Every mistake in a rule of the directories is told with file and line; several are joined by
// newlines. The built-in rules are known to be right: tests hold them against [Catalog.Lint].
func Load(opt Options) (*Catalog, error) {
	c, err := load(opt, cmp.Or(opt.Lang, lang.English))
	if err != nil {
		return nil, err
	}
	for _, l := range opt.Also {
		if l == c.lang {
			continue
		}
		other, err := load(opt, l)
		if err != nil {
			return nil, err
		}
		c.also = append(c.also, other)
	}
	return c, nil
}

// load makes the catalog in one language.
func load(opt Options, l lang.Lang) (*Catalog, error) {
	c := &Catalog{lang: l, options: opt}
	c.env = newEnvironments(c)
	families, translations := readBuiltIn(l)
	for _, family := range families {
		family.builtIn = true
		c.add(family)
	}
	if l != lang.English {
		c.translate(&translator{lang: l}, families, translations)
	}
	for _, dir := range opt.Dirs {
		if err := c.addDir(dir); err != nil {
			return nil, err
		}
	}
	for _, id := range opt.Disable {
		if c.Rule(id) == nil {
			return nil, fmt.Errorf("disable rule %q: no such rule%s", id, c.hint(id))
		}
	}
	for _, a := range opt.Accepted {
		if c.Rule(a.Finding) == nil {
			return nil, fmt.Errorf("accepted finding %q: no such rule%s", a.Finding, c.hint(a.Finding))
		}
	}
	c.Rules = slices.DeleteFunc(c.Rules, func(r *Rule) bool { return slices.Contains(opt.Disable, r.ID) })
	if problems := c.check(func(r *Rule) bool { return !r.family.builtIn }); len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// addDir takes the rules of a directory in, with their texts in the catalog's language where the directory has them.
func (c *Catalog) addDir(dir string) error {
	families, err := readDir(os.DirFS(dir), dir)
	if err != nil {
		return err
	}
	for _, family := range families {
		c.add(family)
	}
	if c.lang == lang.English {
		return nil
	}
	translations, err := readTranslations(os.DirFS(dir), dir, c.lang)
	if err != nil {
		return err
	}
	if len(translations) == 0 {
		return nil // its rules speak English only
	}
	t := &translator{lang: c.lang, checks: true}
	c.translate(t, families, translations)
	if len(t.wrong) > 0 {
		return t.wrong
	}
	return nil
}

// Rule returns the rule with the id, nil when there is none.
func (c *Catalog) Rule(id string) *Rule {
	for _, r := range c.Rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// Nearest is the id that looks most like the given one, "" when none does.
func (c *Catalog) Nearest(id string) string {
	return nearest(id, c.ids())
}

func (c *Catalog) ids() []string {
	ids := make([]string, len(c.Rules))
	for i, r := range c.Rules {
		ids[i] = r.ID
	}
	return ids
}

func (c *Catalog) hint(id string) string { return didYouMean(id, c.ids()) }

// add takes the rules of one file in; a rule with a known id replaces that one.
func (c *Catalog) add(family *Family) {
	c.Families = append(c.Families, family)
	c.bind(family)
	for _, r := range family.Rules {
		if i := slices.IndexFunc(c.Rules, func(known *Rule) bool { return known.ID == r.ID }); i >= 0 && c.Rules[i].family != family {
			c.Rules[i] = r
			continue
		}
		c.Rules = append(c.Rules, r)
	}
}
