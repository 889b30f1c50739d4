package main

import (
	"encoding/json"
	"fmt"

	"cbdoctor/finding"
	"cbdoctor/fixtures/biglog"
)

// counts is what a log holds, and what a report says of it: how often each finding was seen.
type counts struct {
	bytes, lines int64
	findings     map[string]int
}

func newCounts() *counts { return &counts{findings: map[string]int{}} }

// findingOf names the finding that counts an event, for the events that count for one finding only.
var findingOf = struct{ checks, messages map[string]string }{
	map[string]string{"refused": "health-check-refused", "timeout": "health-check-timeout", "no-route": "host-unreachable"},
	map[string]string{"schema-error": "schema-error", "read-only-transaction": "replica-write", "wal-removed": "replica-needs-rejoin", "too-many-connections": "too-many-connections"},
}

// addTruth adds what the findings of a log have to count.
func (c *counts) addTruth(t *biglog.Truth) {
	c.bytes, c.lines = c.bytes+t.Bytes, c.lines+t.Lines
	for reason, n := range t.Checks {
		if id := findingOf.checks[reason]; id != "" {
			c.findings[id] += n
		}
	}
	for class, n := range t.Messages {
		if id := findingOf.messages[class]; id != "" {
			c.findings[id] += n
		}
	}
}

// counted reads a report.
func counted(report []byte) (*counts, error) {
	var doc struct {
		Findings []finding.Finding `json:"findings"`
		Coverage struct {
			Lines struct {
				Recognised int64 `json:"recognised"`
			} `json:"lines"`
		} `json:"coverage"`
	}
	if err := json.Unmarshal(report, &doc); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	c := newCounts()
	c.lines = doc.Coverage.Lines.Recognised
	for _, f := range doc.Findings {
		c.findings[f.ID] += f.Count
	}
	return c, nil
}

// differs says what a report counts otherwise, "" when nothing.
func (c *counts) differs(said *counts) string {
	if c.lines != said.lines {
		return fmt.Sprintf("%d of %d lines", said.lines, c.lines)
	}
	for _, table := range []map[string]string{findingOf.checks, findingOf.messages} {
		for _, id := range table {
			if c.findings[id] != said.findings[id] {
				return fmt.Sprintf("%s %d times instead of %d", id, said.findings[id], c.findings[id])
			}
		}
	}
	return ""
}
