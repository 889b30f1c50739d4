package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cbdoctor/capture"
	"cbdoctor/finding"
)

// Difference is one thing that is not as expected.
type Difference struct {
	At   string   // key of the expectation, e.g. "found[0]"
	Want string   // what was expected
	Got  []string // what there is instead, nearest first
}

// Check compares a diagnosis with what was expected. It is pure.
func Check(e *Expect, d *Diagnosis) []Difference {
	if e.empty() {
		return []Difference{{At: FileName, Want: "an expectation", Got: []string{"nothing is expected"}}}
	}
	var all []Difference
	if e.Exit != nil && *e.Exit != d.Exit {
		got := strconv.Itoa(d.Exit)
		if d.Err != "" {
			got += ": " + d.Err
		}
		all = append(all, Difference{"exit", strconv.Itoa(*e.Exit), []string{got}})
	}
	if d.Report == nil {
		if e.Exit == nil || len(e.Found)+len(e.Verdicts)+len(e.Plan) > 0 {
			all = append(all, Difference{"report", "a report", []string{d.Err}})
		}
		return all
	}
	all = append(all, checkFindings(e, d.Report.Findings)...)
	all = append(all, checkVerdicts(e, d.Report.Captures)...)
	return append(all, checkPlan(e.Plan, d.Report.Plan)...)
}

func checkFindings(e *Expect, findings []finding.Finding) (all []Difference) {
	for i, p := range e.Found {
		if !slices.ContainsFunc(findings, p.Fits) {
			all = append(all, Difference{fmt.Sprintf("found[%d]", i), p.String(), nearest(p, findings)})
		}
	}
	for i, p := range e.NotFound {
		for _, f := range findings {
			if p.Fits(f) {
				all = append(all, Difference{fmt.Sprintf("not_found[%d]", i), "no " + p.String(), []string{describe(f)}})
			}
		}
	}
	if e.Match == Exact {
		for _, f := range findings {
			if !slices.ContainsFunc(e.Found, func(p Pattern) bool { return p.Fits(f) }) {
				all = append(all, Difference{"match", "no further finding", []string{describe(f)}})
			}
		}
	}
	return all
}

// Fits reports whether the finding is one that the pattern describes.
func (p Pattern) Fits(f finding.Finding) bool {
	s := f.Subject
	return p.ID.fits(f.ID) && p.Role.fits(f.Role) && p.Severity.fits(string(f.Severity)) && p.Confidence.fits(f.Confidence) &&
		p.State.fits(f.State) && p.Node.fits(s.Node) && p.Client.fits(s.Client, s.Node) && p.Server.fits(s.Server, s.Node) &&
		p.Side.fits(s.Side) && p.File.fits(s.File)
}

// String is the pattern in one line, "" when it is empty.
func (p Pattern) String() string {
	fields := []struct {
		name   string
		values OneOf
	}{
		{"", p.ID},
		{"role", p.Role},
		{"severity", p.Severity},
		{"confidence", p.Confidence},
		{"state", p.State},
		{"node", p.Node},
		{"client", p.Client},
		{"server", p.Server},
		{"side", p.Side},
		{"file", p.File},
	}
	var words []string
	for _, f := range fields {
		if len(f.values) > 0 {
			words = append(words, strings.TrimSpace(f.name+" "+f.values.String()))
		}
	}
	return strings.Join(words, ", ")
}

// describe tells a finding in the words of a pattern that would fit it.
func describe(f finding.Finding) string { return exactly(f).String() }

// nearest shows findings of the same cause where there are some, else the root causes, else all.
func nearest(p Pattern, findings []finding.Finding) []string {
	choices := []func(finding.Finding) bool{
		func(f finding.Finding) bool { return len(p.ID) > 0 && p.ID.fits(f.ID) },
		func(f finding.Finding) bool { return f.Role == finding.RootCause },
		func(finding.Finding) bool { return true },
	}
	for _, fits := range choices {
		var got []string
		for _, f := range findings {
			if fits(f) {
				got = append(got, describe(f))
			}
		}
		if len(got) > 0 {
			return got
		}
	}
	return []string{"no finding at all"}
}

func checkVerdicts(e *Expect, captures []*capture.Result) (all []Difference) {
	named := map[*capture.Session]bool{}
	for i, v := range e.Verdicts {
		at := fmt.Sprintf("verdicts[%d]", i)
		sessions, problem := v.sessions(captures)
		if problem != "" {
			all = append(all, Difference{at, v.String(), []string{problem}})
			continue
		}
		var wrong []string
		for _, s := range sessions {
			named[s] = true
			if !v.fits(s) {
				wrong = append(wrong, describeSession(s))
			}
		}
		if len(wrong) > 0 && (!v.Some || len(wrong) == len(sessions)) {
			all = append(all, Difference{at, v.String(), wrong})
		}
	}
	if e.Match == Exact {
		for _, c := range captures {
			for i := range c.Sessions {
				if s := &c.Sessions[i]; !named[s] {
					all = append(all, Difference{"match", "no further session in " + c.File, []string{describeSession(s)}})
				}
			}
		}
	}
	return all
}

// sessions are those that the row means, or why there is none.
func (v Verdict) sessions(captures []*capture.Result) (chosen []*capture.Session, problem string) {
	at := slices.IndexFunc(captures, func(c *capture.Result) bool { return c.File == v.File })
	if at < 0 {
		return nil, "no capture of this name was judged"
	}
	for i := range captures[at].Sessions {
		s := &captures[at].Sessions[i]
		if (v.Client == "" || s.Client == v.Client) && (v.Frame == 0 || s.FirstFrame == v.Frame || slices.Contains(s.Evidence, v.Frame)) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Sprintf("no such session among the %d that are listed", len(captures[at].Sessions))
	}
	return chosen, ""
}

func (v Verdict) fits(s *capture.Session) bool {
	for _, o := range v.Observations {
		if !slices.Contains(s.Observations, o) {
			return false
		}
	}
	return v.Verdict.fits(string(s.Verdict))
}

// String is the row in one line.
func (v Verdict) String() string {
	words := []string{"every session of " + v.File}
	switch {
	case v.Client != "" || v.Frame != 0:
		words[0] = fmt.Sprintf("%s: session of %s from frame %d", v.File, v.Client, v.Frame)
	case v.Some:
		words[0] = "some session of " + v.File
	}
	if len(v.Verdict) > 0 {
		words = append(words, v.Verdict.String())
	}
	if len(v.Observations) > 0 {
		words = append(words, "with "+strings.Join(v.Observations, " and "))
	}
	return strings.Join(words, ", ")
}

func describeSession(s *capture.Session) string {
	text := fmt.Sprintf("session %d of %s from frame %d, %s: %s", s.Session, s.Client, s.FirstFrame, s.Verdict, s.Reason)
	if len(s.Observations) > 0 {
		text += " (" + strings.Join(s.Observations, ", ") + ")"
	}
	return text
}

func checkPlan(want []string, plan []finding.Step) (all []Difference) {
	var texts []string
	for _, s := range plan {
		texts = append(texts, strings.TrimSpace(s.Command+" "+s.Text+" "+s.Verify))
	}
	from := 0
	for i, step := range want {
		at := slices.IndexFunc(texts[from:], func(t string) bool { return strings.Contains(t, step) })
		if at < 0 {
			return append(all, Difference{fmt.Sprintf("plan[%d]", i), fmt.Sprintf("%q, not before step %d", step, from+1), texts})
		}
		from += at
	}
	return all
}
