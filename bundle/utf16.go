package bundle

import (
	"bytes"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
)

// Windows programs write texts in UTF-16, with a byte order mark or, when a console redirects, without.

// utf16Of is the encoding of a text in UTF-16, nil for any other.
func utf16Of(head []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case zeros(head, 1) && !zeros(head, 0):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case zeros(head, 0) && !zeros(head, 1):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// zeros reports whether nearly every second byte, from the first or the second on, is zero, as in a text that is mostly ASCII.
func zeros(head []byte, from int) bool {
	n, all := 0, 0
	for i := from; i < min(len(head), 512); i += 2 {
		all++
		if head[i] == 0 {
			n++
		}
	}
	return all >= 16 && n*10 >= all*9
}

// utf8Text is the text in UTF-8, without a byte order mark.
func utf8Text(head []byte) []byte {
	if e := utf16Of(head); e != nil {
		head, _ = e.NewDecoder().Bytes(head)
	}
	return bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
}
