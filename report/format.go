package report

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// WriteOptions say how a report is written; most formats need none of them.
type WriteOptions struct {
	Lang  string // "en" or "ja"; "" is English
	Width int    // columns of the terminal; 0 means 100
	Color bool
	Full  bool // everything, not only what fits a first look
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
}

// Formats lists the names of the formats.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// FormatOf is the format that a file's suffix asks for, or "".
func FormatOf(file string) string {
	suffix := strings.ToLower(filepath.Ext(file))
	for _, f := range formats {
		if slices.Contains(f.suffixes, suffix) {
			return f.name
		}
	}
	return ""
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
