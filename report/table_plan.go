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
	for _, g := range r.tell(r.groups(), t.lang) {
		t.step(&g)
	}
	if !t.opt.Full && slices.ContainsFunc(r.Plan, func(s finding.Step) bool { return len(s.Alternatives) > 0 }) {
		t.line("     %s", t.lang.T("(--full shows the same for other devices and other ways)"))
	}
}

func (t *terminal) step(g *group) {
	mark := ""
	if g.Destructive {
		mark = t.lang.T("DESTROYS DATA: ")
	}
	first, _, _ := strings.Cut(g.number, "-") // "6-7" stands with its 6 below the other numbers
	t.para(strings.Repeat(" ", max(0, 3-len(first)))+g.number+". ", fmt.Sprintf("[%s] %s%s (%s)", g.places, mark, g.Text, strings.Join(g.refs, ", ")))
	t.code(g.Command)
	if t.opt.Full {
		for _, a := range g.Alternatives {
			t.line("     %s", t.lang.T("or:"))
			t.code(a)
		}
	}
	if g.Verify != "" {
		t.para("     "+t.lang.T("verify: "), g.Verify)
	}
	if t.opt.Full && g.Source != "" {
		t.para("     "+t.lang.T("source: "), g.Source)
	}
}
