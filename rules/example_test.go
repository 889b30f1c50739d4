package rules_test

import (
	"context"
	"testing"

	"cbdoctor/rules"
)

func load(t *testing.T, opt rules.Options) *rules.Catalog {
	t.Helper()
	catalog, err := rules.Load(opt)
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

func TestEveryRuleAnswersItsExamples(t *testing.T) {
	t.Parallel()
	catalog := load(t, rules.Options{})
	verdicts, err := catalog.RunExamples(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, v := range verdicts {
		seen[v.Rule]++
		if v.Problem != "" {
			t.Errorf("%s: rule %s, %s: %s", v.File, v.Rule, v.Example, v.Problem)
		}
	}
	for _, r := range catalog.Rules {
		var yes, no bool
		for _, e := range r.Examples {
			yes, no = yes || e.Match, no || !e.Match
		}
		if !yes || !no {
			t.Errorf("rule %s has no example that must match and one that must not", r.ID)
		}
	}
}
