package page

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Lane is one row of the timeline: what one source says of one node.
type Lane struct {
	Node  string
	Kind  string // "log", "session", "command"
	Marks []Mark
}

// Mark is something that happened at a time, or went on for one.
type Mark struct {
	From, To time.Time // To is From for a moment
	State    string    // "good", "bad", "warn" or "plain"
	Text     string
}

// The timeline's width and a lane's height in units of its view box. The width is stretched to that of the page, and zooming
// narrows the view box: the browser does the rest.
const (
	timeWidth  = 100_000
	laneHeight = 24
	drawnMarks = 2500 // of all lanes together; where there are more, close ones are drawn as one
)

type timeline struct {
	From, To time.Time
	Height   int
	Lanes    []drawnLane
	Ticks    []tick
}

type drawnLane struct {
	Lane
	Y     int // of its middle
	Top   int
	Even  bool
	First bool // of its node
	Drawn []drawnMark
}

type drawnMark struct {
	Path, State, Text string
}

type tick struct{ Percent, Label string }

// place puts the marks on the time line. Without any dated mark there is none.
func place(lanes []Lane) *timeline {
	t := &timeline{}
	for _, l := range lanes {
		for _, m := range l.Marks {
			if t.From.IsZero() || m.From.Before(t.From) {
				t.From = m.From
			}
			if m.To.After(t.To) {
				t.To = m.To
			}
		}
	}
	if t.From.IsZero() {
		return nil
	}
	// A little room at both ends, and a second at least.
	room := max(t.To.Sub(t.From)/50, 500*time.Millisecond)
	t.From, t.To = t.From.Add(-room), t.To.Add(room)
	t.Height = len(lanes) * laneHeight
	for i, l := range lanes {
		d := drawnLane{Lane: l, Top: i * laneHeight, Y: i*laneHeight + laneHeight/2, Even: i%2 == 0, First: i == 0 || lanes[i-1].Node != l.Node}
		for _, m := range merged(l.Marks, max(drawnMarks/len(lanes), 20), t.To.Sub(t.From)) {
			d.Drawn = append(d.Drawn, t.mark(m, l.Kind, d.Y))
		}
		t.Lanes = append(t.Lanes, d)
	}
	const ticks = 6
	for i := range ticks {
		at := t.From.Add(t.To.Sub(t.From) * time.Duration(2*i+1) / (2 * ticks))
		layout := "15:04:05"
		if t.To.Sub(t.From) > 36*time.Hour {
			layout = "01-02 15:04"
		}
		t.Ticks = append(t.Ticks, tick{fmt.Sprintf("%.2f%%", 100*float64(2*i+1)/(2*ticks)), at.Format(layout)})
	}
	return t
}

// mark draws one: a command as an upright stroke, all else as a stroke along the time whose ends tell good from bad.
func (t *timeline) mark(m Mark, kind string, y int) drawnMark {
	x := func(at time.Time) string {
		return fmt.Sprintf("%.1f", timeWidth*float64(at.Sub(t.From))/float64(t.To.Sub(t.From)))
	}
	path := fmt.Sprintf("M%s %dH%s", x(m.From), y, x(m.To))
	if kind == "command" {
		path = fmt.Sprintf("M%s %dV%d", x(m.From), y-8, y+8)
	}
	when := m.From.UTC().Format("2006-01-02 15:04:05")
	if m.To.After(m.From.Add(time.Second)) {
		when += " – " + m.To.UTC().Format("15:04:05")
	}
	return drawnMark{Path: path, State: m.State, Text: when + "  " + m.Text}
}

// merged joins marks of one state that are too close to be told apart, where a lane has more than can be drawn. The marks of a
// state then stand a part of the whole time apart, and there are no more of them than asked for.
func merged(marks []Mark, limit int, whole time.Duration) []Mark {
	if len(marks) <= limit {
		return marks
	}
	near := whole / time.Duration(limit)
	sorted := slices.SortedStableFunc(slices.Values(marks), func(a, b Mark) int {
		return cmp.Or(cmp.Compare(a.State, b.State), a.From.Compare(b.From))
	})
	out, joined := sorted[:1:1], 1
	name := func() {
		if joined > 1 {
			out[len(out)-1].Text = fmt.Sprintf("%d × %s", joined, out[len(out)-1].Text)
		}
		joined = 1
	}
	for _, m := range sorted[1:] {
		last := &out[len(out)-1]
		if m.State == last.State && m.From.Sub(last.To) < near {
			joined++
			if m.To.After(last.To) {
				last.To = m.To
			}
			continue
		}
		name()
		out = append(out, m)
	}
	name()
	return out
}
