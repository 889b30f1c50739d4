package rules_test

import (
	"context"
	"testing"

	"cbdoctor/fact"
	"cbdoctor/rules"
)

func TestCatalogLoadsAndSaysNothingOfNothing(t *testing.T) {
	t.Parallel()
	catalog, err := rules.Load(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := catalog.Evaluate(context.Background(), &fact.Set{Port: 5432})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range outcome.Findings {
		t.Errorf("finding %s without any fact: %s", f.ID, f.Summary)
	}
}
