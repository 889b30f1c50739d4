package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"pgregory.net/rapid"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/stamp"
)

// Whatever there is to say, 24 lines have how bad it is, since when, the first cause and the next step, and no line of them is
// wider than the terminal but for commands.
func TestTheFirstScreenSaysItAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		causes, width := rapid.IntRange(1, 60).Draw(t, "causes"), rapid.IntRange(60, 200).Draw(t, "width")
		l := rapid.SampledFrom(lang.All).Draw(t, "language")
		word := rapid.SampledFrom([]string{"firewall ", "証明書の有効期限", "→ 10.48.36.61 "})
		at := stamp.New(time.Date(2026, 3, 12, 10, 11, 12, 0, time.UTC), 0)
		outcome := &finding.Outcome{Plan: []finding.Step{{Step: 1, Where: "10.48.36.61", Text: "Look at it.", Command: "database cluster status"}}}
		for i := range causes {
			outcome.Findings = append(outcome.Findings, finding.Finding{
				Ref: fmt.Sprintf("F%d", i+1), ID: "firewall-blocks", Severity: finding.Critical, Confidence: "high", Role: finding.RootCause, State: finding.Ongoing, First: at, Last: at, Count: 1,
				Title: fmt.Sprintf("cause %d ", i+1) + strings.Repeat(word.Draw(t, "title"), rapid.IntRange(1, 6).Draw(t, "words")), Summary: strings.Repeat(word.Draw(t, "summary"), rapid.IntRange(1, 60).Draw(t, "more words")),
			})
		}
		var b bytes.Buffer
		if err := Write(&b, "table", New(Tool{}, &fact.Set{}, outcome), WriteOptions{Width: width, Lang: l}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(b.String(), "\n")
		screen := strings.Join(lines[:min(len(lines), firstScreen-1)], "\n")
		for _, want := range []string{"2026-03-12", "F1 ", "cause 1 ", l.T("Next: "), "database cluster status"} {
			if !strings.Contains(screen, want) {
				t.Fatalf("the first screen has no %q:\n%s", want, screen)
			}
		}
		for _, line := range strings.Split(screen, "\n") {
			if n := runewidth.StringWidth(line); n > width {
				t.Fatalf("a line of %d columns on a terminal of %d:\n%s", n, width, line)
			}
		}
		if n := strings.Count(b.String(), "cause "); n < min(causes, shownFindings) {
			t.Fatalf("%d of %d causes are told anywhere", n, causes)
		}
	})
}

// What a short form leaves out is said, and --full has it.
func TestShortFormsSayWhatTheyLeaveOut(t *testing.T) {
	t.Parallel()
	r := largeReport(300)
	write := func(full bool) string {
		var b bytes.Buffer
		if err := Write(&b, "table", r, WriteOptions{Full: full}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if short := write(false); strings.Contains(short, "F300 ") || strings.Count(short, "--full") < 3 {
		t.Errorf("%d places say that something is left out", strings.Count(short, "--full"))
	}
	if full := write(true); !strings.Contains(full, "F300 ") || strings.Contains(full, "--full") {
		t.Error("the full form leaves something out")
	}
}
