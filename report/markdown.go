package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"cbdoctor/finding"
	"cbdoctor/lang"
)

// writeMarkdown writes what goes into a ticket: how bad, each cause with its best evidence, the plan, and what was not seen.
// It uses what every ticket system renders: headings, lists, bold and fenced code.
func writeMarkdown(w io.Writer, r *Report, opt WriteOptions) error {
	m := &markdown{w: bufio.NewWriter(w), full: opt.Full}
	m.line("# %s\n", escape(r.headline(lang.English)))
	m.nodes(r)
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Role != finding.Symptom {
			m.cause(r, f)
		}
	}
	m.plan(r)
	m.symptoms(r)
	m.line("## Not seen\n\n%s.", r.unseen(lang.English))
	for _, in := range r.Inputs {
		if in.Problem != "" {
			m.line("- %s: %s", code(in.Path), escape(in.Problem))
		}
	}
	m.line("\n_%s %s_", escape(r.Tool.Name), escape(r.Tool.Version))
	return m.w.Flush()
}

type markdown struct {
	w    *bufio.Writer
	full bool
}

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m.w, format+"\n", args...) }

func (m *markdown) nodes(r *Report) {
	if len(r.Nodes) == 0 {
		return
	}
	m.line("| Node | Name | Role | Connected | In sync | Version |\n|---|---|---|---|---|---|")
	for _, n := range r.Nodes {
		m.line("| %s | %s | %s | %s | %s | %s |", escape(dash(n.Address)), escape(dash(n.Name)), n.Role, dash(n.Connected), dash(n.InSync), escape(dash(n.Version)))
	}
	m.line("")
}

func (m *markdown) cause(r *Report, f *finding.Finding) {
	m.line("## %s %s\n", f.Ref, escape(f.Title))
	m.line("**%s**, %s, %s confidence, %s: `%s`\n", f.Severity, f.State, f.Confidence, span(f, lang.English), f.ID)
	m.line("%s\n", escape(f.Summary))
	if names := explained(r, f.Ref); names != "" {
		m.line("Explains: %s\n", escape(names))
	}
	shown := f.Evidence
	if !m.full {
		shown = shown[:min(len(shown), shownProofs)]
	}
	for _, e := range shown {
		m.line("- %s", code(place(e)))
		m.fence("  ", e.Text)
		if e.Filter != "" {
			m.line("  Wireshark: %s", code(e.Filter))
		}
	}
	if n := len(f.Evidence) - len(shown); n > 0 {
		m.line("- and %d more", n)
	}
	for _, a := range f.Against {
		m.line("- looked for, against it: %s", escape(a.Text))
	}
	m.line("")
}

func (m *markdown) plan(r *Report) {
	if len(r.Plan) == 0 {
		return
	}
	m.line("## Plan\n")
	for i := 0; i < len(r.Plan); {
		same := r.Plan[i : i+alike(r.Plan[i:])]
		i += len(same)
		s, number, where, refs := same[0], fmt.Sprint(same[0].Step), same[0].Where, same[0].Findings
		for _, o := range same[1:] {
			where += ", then " + o.Where
			refs = append(slices.Clone(refs), o.Findings...)
		}
		if len(same) > 1 {
			number += fmt.Sprintf("-%d", same[len(same)-1].Step)
		}
		slices.Sort(refs)
		mark := ""
		if s.Destructive {
			mark = "**DESTROYS DATA** "
		}
		m.line("**%s.** [%s] %s%s (%s)\n", number, escape(where), mark, escape(s.Text), strings.Join(slices.Compact(refs), ", "))
		m.fence("", s.Command)
		if m.full {
			for _, a := range s.Alternatives {
				m.line("or:\n")
				m.fence("", a)
			}
		}
		if s.Verify != "" {
			m.line("Verify: %s\n", escape(s.Verify))
		}
	}
}

func (m *markdown) symptoms(r *Report) {
	heading := "## What follows from it\n\n"
	for _, f := range r.Findings {
		if f.Role == finding.Symptom {
			m.line("%s- %s %s (%s): `%s`, follows from %s", heading, f.Ref, escape(f.Title), f.Severity, f.ID, strings.Join(f.ExplainedBy, ", "))
			heading = ""
		}
	}
	if heading == "" {
		m.line("")
	}
}

// fence writes text as a block of code that the text can't end.
func (m *markdown) fence(indent, text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	marks := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	m.line("%s%s", indent, marks)
	for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		m.line("%s%s", indent, clean(l))
	}
	m.line("%s%s\n", indent, marks)
}

// code writes text as code within a line.
func code(s string) string {
	s = clean(s)
	marks := strings.Repeat("`", longestRun(s, '`')+1)
	if len(marks) > 1 {
		return marks + " " + s + " " + marks
	}
	return marks + s + marks
}

func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// escapes keep text from being taken for Markdown, HTML, or the mention of a person.
var escapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "|", `\|`, "#", `\#`, "~", `\~`, "@", "&#64;", "!", `\!`,
)

func escape(s string) string { return escapes.Replace(clean(s)) }
