package logwatch

import (
	"cmp"
	"slices"
	"time"
)

// Sign is one thing that was found wrong.
type Sign struct {
	Key  string    // the same for the same thing each time
	Text string    // one line for people
	Last time.Time // when it last showed, as the nodes' clocks say
	Over bool      // later lines show that it works again
}

// Change is an incident that begins or ends.
type Change struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"` // "begins" or "ends"
	Key   string    `json:"incident"`
	Text  string    `json:"text"`
	Since time.Time `json:"since,omitzero"` // of one that ends: when it began
}

// Incidents turns what is found again and again into beginnings and ends. Quiet must be set; it is for one goroutine.
type Incidents struct {
	// Quiet is how long nothing new must show for an incident to be over though nothing says so.
	Quiet time.Duration

	going map[string]*incident
	last  map[string]time.Time // of every sign that was ever seen
}

type incident struct {
	began, seen time.Time // as the clock here says
	text        string
}

// Update takes what was found just now. Only signs that are new, or show again, count: an old line that is still looked at keeps
// no incident going.
func (i *Incidents) Update(now time.Time, found []Sign) []Change {
	if i.going == nil {
		i.going, i.last = map[string]*incident{}, map[string]time.Time{}
	}
	var out []Change
	end := func(key string) {
		if g := i.going[key]; g != nil {
			out = append(out, Change{Time: now, Event: "ends", Key: key, Text: g.text, Since: g.began})
			delete(i.going, key)
		}
	}
	for _, s := range found {
		before, known := i.last[s.Key]
		i.last[s.Key] = s.Last
		switch g := i.going[s.Key]; {
		case s.Over:
			end(s.Key)
		case known && before.Equal(s.Last):
		case g == nil:
			i.going[s.Key] = &incident{now, now, s.Text}
			out = append(out, Change{Time: now, Event: "begins", Key: s.Key, Text: s.Text})
		default:
			g.seen = now
		}
	}
	for key, g := range i.going {
		if now.Sub(g.seen) >= i.Quiet {
			end(key)
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Or(cmp.Compare(b.Event, a.Event), cmp.Compare(a.Key, b.Key)) })
	return out
}
