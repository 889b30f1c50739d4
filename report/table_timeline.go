package report

import (
	"fmt"
)

// shownEvents is how many entries of the timeline the short form has.
const shownEvents = 12

func (t *terminal) timeline(r *Report) {
	if len(r.Timeline) == 0 {
		return
	}
	t.heading("Timeline (UTC)")
	events := r.Timeline
	if len(events) > shownEvents && !t.opt.Full {
		events = nearFindings(events)
	}
	for _, e := range events {
		text := e.Text
		if e.Count > 1 {
			text = fmt.Sprintf("%s (%d times, until %s)", text, e.Count, clock(e.Last))
		}
		lead := fmt.Sprintf("  %-19s  %-15s %-4s ", clock(e.Time), cut(clean(e.Node), 15), e.Finding)
		if t.opt.Full {
			t.para(lead, text)
		} else {
			t.line("%s%s", lead, cut(clean(text), max(t.width-len(lead), 30)))
		}
	}
	if n := len(r.Timeline) - len(events); n > 0 {
		t.line("  %s", t.paint(pale, fmt.Sprintf("... and %s: --full", plural(n, "further entry", "further entries"))))
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
	c := r.Coverage
	missing := "every rule had its input"
	if n := len(c.RulesNotEvaluated); n > 0 {
		missing = plural(n, "rule", "rules") + " without input"
	}
	t.line("\nNot seen: %d of %d log lines not understood, %s, %s in the logs", c.Lines.Seen-c.Lines.Recognised, c.Lines.Seen, missing, plural(len(c.Gaps), "gap", "gaps"))
	for _, in := range r.Inputs {
		if in.Problem != "" {
			t.para("  ", clean(in.Path)+": "+in.Problem)
		}
	}
}
