package analyze

import (
	"fmt"
	"slices"
	"strings"

	"cbdoctor/fact"
)

// makeTimeline merges all that happened into one order. A thousand equal failures are one entry.
func (m *material) makeTimeline(s *fact.Set) {
	var list []fact.Event
	add := func(e fact.Event, span fact.Span) {
		e.Time, e.Last, e.Count = span.First, span.Last, span.Count
		if len(span.Sources) > 0 {
			e.Source = span.Sources[0]
		}
		if !e.Time.IsZero() {
			list = append(list, e)
		}
	}
	for _, c := range s.HealthChecks {
		add(fact.Event{Node: c.Client, Kind: "health-check", Pair: c.Client + ">" + c.Server, Text: fmt.Sprintf("health check of %s fails: %s", c.Server, c.Text)}, c.Span)
	}
	for _, x := range s.Messages {
		if x.Class == "disk-written" {
			continue // the daily work of a healthy server
		}
		text := x.Text
		if text == "" {
			text = "SQL error (head of the message missing) in " + x.Function
		}
		add(fact.Event{Node: x.Node, Kind: "postgres", Text: text}, x.Span)
	}
	for _, u := range s.Upgrades {
		text := "schema upgrade, last step: " + u.LastStep
		if u.Complete {
			text = "schema upgrade, complete"
		}
		add(fact.Event{Node: u.Node, Kind: "schema", Text: text}, u.Span)
	}
	for _, c := range s.Commands {
		if !matters(c.Command) {
			continue
		}
		list = append(list, fact.Event{Time: c.Time, Node: c.Node, Kind: "command", Text: fmt.Sprintf("%s typed %q", c.User, c.Command), Source: c.Source})
	}
	for _, l := range s.Links {
		if l.Bad > 0 {
			add(fact.Event{Node: l.Client, Kind: "session", Pair: l.Client + ">" + l.Server, Text: fmt.Sprintf("connections to %s:%d: %s", l.Server, l.Port, l.Verdict)}, l.Span)
		}
	}
	slices.SortStableFunc(list, func(a, b fact.Event) int {
		if c := a.Time.T.Compare(b.Time.T); c != 0 {
			return c
		}
		return strings.Compare(a.Node+a.Text, b.Node+b.Text)
	})
	s.Timeline = list
}

// matters: commands that can change the database cluster, its certificates or the node.
func matters(command string) bool {
	for _, word := range []string{"database", "pki", "reboot", "shutdown", "upgrade", "ipv4", "ipv6", "iface", "hostname", "factory_reset", "backup rollback", "ntp", "date", "timezone", "callbridge restart"} {
		if strings.HasPrefix(strings.TrimSpace(command), word) {
			return true
		}
	}
	return false
}
