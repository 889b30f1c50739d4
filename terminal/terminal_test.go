package terminal

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func restore(t interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}, text string,
) string {
	t.Helper()
	restored, changed := Restore(iotest.HalfReader(strings.NewReader(text)))
	b, err := io.ReadAll(restored)
	if err != nil {
		t.Fatal(err)
	}
	if !changed && string(b) != text {
		t.Errorf("%q became %q, and was said to be the same", text, b)
	}
	return string(b)
}

// The first sample of tech note 210530, as it is printed there.
const technote = `Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-7] #011SQL statement "INSERT INTO
domains(domain_id, domain_name, tenant_id, target, priority, passcode_separator) VALUES
(inp_domain_id, inp_domain_name, inp_tenant_id, existing_target, inp_priority,
inp_passcode_separator)"
Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-8] #011PL/pgSQL function
create_or_update_matching_domain(boolean,uuid,text,boolean,uuid,integer,integer,integer,text)
line 61 at SQL statement
`

func TestTechNoteSample(t *testing.T) {
	t.Parallel()
	want := `Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-7] #011SQL statement "INSERT INTO domains(domain_id, domain_name, tenant_id, target, priority, passcode_separator) VALUES (inp_domain_id, inp_domain_name, inp_tenant_id, existing_target, inp_priority, inp_passcode_separator)"



Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-8] #011PL/pgSQL function create_or_update_matching_domain(boolean,uuid,text,boolean,uuid,integer,integer,integer,text) line 61 at SQL statement


`
	if got := restore(t, technote); got != want {
		t.Errorf("got\n%s", got)
	}
}

// A word that is longer than the screen has a line of its own and says nothing of the width.
func TestWrappedBetweenWords(t *testing.T) {
	t.Parallel()
	long := "create_or_update_matching_domain(boolean,uuid,text,boolean,uuid,integer,integer,integer,text)"
	text := "Mar 30 12:39:04.100 user.info cms01 cli: User admin from 10.9.9.9:63290 issued\ncommand < database cluster status>: permission granted\n" +
		"Mar 30 12:39:05.100 local0.warning cms01 postgres[20882]: [2-8] #011PL/pgSQL\nfunction\n" + long + "\nline 61 at SQL statement\n"
	want := "Mar 30 12:39:04.100 user.info cms01 cli: User admin from 10.9.9.9:63290 issued command < database cluster status>: permission granted\n\n" +
		"Mar 30 12:39:05.100 local0.warning cms01 postgres[20882]: [2-8] #011PL/pgSQL function " + long + " line 61 at SQL statement\n\n\n\n"
	if got := restore(t, text); got != want {
		t.Errorf("got\n%s", got)
	}
}

// What was not wrapped stays byte for byte.
func TestNotWrapped(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a log":               "Mar 30 12:39:04 user.info cms01 authp: one\nMar 30 12:39:05 user.info cms01 authp: two, which is longer\n",
		"no newline at last":  "Mar 30 12:39:04 user.info cms01 authp: one\nMar 30",
		"a stack trace in it": "Mar 30 12:39:04 user.info cms01 authp: one\nTraceback\n  at x\nMar 30 12:39:05 user.info cms01 authp: two, which is so long that one could think it was cut here\n",
		"no log":              "Dear all,\n\nthe cluster is down.\n",
		"empty":               "",
		"a very long line":    "Mar 30 12:39:04 user.info cms01 authp: " + strings.Repeat("x", 200_000) + "\nshort\n",
	} {
		if got := restore(t, text); got != text {
			t.Errorf("%s: %q became %q", name, text, got)
		}
	}
}

func TestPromptsAndSequences(t *testing.T) {
	t.Parallel()
	const text = "\x1b]0;admin@cms01\x07\x1b[32mcms01>\x1b[0m syslog follow\r\ncms01> Mar 30 12:39:04 user.info cms01 authp: one\r\n^Ccms01> version\r\n\x1b(B3.9.1\r\n"
	const want = "cms01> syslog follow\nMar 30 12:39:04 user.info cms01 authp: one\ncms01> version\n3.9.1\n"
	if got := restore(t, text); got != want {
		t.Errorf("got %q", got)
	}
}

// Any log, wrapped at any width of a screen, comes back, and every line stays where it was.
func TestWrappedComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(60, 200).Draw(t, "width")
		var lines, wrapped []string
		for range rapid.IntRange(3, 40).Draw(t, "lines") {
			text := rapid.StringMatching(`[a-z(",]([a-zA-Z0-9_(),."=]{1,12} ){0,40}[a-z)"]`).Draw(t, "text")
			line := "Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-7] " + text
			lines = append(lines, line)
			at := len(wrapped)
			for len(line) > width {
				wrapped = append(wrapped, line[:width])
				line = line[width:]
			}
			wrapped = append(wrapped, line)
			for range len(wrapped) - at - 1 {
				lines = append(lines, "")
			}
		}
		// a screen trims nothing here, but copies lose blanks at the end of a line; such a wrap can't be undone exactly
		for _, l := range wrapped {
			if strings.TrimSpace(l) != l || strings.HasPrefix(l, "Mar ") && len(l) < width && len(wrapped) == len(lines) {
				return
			}
		}
		if got := restore(t, strings.Join(wrapped, "\n")+"\n"); got != strings.Join(lines, "\n")+"\n" {
			t.Fatalf("width %d:\n%s\nbecame\n%s", width, strings.Join(wrapped, "\n"), got)
		}
	})
}

func FuzzRestore(f *testing.F) {
	f.Add(technote)
	f.Add("\x1b]0;x\x07cms01> Mar 30 12:39:04 x\n^C\x1b[")
	f.Fuzz(func(t *testing.T, text string) {
		got := restore(t, text)
		if a, b := strings.Count(text, "\n"), strings.Count(got, "\n"); b < a || b > a+1 {
			t.Errorf("%d lines became %d", a, b)
		}
	})
}
