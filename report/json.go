package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"cbdoctor/capture"
	"cbdoctor/report/page"
)

func writeJSON(w io.Writer, r *Report, _ WriteOptions) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// Read reads a report that was written as JSON, or the one inside a page that was written as HTML. Control characters in it become
// U+FFFD.
func Read(r io.Reader) (*Report, error) {
	b := bufio.NewReader(r)
	if head, _ := b.Peek(len(doctype)); strings.EqualFold(string(head), doctype) {
		inside, err := page.Report(b)
		if err != nil {
			return nil, fmt.Errorf("read the report: %w", err)
		}
		b = bufio.NewReader(inside)
	}
	var out Report
	if err := json.NewDecoder(b).Decode(&out); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	if out.Schema != Schema {
		return nil, fmt.Errorf("read the report: its schema is %q, and only %q is known here", out.Schema, Schema)
	}
	harmless(&out)
	out.Captures = slices.DeleteFunc(out.Captures, func(c *capture.Result) bool { return c == nil })
	return &out, nil
}

// doctype is how every page begins.
const doctype = "<!doctype html>"
