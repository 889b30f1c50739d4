package analyze

import (
	"slices"
	"testing"

	"cbdoctor/fact"
)

// The rules know the classes and reasons by the lists of package fact: a new row must be named there.
func TestTheTablesUseTheWordsOfTheFacts(t *testing.T) {
	t.Parallel()
	used := []string{schemaErrorRow.class}
	for _, row := range messageClasses {
		used = append(used, row.class)
		if row.reason != "" && !slices.Contains(fact.Reasons, row.reason) {
			t.Errorf("reason %s of %s is not in fact.Reasons", row.reason, row.class)
		}
	}
	for _, class := range used {
		if !slices.Contains(fact.Classes, class) {
			t.Errorf("class %s is not in fact.Classes", class)
		}
	}
	for _, class := range fact.Classes {
		if !slices.Contains(used, class) {
			t.Errorf("no row has the class %s of fact.Classes", class)
		}
	}
	for _, row := range reasonRows {
		if !slices.Contains(fact.Reasons, row.reason) {
			t.Errorf("reason %s is not in fact.Reasons", row.reason)
		}
	}
}
