package report

import (
	"fmt"
	"slices"
	"strings"

	"cbdoctor/finding"
)

// plan lists the steps of the repair. Equal steps on several nodes stand together.
func (t *terminal) plan(r *Report) {
	if len(r.Plan) == 0 {
		return
	}
	t.heading(t.lang.T("What to do, in this order"))
	for i := 0; i < len(r.Plan); {
		n := alike(r.Plan[i:])
		t.step(r.Plan[i : i+n])
		i += n
	}
	if !t.opt.Full && slices.ContainsFunc(r.Plan, func(s finding.Step) bool { return len(s.Alternatives) > 0 }) {
		t.line("     %s", t.lang.T("(--full shows the same for other devices and other ways)"))
	}
}

// alike counts the steps at the beginning that say the same of different places.
func alike(steps []finding.Step) int {
	n := 1
	for n < len(steps) && steps[n].Text == steps[0].Text && steps[n].Command == steps[0].Command {
		n++
	}
	return n
}

func (t *terminal) step(same []finding.Step) {
	s := same[0]
	number, where, refs := fmt.Sprintf("%3d. ", s.Step), s.Where, slices.Clone(s.Findings)
	if len(same) > 1 {
		number = fmt.Sprintf("%3d-%d. ", s.Step, same[len(same)-1].Step)
		for _, o := range same[1:] {
			where += t.lang.T(", then ") + o.Where
			refs = append(refs, o.Findings...)
		}
		slices.Sort(refs)
		refs = slices.Compact(refs)
	}
	mark := ""
	if s.Destructive {
		mark = t.lang.T("DESTROYS DATA: ")
	}
	t.para(number, fmt.Sprintf("[%s] %s%s (%s)", where, mark, s.Text, strings.Join(refs, ", ")))
	t.code(s.Command)
	if t.opt.Full {
		for _, a := range s.Alternatives {
			t.line("     %s", t.lang.T("or:"))
			t.code(a)
		}
	}
	if s.Verify != "" {
		t.para("     "+t.lang.T("verify: "), s.Verify)
	}
	if t.opt.Full && s.Source != "" {
		t.para("     "+t.lang.T("source: "), s.Source)
	}
}
