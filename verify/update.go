package verify

import (
	"path/filepath"
	"slices"
	"strings"

	"cbdoctor/capture"
	"cbdoctor/finding"
	"cbdoctor/report"
)

// Update is the expectation changed as little as makes the diagnosis the expected one: what still holds stays, what does
// not hold any more goes, and root causes and bad sessions that nothing names yet are added. It is pure.
func Update(e *Expect, d *Diagnosis) *Expect {
	u := *e
	u.Exit = &d.Exit
	u.Found, u.NotFound, u.Verdicts, u.Plan = nil, nil, nil, nil
	if d.Report == nil {
		return &u
	}
	findings := d.Report.Findings
	for _, p := range e.Found {
		if slices.ContainsFunc(findings, p.Fits) {
			u.Found = append(u.Found, p)
		}
	}
	for _, f := range findings {
		named := slices.ContainsFunc(u.Found, func(p Pattern) bool { return p.Fits(f) })
		if !named && (e.Match == Exact || f.Role == finding.RootCause) {
			u.Found = append(u.Found, exactly(f))
		}
	}
	for _, p := range e.NotFound {
		if !slices.ContainsFunc(findings, p.Fits) {
			u.NotFound = append(u.NotFound, p)
		}
	}
	u.Verdicts = updateVerdicts(e, d.Report.Captures)
	if len(checkPlan(e.Plan, d.Report.Plan)) == 0 {
		u.Plan = e.Plan
	} else {
		for _, s := range d.Report.Plan {
			if s.Command != "" {
				u.Plan = append(u.Plan, strings.SplitN(s.Command, "\n", 2)[0])
			}
		}
	}
	return &u
}

// exactly describes one finding so that another one of the same report does not fit.
func exactly(f finding.Finding) Pattern {
	one := func(v string) OneOf {
		if v == "" {
			return nil
		}
		return OneOf{v}
	}
	s := f.Subject
	return Pattern{
		ID: one(f.ID), Role: one(f.Role), Severity: one(string(f.Severity)), Confidence: one(f.Confidence), State: one(f.State),
		Node: one(s.Node), Client: one(s.Client), Server: one(s.Server), Side: one(s.Side), File: one(s.File),
	}
}

func updateVerdicts(e *Expect, captures []*capture.Result) (rows []Verdict) {
	named := map[*capture.Session]bool{}
	for _, v := range e.Verdicts {
		sessions, problem := v.sessions(captures)
		if problem != "" || len(checkVerdicts(&Expect{Verdicts: []Verdict{v}}, captures)) > 0 {
			continue
		}
		rows = append(rows, v)
		for _, s := range sessions {
			named[s] = true
		}
	}
	for _, c := range captures {
		for i := range c.Sessions {
			if s := &c.Sessions[i]; !named[s] && (e.Match == Exact || !s.Verdict.Good()) {
				rows = append(rows, Verdict{File: c.File, Client: s.Client, Frame: s.FirstFrame, Verdict: OneOf{string(s.Verdict)}})
			}
		}
	}
	return rows
}

// relativeTo names files as seen from the folder of the case, so that an expectation holds wherever the folder lies.
func (d *Diagnosis) relativeTo(dir string) *Diagnosis {
	if d.Report == nil {
		return d
	}
	below := func(path string) string {
		if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel)
		}
		return path
	}
	r := report.Report{Findings: slices.Clone(d.Report.Findings), Plan: d.Report.Plan}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Subject.File != "" {
			f.Subject.File = below(f.Subject.File)
		}
	}
	for _, c := range d.Report.Captures {
		copied := *c
		copied.File = below(c.File)
		r.Captures = append(r.Captures, &copied)
	}
	return &Diagnosis{Report: &r, Exit: d.Exit, Err: d.Err}
}
