package bundle

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// A text is read in UTF-8 whatever Windows wrote it in, and letters of two units at any place.
func TestUTF16(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Mar  5 09:00:00.453 user.info cms01 authp: zürich 🚀\r\n", 2000)
	units := utf16.Encode([]rune(text))
	little, big := make([]byte, 0, 2*len(units)), make([]byte, 0, 2*len(units))
	for _, u := range units {
		little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
	}
	for name, b := range map[string]string{
		"UTF-8": text, "little-endian": "\xff\xfe" + string(little), "big-endian": "\xfe\xff" + string(big), "little-endian, no mark": string(little), "big-endian, no mark": string(big),
	} {
		file := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(file, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Walk(context.Background(), []string{file}, nil, Limits{}, func(f *File, r io.Reader) error {
			got, err := io.ReadAll(r)
			if string(got) != text || f.Kind != Syslog {
				t.Errorf("%s: kind %s, %d bytes, want %d", name, f.Kind, len(got), len(text))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
