package terminal

import "strings"

// Acts reports whether a character does something to a terminal, or to the text around it, instead of being shown: control characters
// (ECMA-48), the marks and embeddings that turn the direction of writing (Unicode Standard Annex 9), and the byte order mark.
func Acts(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

// Printable replaces by U+FFFD what a terminal would act on, except the characters in keep, and what is no text: invalid UTF-8 and the
// two noncharacters that XML can't hold.
func Printable(s, keep string) string {
	return strings.Map(func(r rune) rune {
		if Acts(r) && !strings.ContainsRune(keep, r) || r == 0xfffe || r == 0xffff {
			return '\ufffd'
		}
		return r
	}, s)
}
