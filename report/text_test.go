package report

import (
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"pgregory.net/rapid"
)

// A column holds all of a text, whatever the length of its words, and is nowhere wider than it may be.
func TestFoldLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab/.。確度 "))).Draw(t, "text")
		width := rapid.IntRange(2, 20).Draw(t, "width")
		lines := fold(text, width)
		for _, line := range lines {
			if runewidth.StringWidth(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
		without := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := without(strings.Join(lines, "")); got != without(text) {
			t.Errorf("%q became %q", text, lines)
		}
	})
}
