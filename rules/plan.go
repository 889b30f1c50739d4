package rules

import (
	"cmp"
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

// entry is a step of the plan before it gets its number.
type entry struct {
	planned
	ref string
}

// plan merges the steps of all findings that still need repair: phase by phase, block by block, equal steps at the same
// place once with all their findings. Within a phase, steps that destroy data come last.
func plan(drafts []*draft, steps map[*draft][]planned) []finding.Step {
	out := []finding.Step{}
	for _, phase := range phases {
		var entries []entry
		var sequences [][]string
		for _, d := range drafts {
			if !d.needsRepair() {
				continue
			}
			var blocks []string
			for _, p := range steps[d] {
				if p.phase == phase {
					entries = append(entries, entry{p, d.Ref})
					blocks = appendNew(blocks, p.block)
				}
			}
			sequences = append(sequences, blocks)
		}
		rank := blockRanks(sequences)
		slices.SortStableFunc(entries, func(a, b entry) int {
			return cmp.Or(boolRank(a.Destructive)-boolRank(b.Destructive), rank[a.block]-rank[b.block], a.index-b.index)
		})
		out = merge(out, phase, entries)
	}
	return out
}

func merge(out []finding.Step, phase string, entries []entry) []finding.Step {
	begin := len(out)
	for _, e := range entries {
		same := slices.IndexFunc(out[begin:], func(s finding.Step) bool {
			return s.Where == e.Where && s.Command == e.Command && (e.Command != "" || s.Text == e.Text)
		})
		if same >= 0 {
			out[begin+same].Findings = appendNew(out[begin+same].Findings, e.ref)
			continue
		}
		out = append(out, finding.Step{
			Step: len(out) + 1, Where: e.Where, Text: e.Text, Command: e.Command, Verify: e.Verify, Findings: []string{e.ref},
			Kind: e.Kind, Phase: phase, Alternatives: e.Alternatives, Destructive: e.Destructive, Source: e.Source,
		})
	}
	return out
}

// blockRanks orders blocks so that each finding's own order holds: a certificate is made anew before the cluster is formed
// again, whichever finding named which first. Where nothing orders two blocks, the one that came first stays first.
func blockRanks(sequences [][]string) map[string]int {
	var blocks []string
	for _, sequence := range sequences {
		for _, block := range sequence {
			blocks = appendNew(blocks, block)
		}
	}
	ranks := map[string]int{}
	waits := func(block string) bool {
		return slices.ContainsFunc(sequences, func(sequence []string) bool {
			i := slices.Index(sequence, block)
			return i > 0 && slices.ContainsFunc(sequence[:i], func(before string) bool { _, done := ranks[before]; return !done })
		})
	}
	for len(ranks) < len(blocks) {
		next := slices.IndexFunc(blocks, func(block string) bool { _, done := ranks[block]; return !done && !waits(block) })
		if next < 0 { // two findings contradict each other: keep the order of appearance
			next = slices.IndexFunc(blocks, func(block string) bool { _, done := ranks[block]; return !done })
		}
		ranks[blocks[next]] = len(ranks)
	}
	return ranks
}

// needsRepair: what is over needs none; a symptom goes away with its cause unless its rule says otherwise.
func (d *draft) needsRepair() bool {
	return d.State != finding.Resolved && d.Accepted == nil && (d.Role != finding.Symptom || d.rule.StillNeeded)
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}
