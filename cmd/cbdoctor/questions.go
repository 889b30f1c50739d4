package main

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cbdoctor/bundle"
	"cbdoctor/collect"
	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/report"
)

// openQuestions analyses what was collected, says what it leaves open and what would answer it, and offers to fetch that while the nodes
// are still connected.
func (o *collectOptions) openQuestions(cmd *cobra.Command, inventory collect.Inventory, m *bundle.Manifest) *collect.Further {
	r, err := (&materialOptions{port: 5432, timezone: zonesOf(inventory)}).diagnose(cmd, []string{o.run.Dir})
	out := cmd.OutOrStdout()
	if err != nil {
		fmt.Fprintf(out, "the bundle could not be analysed yet: %s\n", printable(err.Error()))
		return nil
	}
	for _, f := range r.Findings {
		if f.Role == finding.RootCause && f.State != finding.Resolved {
			fmt.Fprintf(out, "found: %s\n", printable(f.Title))
		}
	}
	var where []string
	for _, q := range questionsOf(r) {
		fmt.Fprintf(out, "open: %s\n", printable(q.text))
		for _, n := range m.Nodes {
			if q.capture != "" && answers(n) && isNode(n, q.capture, r) && !slices.Contains(where, n.Reached) {
				where = append(where, n.Reached)
			}
		}
	}
	if len(where) == 0 || o.run.Capture != nil || o.yes || !onTerminal() {
		return nil
	}
	if !o.node.asking.yes(fmt.Sprintf("a capture on %s, for 2 minutes: fetch it now?", strings.Join(where, ", "))) {
		return nil
	}
	return &collect.Further{Nodes: func(reached string) bool { return slices.Contains(where, reached) }}
}

// answers reports whether a node took a command, whatever else of it failed.
func answers(n bundle.ManifestNode) bool {
	return n.Outcome != bundle.Canceled && slices.ContainsFunc(n.Commands, func(c bundle.ManifestCommand) bool { return c.Outcome == bundle.Success })
}

// zonesOf are the zones of an inventory as --timezone has them.
func zonesOf(inventory collect.Inventory) []string {
	var out []string
	for _, n := range inventory.Nodes {
		if n.Zone != "" && n.Name != "" {
			out = append(out, n.Name+"="+n.Zone)
		}
	}
	return out
}

// isNode reports whether an address of the report is that of a node, which may be reached at another one.
func isNode(n bundle.ManifestNode, address string, r *report.Report) bool {
	host, _, _ := net.SplitHostPort(n.Reached)
	return n.Address == address || host == address || slices.ContainsFunc(r.Nodes, func(known fact.Node) bool {
		return known.Address == address && n.Name != "" && known.Name == n.Name
	})
}

// question is what the material leaves open.
type question struct {
	text    string
	capture string // address of the node where a capture would answer it; "" when none would
}

// needsCapture are the findings of which logs alone can't tell the cause.
var needsCapture = []string{"health-check-refused", "health-check-timeout", "health-check-failed", "tls-handshake-failed"}

// questionsOf reads a report for what more material would answer.
func questionsOf(r *report.Report) []question {
	var out []question
	for _, f := range r.Findings {
		if f.State == finding.Resolved {
			continue
		}
		if slices.Contains(needsCapture, f.ID) && f.Role == finding.RootCause {
			out = append(out, question{fmt.Sprintf("why %s can't use %s: a capture on %s while it fails would tell (--pcap a)", f.Subject.Client, f.Subject.Server, f.Subject.Client), f.Subject.Client})
		}
		if f.ID == "material-missing" {
			out = append(out, question{text: f.Title + ": collect it too (--discover finds the nodes of a cluster, --continue fetches what failed)"})
		}
	}
	missing := map[string]int{}
	for _, rule := range r.Coverage.RulesNotEvaluated {
		if len(rule.Missing) > 0 {
			missing[strings.Join(rule.Missing, ", ")]++
		}
	}
	for _, what := range slices.Sorted(maps.Keys(missing)) {
		out = append(out, question{text: fmt.Sprintf("rules that could not be judged for want of %s: %d", what, missing[what])})
	}
	return out
}
