package rules

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lazyregexp"
)

// Problem is one mistake in a rule file.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"` // from 1; 0 when the whole file is meant
	Rule string `json:"rule"`
	Text string `json:"text"`
}

func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: rule %s: %s", p.File, p.Line, p.Rule, p.Text)
}

// Problems is all mistakes of a catalog; as an error it prints one a line.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

// Words that a rule may use where it has a choice.
var (
	idForm      = lazyregexp.New(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	fixAreas    = []string{"firewall", "network", "service", "certificate", "schema", "cluster", "capture", "none"}
	subjects    = []string{"pair", "node", "cluster", "file"}
	confidences = []string{"low", "medium", "high"}
	stepKinds   = []string{"mmp", "firewall", "certificate", "check", "manual"}
)

// checker compiles the expressions of one rule and collects its mistakes.
type checker struct {
	catalog  *Catalog
	rule     *Rule
	problems Problems
}

// check compiles all of the rules asked for and reports every mistake that would make one wrong or silent.
func (c *Catalog) check(asked func(*Rule) bool) Problems {
	var problems Problems
	seen := map[string]bool{}
	for _, r := range c.Rules {
		if !asked(r) {
			seen[r.ID] = true
			continue
		}
		k := &checker{catalog: c, rule: r}
		if seen[r.ID] {
			k.fail(r.Title.Line, "the id is used twice")
		}
		seen[r.ID] = true
		k.head()
		for _, s := range r.Signs {
			k.sign(s)
		}
		k.conclusions()
		k.remedies()
		problems = append(problems, k.problems...)
	}
	return problems
}

func (k *checker) fail(line int, format string, args ...any) {
	k.problems = append(k.problems, Problem{File: k.rule.family.File, Line: line, Rule: k.rule.ID, Text: fmt.Sprintf(format, args...)})
}

func (k *checker) oneOf(line int, what, value string, allowed []string) {
	if slices.Contains(allowed, value) {
		return
	}
	k.fail(line, "%s %q is not one of %s%s", what, value, strings.Join(allowed, ", "), didYouMean(value, allowed))
}

func (k *checker) expression(e *Expression, want *cel.Type) {
	if e.IsZero() {
		return
	}
	code, err := e.env.check(e.Source)
	if err == nil && want != nil {
		err = code.gives(want)
	}
	if err != nil {
		k.fail(e.Line, "%s", err)
	}
}

func (k *checker) text(t *Text) {
	for p, err := range t.parts() {
		if err != nil {
			k.fail(t.Line, "%s", err)
		}
		k.expression(&p.value, nil)
	}
}

func (k *checker) head() {
	r := k.rule
	if !idForm.MatchString(r.ID) {
		k.fail(r.Title.Line, "the id must be lower-case words joined by hyphens")
	}
	if r.Title.IsZero() || strings.TrimSpace(r.Explanation) == "" {
		k.fail(r.Title.Line, "title and explanation must be given")
	}
	k.oneOf(r.Title.Line, "severity", string(r.Severity), severities())
	k.oneOf(r.Title.Line, "fix_area", r.FixArea, fixAreas)
	k.oneOf(r.Title.Line, "subject", r.Subject, subjects)
	k.oneOf(r.Title.Line, "together", r.Together, []string{"", "server"})
	if len(r.Signs) == 0 {
		k.fail(r.Title.Line, "a rule without signs never fires")
	}
	k.text(&r.Title)
	k.expression(&r.Applies, cel.BoolType)
}

func (k *checker) sign(s *Sign) {
	line := s.Summary.Line
	known := kindOf(s.For)
	if known == nil {
		names := make([]string, len(kinds))
		for i := range kinds {
			names[i] = kinds[i].name
		}
		k.oneOf(line, "for", s.For, names)
		return
	}
	for _, key := range sortedKeys(s.keyed()) {
		values := s.keyed()[key]
		if len(values) > 0 && key != known.key {
			k.fail(line, "%q belongs to another kind of fact than %q", key, s.For)
			continue
		}
		for _, value := range values {
			k.oneOf(line, key, value, askable()[key]) // a word that no fact has makes a sign that never fires
		}
	}
	if s.Confidence != "" || s.For != "link" {
		k.oneOf(line, "confidence", s.Confidence, confidences)
	}
	k.oneOf(line, "as", s.As, []string{"", "server", "client"})
	k.oneOf(line, "side", s.Side, []string{"", "server", "client"})
	if s.Summary.IsZero() {
		k.fail(line, "a sign needs a summary: one sentence with the values found")
	}
	k.oneOf(line, "needs", s.Needs, []string{"", "capture", "certificate", "log", "status", "version"})
	if s.Severity != "" {
		k.oneOf(line, "severity", string(s.Severity), severities())
	}
	k.expression(&s.When, cel.BoolType)
	k.expression(&s.Ongoing, cel.BoolType)
	k.expression(&s.Since, stampType)
	k.expression(&s.ConfirmedBy, nil)
	for _, e := range []*Expression{&s.Client, &s.Server, &s.Node} {
		k.expression(e, cel.StringType)
	}
	k.text(&s.Summary)
	if fields, err := s.shown(); err == nil {
		for i := range fields {
			k.expression(&fields[i], nil)
		}
	}
}

func severities() []string {
	names := make([]string, len(finding.Severities))
	for i, s := range finding.Severities {
		names[i] = string(s)
	}
	return names
}

// askable lists, by key, the values that facts can have.
func askable() map[string][]string {
	verdicts := []string{string(capture.ARPUnanswered)} // of ARP packets alone, which no row of the table decides
	for _, row := range capture.Table {
		verdicts = appendNew(verdicts, string(row.Verdict))
	}
	return map[string][]string{"verdict": verdicts, "reason": fact.Reasons, "class": fact.Classes, "problem": fact.Problems}
}

func (s *Sign) keyed() map[string][]string {
	return map[string][]string{"verdict": s.Verdict, "reason": s.Reason, "class": s.Class, "problem": s.Problem}
}

func (k *checker) conclusions() {
	for i := range k.rule.Against {
		a := &k.rule.Against[i]
		k.expression(&a.When, cel.BoolType)
		k.text(&a.Text)
	}
	for _, entry := range k.rule.Explains {
		if entry.Effect == nil && k.catalog.sharedEffects(entry.Use) == nil {
			k.fail(k.rule.Title.Line, "explains %q: no such effects", entry.Use)
		}
	}
	for _, e := range k.rule.effects(k.catalog) {
		k.oneOf(k.rule.Title.Line, "join", e.Join, joinNames())
		k.oneOf(k.rule.Title.Line, "time", e.Time, []string{"", "overlap", "cause-first", "any"})
		for _, id := range e.Findings {
			if !slices.ContainsFunc(k.catalog.Rules, func(r *Rule) bool { return named(id, r.ID) }) {
				k.fail(k.rule.Title.Line, "explains %q: no such rule%s", id, k.catalog.hint(id))
			}
		}
	}
}

func (k *checker) remedies() {
	for _, entry := range k.rule.Remedies {
		if entry.Step == nil && k.catalog.sequence(entry.Use) == nil {
			k.fail(k.rule.Title.Line, "remedy %q: no such sequence", entry.Use)
		}
	}
	for i := range k.rule.Remedies {
		k.expression(&k.rule.Remedies[i].When, cel.BoolType)
	}
	for i, step := range k.rule.steps(k.catalog) {
		for j := range step.when {
			k.expression(&step.when[j], cel.BoolType)
		}
		k.step(i, step.Remedy)
	}
}

func (k *checker) step(i int, s *Remedy) {
	line := s.Text.Line
	k.oneOf(line, "kind", s.Kind, stepKinds)
	if s.Phase != "" {
		k.oneOf(line, "phase", s.Phase, phases)
	}
	if s.Text.IsZero() || s.Where.IsZero() || s.Source == "" {
		k.fail(line, "a step needs where, text and source")
	}
	if s.Destructive && i == 0 {
		k.fail(line, "a step that destroys data is never the first")
	}
	k.expression(&s.When, cel.BoolType)
	k.expression(&s.Each, nil)
	for _, t := range []*Text{&s.Where, &s.Text, &s.Command, &s.Verify} {
		k.text(t)
	}
	for j := range s.Alternatives {
		k.text(&s.Alternatives[j])
	}
}
