package rules_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"cbdoctor/finding"
	"cbdoctor/fixtures/golden"
	"cbdoctor/rules"
)

// incident is a whole body of facts with what must come out of it, in testdata/*.yaml.
type incident struct {
	Why     string        `yaml:"why"`
	Facts   yaml.MapSlice `yaml:"facts"`
	Causes  []string      `yaml:"causes"`   // "id subject", complete: nothing else may be a root cause
	Symptom []string      `yaml:"symptoms"` // ids that must be there as symptoms
	Absent  []string      `yaml:"absent"`   // ids that must not be there at all
	Plan    []string      `yaml:"plan"`     // commands or words that must come in this order
}

// TestIncidentsHaveTheirCauses is the heart: what belongs together is told as one cause, and what does not stays apart.
func TestIncidentsHaveTheirCauses(t *testing.T) {
	t.Parallel()
	catalog := load(t, rules.Options{})
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no incidents in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			var in incident
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := yaml.UnmarshalWithOptions(text, &in, yaml.Strict()); err != nil {
				t.Fatal(err)
			}
			outcome := evaluate(t, catalog, in.Facts)
			checkIncident(t, in, outcome)
			golden.Compare(t, strings.TrimSuffix(file, ".yaml")+".golden", told(outcome))
		})
	}
}

func evaluate(t *testing.T, catalog *rules.Catalog, facts any) *finding.Outcome {
	t.Helper()
	text, err := yaml.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.ReadFacts(text)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := catalog.Evaluate(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range outcome.NotEvaluated {
		for _, m := range n.Missing {
			if strings.Contains(m, " ") {
				t.Errorf("rule %s could not be asked: %s", n.ID, m)
			}
		}
	}
	return outcome
}

func checkIncident(t *testing.T, in incident, outcome *finding.Outcome) {
	t.Helper()
	causes := []string{}
	for _, f := range outcome.Findings {
		if f.Role == finding.RootCause && f.Severity.Rank() >= finding.Warning.Rank() {
			causes = append(causes, f.ID+" "+about(f.Subject))
		}
		for _, id := range in.Absent {
			if f.ID == id {
				t.Errorf("%s must not be found: %s", id, f.Summary)
			}
		}
	}
	if in.Causes == nil {
		in.Causes = []string{}
	}
	if diff := cmp.Diff(in.Causes, causes); diff != "" {
		t.Errorf("root causes (-want +got):\n%s", diff)
	}
	for _, id := range in.Symptom {
		found := false
		for _, f := range outcome.Findings {
			found = found || f.ID == id && f.Role == finding.Symptom
			if f.ID == id && f.Role == finding.RootCause {
				t.Errorf("%s is a root cause, but must be a symptom only", id)
			}
		}
		if !found {
			t.Errorf("symptom %s is missing", id)
		}
	}
	plan := ""
	for _, s := range outcome.Plan {
		plan += s.Where + " | " + s.Command + " | " + s.Text + " | " + s.Verify + "\n"
	}
	at := 0
	for _, word := range in.Plan {
		i := strings.Index(plan[at:], word)
		if i < 0 {
			t.Errorf("plan has no %q after the steps before it:\n%s", word, plan)
			return
		}
		at += i
	}
}

func about(s finding.Subject) string {
	switch s.Kind {
	case "pair":
		return strings.TrimSpace(s.Client + ">" + s.Server + " " + s.Side)
	case "node":
		return strings.TrimSpace(s.Node + " " + s.Side)
	default:
		return s.Kind + s.File
	}
}

// told is the outcome as a person would read it, for the golden files.
func told(outcome *finding.Outcome) string {
	var b strings.Builder
	for _, f := range outcome.Findings {
		b.WriteString(f.Ref + " " + f.ID + " [" + string(f.Severity) + ", " + f.Confidence + ", " + f.Role + ", " + f.State + "]")
		if len(f.ExplainedBy) > 0 {
			b.WriteString(" by " + strings.Join(f.ExplainedBy, ", "))
		}
		b.WriteString("\n   " + f.Title + "\n   " + f.Summary + "\n")
		for _, a := range f.Against {
			b.WriteString("   - " + a.Text + "\n")
		}
	}
	b.WriteString("\nPLAN\n")
	for _, s := range outcome.Plan {
		b.WriteString(s.Phase + " @ " + s.Where + " " + strings.Join(s.Findings, ",") + "\n")
		b.WriteString("   " + strings.ReplaceAll(s.Command, "\n", "\n   ") + "\n")
	}
	return b.String()
}

func TestTheSameFactsGiveTheSameOutcome(t *testing.T) {
	t.Parallel()
	catalog := load(t, rules.Options{})
	text, err := os.ReadFile("testdata/two-faults.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var in incident
	if err := yaml.Unmarshal(text, &in); err != nil {
		t.Fatal(err)
	}
	var outcomes []string
	for range 3 {
		b, err := json.Marshal(evaluate(t, catalog, in.Facts))
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, string(b))
	}
	if outcomes[0] != outcomes[1] || outcomes[1] != outcomes[2] {
		t.Error("three evaluations of the same facts differ")
	}
	if strings.Contains(outcomes[0], ":null") {
		t.Errorf("a list of the report is null instead of []")
	}
}
