package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"cbdoctor/finding"
)

// shownAnnotations is how many annotations of one level GitHub shows of a step; those after it would be lost without a word.
const shownAnnotations = 10

// writeGitHub writes workflow commands that GitHub turns into annotations: one a finding, causes first, then a summary
// line for the log. What does not count as a failure is a warning or a notice.
func writeGitHub(w io.Writer, r *Report, opt WriteOptions) error {
	r = r.In(opt.Lang)
	out := bufio.NewWriter(w)
	used, left := map[string]int{}, 0
	for i := range r.Findings {
		f := &r.Findings[i]
		level := annotation(f, opt)
		if used[level]++; used[level] > shownAnnotations {
			left++
			continue
		}
		title := fmt.Sprintf("%s %s (%s, %s)", f.Ref, f.ID, f.Severity, f.Role)
		text := f.Title + "\n" + f.Summary
		if len(f.Remedies) > 0 {
			text += fmt.Sprintf("\nNext: [%s] %s", f.Remedies[0].Where, f.Remedies[0].Text)
		}
		properties := ""
		if len(f.Evidence) > 0 {
			e := f.Evidence[0]
			file, _, inside := strings.Cut(e.File, "!")
			properties = "file=" + property(relative(opt.Root, file)) + ","
			if e.Line > 0 && !inside { // lines of a member are no lines of the archive
				properties += fmt.Sprintf("line=%d,", e.Line)
			}
		}
		fmt.Fprintf(out, "::%s %stitle=%s::%s\n", level, properties, property(title), message(text))
	}
	if left > 0 {
		fmt.Fprintf(out, "cbdoctor: %s\n", opt.Lang.T("%d further findings are not annotated, because GitHub shows %d of a level", left, shownAnnotations))
	}
	fmt.Fprintf(out, "cbdoctor: %s\n", r.headline(opt.Lang))
	return out.Flush()
}

func annotation(f *finding.Finding, opt WriteOptions) string {
	switch {
	case opt.Fails(f):
		return "error"
	case f.State != finding.Resolved && f.Severity.Rank() >= finding.Warning.Rank():
		return "warning"
	}
	return "notice"
}

// Escapes of workflow commands, as actions/toolkit makes them: a text ends at a line break, a property at a comma or colon too.
var (
	messageEscapes  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func message(s string) string {
	parts := strings.Split(s, "\n")
	for i, p := range parts {
		parts[i] = clean(p)
	}
	return messageEscapes.Replace(strings.Join(parts, "\n"))
}

func property(s string) string { return propertyEscapes.Replace(clean(s)) }
