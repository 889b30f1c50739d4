package capture

import (
	"fmt"
	"strings"
	"testing"

	"cbdoctor/certificate"
	"cbdoctor/fixtures/golden"
)

const verdictsHead = `# Verdicts and observations

This page is made from the tables of package ` + "`capture`" + ` (` + "`go test ./capture -run TestVerdictsPage -update`" + `); a test compares them.

Every session, one TCP connection attempt to the database port, gets the verdict of the first row that holds, read from the top. Confidence is
` + "`high`" + ` where the packets prove it, ` + "`medium`" + ` where they fit and nothing in them speaks against it, ` + "`low`" + ` where it is inferred.

To add a verdict: a constant and its fix area in ` + "`capture/verdict.go`" + `, a row at its place in ` + "`capture/table_*.go`" + `, a scenario in ` + "`fixtures/lab`" + `, and what a
capture at the other end would tell in ` + "`capture/decide.go`" + `. To add an observation: a row in ` + "`capture/observation.go`" + `, or in ` + "`certificate/judge.go`" + `.

## The decision table

| # | verdict | fix area | what the packets show | source | what would make it wrong |
|---|---|---|---|---|---|
`

// verdictsPage writes the page from the tables.
func verdictsPage() string {
	var b strings.Builder
	b.WriteString(verdictsHead)
	areas := map[Verdict]string{}
	for _, f := range fixAreas {
		areas[f.verdict] = f.area
	}
	for i, r := range Table {
		fmt.Fprintf(&b, "| %d | `%s` | %s | %s | %s | %s |\n", i+1, r.Verdict, areas[r.Verdict], r.Rule, r.Source, r.Wrong)
	}
	b.WriteString("\nA session that no row fits is `open`. `arp-unanswered` belongs to no session: it is given when a host asks at least three times for the MAC address of a\npeer and nobody answers (RFC 826; RFC 4861 section 7.2.2), with `medium` confidence where the peer is known from other sessions, else `low`.\n")
	b.WriteString("\n## What a capture at the other end would tell\n\nWhere a capture was taken is told by the TTLs: only at a host itself, or before the first router, its packets have 64, 128 or 255.\n\n| verdict | question |\n|---|---|\n")
	for _, f := range fixAreas {
		if question := elsewhere[f.verdict]; question != "" {
			fmt.Fprintf(&b, "| `%s` | %s |\n", f.verdict, question)
		}
	}
	b.WriteString("\n## Observations\n\n| observation | what it says | source |\n|---|---|---|\n")
	for _, m := range certificate.Meanings() {
		fmt.Fprintf(&b, "| `%s` | %s | the certificate itself, judged at the time of the packet |\n", m.Observation, m.Means)
	}
	fmt.Fprintf(&b, "| `%s` | the same server address showed another certificate before: it is intercepted, or the node was swapped | all sessions of the capture |\n", certDiffers)
	for _, o := range observations {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", o.id, o.means, o.source)
	}
	return b.String()
}

func TestVerdictsPage(t *testing.T) {
	t.Parallel()
	golden.Compare(t, "../docs/verdicts.md", verdictsPage())
}

// Every verdict has a fix area and a row that gives it, and every row says why it holds and what would make it wrong.
func TestTheTableIsComplete(t *testing.T) {
	t.Parallel()
	given := map[Verdict]bool{ARPUnanswered: true}
	for i, r := range Table {
		given[r.Verdict] = true
		if r.Rule == "" || r.Source == "" || r.Wrong == "" || r.When == nil || r.Judge == nil {
			t.Errorf("row %d (%s) is incomplete", i+1, r.Verdict)
		}
	}
	if len(fixAreas) != len(given) {
		t.Errorf("%d verdicts have a fix area, %d are given", len(fixAreas), len(given))
	}
	for _, f := range fixAreas {
		if !given[f.verdict] || f.area == "" {
			t.Errorf("%s is never given, or has no fix area", f.verdict)
		}
	}
	for _, o := range observations {
		if o.id == "" || o.means == "" || o.source == "" || o.holds == nil {
			t.Errorf("observation %q is incomplete", o.id)
		}
	}
}
