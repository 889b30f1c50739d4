package collect

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// EventKind says what an event is about.
type EventKind string

// The kinds of events.
const (
	Connecting EventKind = "connecting"
	CommandRun EventKind = "command"  // Text is the command
	Chosen     EventKind = "chosen"   // Total bytes of all Files that will be fetched
	Progress   EventKind = "progress" // Bytes of Total of File are here
	FileDone   EventKind = "file"     // File is whole
	FileFailed EventKind = "file-failed"
	Retry      EventKind = "retry"
	Capturing  EventKind = "capture" // a remote capture begins or ends
	Done       EventKind = "done"    // of the node
	NodeFailed EventKind = "failed"
)

// Event is one step of a collection. Text is for people and has no control characters.
type Event struct {
	Time  time.Time `json:"time"`
	Node  string    `json:"node"` // as it is reached
	Kind  EventKind `json:"event"`
	File  string    `json:"file,omitempty"` // on the node
	Bytes int64     `json:"bytes,omitempty"`
	Total int64     `json:"total,omitempty"`
	Files int       `json:"files,omitempty"` // of Chosen
	Text  string    `json:"text,omitempty"`
}

// progressEvery bounds how often the progress of one file is told.
const progressEvery = 100 * time.Millisecond

// teller passes events on, one at a time.
type teller struct {
	mu sync.Mutex
	to func(Event)
}

func (t *teller) tell(e Event) {
	if t.to == nil {
		return
	}
	e.Time, e.File, e.Text = time.Now().UTC(), printable(e.File), printable(strings.ReplaceAll(e.Text, "\n", "; "))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.to(e)
}

func (v *visit) tell(kind EventKind, format string, args ...any) {
	v.teller.tell(Event{Node: v.reached, Kind: kind, Text: fmt.Sprintf(format, args...)})
}
