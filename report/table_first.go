package report

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"

	"cbdoctor/finding"
)

// firstScreen is the height of the smallest terminal in use. What is on it is all that a tired engineer reads at first: how
// bad, the root causes, since when, and the next step.
const firstScreen = 24

// first writes the first screen. The causes are told as fully as there is room beside the next step, the first ones most
// fully: whole, without their summaries, or in a line; --full tells all of them whole.
func (t *terminal) first(r *Report) {
	head, next := t.lines(func(t *terminal) { t.verdict(r) }), t.lines(func(t *terminal) { t.next(r) })
	room := max(firstScreen-1-len(head)-len(next), 4) // a line is for the prompt below
	t.print(head)
	var told []telling
	left := 0
	for i := range r.Findings {
		switch f := &r.Findings[i]; {
		case f.Role == finding.Symptom:
		case len(told) == room-1 && !t.opt.Full: // not even in a line each, with an empty one before them
			left++
		default:
			told = append(told, t.tell(r, f))
		}
	}
	if left > 0 {
		told, left = told[:room-2], left+1
		room--
	}
	t.told = t.opt.Full || fit(told, room) && left == 0
	for i, x := range told {
		form := x.forms[x.form]
		if x.form == single && (i == 0 || told[i-1].form != single) {
			t.line("")
		}
		t.print(form)
	}
	t.more(left)
	t.print(next)
}

// The forms in which a cause is told.
const (
	whole = iota
	brief
	single
)

// telling is a cause in each form, and the form that was chosen.
type telling struct {
	forms [3][]string
	form  int
}

func (t *terminal) tell(r *Report, f *finding.Finding) telling {
	var x telling
	x.forms[brief] = t.lines(func(t *terminal) {
		t.line("")
		t.para(fmt.Sprintf("%-4s", f.Ref), f.Title)
		t.facts(f)
	})
	x.forms[whole] = append(x.forms[brief][:len(x.forms[brief]):len(x.forms[brief])], t.lines(func(t *terminal) {
		t.para("    ", f.Summary)
		if names := explained(r, f.Ref); names != "" {
			t.para("    "+t.lang.T("explains: "), names)
		}
	})...)
	x.forms[single] = t.lines(func(t *terminal) {
		severity := runewidth.FillRight(t.lang.T(clean(string(f.Severity))), 8)
		t.line("%-4s%s  %s", f.Ref, t.paint(colors[f.Severity], severity), cut(clean(f.Title), t.width-runewidth.StringWidth(severity)-6))
	})
	return x
}

// fit shortens what is told, from the last to the first, until it has room, and reports whether all could stay whole.
func fit(told []telling, room int) bool {
	need := 1 // a line between causes with and without their details
	for _, x := range told {
		need += len(x.forms[whole])
	}
	if need-1 <= room {
		return true
	}
	for form := brief; form <= single; form++ {
		for i := len(told) - 1; i >= 0 && need > room; i-- {
			need += len(told[i].forms[form]) - len(told[i].forms[told[i].form])
			told[i].form = form
		}
	}
	return false
}

// lines writes to memory.
func (t *terminal) lines(write func(*terminal)) []string {
	var b bytes.Buffer
	aside := *t
	aside.w = bufio.NewWriter(&b)
	write(&aside)
	_ = aside.w.Flush()
	if b.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func (t *terminal) print(lines []string) {
	for _, l := range lines {
		t.line("%s", l)
	}
}

// verdict says how bad it is and since when, in one line where that fits.
func (t *terminal) verdict(r *Report) {
	label, rest := r.verdict(t.lang)
	color := colors[finding.Severity(r.Summary.Worst)]
	if label == "OK" {
		color = good
	}
	lead := t.paint(color, label) + "  "
	if first, last := r.since(); first != "" {
		rest += t.lang.T("; going on since %s UTC, last seen %s", first, last)
	}
	for i, l := range wrap(rest, t.width-runewidth.StringWidth(label)-2) {
		if i > 0 {
			lead = strings.Repeat(" ", runewidth.StringWidth(label)+2)
		}
		t.line("%s%s", lead, l)
	}
}

// next is the first step of the plan, for those who read no further.
func (t *terminal) next(r *Report) {
	if len(r.Plan) == 0 {
		return
	}
	s := r.Plan[0]
	t.line("")
	t.para(t.lang.T("Next: "), fmt.Sprintf("[%s] %s", s.Where, s.Text))
	if !strings.Contains(s.Command, "\n") {
		t.code(s.Command)
	}
}
