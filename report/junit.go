package report

import (
	"fmt"
	"io"
	"strings"

	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/report/junit"
)

// writeJUnit writes a test case a finding. What does not count as a failure (mild, over, accepted) is skipped with the reason,
// and so is each rule that had no input: neither has passed.
func writeJUnit(w io.Writer, r *Report, opt WriteOptions) error {
	r = r.In(opt.Lang)
	suite := junit.Suite{Name: "cbdoctor"}
	for i := range r.Findings {
		f := &r.Findings[i]
		c := junit.Case{Class: "cbdoctor." + f.ID, Name: f.Ref + " " + f.Title}
		if opt.Fails(f) {
			c.Failure = &junit.Failure{Message: f.Summary, Type: string(f.Severity), Text: details(f, opt.Lang)}
		} else {
			c.Skipped, c.Output = &junit.Skipped{Message: opt.passes(f)}, &junit.Output{Text: details(f, opt.Lang)}
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, n := range r.Coverage.RulesNotEvaluated {
		suite.Cases = append(suite.Cases, junit.Case{
			Class: "cbdoctor." + n.ID, Name: n.ID, Skipped: &junit.Skipped{Message: opt.Lang.T("not evaluated, there is no %s", strings.Join(n.Missing, opt.Lang.T(", no ")))},
		})
	}
	return junit.Write(w, suite)
}

// passes says why a finding does not count as a failure.
func (o WriteOptions) passes(f *finding.Finding) string {
	switch {
	case f.Accepted != nil:
		return o.Lang.T("accepted until %s: %s", f.Accepted.Until, f.Accepted.Reason)
	case f.State == finding.Resolved:
		return o.Lang.T("resolved: later evidence shows the same thing working")
	}
	return o.Lang.T("the severity is %s, and a failure is %s or worse", o.Lang.T(string(f.Severity)), o.Lang.T(string(o.threshold())))
}

// details tells a finding in plain lines: how sure, what proves it, what to do.
func details(f *finding.Finding, l lang.Lang) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s, %s\n%s\n", l.T(f.Role), l.T(f.State), l.T("%s confidence", l.T(f.Confidence)), span(f, l), f.Summary)
	if len(f.ExplainedBy) > 0 {
		fmt.Fprintln(&b, strings.TrimRight(l.T("follows from %s. ", strings.Join(f.ExplainedBy, ", ")), " ."))
	}
	for _, e := range f.Evidence[:min(len(f.Evidence), shownProofs)] {
		fmt.Fprintf(&b, "%s: %s\n", place(e), evidenceText(e, l))
	}
	for _, s := range f.Remedies {
		fmt.Fprintf(&b, "%d. [%s] %s\n", s.Step, s.Where, s.Text)
		for _, l := range strings.Split(strings.TrimSpace(s.Command), "\n") {
			if l != "" {
				fmt.Fprintf(&b, "   %s\n", l)
			}
		}
	}
	return b.String()
}
