package terminal

import "strings"

// Printable replaces by U+FFFD what a terminal would act on (control characters, except those in keep), what turns the direction of writing
// (Unicode Standard Annex 9), and what is no text: invalid UTF-8 and the two noncharacters that XML can't hold.
func Printable(s, keep string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20 && !strings.ContainsRune(keep, r), r >= 0x7f && r < 0xa0,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfffe, r == 0xffff:
			return '\ufffd'
		}
		return r
	}, s)
}
