package terminal_test

import (
	"testing"

	"cbdoctor/terminal"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, keep, want string }{
		{"plain, 日本語 and ü", "", "plain, 日本語 and ü"},
		{"a\tb\nc\r", "\n\t", "a\tb\nc\ufffd"},
		{"a\nb", "", "a\ufffdb"},
		{"\x1b[2Jgone\x07\x7f\u009b", "\n", "\ufffd[2Jgone\ufffd\ufffd\ufffd"},
		{"abc\u202egpj.exe\u2066", "", "abc\ufffdgpj.exe\ufffd"},
		{"\ufeffabc\u200e\u200f", "", "\ufffdabc\ufffd\ufffd"},
		{"broken \xff\xfe", "", "broken \ufffd\ufffd"},
		{"\ufffe\uffff", "\n", "\ufffd\ufffd"},
	} {
		if got := terminal.Printable(c.text, c.keep); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
