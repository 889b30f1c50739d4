package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"

	"cbdoctor/capture"
	"cbdoctor/capture/points"
	"cbdoctor/lang"
)

// WriteCapture prints what one capture says: its pairs, then its sessions.
func WriteCapture(w io.Writer, r *capture.Result, opt WriteOptions) error {
	t := newTerminal(w, opt)
	t.line("%s: %s, %s, %s", t.paint("1", clean(r.File)), r.Format, strings.Join(r.LinkTypes, ", "),
		t.lang.T("%d packets, %d of the database port, %s to %s", r.Packets, r.PortPackets, r.First, r.Last))
	if r.Problem != "" {
		t.para("  "+t.lang.T("problem: "), t.lang.Say(r.Problem))
	}
	if r.LeftOut != "" {
		t.para("  "+t.lang.T("left out: "), r.LeftOut)
	}
	t.notes(r.Notes)
	if len(r.Pairs) == 0 {
		t.line("  %s", t.lang.T("no connection to the database port: is it the right interface and node, and is the port right?"))
		return t.w.Flush()
	}
	rows := [][]string{}
	for _, p := range r.Pairs {
		verdict := string(p.Verdict)
		if p.Intermittent {
			verdict += ", " + t.lang.T("intermittent")
		}
		rows = append(rows, []string{p.Client, p.Server + ":" + strconv.Itoa(int(p.Port)), verdict, t.lang.T(string(p.Confidence)), counts(p, t.lang)})
	}
	t.line("")
	t.grid([]string{t.lang.T("client"), t.lang.T("server"), t.lang.T("verdict"), t.lang.T("sure"), t.lang.T("sessions")}, rows, 0)
	rows = [][]string{}
	for _, s := range r.Sessions {
		text := t.lang.Say(s.Reason)
		if len(s.Observations) > 0 {
			text += " [" + strings.Join(s.Observations, ", ") + "]"
		}
		rows = append(rows, []string{strconv.Itoa(s.Session), s.Client, s.First.String(), string(s.Verdict), t.lang.T(string(s.Confidence)), text})
	}
	t.line("")
	t.grid([]string{"#", t.lang.T("client"), t.lang.T("start (UTC)"), t.lang.T("verdict"), t.lang.T("sure"), t.lang.T("why")}, rows, max(t.width-82, 38))
	return t.w.Flush()
}

// shownNotes is how many of each kind of a file's own notes the table shows.
const shownNotes = 5

// notes prints what a capture says about itself, as far as it helps to judge it.
func (t *terminal) notes(n *capture.Notes) {
	if n == nil {
		return
	}
	for _, i := range n.Interfaces[:min(len(n.Interfaces), shownNotes)] {
		text := strings.TrimSpace(i.Name + " " + i.Description)
		if i.Filter != "" {
			text += ", " + t.lang.T("capture filter: %s", i.Filter)
		}
		t.para("  "+t.lang.T("interface: "), text)
	}
	if n.Dropped > 0 {
		t.line("  %s", t.lang.T("the capturing host says that it lost %d packets", n.Dropped))
	}
	for _, name := range n.Names[:min(len(n.Names), shownNotes)] {
		t.para("  "+name.Address+": ", strings.Join(name.Names, ", "))
	}
	for _, c := range n.Comments[:min(len(n.Comments), shownNotes)] {
		lead := t.lang.T("comment: ")
		if c.Frame > 0 {
			lead = t.lang.T("comment on frame %d: ", c.Frame)
		}
		t.para("  "+lead, c.Text)
	}
}

// WriteLive prints the verdict of one session as it becomes known.
func WriteLive(w io.Writer, s *capture.Session, opt WriteOptions) {
	t := newTerminal(w, opt)
	color := good
	if !s.Verdict.Good() {
		color = bad
	}
	t.line("%s  %s > %s  %s (%s)", s.Last.T.Format("15:04:05.000"), s.Client, s.Server, t.paint(color, string(s.Verdict)), t.lang.T(string(s.Confidence)))
	t.para("              ", t.lang.Say(s.Reason))
	_ = t.w.Flush()
}

// WritePaths prints what several captures together say of the ways between their points.
func WritePaths(w io.Writer, paths []points.Path, opt WriteOptions) error {
	t := newTerminal(w, opt)
	t.paths(paths)
	return t.w.Flush()
}

// sentence makes a sentence of words about a path.
func (t *terminal) sentence(words string) string {
	if t.lang == lang.Japanese {
		return t.lang.Say(words) + "。"
	}
	return strings.ToUpper(words[:1]) + words[1:] + "."
}

func (t *terminal) paths(paths []points.Path) {
	if len(paths) == 0 {
		return
	}
	t.heading(t.lang.T("Captures compared"))
	for _, p := range paths {
		arrow := t.paint(good, "---->")
		if p.Verdict != "" {
			arrow = t.paint(bad, "--X->")
		}
		t.line("  %s %s ----> (A) %s (B) ----> %s %s:%d", t.lang.T("client"), clean(p.Client), arrow, t.lang.T("server"), clean(p.Far.Server), p.Port)
		t.para("  (A) ", p.Near.File)
		t.para("  (B) ", p.Far.File)
		if !p.Ordered {
			t.para("      ", t.lang.T("Which of the two points is nearer to the client is not known."))
		}
		for _, s := range []string{p.ToServer.Text, p.ToClient.Text} {
			if s != "" {
				t.para("      ", t.sentence(s))
			}
		}
		for _, s := range append([]string{p.Translated(), p.Clocks()}, p.Doubt()...) {
			if s != "" {
				t.para("      ", t.lang.Say(s))
			}
		}
		if p.LeftOut > 0 {
			t.para("      ", t.lang.T("left out: %d bad sessions between the first and the last ones", p.LeftOut))
		}
		if p.Conclusion != "" {
			t.para("   => ", t.lang.Say(p.Conclusion))
		}
	}
}

// WriteLadder prints the packets of one session in order, as Wireshark numbers and names them, with the evidence and the silence that matters marked.
func WriteLadder(w io.Writer, s *capture.Session, steps []capture.Step, opt WriteOptions) error {
	t := newTerminal(w, opt)
	t.line("%s: %s (%s)", t.lang.T("session %d: %s to %s", s.Session, s.Client, s.Server), t.paint("1", string(s.Verdict)), t.lang.T(string(s.Confidence)))
	t.para("  ", t.lang.Say(s.Reason))
	t.line("  %s%s", t.lang.T("begins: "), s.First)
	t.line("  %s%s\n", t.lang.T("filter: "), clean(s.Filter))
	t.line("%s    %s %s   %s %s %s %s", runewidth.FillLeft(t.lang.T("frame"), 7), runewidth.FillRight(t.lang.T("time (UTC)"), 15), runewidth.FillLeft(t.lang.T("after"), 11),
		runewidth.FillRight(t.lang.T("flags"), 5), runewidth.FillLeft(t.lang.T("length"), 6), runewidth.FillRight(t.lang.T("protocol"), 8), t.lang.T("what"))
	for i, p := range steps {
		if p.Gap != "" {
			t.silence(p.Gap, p.GapMatters)
		}
		arrow, mark, after := "->", "  ", ""
		if !p.FromClient {
			arrow = "<-"
		}
		if p.Decisive {
			mark = t.paint("1;31", "* ")
		}
		if i > 0 {
			after = fmt.Sprintf("%+.6f", p.Time.T.Sub(steps[i-1].Time.T).Seconds())
		}
		text := clean(p.Meaning)
		if p.Note != "" {
			text += t.paint("33", "  ("+clean(t.lang.Say(p.Note))+")")
		}
		t.line("%7d  %s%-15s %11s %s %-5s %6d %-8s %s", p.Frame, mark, p.Time.T.Format("15:04:05.000000"), after, arrow, letters(p.Flags), p.Length, p.Protocol, text)
		if p.After != "" {
			t.silence(p.After, p.AfterMatters)
		}
	}
	t.line("\n  %s", t.lang.T("-> from the client, <- from the server, * evidence of the verdict, >>> the silence that matters"))
	t.line("  %s", t.lang.T("after: seconds since the packet before; flags: S SYN, F FIN, R RST, P PSH, A ACK, U URG"))
	return t.w.Flush()
}

// silence prints a pause between packets.
func (t *terminal) silence(text string, matters bool) {
	if matters {
		t.line("    %s", t.paint("1;31", ">>> "+t.lang.Say(text)))
	} else {
		t.line("%7s  %s", "", t.paint("33", "... "+t.lang.Say(text)))
	}
}

// letters are TCP flags as tcpdump writes them.
func letters(flags string) (out string) {
	for name := range strings.SplitSeq(flags, ", ") {
		if name != "" {
			out += name[:1]
		}
	}
	return out
}
