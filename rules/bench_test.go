package rules_test

import (
	"context"
	"testing"

	"cbdoctor/rules"
)

// BenchmarkStart is what every run of the program pays: the catalog read, and one incident judged.
func BenchmarkStart(b *testing.B) {
	set := factsOf(b, "testdata/client-certificate-expired.yaml")
	b.ReportAllocs()
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

// BenchmarkEvaluate is the rules' part of it without the reading.
func BenchmarkEvaluate(b *testing.B) {
	catalog, err := rules.Load(rules.Options{})
	if err != nil {
		b.Fatal(err)
	}
	set := factsOf(b, "testdata/client-certificate-expired.yaml")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := catalog.Evaluate(context.Background(), set); err != nil {
			b.Fatal(err)
		}
	}
}
