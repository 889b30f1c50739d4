// Package finding holds what the rules conclude: findings with evidence, ordered remedies and the plan of the cluster.
//
// rules makes these values and report prints them; both sides know only this package. The JSON names are those of the
// report, version 1: fields may be added, never renamed or removed. Start at Outcome.
package finding

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cbdoctor/fact"
	"cbdoctor/lang"
	"cbdoctor/stamp"
)

// Severity is how bad a finding is.
type Severity string

// The four severities.
const (
	Info     Severity = "info"
	Warning  Severity = "warning"
	Error    Severity = "error"
	Critical Severity = "critical"
)

// Severities lists them from the mildest to the worst.
var Severities = []Severity{Info, Warning, Error, Critical}

// Rank is 0 for info to 3 for critical, -1 for anything else.
func (s Severity) Rank() int { return slices.Index(Severities, s) }

// Roles of a finding.
const (
	RootCause = "root-cause"
	Symptom   = "symptom" // explained by another finding of the same report
	Advice    = "advice"  // nothing is broken yet
)

// States of a finding.
const (
	Ongoing  = "ongoing"
	Resolved = "resolved" // later evidence shows the same thing working
	Unknown  = "unknown"
)

// Outcome is all that the rules say of one fact.Set.
type Outcome struct {
	Language     lang.Lang      // of the texts
	Findings     []Finding      // root causes first, worst first, then what they explain
	Plan         []Step         // steps of all findings, merged and in the order to do them
	NotEvaluated []NotEvaluated // rules whose input is missing
	Event        map[int]string // index into fact.Set.Timeline -> ref of the finding that it belongs to
}

// Finding is one cause, symptom or advice about one subject.
type Finding struct {
	Ref         string     `json:"ref"` // "F1", in the order of the report
	ID          string     `json:"id"`  // FINDINGS id
	Severity    Severity   `json:"severity"`
	Confidence  string     `json:"confidence"` // "high", "medium", "low"
	Role        string     `json:"role"`
	ExplainedBy []string   `json:"explained_by"`
	State       string     `json:"state"`
	Subject     Subject    `json:"subject"`
	First       stamp.Time `json:"first,omitzero"`
	Last        stamp.Time `json:"last,omitzero"`
	Count       int        `json:"count"`
	Title       string     `json:"title"`
	Summary     string     `json:"summary"`
	FixArea     string     `json:"fix_area"`
	Against     []Against  `json:"against"`
	Evidence    []Evidence `json:"evidence"`
	PrecededBy  []Evidence `json:"preceded_by,omitempty"` // lines of commands that were typed shortly before it began
	Remedies    []Remedy   `json:"remedies"`
	References  []string   `json:"references"`
	Proof       []Proof    `json:"proof"`
	Accepted    *Accepted  `json:"accepted,omitempty"` // somebody knows of it and lives with it
	// Texts says the same in further languages, where they were asked for.
	Texts map[lang.Lang]Texts `json:"texts,omitempty"`
}

// CompareRefs orders references to findings by their numbers: "F2" is before "F10".
func CompareRefs(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

// Proof is one sign of the rule that held: what was asked of which fact, with the values that the fact had.
type Proof struct {
	Fact      string   `json:"fact"`                // kind of fact: "link", "check", "message" ...
	Seen      []string `json:"seen"`                // places that show it: "capture", "log of 10.48.36.118"
	Condition string   `json:"condition,omitempty"` // as the rule has it, in CEL
	Values    []Value  `json:"values"`              // what the fields named in the condition were
	First     string   `json:"first,omitempty"`     // times of this fact
	Last      string   `json:"last,omitempty"`
	Count     int      `json:"count"`
}

// Value is a field of a fact and what was in it.
type Value struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Accepted is why a finding does not count, and until which day (the last one included).
type Accepted struct {
	Reason string `json:"reason"`
	Until  string `json:"until"` // "2026-03-31"
}

// Subject says what a finding is about.
type Subject struct {
	Kind   string `json:"kind"` // "pair", "node", "cluster", "file"
	Client string `json:"client,omitempty"`
	Server string `json:"server,omitempty"`
	Port   int    `json:"port,omitempty"`
	Node   string `json:"node,omitempty"`
	Side   string `json:"side,omitempty"` // "client" or "server"
	File   string `json:"file,omitempty"`
}

// String names the subject in a line: "10.48.36.118 -> 10.48.36.61:5432", a node with the side of its certificate, a file, or
// "cluster".
func (s Subject) String() string {
	switch {
	case s.Client != "" && s.Port > 0:
		return fmt.Sprintf("%s -> %s:%d", s.Client, s.Server, s.Port)
	case s.Client != "":
		return s.Client + " -> " + s.Server
	case s.Node != "" && s.Side != "":
		return s.Node + " (" + s.Side + ")"
	case s.Node != "":
		return s.Node
	case s.File != "":
		return s.File
	}
	return "cluster"
}

// Against is something that would have spoken against the finding, was looked for, and was not there.
type Against struct {
	Text string `json:"text"`
}

// Evidence is a line or frames that show the finding.
type Evidence = fact.Source

// Remedy is one step of the way out of one finding.
type Remedy struct {
	Step         int      `json:"step"`  // from 1
	Where        string   `json:"where"` // a node's address, "firewall between A and B", "workstation"
	Kind         string   `json:"kind"`  // "mmp", "firewall", "certificate", "check", "manual"
	Text         string   `json:"text"`
	Command      string   `json:"command,omitempty"`
	Alternatives []string `json:"alternatives,omitempty"` // other spellings or other products' rules, ready to paste
	Destructive  bool     `json:"destructive"`
	Verify       string   `json:"verify,omitempty"`
	Source       string   `json:"source"` // tech note, another document, PostgreSQL, or "inferred"
}

// Step is one step of the plan for the whole cluster.
type Step struct {
	Step     int      `json:"step"`
	Where    string   `json:"where"`
	Text     string   `json:"text"`
	Command  string   `json:"command,omitempty"`
	Verify   string   `json:"verify,omitempty"`
	Findings []string `json:"findings"` // refs
	// As in Remedy.
	Kind         string   `json:"kind,omitempty"`
	Phase        string   `json:"phase,omitempty"` // "network", "service", "certificates", "cluster", "schema", "verify"
	Alternatives []string `json:"alternatives,omitempty"`
	Destructive  bool     `json:"destructive,omitempty"`
	Source       string   `json:"source,omitempty"`
	// Texts says the same in further languages, where they were asked for.
	Texts map[lang.Lang]StepTexts `json:"texts,omitempty"`
}

// NotEvaluated is a rule that could not be asked because its input is missing.
type NotEvaluated struct {
	ID      string   `json:"id"`
	Missing []string `json:"missing"` // "capture", "log", "status", ...
}
