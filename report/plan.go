package report

import (
	"fmt"
	"slices"
	"strings"

	"cbdoctor/finding"
	"cbdoctor/lang"
)

// group is steps of the plan that say the same of different places: they are read, and done, together.
type group struct {
	finding.Step          // the first of them
	number       string   // "6", or "6-7"
	places       string   // where they run, in their order
	refs         []string // of the findings that want them
}

// groups finds the steps of the plan that stand together: each is the index of the first, and that after the last.
func (r *Report) groups() [][2]int {
	var out [][2]int
	for i := 0; i < len(r.Plan); {
		n := alike(r.Plan[i:])
		out = append(out, [2]int{i, i + n})
		i += n
	}
	return out
}

// tell fills the groups with what the report says in a language.
func (r *Report) tell(groups [][2]int, l lang.Lang) []group {
	out := make([]group, len(groups))
	for i, span := range groups {
		same := r.Plan[span[0]:span[1]]
		g := group{Step: same[0], number: fmt.Sprint(same[0].Step)}
		var where []string
		for _, s := range same {
			where = append(where, s.Where)
			g.refs = append(g.refs, s.Findings...)
		}
		if len(same) > 1 {
			g.number += fmt.Sprintf("-%d", same[len(same)-1].Step)
		}
		g.places, g.refs = strings.Join(where, l.T(", then ")), inOrder(g.refs)
		out[i] = g
	}
	return out
}

// alike counts the steps at the beginning that say the same of different places.
func alike(steps []finding.Step) int {
	n := 1
	for n < len(steps) && steps[n].Text == steps[0].Text && steps[n].Command == steps[0].Command {
		n++
	}
	return n
}

// inOrder sorts refs of findings, each once.
func inOrder(refs []string) []string {
	slices.SortFunc(refs, finding.CompareRefs)
	return slices.Compact(refs)
}
