package rules

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/strictyaml"
)

// exampleFacts is what an example can write: the lists of fact.Set under the names of the report, with useful defaults.
type exampleFacts struct {
	Port         uint16             `json:"port"`
	Inputs       []exampleInput     `json:"inputs"`
	Nodes        []fact.Node        `json:"nodes"`
	Statuses     []fact.Status      `json:"statuses"`
	HealthChecks []fact.HealthCheck `json:"health_checks"`
	Messages     []fact.Message     `json:"messages"`
	Upgrades     []fact.Upgrade     `json:"upgrades"`
	Commands     []fact.Command     `json:"commands"`
	Links        []fact.Link        `json:"links"`
	Certificates []fact.Certificate `json:"certificates"`
	Clocks       []fact.Clock       `json:"clocks"`
	Captures     []*capture.Result  `json:"captures"`
	Gaps         []fact.Gap         `json:"gaps"`
}

type exampleInput struct {
	fact.Input
	Damaged bool `json:"damaged"`
}

// Set reads the example's facts.
func (e Example) Set() (*fact.Set, error) {
	return ReadFacts([]byte(e.Facts))
}

// ReadFacts reads facts written in YAML, as examples have them. What is not written gets the value that a reader expects:
// one event, shown by one line, port 5432, a link whose sessions all had its verdict.
func ReadFacts(text []byte) (*fact.Set, error) {
	var f exampleFacts
	if len(text) > 0 {
		asJSON, err := strictyaml.JSON(text)
		if err != nil {
			return nil, fmt.Errorf("facts: %w", err)
		}
		decoder := json.NewDecoder(bytes.NewReader(asJSON))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&f); err != nil {
			return nil, fmt.Errorf("facts: %w", err)
		}
	}
	s := &fact.Set{
		Port: f.Port, Nodes: f.Nodes, Statuses: f.Statuses, HealthChecks: f.HealthChecks, Messages: f.Messages, Upgrades: f.Upgrades,
		Commands: f.Commands, Links: f.Links, Certificates: f.Certificates, Clocks: f.Clocks, Captures: f.Captures, Gaps: f.Gaps,
	}
	for _, i := range f.Inputs {
		i.Input.Damaged = i.Damaged
		s.Inputs = append(s.Inputs, i.Input)
	}
	if s.Port == 0 {
		s.Port = 5432
	}
	complete(s)
	return s, nil
}

func complete(s *fact.Set) {
	line := 0
	show := func(span *fact.Span, file string) {
		span.Count = max(span.Count, 1)
		if len(span.Sources) == 0 {
			line++
			span.Sources = []fact.Source{{File: file, Line: line}}
		}
	}
	for i := range s.HealthChecks {
		show(&s.HealthChecks[i].Span, "syslog")
	}
	for i := range s.Messages {
		show(&s.Messages[i].Span, "syslog")
	}
	for i := range s.Upgrades {
		show(&s.Upgrades[i].Span, "syslog")
	}
	for i := range s.Certificates {
		show(&s.Certificates[i].Span, "pki.txt")
	}
	for i := range s.Clocks {
		show(&s.Clocks[i].Span, "syslog")
	}
	for i := range s.Statuses {
		if s.Statuses[i].Source.File == "" {
			s.Statuses[i].Source = fact.Source{File: "status.txt", Line: 1}
		}
	}
	for i := range s.Links {
		completeLink(&s.Links[i])
		show(&s.Links[i].Span, "a.pcap")
	}
}

func completeLink(l *fact.Link) {
	if l.Confidence == "" {
		l.Confidence = string(capture.High)
	}
	if l.Reason == "" {
		l.Reason = l.Verdict + "."
	}
	if l.Verdicts == nil {
		l.Verdicts = map[string]int{l.Verdict: 1}
	}
	if l.Good+l.Bad == 0 && l.LastBad.IsZero() {
		if l.Verdict == "ok" || l.Verdict == "ok-recovered" {
			l.Good = 1
		} else {
			l.Bad = 1
		}
	}
	l.Port = max(l.Port, 5432)
}

// ExampleResult says what became of one example; Problem is empty when it came out as written.
type ExampleResult struct {
	Rule    string `json:"rule"`
	Example string `json:"example"`
	File    string `json:"file"`
	Problem string `json:"problem,omitempty"`
}

// RunExamples runs the examples of all rules against the whole catalog, as a user's material would be. A negative example
// fails also when an input of the rule is missing in it: silence must not be read as "no".
func (c *Catalog) RunExamples(ctx context.Context) ([]ExampleResult, error) {
	var results []ExampleResult
	for _, r := range c.Rules {
		for i, e := range r.Examples {
			result := ExampleResult{Rule: r.ID, File: r.family.File, Example: cmp.Or(e.Name, fmt.Sprintf("example %d", i+1))}
			problem, err := c.runExample(ctx, r, e)
			if err != nil {
				return results, err
			}
			result.Problem = problem
			results = append(results, result)
		}
	}
	return results, nil
}

func (c *Catalog) runExample(ctx context.Context, r *Rule, e Example) (problem string, err error) {
	set, err := e.Set()
	if err != nil {
		return err.Error(), nil
	}
	cluster := newCluster(set, c.lang)
	answer := r.ask(ctx, cluster, cluster.inputs())
	if err := ctx.Err(); err != nil {
		return "", err
	}
	switch {
	case !e.Match && answer.Result == No:
		return "", nil
	case !e.Match:
		return fmt.Sprintf("must answer no, answers %s %v", answer.Result, answer.Missing), nil
	case answer.Result != Yes:
		return fmt.Sprintf("must match, answers %s %v", answer.Result, answer.Missing), nil
	}
	outcome, err := c.Evaluate(ctx, set)
	if err != nil {
		return "", err
	}
	return e.compare(r, outcome), nil
}

// compare looks for a finding of the rule that has everything that the example expects.
func (e Example) compare(r *Rule, outcome *finding.Outcome) string {
	problem := "its finding is not in the outcome"
	for _, f := range outcome.Findings {
		if f.ID != r.ID {
			continue
		}
		problem = ""
		for _, expected := range []struct{ what, want, got string }{
			{"confidence", e.Confidence, f.Confidence},
			{"role", e.Role, f.Role},
			{"state", e.State, f.State},
			{"node", e.Node, f.Subject.Node},
			{"client", e.Client, f.Subject.Client},
			{"server", e.Server, f.Subject.Server},
			{"side", e.Side, f.Subject.Side},
		} {
			if expected.want != "" && expected.want != expected.got {
				problem = fmt.Sprintf("%s is %q instead of %q", expected.what, expected.got, expected.want)
			}
		}
		if problem == "" {
			break
		}
	}
	for _, n := range outcome.NotEvaluated { // the rule said yes: what is left is a text that can't be filled in
		if n.ID == r.ID && problem == "" {
			return n.Missing[0]
		}
	}
	return problem
}
