package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"cbdoctor/finding"
	"cbdoctor/lang"
)

// headline is the verdict in a line: "CRITICAL: 2 root causes; 4 other findings follow from them".
func (r *Report) headline(l lang.Lang) string {
	label, rest := r.verdict(l)
	return label + ": " + rest
}

// tally counts findings by role.
type tally struct{ causes, symptoms, advice int }

func (r *Report) tally() tally {
	var t tally
	for i := range r.Findings {
		switch r.Findings[i].Role {
		case finding.RootCause:
			t.causes++
		case finding.Symptom:
			t.symptoms++
		case finding.Advice:
			t.advice++
		}
	}
	return t
}

// verdict says how bad it is: a word, and what there is.
func (r *Report) verdict(l lang.Lang) (label, rest string) {
	t := r.tally()
	advice := ""
	if t.advice > 0 {
		advice = l.Plural(t.advice, ", 1 piece of advice", ", %d pieces of advice")
	}
	switch {
	case len(r.Findings) == 0:
		return "OK", l.T("No finding: nothing in this material speaks against the database cluster.")
	case t.causes == 0:
		return "OK", l.T("No fault found") + advice
	}
	label = strings.ToUpper(l.T(cmp.Or(r.Summary.Worst, r.quiet())))
	symptoms := ""
	switch n := t.symptoms; {
	case n > 0 && t.causes == 1:
		symptoms = l.Plural(n, "; 1 other finding follows from it", "; %d other findings follow from it")
	case n > 0:
		symptoms = l.Plural(n, "; 1 other finding follows from them", "; %d other findings follow from them")
	}
	return label, l.Plural(t.causes, "1 root cause", "%d root causes") + symptoms + advice
}

// quiet is why nothing that there is counts: it is over, or somebody lives with it.
func (r *Report) quiet() string {
	if slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Accepted != nil && f.State != finding.Resolved }) {
		return "accepted"
	}
	return finding.Resolved
}

// facts writes a finding's severity, id, state, confidence and times, in one line where that fits.
func (t *terminal) facts(f *finding.Finding) {
	severity := t.lang.T(clean(string(f.Severity)))
	words := ", " + clean(f.ID)
	if f.State != finding.Unknown {
		words += ", " + t.lang.T(clean(f.State))
	}
	words += ", " + t.lang.T("%s confidence", t.lang.T(clean(f.Confidence)))
	when := span(f, t.lang)
	between := ", "
	if runewidth.StringWidth(severity+words+when)+6 > t.width {
		between = ",\n    "
	}
	t.line("    %s%s%s%s", t.paint(colors[f.Severity], severity), words, between, when)
	if f.Accepted != nil {
		t.para("    ", t.lang.T("accepted until %s: %s", f.Accepted.Until, f.Accepted.Reason))
	}
}

// The words that facts and findings carry as data, and people read in their language.
var _ = lang.Mark(
	"critical", "error", "warning", "info", "high", "medium", "low", "ongoing", "resolved", "unknown",
	"accepted", "root-cause", "symptom", "advice", "primary", "replica", "client", "yes", "no", "log", "status", "capture",
)

// span tells when a finding was seen, and how often.
func span(f *finding.Finding, l lang.Lang) string {
	first, last := clock(f.First), clock(f.Last)
	switch {
	case first == "":
		return l.Plural(f.Count, "once", "%d times")
	case last == "" || last == first:
		return l.Plural(f.Count, "once", "%d times") + ", " + first + " UTC"
	}
	if day := first[:11]; strings.HasPrefix(last, day) {
		last = last[len(day):]
	}
	return l.Plural(f.Count, "once", "%d times") + ", " + l.T("%s to %s UTC", first, last)
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
