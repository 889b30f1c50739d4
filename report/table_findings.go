package report

import (
	"fmt"
	"strings"

	"cbdoctor/fact"
	"cbdoctor/finding"
)

// The short form of the evidence.
const (
	shownProofs = 3 // pieces of a finding
	shownLines  = 2 // of one piece

	shownFindings = 40
)

// findings gives the proof of each finding; what to do about it stands in the plan.
func (t *terminal) findings(r *Report) {
	if len(r.Findings) == 0 {
		return
	}
	t.heading(t.lang.T("Why"))
	for i, f := range r.Findings {
		if i > 0 {
			t.line("")
		}
		if i == shownFindings && !t.opt.Full {
			t.line("%s", t.paint(pale, t.lang.T("... and %d more: --full", len(r.Findings)-i)))
			return
		}
		t.para(fmt.Sprintf("%-4s", f.Ref), f.Title)
		switch {
		case f.Role == finding.Symptom:
			t.facts(&f)
			t.para("    ", t.lang.T("follows from %s. ", strings.Join(f.ExplainedBy, ", "))+f.Summary)
		case !t.told:
			t.facts(&f)
			t.para("    ", f.Summary)
		}
		t.evidence(f.Evidence)
		for _, a := range f.Against {
			t.para("    "+t.lang.T("looked for, against it: "), a.Text)
		}
		if t.opt.Full && len(f.References) > 0 {
			t.para("    "+t.lang.T("references: "), strings.Join(f.References, "; "))
		}
	}
}

func (t *terminal) evidence(list []finding.Evidence) {
	for i, e := range list {
		if i == shownProofs && !t.opt.Full {
			t.line("    %s", t.paint(pale, t.lang.T("... and %d more: --full", len(list)-i)))
			return
		}
		t.line("    %s", t.paint(pale, place(e)))
		lines := wrap(clean(evidenceText(e, t.lang)), max(t.width-6, 40))
		if len(lines) > shownLines && !t.opt.Full {
			lines = append(lines[:shownLines-1], lines[shownLines-1]+" ...")
		}
		for _, l := range lines {
			t.line("      %s", l)
		}
		if e.Filter != "" && (i == 0 || t.opt.Full) {
			t.line("      %s%s", t.lang.T("filter: "), clean(e.Filter))
		}
	}
}

// place names the spot as an editor or Wireshark would find it.
func place(e fact.Source) string {
	switch {
	case len(e.Frames) > 0:
		word := " frames "
		if len(e.Frames) == 1 {
			word = " frame "
		}
		return clean(e.File) + word + strings.Trim(strings.ReplaceAll(fmt.Sprint(e.Frames), " ", ", "), "[]")
	case e.Line > 0:
		return fmt.Sprintf("%s:%d", clean(e.File), e.Line)
	}
	return clean(e.File)
}
