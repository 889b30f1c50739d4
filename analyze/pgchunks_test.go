package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cbdoctor/logline"
)

// syslogged is what PostgreSQL hands to syslog for one message (elog.c, write_syslog).
func syslogged(message string, seq int, numbers, split bool) (lines []string) {
	if !split || len(message) <= chunkLimit && !strings.Contains(message, "\n") {
		if numbers {
			return []string{fmt.Sprintf("[%d] %s", seq, message)}
		}
		return []string{message}
	}
	for chunk := 1; message != ""; {
		if message[0] == '\n' {
			message = message[1:]
			continue
		}
		n := len(message)
		if end := strings.IndexByte(message, '\n'); end >= 0 {
			n = end
		}
		n = min(n, chunkLimit)
		if n < len(message) && message[n] != ' ' && message[n] != '\n' {
			if space := strings.LastIndexByte(message[:n], ' '); space > 0 {
				n = space
			}
		}
		if numbers {
			lines = append(lines, fmt.Sprintf("[%d-%d] %s", seq, chunk, message[:n]))
		} else {
			lines = append(lines, fmt.Sprintf("[%d] %s", chunk, message[:n]))
		}
		message = message[n:]
		chunk++
	}
	return lines
}

// pgSample is a message as PostgreSQL has it.
type pgSample struct{ level, state, text, detail, hint, context, statement string }

// String is the message with its fields, a tab behind each line end within one (elog.c, append_with_tabs).
func (s pgSample) String() string {
	var b strings.Builder
	b.WriteString(s.level + ":  ")
	if s.state != "" {
		b.WriteString(s.state + ": ")
	}
	b.WriteString(strings.ReplaceAll(s.text, "\n", "\n\t"))
	for _, f := range []struct{ name, value string }{{"DETAIL", s.detail}, {"HINT", s.hint}, {"CONTEXT", s.context}, {"STATEMENT", s.statement}} {
		if f.value != "" {
			b.WriteString("\n" + f.name + ":  " + strings.ReplaceAll(f.value, "\n", "\n\t"))
		}
	}
	return b.String()
}

// words are texts that could be mistaken for something else, and one that is longer than a chunk and has no space.
var words = []string{"relation", `"domains"`, "does", "not", "exist", "ERROR:", "DETAIL:", "[2-1]", "#x", "zürich", strings.Repeat("0123456789", 95)}

var pgSamples = rapid.Custom(func(t *rapid.T) pgSample {
	text := func(name string, least int) string {
		list := rapid.SliceOfN(rapid.SampledFrom(words), least, 40).Draw(t, name)
		joint := rapid.SampledFrom([]string{" ", " ", " ", "\n"}).Draw(t, name+" joint")
		return strings.Join(list, joint)
	}
	return pgSample{
		rapid.SampledFrom(levels).Draw(t, "level"), rapid.SampledFrom([]string{"", "42P01"}).Draw(t, "state"),
		"m " + text("text", 1), text("detail", 0), text("hint", 0), text("context", 0), text("statement", 0),
	}
})

// regrouped is what the groups make of lines, by process and text.
func regrouped(lines []logline.Line, escape bool) (out []string) {
	g := newPGGroups(func(m *pgMessage) {
		s := pgSample{m.level, m.sqlstate, m.text, m.detail, m.hint, m.context, m.statement}
		out = append(out, fmt.Sprintf("%d %v %q", m.pid, m.headMissing, strings.Fields(fmt.Sprintf("%+v", s))))
	})
	for i, l := range lines {
		if escape {
			l.Text = []byte(strings.NewReplacer("\t", "#011", "\n", "#012").Replace(string(l.Text)))
		}
		g.add(nil, i+1, &l, l.Text)
	}
	g.flush()
	slices.Sort(out)
	return out
}

// Whatever the form of the numbers, backends interleave, and messages with numbers arrive in any order.
func TestMessagesAreRegrouped(t *testing.T) {
	t.Parallel()
	for _, form := range []struct{ numbers, split bool }{{true, true}, {false, true}, {true, false}, {false, false}} {
		t.Run(fmt.Sprintf("numbers %v, split %v", form.numbers, form.split), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				shuffled := form.numbers && form.split && rapid.Bool().Draw(t, "shuffled")
				var queues [][]logline.Line
				var want []string
				for pid := range rapid.IntRange(1, 3).Draw(t, "backends") {
					var queue []logline.Line
					for seq := range rapid.IntRange(1, 3).Draw(t, "messages") {
						s := pgSamples.Draw(t, "message")
						first := len(queue)
						for _, text := range syslogged(s.String(), seq+1, form.numbers, form.split) {
							queue = append(queue, logline.Line{Host: "cms1", PID: 100 + pid, Text: []byte(text)})
						}
						if shuffled {
							copy(queue[first:], rapid.Permutation(slices.Clone(queue[first:])).Draw(t, "order"))
						}
						want = append(want, fmt.Sprintf("%d false %q", 100+pid, strings.Fields(fmt.Sprintf("%+v", s))))
					}
					queues = append(queues, queue)
				}
				var lines []logline.Line
				at := logline.Stamp{Month: 3, Day: 30, OfDay: 12 * time.Hour}
				for len(queues) > 0 {
					i := rapid.IntRange(0, len(queues)-1).Draw(t, "backend")
					l := queues[i][0]
					l.Stamp = at
					at.OfDay += time.Millisecond
					lines = append(lines, l)
					if queues[i] = queues[i][1:]; len(queues[i]) == 0 {
						queues = slices.Delete(queues, i, i+1)
					}
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, regrouped(lines, rapid.Bool().Draw(t, "escaped"))); diff != "" {
					t.Fatalf("messages (- logged, + regrouped):\n%s", diff)
				}
			})
		})
	}
}

func TestPartsOfMessages(t *testing.T) {
	t.Parallel()
	at := func(second int, text string) logline.Line {
		return logline.Line{Host: "cms1", PID: 7, Stamp: logline.Stamp{Month: 3, Day: 30, OfDay: time.Duration(second) * time.Second}, Text: []byte(text)}
	}
	for name, c := range map[string]struct {
		lines []logline.Line
		want  []string // text, context and whether the head is missing
	}{
		"the head is missing":                    {[]logline.Line{at(1, "[2-7] #011SQL statement x"), at(1, "[2-8] STATEMENT:  SELECT 1")}, []string{"||SQL statement x|true"}},
		"a chunk in the middle is missing":       {[]logline.Line{at(1, "[2-1] ERROR:  a"), at(1, "[2-3] CONTEXT:  c")}, []string{"ERROR|a|c|false"}},
		"a line was delivered twice":             {[]logline.Line{at(1, "[2-1] ERROR:  a"), at(1, "[2-1] ERROR:  a")}, []string{"ERROR|a||false"}},
		"another process of the same number":     {[]logline.Line{at(1, "[2-1] ERROR:  a"), at(9, "[2-1] ERROR:  a")}, []string{"ERROR|a||false", "ERROR|a||false"}},
		"another message of the same number":     {[]logline.Line{at(1, "[2-1] ERROR:  a"), at(1, "[2-1] ERROR:  b")}, []string{"ERROR|a||false", "ERROR|b||false"}},
		"the rest comes too late":                {[]logline.Line{at(1, "[2-1] ERROR:  a"), at(60, "[2-2] CONTEXT:  c")}, []string{"ERROR|a||false", "||c|true"}},
		"a short message between chunks":         {[]logline.Line{at(1, "[2-1] ERROR:  a"), at(1, "[3] LOG:  b"), at(1, "[2-2] CONTEXT:  c")}, []string{"ERROR|a|c|false", "LOG|b||false"}},
		"a line without a level":                 {[]logline.Line{at(1, "something else")}, []string{"|something else||false"}},
		"a name of a field within the statement": {[]logline.Line{at(1, "LOG:  a#012STATEMENT:  SELECT 1#012#011DETAIL:  no")}, []string{"LOG|a||false"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			g := newPGGroups(func(m *pgMessage) {
				got = append(got, fmt.Sprintf("%s|%s|%s|%v", m.level, m.text, m.context, m.headMissing))
			})
			for i, l := range c.lines {
				g.add(nil, i+1, &l, l.Text)
			}
			g.flush()
			slices.Sort(got)
			slices.Sort(c.want)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzMessages(f *testing.F) {
	f.Add("[2-1] ERROR:  a\n[2-2] CONTEXT:  c\n[3] LOG:  x\n[1] LOG:  y\nplain", uint8(3))
	f.Fuzz(func(t *testing.T, text string, pids uint8) {
		lines := strings.Split(text, "\n")
		put, got := 0, 0
		g := newPGGroups(func(m *pgMessage) {
			got += len(m.text) + len(m.detail) + len(m.hint) + len(m.context) + len(m.statement)
		})
		for i, l := range lines {
			put += len(l) + 1
			g.add(nil, i+1, &logline.Line{Host: "h", PID: i % (int(pids) + 1), Text: []byte(l)}, []byte(l))
		}
		g.flush()
		if got > put {
			t.Errorf("%d bytes of messages from %d bytes of lines", got, put)
		}
	})
}
