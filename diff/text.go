package diff

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"cbdoctor/lang"
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
	l := d.Language
	fmt.Fprintln(&b, l.T("%d fixed, %d new, %d still there, %d can't be told", len(d.Fixed), len(d.New), len(d.Stays), len(d.Unknown)))
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "%s%s\n", l.T("careful: "), clean(n))
	}
	for _, part := range []struct {
		heading string
		entries []Entry
	}{
		{l.T("New"), d.New},
		{l.T("Still there"), d.Stays},
		{l.T("Can't be told"), d.Unknown},
		{l.T("Fixed"), d.Fixed},
	} {
		if len(part.entries) > 0 {
			fmt.Fprintf(&b, "\n%s\n", part.heading)
		}
		for _, e := range part.entries {
			writeEntry(&b, e, l)
		}
	}
	writeChanges(&b, l.T("Nodes"), d.Nodes, l)
	writeChanges(&b, l.T("Connections in captures"), d.Links, l)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeEntry(b *strings.Builder, e Entry, l lang.Lang) {
	fmt.Fprintf(b, "  %s  %s  %s\n", runewidth.FillRight(l.T(clean(string(e.Severity))), 8), clean(e.Title), refs(e, l))
	fmt.Fprintf(b, "            %s, %s: %s\n", clean(e.ID), l.T(clean(e.Role)), clean(e.Why))
	for _, c := range e.Changes {
		fmt.Fprintf(b, "            %s\n", clean(c))
	}
}

// refs says under which names the two reports know a finding.
func refs(e Entry, l lang.Lang) string {
	switch {
	case e.OldRef == "":
		return l.T("(new %s)", clean(e.NewRef))
	case e.NewRef == "":
		return l.T("(old %s)", clean(e.OldRef))
	}
	return l.T("(old %s, new %s)", clean(e.OldRef), clean(e.NewRef))
}

func writeChanges(b *strings.Builder, heading string, changes []Change, l lang.Lang) {
	if len(changes) > 0 {
		fmt.Fprintf(b, "\n%s\n", heading)
	}
	for _, c := range changes {
		switch {
		case c.What == "node" && c.Old == "":
			fmt.Fprintf(b, "  %s\n", l.T("%s: only in the new material", clean(c.Subject)))
		case c.What == "node":
			fmt.Fprintf(b, "  %s\n", l.T("%s: only in the old material", clean(c.Subject)))
		default:
			fmt.Fprintf(b, "  %s\n", l.T("%s: %s %s, was %s", clean(c.Subject), l.T(c.What), l.T(clean(orUnknown(c.New))), l.T(clean(orUnknown(c.Old)))))
		}
	}
}

// The words that changes carry as data.
var _ = lang.Mark("severity", "role", "confidence", "last seen", "connected", "in sync", "version", "verdict", "not known", "log", "certificate file")

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
