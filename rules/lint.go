package rules

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"cbdoctor/lang"
)

// Lint reports every mistake, and what is allowed but not good: rules without both kinds of examples, dead signs, template
// text that is left. A mistake in a directory's own rules is reported by Load already.
func (c *Catalog) Lint() Problems {
	problems := c.check(func(*Rule) bool { return true })
	for _, r := range c.Rules {
		k := &checker{catalog: c, rule: r}
		var yes, no bool
		for _, e := range r.Examples {
			yes, no = yes || e.Match, no || !e.Match
			if _, err := e.Set(); err != nil {
				k.fail(r.Title.Line, "example %q: %s", e.Name, err)
			}
		}
		if !yes || !no {
			k.fail(r.Title.Line, "an example that must match and one that must not are wanted")
		}
		if yes && !c.firesInExamples(r) {
			k.fail(r.Title.Line, "it fires in none of its own examples: can it ever?")
		}
		if len(r.steps(c)) == 0 {
			k.fail(r.Title.Line, "no remedy: say at least what to collect next")
		}
		for _, s := range r.Signs {
			if strings.TrimSpace(s.When.Source) == "false" {
				k.fail(s.Summary.Line, "this sign can never fire")
			}
		}
		if strings.Contains(r.Title.Source+r.Explanation, "REPLACE") {
			k.fail(r.Title.Line, "text of the skeleton is left")
		}
		problems = append(problems, k.problems...)
	}
	return append(append(problems, c.unused()...), c.lintTranslations()...)
}

// firesInExamples reports whether the rule answers yes in one of its examples that must match.
func (c *Catalog) firesInExamples(r *Rule) bool {
	return slices.ContainsFunc(r.Examples, func(e Example) bool {
		set, err := e.Set()
		if err != nil || !e.Match {
			return false
		}
		cluster := newCluster(set, c.lang)
		return r.ask(context.Background(), cluster, cluster.inputs()).Result == Yes
	})
}

// lintTranslations finds texts that a language lacks. A directory of one's own need not have any in that language.
func (c *Catalog) lintTranslations() (problems Problems) {
	for _, l := range lang.All[1:] {
		t := &translator{lang: l, checks: true}
		other := &Catalog{lang: l}
		other.env = newEnvironments(other)
		families, files := readBuiltIn(l)
		for _, family := range families {
			other.bind(family)
		}
		other.translate(t, families, files)
		for _, dir := range c.options.Dirs {
			families, err := readDir(os.DirFS(dir), dir)
			if err != nil {
				continue // the catalog was loaded from it
			}
			files, err := readTranslations(os.DirFS(dir), dir, l)
			if err != nil {
				problems = append(problems, Problem{File: dir, Rule: "-", Text: err.Error()})
			}
			if len(files) == 0 {
				continue
			}
			for _, family := range families {
				other.bind(family)
			}
			other.translate(t, families, files)
		}
		problems = append(append(problems, t.wrong...), t.lacks...)
	}
	return problems
}

// unused finds shared sequences and effects that no rule names.
func (c *Catalog) unused() Problems {
	used := map[string]bool{}
	for _, r := range c.Rules {
		for _, s := range r.steps(c) {
			used[s.block] = true
		}
		for _, e := range r.Explains {
			used[e.Use] = true
		}
	}
	var problems Problems
	for _, f := range c.Families {
		for _, name := range sortedKeys(f.Remedies) {
			if !used[name] {
				problems = append(problems, Problem{File: f.File, Rule: "-", Text: fmt.Sprintf("no rule uses the remedies %q", name)})
			}
		}
		for _, name := range sortedKeys(f.Effects) {
			if !used[name] {
				problems = append(problems, Problem{File: f.File, Rule: "-", Text: fmt.Sprintf("no rule uses the effects %q", name)})
			}
		}
	}
	return problems
}
