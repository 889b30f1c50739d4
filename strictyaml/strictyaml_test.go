package strictyaml_test

import (
	"strings"
	"testing"

	"cbdoctor/strictyaml"
)

type sample struct {
	Name string   `yaml:"name"`
	List []string `yaml:"list"`
}

func TestDecodeShowsThePlaceOfAnUnknownKey(t *testing.T) {
	var s sample
	err := strictyaml.Decode([]byte("name: a\nlost: b\n"), &s)
	if err == nil || !strings.Contains(err.Error(), `unknown field "lost"`) || !strings.Contains(err.Error(), "2 |") {
		t.Fatalf("Decode() = %v, want an error that shows line 2", err)
	}
}

// texts that made the library panic, found by fuzzing.
var panics = []string{
	"list:\n !0 #00000000000000000000000000000\n0000000000\n  #000000000000000000000000",
}

func TestDecodeTurnsPanicsIntoErrors(t *testing.T) {
	for _, text := range panics {
		var s sample
		if err := strictyaml.Decode([]byte(text), &s); err == nil {
			t.Errorf("Decode(%q) = nil, want an error", text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range append(panics, "name: a\nlist: [b, c]\n", "list: &a [*a]\n", "? name\n: !!str 1\n") {
		f.Add([]byte(text))
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		var s sample
		_ = strictyaml.Decode(text, &s)
		_, _ = strictyaml.JSON(text)
	})
}
