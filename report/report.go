// Package report turns findings into what people and machines read.
//
// In: the facts and what the rules concluded of them. Out: the report document, version 1 (report.go), and its forms: a
// terminal report, JSON and others, one file each, behind the table of formats (format.go). It decides nothing about the
// cluster; every string in it is treated as hostile. Start at New and Write.
package report

import (
	"cbdoctor/capture"
	"cbdoctor/capture/points"
	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/stamp"
)

// Schema names the document's version. Fields may be added to it, never renamed or removed.
const Schema = "cbdoctor/report/v1"

// Report is the report document. Times are RFC 3339 in UTC with as many digits as their source has.
type Report struct {
	Schema   string            `json:"schema"`
	Tool     Tool              `json:"tool"`
	Language lang.Lang         `json:"language,omitempty"` // of the texts; findings and plan have those of further ones in "texts"
	Inputs   []fact.Input      `json:"inputs"`
	Nodes    []fact.Node       `json:"nodes"`
	Findings []finding.Finding `json:"findings"`
	Captures []*capture.Result `json:"captures"`
	Coverage Coverage          `json:"coverage"`
	Timeline []Event           `json:"timeline"`
	Plan     []finding.Step    `json:"plan"`
	Clocks   []fact.Clock      `json:"clocks,omitempty"`
	Paths    []points.Path     `json:"paths,omitempty"` // what captures of several points say together
	// Ladders are the packets of decisive sessions: always of small captures, of large ones where the report is to show them.
	Ladders      []capture.SessionLadder `json:"ladders,omitempty"`
	Certificates []fact.Certificate      `json:"certificates,omitempty"`
	Summary      Summary                 `json:"summary"`
}

// Tool says what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Coverage says what was not seen: silence is never read as health.
type Coverage struct {
	Lines             fact.Lines             `json:"lines"`
	RulesNotEvaluated []finding.NotEvaluated `json:"rules_not_evaluated"`
	Gaps              []fact.Gap             `json:"gaps"`
}

// Event is one entry of the timeline.
type Event struct {
	Time     stamp.Time  `json:"time"`
	Last     stamp.Time  `json:"last,omitzero"`
	Count    int         `json:"count,omitempty"`
	Node     string      `json:"node"`
	Kind     string      `json:"kind"`
	Text     string      `json:"text"`
	Finding  string      `json:"finding,omitempty"`
	Evidence fact.Source `json:"evidence"`
}

// Summary is the report in two fields.
type Summary struct {
	Worst      string   `json:"worst"`       // the worst severity of what is neither resolved nor accepted; "" when nothing is wrong
	RootCauses []string `json:"root_causes"` // refs of findings, worst first
}

// New assembles the document. It is pure: the same facts and findings give the same document.
func New(tool Tool, s *fact.Set, o *finding.Outcome) *Report {
	r := &Report{
		Schema: Schema, Tool: tool, Language: o.Language,
		Inputs: list(s.Inputs), Nodes: list(s.Nodes), Findings: list(o.Findings), Captures: list(s.Captures),
		Coverage: Coverage{Lines: s.Lines, RulesNotEvaluated: list(o.NotEvaluated), Gaps: list(s.Gaps)},
		Timeline: []Event{}, Plan: list(o.Plan), Clocks: s.Clocks, Paths: s.Paths, Ladders: s.Ladders, Certificates: s.Certificates,
		Summary: Summary{RootCauses: []string{}},
	}
	for i, e := range s.Timeline {
		r.Timeline = append(r.Timeline, Event{Time: e.Time, Last: e.Last, Count: e.Count, Node: e.Node, Kind: e.Kind, Text: e.Text, Finding: o.Event[i], Evidence: e.Source})
	}
	worst := finding.Severity("")
	for _, f := range r.Findings {
		if f.State != finding.Resolved && f.Accepted == nil && f.Severity.Rank() > worst.Rank() {
			worst = f.Severity
		}
		if f.Role == finding.RootCause {
			r.Summary.RootCauses = append(r.Summary.RootCauses, f.Ref)
		}
	}
	r.Summary.Worst = string(worst)
	return r
}

// In is the report with the texts of its findings and of the plan in the language, as far as it has them. The report itself
// stays as it is.
func (r *Report) In(l lang.Lang) *Report {
	if l == r.Language {
		return r
	}
	other := *r
	other.Language = l
	other.Findings = make([]finding.Finding, len(r.Findings))
	for i, f := range r.Findings {
		other.Findings[i] = f.In(l)
	}
	other.Plan = make([]finding.Step, len(r.Plan))
	for i, s := range r.Plan {
		other.Plan[i] = s.In(l)
	}
	return &other
}

// list makes an absent list an empty one, so that readers of the JSON need not tell null from [].
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
