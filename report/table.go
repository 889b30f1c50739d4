package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/stamp"
)

// defaultWidth is that of a report which no terminal bounds.
const defaultWidth = 100

// terminal writes the report for people. The order of the parts is that of the questions: what is wrong, what to do first, who
// reaches whom; then the whole plan, the proof, the course of events and what was not seen.
type terminal struct {
	w     *bufio.Writer
	width int
	lang  lang.Lang
	opt   WriteOptions
	told  bool // the first screen had room for the causes with all that is said of them
}

func newTerminal(w io.Writer, opt WriteOptions) *terminal {
	t := &terminal{w: bufio.NewWriter(w), width: opt.Width, lang: opt.Lang, opt: opt}
	if t.width <= 0 {
		t.width = defaultWidth
	}
	return t
}

func writeTable(w io.Writer, r *Report, opt WriteOptions) error {
	t := newTerminal(w, opt)
	r = r.In(t.lang)
	t.first(r)
	t.cluster(r)
	t.links(r)
	t.paths(r.Paths)
	t.plan(r)
	t.findings(r)
	t.timeline(r)
	t.coverage(r)
	return t.w.Flush()
}

func (t *terminal) line(format string, args ...any) { fmt.Fprintf(t.w, format+"\n", args...) }

func (t *terminal) heading(s string) { t.line("\n%s", t.paint("1", s)) }

// para writes wrapped text, its first line after the lead and the others below it.
func (t *terminal) para(lead, text string) {
	indent := strings.Repeat(" ", runewidth.StringWidth(lead))
	for i, l := range wrap(clean(text), max(t.width-len(indent), 30)) {
		if i == 0 {
			t.line("%s%s", lead, l)
		} else {
			t.line("%s%s", indent, l)
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

// colors of the severities (SGR). The word always stands beside the colour.
var colors = map[finding.Severity]string{finding.Critical: "1;31", finding.Error: "31", finding.Warning: "33", finding.Info: "36"}

const (
	good = "32"
	bad  = "31"
	pale = "2"
)

func (t *terminal) paint(code, s string) string {
	if !t.opt.Color || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// WriteGrid writes a table without frames, for results that are no report.
func WriteGrid(w io.Writer, header []string, rows [][]string) error {
	t := newTerminal(w, WriteOptions{})
	t.grid(header, rows, 0)
	return t.w.Flush()
}

// grid draws a table without frames, with its last column at most so wide; 0 is no limit. Texts are wrapped here: tablewriter cuts off what is
// left of a word that is wider than its column.
func (t *terminal) grid(header []string, rows [][]string, last int) {
	table := tablewriter.NewTable(t.w,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleASCII),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.Lines{ShowHeaderLine: tw.Off, ShowTop: tw.Off, ShowBottom: tw.Off, ShowFooterLine: tw.Off}},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithHeaderAlignment(tw.AlignLeft), tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone), tablewriter.WithTrimSpace(tw.Off),
	)
	table.Header(header)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = clean(c)
		}
		if n := len(cells) - 1; last > 0 && n >= 0 {
			cells[n] = strings.Join(fold(cells[n], last), "\n")
		}
		if err := table.Append(cells); err != nil {
			t.line("%s", strings.Join(cells, "  "))
		}
	}
	_ = table.Render()
}

// clock shows a time to the second: the report's other forms have all digits.
func clock(at stamp.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.T.UTC().Format("2006-01-02 15:04:05")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
