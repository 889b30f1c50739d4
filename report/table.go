package report

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/finding"
)

// The terminal report: what is wrong first, then its proof, then the way out, then what was not seen.

const (
	defaultWidth = 100
	shownProofs  = 4  // evidence entries of a finding in the short form
	shownEvents  = 12 // timeline entries in the short form
)

type terminal struct {
	w     *bufio.Writer
	width int
	opt   WriteOptions
}

func writeTable(w io.Writer, r *Report, opt WriteOptions) error {
	t := newTerminal(w, opt)
	t.verdict(r)
	t.causes(r)
	t.plan(r)
	t.findings(r)
	t.cluster(r)
	t.captures(r)
	t.timeline(r)
	t.coverage(r)
	return t.w.Flush()
}

func (t *terminal) line(format string, args ...any) { fmt.Fprintf(t.w, format+"\n", args...) }

func (t *terminal) heading(s string) { t.line("\n%s", t.paint("1", s)) }

// para writes wrapped text, its first line after the lead and the others below it.
func (t *terminal) para(lead, text string) {
	indent := strings.Repeat(" ", len(lead))
	for i, l := range wrap(clean(text), max(t.width-len(lead), 30)) {
		if i == 0 {
			t.line("%s%s", lead, l)
		} else {
			t.line("%s%s", indent, l)
		}
	}
}

// colors of the severities (SGR). The word always stands beside the colour.
var colors = map[finding.Severity]string{finding.Critical: "1;31", finding.Error: "31", finding.Warning: "33", finding.Info: "36"}

func (t *terminal) paint(code, s string) string {
	if !t.opt.Color || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *terminal) verdict(r *Report) {
	counts := map[string]int{}
	for _, f := range r.Findings {
		counts[f.Role]++
	}
	switch {
	case len(r.Findings) == 0:
		t.line("%s", t.paint("32", "No finding: nothing in this material speaks against the database cluster."))
	case counts[finding.RootCause] == 0:
		t.line("No fault found; %s.", plural(counts[finding.Advice], "piece of advice", "pieces of advice"))
	default:
		worst := finding.Severity(r.Summary.Worst)
		label := strings.ToUpper(string(worst))
		if label == "" {
			label = "OVER"
		}
		t.line("%s  %s, %s explained by them, %s", t.paint(colors[worst], label), plural(counts[finding.RootCause], "root cause", "root causes"),
			plural(counts[finding.Symptom], "symptom", "symptoms"), plural(counts[finding.Advice], "piece of advice", "pieces of advice"))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (t *terminal) grid(header []string, rows [][]string, limits map[int]int) {
	table := tablewriter.NewTable(t.w,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleASCII),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.Lines{ShowHeaderLine: tw.Off, ShowTop: tw.Off, ShowBottom: tw.Off, ShowFooterLine: tw.Off}},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithHeaderAlignment(tw.AlignLeft), tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNormal), tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithColumnWidths(tw.Mapper[int, int](limits)),
	)
	table.Header(header)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = clean(c)
		}
		if err := table.Append(cells); err != nil {
			t.line("%s", strings.Join(cells, "  "))
		}
	}
	_ = table.Render()
}

func (t *terminal) causes(r *Report) {
	var rows [][]string
	for _, f := range r.Findings {
		if f.Role != finding.RootCause && f.Role != finding.Advice {
			continue
		}
		rows = append(rows, []string{f.Ref, string(f.Severity), f.ID, f.Title, f.State, f.Confidence, f.First.String()})
	}
	if len(rows) == 0 {
		return
	}
	t.line("")
	t.grid([]string{"ref", "severity", "id", "what", "state", "sure", "since (UTC)"}, rows, nil)
}

func (t *terminal) plan(r *Report) {
	if len(r.Plan) == 0 {
		return
	}
	t.heading("What to do, in this order")
	for _, s := range r.Plan {
		lead := fmt.Sprintf("%3d. ", s.Step)
		t.para(lead, fmt.Sprintf("[%s] %s  (%s)", s.Where, s.Text, strings.Join(s.Findings, ", ")))
		t.code(s.Command)
		if s.Verify != "" {
			t.para("     verify: ", s.Verify)
		}
	}
}

// code writes commands, which are never wrapped: they are to be copied.
func (t *terminal) code(command string) {
	for _, l := range strings.Split(strings.TrimRight(command, "\n"), "\n") {
		if l != "" {
			t.line("       %s", t.paint("1", clean(l)))
		}
	}
}

func (t *terminal) findings(r *Report) {
	for _, f := range r.Findings {
		t.heading(fmt.Sprintf("%s  %s", f.Ref, clean(f.Title)))
		state := f.State
		if f.Role == finding.Symptom {
			state += ", explained by " + strings.Join(f.ExplainedBy, ", ")
		}
		t.line("    %s %s, %s, confidence %s, seen %s", t.paint(colors[f.Severity], string(f.Severity)), f.ID, state, f.Confidence, span(f))
		t.para("    ", f.Summary)
		t.evidence(f.Evidence)
		for _, a := range f.Against {
			t.para("    looked for, against it: ", a.Text)
		}
		if f.Role != finding.Symptom {
			t.remedies(f.Remedies)
		}
	}
}

func span(f finding.Finding) string {
	times := plural(f.Count, "time", "times")
	switch {
	case f.First.IsZero():
		return times
	case f.Last.IsZero() || f.Last == f.First:
		return times + " at " + f.First.String()
	}
	return fmt.Sprintf("%s from %s to %s", times, f.First, f.Last)
}

func (t *terminal) evidence(list []finding.Evidence) {
	for i, e := range list {
		if i == shownProofs && !t.opt.Full {
			t.line("    ... and %s more", plural(len(list)-i, "piece of evidence", "pieces of evidence"))
			return
		}
		t.line("    %s", t.paint("2", place(e)))
		if e.Text != "" {
			t.line("      %s", cut(clean(e.Text), max(t.width-6, 40)))
		}
		if e.Filter != "" {
			t.line("      filter: %s", clean(e.Filter))
		}
	}
}

// place names the spot as an editor or Wireshark would find it.
func place(e fact.Source) string {
	switch {
	case len(e.Frames) > 0:
		frames := make([]string, len(e.Frames))
		for i, f := range e.Frames {
			frames[i] = fmt.Sprint(f)
		}
		return clean(e.File) + " frames " + strings.Join(frames, ", ")
	case e.Line > 0:
		return fmt.Sprintf("%s:%d", clean(e.File), e.Line)
	}
	return clean(e.File)
}

func (t *terminal) remedies(list []finding.Remedy) {
	for _, s := range list {
		mark := ""
		if s.Destructive {
			mark = " (DESTROYS DATA)"
		}
		t.para(fmt.Sprintf("    %d. ", s.Step), fmt.Sprintf("[%s]%s %s", s.Where, mark, s.Text))
		t.code(s.Command)
		for _, a := range s.Alternatives {
			t.line("       or:")
			t.code(a)
		}
		if s.Verify != "" {
			t.para("       verify: ", s.Verify)
		}
		if s.Source != "" {
			t.line("       source: %s", clean(s.Source))
		}
	}
}

func (t *terminal) cluster(r *Report) {
	if len(r.Nodes) == 0 {
		return
	}
	t.heading("Nodes")
	rows := make([][]string, 0, len(r.Nodes))
	for _, n := range r.Nodes {
		rows = append(rows, []string{dash(n.Address), dash(n.Name), n.Role, dash(n.Connected), dash(n.InSync), dash(n.Version), material(n)})
	}
	t.grid([]string{"address", "name", "role", "connected", "in sync", "version", "material"}, rows, nil)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func material(n fact.Node) string {
	var have []string
	for _, m := range []struct {
		there bool
		name  string
	}{{n.HasLog, "log"}, {n.HasStatus, "status"}, {n.HasPcap, "capture"}} {
		if m.there {
			have = append(have, m.name)
		}
	}
	if len(have) == 0 {
		return "none"
	}
	return strings.Join(have, ", ")
}

func (t *terminal) captures(r *Report) {
	var rows [][]string
	for _, c := range r.Captures {
		for _, p := range c.Pairs {
			verdict := string(p.Verdict)
			if p.Intermittent {
				verdict += ", intermittent"
			}
			rows = append(rows, []string{c.File, p.Client, fmt.Sprintf("%s:%d", p.Server, p.Port), verdict, counts(p)})
		}
	}
	if len(rows) == 0 {
		return
	}
	t.heading("Connections in captures")
	t.grid([]string{"file", "client", "server", "verdict", "sessions"}, rows, nil)
}

func counts(p capture.Pair) string {
	var out []string
	for _, v := range slices.Sorted(maps.Keys(p.Sessions)) {
		out = append(out, fmt.Sprintf("%d %s", p.Sessions[v], v))
	}
	return strings.Join(out, ", ")
}

func (t *terminal) timeline(r *Report) {
	if len(r.Timeline) == 0 {
		return
	}
	t.heading("Timeline (UTC)")
	events := r.Timeline
	if len(events) > shownEvents && !t.opt.Full {
		events = nearFindings(events)
	}
	rows := make([][]string, 0, len(events))
	for _, e := range events {
		text := e.Text
		if e.Count > 1 {
			text = fmt.Sprintf("%s (%d times, until %s)", text, e.Count, e.Last)
		}
		rows = append(rows, []string{e.Time.String(), e.Node, e.Finding, cut(clean(text), max(t.width-54, 30))})
	}
	t.grid([]string{"time", "node", "ref", "what"}, rows, nil)
	if n := len(r.Timeline) - len(events); n > 0 {
		t.line("  ... %d further entries: --full shows all", n)
	}
}

// nearFindings keeps the entries that belong to findings, and the first others until the short form is full.
func nearFindings(events []Event) []Event {
	keep, room := make([]bool, len(events)), shownEvents
	for pass := range 2 {
		for i, e := range events {
			if !keep[i] && room > 0 && (pass == 1 || e.Finding != "") {
				keep[i] = true
				room--
			}
		}
	}
	var out []Event
	for i, e := range events {
		if keep[i] {
			out = append(out, e)
		}
	}
	return out
}

// coverage is one line that says what was not seen, and details where something is wrong with the material.
func (t *terminal) coverage(r *Report) {
	c := r.Coverage
	missing := "every rule had its input"
	if n := len(c.RulesNotEvaluated); n > 0 {
		missing = plural(n, "rule", "rules") + " without input"
	}
	t.line("\nNot seen: %d of %d log lines not understood, %s, %s in the logs", c.Lines.Seen-c.Lines.Recognised, c.Lines.Seen, missing, plural(len(c.Gaps), "gap", "gaps"))
	for _, in := range r.Inputs {
		if in.Problem != "" {
			t.para("  ", clean(in.Path)+": "+in.Problem)
		}
	}
}
