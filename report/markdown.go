package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"cbdoctor/finding"
	"cbdoctor/lang"
)

// writeMarkdown writes what goes into a ticket: how bad, each cause with its best evidence, the plan, and what was not seen.
// It uses what every ticket system renders: headings, lists, bold and fenced code.
func writeMarkdown(w io.Writer, r *Report, opt WriteOptions) error {
	m := &markdown{w: bufio.NewWriter(w), lang: opt.Lang, full: opt.Full}
	r = r.In(m.lang)
	m.line("# %s\n", escape(r.headline(m.lang)))
	m.nodes(r)
	m.some(r, func(f *finding.Finding) bool { return f.Role != finding.Symptom }, func(f *finding.Finding) { m.cause(r, f) })
	m.plan(r)
	m.symptoms(r)
	m.line("%s%s.\n", m.lang.T("Not seen: "), escape(r.unseen(m.lang)))
	for _, in := range r.Inputs {
		if in.Problem != "" {
			m.line("- %s: %s", code(in.Path), escape(m.lang.Say(in.Problem)))
		}
	}
	m.line("\n_%s %s_", escape(r.Tool.Name), escape(r.Tool.Version))
	return m.w.Flush()
}

type markdown struct {
	w    *bufio.Writer
	lang lang.Lang
	full bool
}

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m.w, format+"\n", args...) }

func (m *markdown) nodes(r *Report) {
	if len(r.Nodes) == 0 {
		return
	}
	t := m.lang.T
	m.row(m.lang.T("address"), m.lang.T("name"), m.lang.T("role"), m.lang.T("connected"), m.lang.T("in sync"), m.lang.T("version"))
	m.line("|---|---|---|---|---|---|")
	for _, n := range r.Nodes {
		m.row(dash(n.Address), dash(n.Name), t(n.Role), dash(t(n.Connected)), dash(t(n.InSync)), dash(n.Version))
	}
	m.line("")
}

func (m *markdown) row(cells ...string) {
	for i, c := range cells {
		cells[i] = escape(c)
	}
	m.line("| %s |", strings.Join(cells, " | "))
}

func (m *markdown) cause(r *Report, f *finding.Finding) {
	t := m.lang.T
	m.line("## %s %s\n", f.Ref, escape(f.Title))
	m.line("**%s**, %s, %s, %s: `%s`\n", t(string(f.Severity)), t(f.State), m.lang.T("%s confidence", t(f.Confidence)), span(f, m.lang), f.ID)
	m.line("%s\n", escape(f.Summary))
	if names := explained(r, f.Ref); names != "" {
		m.line("%s%s\n", m.lang.T("explains: "), escape(names))
	}
	shown := f.Evidence
	if !m.full {
		shown = shown[:min(len(shown), shownProofs)]
	}
	for _, e := range shown {
		m.line("- %s", code(place(e)))
		m.fence("  ", evidenceText(e, m.lang))
		if e.Filter != "" {
			m.line("  Wireshark: %s", code(e.Filter))
		}
	}
	if n := len(f.Evidence) - len(shown); n > 0 {
		m.line("- %s", m.lang.T("and %d more", n))
	}
	for _, a := range f.Against {
		m.line("- %s%s", m.lang.T("looked for, against it: "), escape(a.Text))
	}
	m.line("")
}

func (m *markdown) plan(r *Report) {
	if len(r.Plan) == 0 {
		return
	}
	m.line("## %s\n", m.lang.T("What to do, in this order"))
	for _, g := range r.tell(r.groups(), m.lang) {
		mark := ""
		if g.Destructive {
			mark = "**" + strings.TrimSpace(m.lang.T("DESTROYS DATA: ")) + "** "
		}
		m.line("**%s.** [%s] %s%s (%s)\n", g.number, escape(g.places), mark, escape(g.Text), strings.Join(g.refs, ", "))
		m.fence("", g.Command)
		if m.full {
			for _, a := range g.Alternatives {
				m.line("%s\n", m.lang.T("or:"))
				m.fence("", a)
			}
		}
		if g.Verify != "" {
			m.line("%s%s\n", m.lang.T("verify: "), escape(g.Verify))
		}
	}
}

func (m *markdown) symptoms(r *Report) {
	heading := "## " + m.lang.T("What follows from it") + "\n\n"
	m.some(r, func(f *finding.Finding) bool { return f.Role == finding.Symptom }, func(f *finding.Finding) {
		m.line("%s- %s %s (%s): `%s`. %s", heading, f.Ref, escape(f.Title), m.lang.T(string(f.Severity)), f.ID, strings.TrimSpace(m.lang.T("follows from %s. ", strings.Join(f.ExplainedBy, ", "))))
		heading = ""
	})
	if heading == "" {
		m.line("")
	}
}

// some writes as many findings of a kind as are read in a ticket, and counts the others.
func (m *markdown) some(r *Report, wanted func(*finding.Finding) bool, write func(*finding.Finding)) {
	n := 0
	for i := range r.Findings {
		if f := &r.Findings[i]; wanted(f) {
			if n++; n <= shownFindings || m.full {
				write(f)
			}
		}
	}
	if n > shownFindings && !m.full {
		m.line("- %s\n", m.lang.T("and %d more", n-shownFindings))
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
