// Package progress shows the events of a collection: as bars on a terminal, as plain lines elsewhere, or as one JSON object a
// line for machines. Start at New.
package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"cbdoctor/collect"
)

// Reporter shows events. Event is called by one goroutine at a time; after Close nothing is written any more. Between Aside and the
// call of what it returns nothing is written either, so that somebody can be asked; what came meanwhile is written then.
type Reporter interface {
	Event(collect.Event)
	Aside() (resume func())
	Close()
}

// Kinds are the ways to show progress.
var Kinds = []string{"bar", "plain", "json", "none"}

// New returns the reporter of a kind.
func New(kind string, w io.Writer) Reporter {
	switch kind {
	case "bar":
		return newBars(w)
	case "json":
		return &lines{&screen{out: w}, jsonLine}
	case "none":
		return &lines{&screen{out: w}, failures}
	}
	return &lines{&screen{out: w}, newPlain().line}
}

// lines writes what format makes of each event.
type lines struct {
	*screen
	format func(collect.Event) string
}

// Event implements Reporter.
func (l *lines) Event(e collect.Event) {
	if s := l.format(e); s != "" {
		l.say(s)
	}
}

// Close implements Reporter.
func (l *lines) Close() {}

func jsonLine(e collect.Event) string {
	b, err := json.Marshal(e)
	if err != nil {
		return ""
	}
	return string(b)
}

// failures says only what went wrong.
func failures(e collect.Event) string {
	if e.Kind == collect.NodeFailed || e.Kind == collect.FileFailed {
		return e.Node + ": " + e.Text
	}
	return ""
}

// plainEvery bounds how often the progress of a long download gets a line.
const plainEvery = 5 * time.Second

// plain says each step, and of long downloads now and then how far they are.
type plain struct{ last map[string]time.Time }

func newPlain() *plain { return &plain{last: map[string]time.Time{}} }

func (p *plain) line(e collect.Event) string {
	if e.Kind != collect.Progress {
		return e.Node + ": " + e.Text
	}
	key := e.Node + "/" + e.File
	first, known := p.last[key]
	if !known {
		p.last[key] = e.Time
		return ""
	}
	if e.Time.Sub(first) < plainEvery {
		return ""
	}
	p.last[key] = e.Time
	return fmt.Sprintf("%s: %s: %s of %s", e.Node, e.File, collect.Size(e.Bytes), collect.Size(e.Total))
}
