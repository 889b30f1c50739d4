package points

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cbdoctor/capture"
)

// describe puts a path into words that a firewall team understands: where, which way, what.
func (p *Path) describe() string {
	between := fmt.Sprintf("Between %s (nearer to the client) and %s", p.Near.File, p.Far.File)
	if !p.Ordered {
		between = fmt.Sprintf("Between %s and %s (which of them is nearer to the client is not known)", p.Near.File, p.Far.File)
	}
	parts := []string{between + ": " + p.ToServer.Text + "; " + p.ToClient.Text + "."}
	for _, s := range append([]string{p.Conclusion, p.Translated(), p.Clocks()}, p.Doubt()...) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// Translated says how addresses are translated between the points, "" when they are not.
func (p *Path) Translated() string {
	if p.Near.Client == p.Far.Client && p.Near.Server == p.Far.Server {
		return ""
	}
	return fmt.Sprintf("Addresses are translated: %s to %s at the one point is %s to %s at the other.", p.Near.Client, p.Near.Server, p.Far.Client, p.Far.Server)
}

// Clocks says how far the clocks of the points are apart, "" when nothing tells.
func (p *Path) Clocks() string {
	if p.Clock == nil {
		return ""
	}
	d, within := p.Clock.Offset, rounded(p.Clock.Within)
	switch {
	case d.Abs() <= p.Clock.Within:
		return fmt.Sprintf("The clocks of the two captures agree (within %s).", within)
	case d < 0:
		return fmt.Sprintf("The clock of %s is %s behind that of %s (within %s).", p.Far.File, rounded(-d), p.Near.File, within)
	}
	return fmt.Sprintf("The clock of %s is %s ahead of that of %s (within %s).", p.Far.File, rounded(d), p.Near.File, within)
}

// Doubt says of how many packets nothing is known, in sentences.
func (p *Path) Doubt() (parts []string) {
	if n := p.ToServer.Unknown + p.ToClient.Unknown; n > 0 {
		parts = append(parts, fmt.Sprintf("Of %s nothing can be said: as far as its own packets show, the other capture did not run at that time.", count(n, "packet")))
	}
	if n := p.ToServer.Missed + p.ToClient.Missed; n > 0 {
		parts = append(parts, fmt.Sprintf("One of the captures lacks %s that did arrive: it is not complete.", count(n, "packet")))
	}
	return parts
}

// describe says what became of the packets of one direction. Who is "10.0.0.1 to 10.0.0.2:5432".
func (d *Direction) describe(who, sender string) string {
	lost := 0
	for _, l := range d.Vanished {
		lost += l.Count
	}
	var parts []string
	switch {
	case lost > 0 && d.Arrived == 0:
		parts = append(parts, fmt.Sprintf("all %s from %s vanish (%s)", count(lost, "packet"), who, losses(d.Vanished)))
	case lost > 0:
		parts = append(parts, fmt.Sprintf("%d of %s from %s vanish (%s)", lost, count(lost+d.Arrived, "packet"), who, losses(d.Vanished)))
		if size := smallest(d.Vanished); size > d.Largest && d.Largest > 0 {
			parts = append(parts, fmt.Sprintf("data of up to %d bytes passes, of %d bytes and more does not", d.Largest, size))
		}
	case d.Arrived > 0:
		parts = append(parts, fmt.Sprintf("all %s from %s pass", count(d.Arrived, "packet"), who))
	default:
		parts = append(parts, fmt.Sprintf("no packet from %s is sent", who))
	}
	if len(d.Injected) > 0 {
		parts = append(parts, fmt.Sprintf("packets come out in the name of %s that it never sent (%s)", sender, losses(d.Injected)))
	}
	if d.Others > 0 && lost > 0 {
		parts = append(parts, fmt.Sprintf("%s of the same hosts on other ports pass", count(d.Others, "packet")))
	}
	return strings.Join(parts, "; ")
}

// smallest is the payload of the smallest data that vanished.
func smallest(list []Loss) int32 {
	for _, l := range list {
		if l.Kind == "data" {
			return l.Size
		}
	}
	return 0
}

func losses(list []Loss) string {
	var out []string
	for _, l := range list {
		kind := l.Kind
		if kind == "data" {
			kind = "with data"
		}
		out = append(out, fmt.Sprintf("%d %s: %s of %s", l.Count, kind, frames(l), l.File))
	}
	return strings.Join(out, ", ")
}

func frames(l Loss) string {
	const shown = 5
	word := "frame"
	if l.Count > 1 {
		word = "frames"
	}
	var numbers []string
	for _, f := range l.Frames[:min(len(l.Frames), shown)] {
		numbers = append(numbers, strconv.FormatInt(f, 10))
	}
	text := word + " " + strings.Join(numbers, ", ")
	if l.Count > shown {
		text += " ..."
	}
	return text
}

// conclusions are what the proved verdicts mean for the stretch between the points.
var conclusions = map[capture.Verdict]string{
	capture.SYNDropped:         "A device between the two points drops new connections towards the server.",
	capture.SYNACKLost:         "The server answers, and a device between the two points drops the way back to the client.",
	capture.RefusedByMiddlebox: "A device between the two points refuses the connection, not the server.",
	capture.ResetInjected:      "A device between the two points resets the connection, not its ends.",
	capture.MTUBlackhole:       "A device between the two points drops large packets without saying so.",
	capture.BlackholeAfterTCP:  "A device between the two points lets the connection open and then drops its data.",
	capture.IdleDrop:           "A device between the two points forgot the connection while it rested.",
}

func (c *comparison) conclusion(p *Path) string {
	failed := slices.ContainsFunc(c.pairings, (*pairing).failed)
	if p.Verdict == "" && !p.proves() && failed {
		return "What fails here does not fail between these two points."
	}
	return conclusions[p.Verdict]
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func rounded(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
