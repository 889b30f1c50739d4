package report

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// clean makes hostile text safe for a terminal: control characters, escape sequences and marks that turn the direction of
// writing become visible, and line ends become spaces.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
			return '\ufffd'
		}
		return r
	}, s)
}

// cut shortens text to a width in columns.
func cut(s string, width int) string { return runewidth.Truncate(s, width, "...") }

// wrap breaks text at spaces into lines of at most width columns.
func wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(s) {
		n := runewidth.StringWidth(word)
		if used > 0 && used+1+n > width {
			lines = append(lines, line)
			line, used = "", 0
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	if used > 0 {
		lines = append(lines, line)
	}
	return lines
}
