package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/report/page"
	"cbdoctor/stamp"
)

// Bounds of what stands in the HTML page as text; the page's data has the rest, for search and long tables.
const (
	pageFindings = 200
	pageEvidence = 10 // of a finding
	pageSessions = 100
	pageSteps    = 300
	pageLinks    = 200
	pageLanes    = 40 // nodes on the timeline
	pageInputs   = 500
)

// writeHTML fills the page of package page. This file and its neighbours only choose and name; what it looks like is settled there.
func writeHTML(w io.Writer, r *Report, opt WriteOptions) error {
	p := &page.Page{
		Lang: string(cmp.Or(opt.Lang, lang.English)), Tool: clean(r.Tool.Name + " " + r.Tool.Version),
		Severity: r.severity(), Headline: page.In(func(l lang.Lang) string { _, rest := r.verdict(l); return rest }), Nodes: r.pageNodes(), Links: r.pageLinks(),
		Lanes: r.lanes(), Clocks: r.clocks(), Ladders: r.ladders(), Paths: r.paths(), Certificates: r.certificates(), Coverage: r.coverage(),
	}
	p.Since, p.Last = r.since()
	p.Findings, p.FindingsLeft = r.pageFindings()
	p.Plan, p.StepsLeft = r.pagePlan()
	if len(p.Plan) > 0 {
		p.Next = &p.Plan[0]
	}
	p.Sessions, p.SessionsLeft = r.pageSessions()
	var err error
	if p.Report, p.ReportNote, err = r.pageData(); err != nil {
		return err
	}
	return page.Write(w, p)
}

// severity is what colours the page.
func (r *Report) severity() string {
	t := r.tally()
	switch {
	case t.causes == 0:
		return "ok"
	case r.Summary.Worst == "":
		return "resolved"
	}
	return r.Summary.Worst
}

// since tells when what is still going on began, and when it was last seen. A symptom is often seen before its cause.
func (r *Report) since() (first, last string) {
	from, to := stamp.Time{}, stamp.Time{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Role != finding.Advice && f.State != finding.Resolved && !f.First.IsZero() {
			if from.IsZero() || f.First.Before(from) {
				from = f.First
			}
			if to.Before(f.Last) || to.IsZero() {
				to = f.Last
			}
		}
	}
	return clock(from), clock(to)
}

func (r *Report) pageFindings() (out []page.Finding, left int) {
	en, ja := r.In(lang.English).Findings, r.In(lang.Japanese).Findings
	list := r.Findings[:min(len(r.Findings), pageFindings)]
	explains := map[string][]string{}
	for i := range r.Findings {
		for _, ref := range r.Findings[i].ExplainedBy {
			if len(explains[ref]) < 50 {
				explains[ref] = append(explains[ref], r.Findings[i].Ref)
			}
		}
	}
	for i := range list {
		f := &list[i]
		g := page.Finding{
			Ref: f.Ref, ID: f.ID, Severity: string(f.Severity), Confidence: f.Confidence, Role: f.Role, State: f.State,
			Title: text(en[i].Title, ja[i].Title), Summary: text(en[i].Summary, ja[i].Summary), Subject: f.Subject.String(), First: clock(f.First), Last: clock(f.Last), Count: f.Count,
			ExplainedBy: f.ExplainedBy, Explains: explains[f.Ref], EvidenceLeft: max(0, len(f.Evidence)-pageEvidence), References: f.References,
		}
		for _, e := range f.Evidence[:min(len(f.Evidence), pageEvidence)] {
			g.Evidence = append(g.Evidence, page.Evidence{Place: place(e), Text: clean(e.Text), Filter: clean(e.Filter)})
		}
		for k := range min(len(en[i].Against), len(ja[i].Against)) {
			g.Against = append(g.Against, text(en[i].Against[k].Text, ja[i].Against[k].Text))
		}
		for _, x := range f.Proof {
			var values []string
			for _, v := range x.Values {
				values = append(values, v.Name+" = "+v.Value)
			}
			g.Proof = append(g.Proof, page.Proof{Fact: x.Fact, Condition: clean(x.Condition), Values: clean(strings.Join(values, ", ")), Seen: clean(strings.Join(x.Seen, ", "))})
		}
		if f.Accepted != nil {
			g.Accepted = clean(fmt.Sprintf("%s (%s)", f.Accepted.Reason, f.Accepted.Until))
		}
		out = append(out, g)
	}
	return out, len(r.Findings) - len(list)
}

// text is a text in the page's languages, of a report in each.
// said is a sentence that was made in English.
func said(english string) page.Text {
	return page.In(func(l lang.Lang) string { return clean(l.Say(english)) })
}

func text(en, ja string) page.Text { return page.Text{EN: clean(en), JA: clean(ja)} }

// pagePlan is the plan in both languages.
func (r *Report) pagePlan() (out []page.Step, left int) {
	groups := r.groups()
	en, ja := r.In(lang.English).tell(groups, lang.English), r.In(lang.Japanese).tell(groups, lang.Japanese)
	for i := range en[:min(len(en), pageSteps)] {
		g := &en[i]
		step := page.Step{
			Number: g.number, Where: text(g.places, ja[i].places), Text: text(g.Text, ja[i].Text), Command: cleanLines(g.Command), Destructive: g.Destructive,
			Verify: text(g.Verify, ja[i].Verify), Source: clean(g.Source), Findings: g.refs,
		}
		for _, a := range g.Alternatives {
			name, command := alternative(a)
			step.Alternatives = append(step.Alternatives, page.Alternative{Name: name, Command: command})
		}
		out = append(out, step)
	}
	return out, len(en) - len(out)
}

// alternative names one by the comment that it begins with.
func alternative(s string) (name, command string) {
	s = cleanLines(strings.TrimSpace(s))
	first, _, several := strings.Cut(s, "\n")
	if comment := strings.TrimLeft(first, "!# "); several && comment != first {
		return comment, s
	}
	return "", s
}

// pageSessions lists what failed first; a page is read from the top.
func (r *Report) pageSessions() (out []page.Session, left int) {
	for _, good := range []bool{false, true} {
		for _, c := range r.Captures {
			for i := range c.Sessions {
				s := &c.Sessions[i]
				if s.Verdict.Good() != good {
					continue
				}
				if len(out) == pageSessions {
					left++
					continue
				}
				out = append(out, page.Session{
					File: clean(c.File), Number: fmt.Sprint(s.Session), First: clock(s.First), Client: clean(s.Client), Server: clean(s.Server), Verdict: string(s.Verdict),
					Confidence: string(s.Confidence), Reason: said(s.Reason), Filter: clean(s.Filter), Good: good,
				})
			}
		}
	}
	return out, left
}

func (r *Report) coverage() page.Coverage {
	c := page.Coverage{Seen: r.Coverage.Lines.Seen, Unknown: r.Coverage.Lines.Seen - r.Coverage.Lines.Recognised}
	if u := r.Coverage.Lines.Unknown; u != nil {
		c.FirstUnknown = page.Evidence{Place: place(*u), Text: clean(u.Text)}
	}
	for _, n := range r.Coverage.RulesNotEvaluated {
		c.NotEvaluated = append(c.NotEvaluated, page.Missing{Rule: n.ID, What: clean(strings.Join(n.Missing, ", "))})
	}
	for _, g := range r.Coverage.Gaps {
		c.Gaps = append(c.Gaps, page.Gap{Node: clean(g.Node), From: clock(g.From), To: clock(g.To)})
	}
	for _, in := range r.Inputs[:min(len(r.Inputs), pageInputs)] {
		c.Inputs = append(c.Inputs, page.Input{Path: clean(in.Path), Kind: in.Kind, Node: clean(in.Node), Bytes: in.Bytes, Problem: said(in.Problem)})
	}
	return c
}
