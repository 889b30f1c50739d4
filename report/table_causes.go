package report

import (
	"fmt"
	"slices"
	"strings"

	"cbdoctor/finding"
)

// verdict is the first line: how bad.
func (t *terminal) verdict(r *Report) {
	label, rest := r.verdict()
	color := colors[finding.Severity(r.Summary.Worst)]
	if label == "OK" {
		color = good
	}
	t.line("%s  %s", t.paint(color, label), rest)
}

// headline is the verdict in a line: "CRITICAL: 2 root causes; 4 other findings follow from them".
func (r *Report) headline() string {
	label, rest := r.verdict()
	return label + ": " + rest
}

// verdict says how bad it is: a word, and what there is.
func (r *Report) verdict() (label, rest string) {
	counts := map[string]int{}
	for _, f := range r.Findings {
		counts[f.Role]++
	}
	advice := ""
	if n := counts[finding.Advice]; n > 0 {
		advice = ", " + plural(n, "piece of advice", "pieces of advice")
	}
	switch {
	case len(r.Findings) == 0:
		return "OK", "No finding: nothing in this material speaks against the database cluster."
	case counts[finding.RootCause] == 0:
		return "OK", "No fault found" + advice
	}
	label = strings.ToUpper(r.Summary.Worst)
	if label == "" {
		label = "RESOLVED"
	}
	symptoms := ""
	if n := counts[finding.Symptom]; n > 0 {
		of := "them"
		if counts[finding.RootCause] == 1 {
			of = "it"
		}
		symptoms = "; " + plural(n, "other finding follows from ", "other findings follow from ") + of
	}
	return label, plural(counts[finding.RootCause], "root cause", "root causes") + symptoms + advice
}

// causes tells each root cause and each piece of advice in four lines.
func (t *terminal) causes(r *Report) {
	for _, f := range r.Findings {
		if f.Role == finding.Symptom {
			continue
		}
		t.line("")
		t.para(fmt.Sprintf("%-4s", f.Ref), f.Title)
		t.facts(&f)
		t.para("    ", f.Summary)
		if names := explained(r, f.Ref); names != "" {
			t.para("    explains: ", names)
		}
	}
}

// facts writes a finding's severity, id, state, confidence and times, in one line where that fits.
func (t *terminal) facts(f *finding.Finding) {
	words := string(f.Severity) + ", " + f.ID
	if f.State != finding.Unknown {
		words += ", " + f.State
	}
	words += ", " + f.Confidence + " confidence"
	when := span(f)
	between := ", "
	if len(words)+len(when)+6 > t.width {
		between = ",\n    "
	}
	t.line("    %s%s%s%s", t.paint(colors[f.Severity], string(f.Severity)), words[len(f.Severity):], between, when)
}

// span tells when a finding was seen, and how often.
func span(f *finding.Finding) string {
	first, last := clock(f.First), clock(f.Last)
	switch {
	case first == "":
		return times(f.Count)
	case last == "" || last == first:
		return times(f.Count) + ", " + first + " UTC"
	}
	if day := first[:11]; strings.HasPrefix(last, day) {
		last = last[len(day):]
	}
	return fmt.Sprintf("%s, %s to %s UTC", times(f.Count), first, last)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// explained names the findings that follow from one: "F3, F4 node-not-connected; F5 health-check-timeout".
func explained(r *Report, ref string) string {
	var ids []string
	refs := map[string][]string{}
	for _, f := range r.Findings {
		if slices.Contains(f.ExplainedBy, ref) {
			if refs[f.ID] == nil {
				ids = append(ids, f.ID)
			}
			refs[f.ID] = append(refs[f.ID], f.Ref)
		}
	}
	for i, id := range ids {
		ids[i] = strings.Join(refs[id], ", ") + " " + id
	}
	return strings.Join(ids, "; ")
}

// next is the first step of the plan, for those who read no further.
func (t *terminal) next(r *Report) {
	if len(r.Plan) == 0 {
		return
	}
	s := r.Plan[0]
	t.line("")
	t.para("Next: ", fmt.Sprintf("[%s] %s", s.Where, s.Text))
}
