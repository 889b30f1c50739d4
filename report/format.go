package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"cbdoctor/finding"
	"cbdoctor/lang"
)

// WriteOptions say how a report is written; most formats need none of them.
type WriteOptions struct {
	Lang   lang.Lang // of the words of the program; "" is English
	Width  int       // columns of the terminal; 0 means 100
	Color  bool
	Full   bool             // everything, not only what fits a first look
	FailOn finding.Severity // what a pipeline takes for a failure: this and worse; "" means error, Never nothing
	Root   string           // directory that the URIs of SARIF and the files of annotations are relative to; "" is the current one
}

// Never is the FailOn of those who want no finding to count as a failure.
const Never finding.Severity = "never"

func (o WriteOptions) threshold() finding.Severity {
	if o.FailOn == "" {
		return finding.Error
	}
	return o.FailOn
}

// Fails reports whether a finding counts as a failure: at or above the threshold, going on or perhaps so, and not accepted.
func (o WriteOptions) Fails(f *finding.Finding) bool {
	return o.threshold() != Never && f.State != finding.Resolved && f.Accepted == nil && f.Severity.Rank() >= o.threshold().Rank()
}

// Fails reports whether any finding counts as a failure.
func (r *Report) Fails(opt WriteOptions) bool {
	return slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return opt.Fails(&f) })
}

// format is one row of the table of formats.
type format struct {
	name     string
	suffixes []string
	write    func(w io.Writer, r *Report, opt WriteOptions) error
}

// formats is where a new format is added: a row here and a file of its own.
var formats = []format{
	{"table", []string{".txt"}, writeTable},
	{"json", []string{".json"}, writeJSON},
	{"ndjson", []string{".ndjson", ".jsonl"}, writeNDJSON},
	{"html", []string{".html", ".htm"}, writeHTML},
	{"markdown", []string{".md", ".markdown"}, writeMarkdown},
	{"junit", []string{".xml"}, writeJUnit},
	{"sarif", []string{".sarif", ".sarif.json"}, writeSARIF},
	{"github", nil, writeGitHub},
	{"csv", []string{".csv"}, writeCSV},
}

// Formats lists the names of the formats.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// FormatOf is the format that a file's suffix asks for, or "". The longest suffix wins: x.sarif.json is SARIF.
func FormatOf(file string) string {
	name, longest := "", ""
	for _, f := range formats {
		for _, suffix := range f.suffixes {
			if len(suffix) > len(longest) && strings.HasSuffix(strings.ToLower(file), suffix) {
				name, longest = f.name, suffix
			}
		}
	}
	return name
}

// Write writes the report in the named format.
func Write(w io.Writer, name string, r *Report, opt WriteOptions) error {
	for _, f := range formats {
		if f.name == name {
			return f.write(w, r, opt)
		}
	}
	return fmt.Errorf("format %q is not known: use one of %s", name, strings.Join(Formats(), ", "))
}
