package rules_test

import (
	"context"
	"os"
	"testing"

	"github.com/goccy/go-yaml"

	"cbdoctor/rules"
)

// BenchmarkStart is what every run of the program pays: the catalog read, and what one incident needs of it compiled.
func BenchmarkStart(b *testing.B) {
	text, err := os.ReadFile("testdata/client-certificate-expired.yaml")
	if err != nil {
		b.Fatal(err)
	}
	var in incident
	if err := yaml.Unmarshal(text, &in); err != nil {
		b.Fatal(err)
	}
	if text, err = yaml.Marshal(in.Facts); err != nil {
		b.Fatal(err)
	}
	set, err := rules.ReadFacts(text)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		catalog, err := rules.Load(rules.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := catalog.Evaluate(context.Background(), set); err != nil {
			b.Fatal(err)
		}
	}
}
