package progress

import (
	"strings"
	"testing"
	"time"

	"cbdoctor/collect"
)

var began = time.Date(2026, time.March, 31, 8, 0, 0, 0, time.UTC)

// events of one node, of which one file fails.
var events = []collect.Event{
	{Time: began, Node: "n:22", Kind: collect.Connecting, Text: "connecting"},
	{Time: began, Node: "n:22", Kind: collect.Chosen, Total: 2048, Text: "2 files, 2.0 KiB"},
	{Time: began, Node: "n:22", Kind: collect.Progress, File: "log", Bytes: 512, Total: 1024},
	{Time: began.Add(time.Second), Node: "n:22", Kind: collect.Progress, File: "log", Bytes: 600, Total: 1024},
	{Time: began.Add(6 * time.Second), Node: "n:22", Kind: collect.Progress, File: "log", Bytes: 700, Total: 1024},
	{Time: began.Add(7 * time.Second), Node: "n:22", Kind: collect.FileFailed, File: "audit", Text: "could not fetch audit: permission denied"},
	{Time: began.Add(8 * time.Second), Node: "n:22", Kind: collect.Done, Text: "done"},
}

// Each kind of progress says of the same events what its reader needs.
func TestKinds(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"plain": "n:22: connecting\nn:22: 2 files, 2.0 KiB\nn:22: log: 700 B of 1.0 KiB\nn:22: could not fetch audit: permission denied\nn:22: done\n",
		"none":  "n:22: could not fetch audit: permission denied\n",
		"json": `{"time":"2026-03-31T08:00:00Z","node":"n:22","event":"connecting","text":"connecting"}
{"time":"2026-03-31T08:00:00Z","node":"n:22","event":"chosen","total":2048,"text":"2 files, 2.0 KiB"}
{"time":"2026-03-31T08:00:00Z","node":"n:22","event":"progress","file":"log","bytes":512,"total":1024}
{"time":"2026-03-31T08:00:01Z","node":"n:22","event":"progress","file":"log","bytes":600,"total":1024}
{"time":"2026-03-31T08:00:06Z","node":"n:22","event":"progress","file":"log","bytes":700,"total":1024}
{"time":"2026-03-31T08:00:07Z","node":"n:22","event":"file-failed","file":"audit","text":"could not fetch audit: permission denied"}
{"time":"2026-03-31T08:00:08Z","node":"n:22","event":"done","text":"done"}
`,
	} {
		var out strings.Builder
		r := New(kind, &out)
		for _, e := range events {
			r.Event(e)
		}
		r.Close()
		if out.String() != want {
			t.Errorf("%s:\n%s\nwant\n%s", kind, &out, want)
		}
	}
}

// While somebody is asked nothing is written; what came meanwhile comes then, in its order.
func TestAside(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"plain", "bar"} {
		var out strings.Builder
		r := New(kind, &out)
		r.Event(events[0])
		resume := r.Aside()
		before := out.String()
		for _, e := range events[1:] {
			r.Event(e)
		}
		if out.String() != before {
			t.Errorf("%s: %q was written while somebody was asked", kind, strings.TrimPrefix(out.String(), before))
		}
		resume()
		r.Close()
		if after := strings.TrimPrefix(out.String(), before); !strings.HasPrefix(strings.ReplaceAll(after, "n:22: 2 files, 2.0 KiB\nn:22: log: 700 B of 1.0 KiB\n", ""), "n:22: could not fetch audit: permission denied\n") {
			t.Errorf("%s: then came %q", kind, after)
		}
	}
}

// What stands behind a bar is what can be known.
func TestFigures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bar         *bar
		here, total int64
		after       time.Duration
		want        string
	}{
		"nothing is to be fetched yet": {&bar{word: "connecting"}, 0, 0, 0, ""},
		"nothing has come":             {&bar{began: began}, 0, 1 << 20, time.Second, "0 B of 1.0 MiB, 0 B/s"},
		"half of it has come":          {&bar{began: began}, 1 << 20, 2 << 20, 4 * time.Second, "1.0 MiB of 2.0 MiB, 256.0 KiB/s, 4s left"},
		"it takes for ever":            {&bar{began: began}, 1, 1 << 40, time.Hour, "1 B of 1.0 TiB, 0 B/s"},
		"it is over":                   {&bar{began: began, ended: began.Add(2 * time.Second)}, 2 << 20, 2 << 20, time.Hour, "2.0 MiB of 2.0 MiB, 1.0 MiB/s, done"},
	} {
		if got := c.bar.figures(c.here, c.total, began.Add(c.after)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
