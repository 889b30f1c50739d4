package diff

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the document.
func WriteJSON(w io.Writer, d *Diff) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(d)
}

// WriteText writes what a person reads: what needs work first, what is done last. Text of hostile reports is made harmless.
func WriteText(w io.Writer, d *Diff) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d fixed, %d new, %d still there, %d can't be told\n", len(d.Fixed), len(d.New), len(d.Stays), len(d.Unknown))
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "careful: %s\n", clean(n))
	}
	for _, part := range []struct {
		heading string
		entries []Entry
	}{
		{"New", d.New},
		{"Still there", d.Stays},
		{"Can't be told", d.Unknown},
		{"Fixed", d.Fixed},
	} {
		if len(part.entries) > 0 {
			fmt.Fprintf(&b, "\n%s\n", part.heading)
		}
		for _, e := range part.entries {
			writeEntry(&b, e)
		}
	}
	writeChanges(&b, "Nodes", d.Nodes)
	writeChanges(&b, "Connections in captures", d.Links)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeEntry(b *strings.Builder, e Entry) {
	fmt.Fprintf(b, "  %-8s  %s  %s\n", clean(string(e.Severity)), clean(e.Title), refs(e))
	fmt.Fprintf(b, "            %s, %s: %s\n", clean(e.ID), clean(e.Role), clean(e.Why))
	for _, c := range e.Changes {
		fmt.Fprintf(b, "            %s\n", clean(c))
	}
}

// refs says under which names the two reports know a finding.
func refs(e Entry) string {
	switch {
	case e.OldRef == "":
		return "(new " + clean(e.NewRef) + ")"
	case e.NewRef == "":
		return "(old " + clean(e.OldRef) + ")"
	}
	return "(old " + clean(e.OldRef) + ", new " + clean(e.NewRef) + ")"
}

func writeChanges(b *strings.Builder, heading string, changes []Change) {
	if len(changes) > 0 {
		fmt.Fprintf(b, "\n%s\n", heading)
	}
	for _, c := range changes {
		switch {
		case c.What == "node" && c.Old == "":
			fmt.Fprintf(b, "  %s: only in the new material\n", clean(c.Subject))
		case c.What == "node":
			fmt.Fprintf(b, "  %s: only in the old material\n", clean(c.Subject))
		default:
			fmt.Fprintf(b, "  %s: %s %s, was %s\n", clean(c.Subject), c.What, clean(orUnknown(c.New)), clean(orUnknown(c.Old)))
		}
	}
}

// clean makes control characters and marks that turn the direction of writing visible.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
			return '\ufffd'
		}
		return r
	}, s)
}
