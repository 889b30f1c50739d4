package analyze_test

import (
	"strings"
	"testing"

	"cbdoctor/fact"
)

// What a file holds is counted, and what stays open of where it belongs is said.
func TestCoverageOfFiles(t *testing.T) {
	t.Parallel()
	set := run(t, map[string]string{
		"cms03/status.txt":  newWords,
		"cms03/log":         "Mar  5 16:50:25 user.info cms03 host:server: INFO : nothing\nMar  5 16:50:26 user.info cms03 sfpool: Health check 10.48.36.61: error (up = 1): timeout expired|\nsomething else\n",
		"edge/log":          "Mar  5 16:50:25 user.info edge1 turn: allocation\n",
		"edge/ipv4.txt":     "edge1> ipv4 a\nIPv4 configuration:\n    address         192.0.2.7\n",
		"somewhere/log.txt": "Mar  5 16:50:25 user.info cmsx host:server: INFO : nothing\n",
	})
	want := map[string]struct {
		place                     string
		seen, recognised, ignored int64
	}{
		"cms03/log":         {"", 3, 2, 1},
		"cms03/status.txt":  {"", 14, 14, 0},
		"edge/log":          {fact.PlaceForeign, 1, 1, 1},
		"edge/ipv4.txt":     {fact.PlaceForeign, 3, 3, 0},
		"somewhere/log.txt": {fact.PlaceOpen, 1, 1, 1},
	}
	for _, in := range set.Inputs {
		for name, w := range want {
			if !strings.HasSuffix(in.Path, name) {
				continue
			}
			delete(want, name)
			if in.Place != w.place || in.Lines == nil || in.Lines.Seen != w.seen || in.Lines.Recognised != w.recognised || in.Lines.Ignored != w.ignored {
				t.Errorf("%s: place %q, lines %+v, want %+v", name, in.Place, in.Lines, w)
			}
			if name == "cms03/log" && (in.Lines.Unknown == nil || in.Lines.Unknown.Line != 3 || in.Lines.Unknown.Text != "something else") {
				t.Errorf("first unknown line %+v", in.Lines.Unknown)
			}
		}
	}
	for name := range want {
		t.Errorf("%s is not among the inputs", name)
	}
}
