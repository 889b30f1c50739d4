package rules

import (
	"slices"

	"cbdoctor/finding"
)

// phases of the plan, in the order in which a cluster is repaired: a schema upgrade over a broken link fails again, and
// certificates can only be changed on a cluster that is taken apart.
var phases = []string{"network", "service", "certificates", "cluster", "schema", "verify"}

// phaseOf maps a fix area to the phase of its steps; a step may name another.
var phaseOf = map[string]string{
	"firewall": "network", "network": "network", "capture": "network", "service": "service",
	"certificate": "certificates", "cluster": "cluster", "schema": "schema", "none": "verify",
}

// plan merges the steps of all findings that still need repair. Equal steps at the same place become one that names all
// their findings. Within a phase, steps that destroy data come last.
func plan(drafts []*draft, steps map[*draft][]planned) []finding.Step {
	type entry struct {
		finding.Step
		destructive bool
	}
	var out []finding.Step
	for _, phase := range phases {
		var entries []*entry
		for _, d := range drafts {
			if !d.needsRepair() {
				continue
			}
			for _, p := range steps[d] {
				if p.phase != phase {
					continue
				}
				same := slices.IndexFunc(entries, func(e *entry) bool {
					return e.Where == p.Where && e.Command == p.Command && (p.Command != "" || e.Text == p.Text)
				})
				if same >= 0 {
					entries[same].Findings = appendNew(entries[same].Findings, d.Ref)
					continue
				}
				entries = append(entries, &entry{finding.Step{
					Where: p.Where, Text: p.Text, Command: p.Command, Verify: p.Verify, Findings: []string{d.Ref},
				}, p.Destructive})
			}
		}
		slices.SortStableFunc(entries, func(a, b *entry) int { return rank(a.destructive) - rank(b.destructive) })
		for _, e := range entries {
			e.Step.Step = len(out) + 1
			out = append(out, e.Step)
		}
	}
	return out
}

// needsRepair: what is over needs none; a symptom goes away with its cause unless its rule says otherwise.
func (d *draft) needsRepair() bool {
	return d.State != finding.Resolved && (d.Role != finding.Symptom || d.rule.StillNeeded)
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
