package report

import (
	"encoding/json"
	"fmt"
	"io"
)

func writeJSON(w io.Writer, r *Report, _ WriteOptions) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// Read reads a report that was written as JSON.
func Read(r io.Reader) (*Report, error) {
	var out Report
	if err := json.NewDecoder(r).Decode(&out); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	if out.Schema != Schema {
		return nil, fmt.Errorf("read the report: its schema is %q, and only %q is known here", out.Schema, Schema)
	}
	return &out, nil
}
