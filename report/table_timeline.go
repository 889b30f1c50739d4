package report

import (
	"fmt"
	"strings"

	"cbdoctor/fact"
	"cbdoctor/lang"
)

// shownEvents is how many entries of the timeline the short form has.
const shownEvents = 12

func (t *terminal) timeline(r *Report) {
	if len(r.Timeline) == 0 {
		return
	}
	t.heading(t.lang.T("Timeline (UTC)"))
	events := r.Timeline
	if len(events) > shownEvents && !t.opt.Full {
		events = nearFindings(events)
	}
	for _, e := range events {
		text := e.said(t.lang)
		if e.Count > 1 {
			text = t.lang.T("%s (%d times, until %s)", text, e.Count, clock(e.Last))
		}
		lead := fmt.Sprintf("  %-19s  %-15s %-4s ", clock(e.Time), cut(clean(e.Node), 15), e.Finding)
		if t.opt.Full {
			t.para(lead, text)
		} else {
			t.line("%s%s", lead, cut(clean(text), max(t.width-len(lead), 30)))
		}
	}
	if n := len(r.Timeline) - len(events); n > 0 {
		t.line("  %s", t.paint(pale, t.lang.Plural(n, "... and 1 further entry: --full", "... and %d further entries: --full")))
	}
}

// nearFindings keeps the entries that belong to findings, and the first others until the short form is full.
func nearFindings(events []Event) []Event {
	keep, room := make([]bool, len(events)), shownEvents
	for pass := range 2 {
		for i, e := range events {
			if !keep[i] && room > 0 && (pass == 1 || e.Finding != "") {
				keep[i] = true
				room--
			}
		}
	}
	var out []Event
	for i, e := range events {
		if keep[i] {
			out = append(out, e)
		}
	}
	return out
}

// coverage is one line that says what was not seen, and details where something is wrong with the material.
func (t *terminal) coverage(r *Report) {
	t.line("")
	t.para(t.lang.T("Not seen: "), r.unseen(t.lang))
	for _, in := range r.Inputs {
		if in.Problem != "" {
			t.para("  ", clean(in.Path)+": "+t.lang.Say(in.Problem))
		}
		switch in.Place {
		case fact.PlaceOpen:
			t.para("  ", clean(in.Path)+": "+t.lang.T("nothing tells which node it is of"))
		case fact.PlaceForeign:
			t.para("  ", clean(in.Path)+": "+t.lang.T("it is of %s, which nothing connects to the cluster", clean(in.Node)))
		}
	}
}

// unseen says what the report can't know, in a line.
func (r *Report) unseen(l lang.Lang) string {
	c := r.Coverage
	missing := l.T("every rule had its input")
	if n := len(c.RulesNotEvaluated); n > 0 {
		missing = l.Plural(n, "1 rule without input", "%d rules without input")
	}
	return l.T("%d of %d log lines not understood", c.Lines.Seen-c.Lines.Recognised, c.Lines.Seen) + ", " + missing + ", " +
		l.Plural(len(c.Gaps), "1 gap in the logs", "%d gaps in the logs")
}

// said is the entry's text in the language; a message of PostgreSQL is quoted.
func (e *Event) said(l lang.Lang) string {
	if e.Kind == "postgres" && !strings.HasPrefix(e.Text, "SQL error (head of the message missing)") {
		return e.Text
	}
	return l.Say(e.Text)
}
