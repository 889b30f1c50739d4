package report

import (
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/rivo/uniseg"

	"cbdoctor/finding"
	"cbdoctor/lang"
	tty "cbdoctor/terminal"
)

// clean makes hostile text safe for a terminal: control characters, escape sequences and marks that turn the direction of
// writing become visible, and line ends become spaces.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t':
			return ' '
		case tty.Acts(r):
			return '\ufffd'
		}
		return r
	}, s)
}

// cleanLines is clean for text of several lines.
func cleanLines(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return strings.Join(lines, "\n")
}

// cut shortens text to a width in columns.
func cut(s string, width int) string { return runewidth.Truncate(s, width, "...") }

// pieces splits a word where a line may end in it (UAX #14), if its script has no spaces. Others stay whole: names, commands and
// addresses are looked for by eye and by search.
func pieces(word string) (list []string) {
	if !strings.ContainsFunc(word, func(r rune) bool { return runewidth.RuneWidth(r) > 1 }) {
		return []string{word}
	}
	for state := -1; word != ""; {
		var piece string
		piece, word, _, state = uniseg.FirstLineSegmentInString(word, state)
		list = append(list, piece)
	}
	return list
}

// wrap breaks text into lines of at most width columns: at spaces, and between ideographs where Unicode allows it.
func wrap(s string, width int) []string { return broken(s, width, pieces) }

// broken breaks text at spaces and between the pieces of words.
func broken(s string, width int, pieces func(word string) []string) (lines []string) {
	line, used := "", 0
	for _, word := range strings.Fields(s) {
		space := " "
		for _, piece := range pieces(word) {
			n := runewidth.StringWidth(piece)
			if used > 0 && used+len(space)+n > width {
				lines = append(lines, line)
				line, used = "", 0
			}
			if used > 0 {
				line, used = line+space, used+len(space)
			}
			line, used, space = line+piece, used+n, ""
		}
	}
	if used > 0 {
		lines = append(lines, line)
	}
	return lines
}

// fold is wrap for a column of a table, which nothing may be wider than: longer words, such as paths, are broken.
func fold(s string, width int) []string {
	return broken(s, width, func(word string) (list []string) {
		for _, piece := range pieces(word) {
			for runewidth.StringWidth(piece) > width {
				head := runewidth.Truncate(piece, width, "")
				list, piece = append(list, head), piece[len(head):]
			}
			list = append(list, piece)
		}
		return list
	})
}

// evidenceText is what shows a finding: a quoted line, or what frames show, which is said in the language.
func evidenceText(e finding.Evidence, l lang.Lang) string {
	if len(e.Frames) == 0 || strings.HasPrefix(e.Text, "Between ") { // what captures of two points say has a chapter of its own
		return e.Text
	}
	return l.Say(e.Text)
}
