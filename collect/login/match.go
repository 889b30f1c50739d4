package login

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"cbdoctor/lazyregexp"
)

// matchLine begins a Match block of ssh_config(5).
var matchLine = lazyregexp.New(`(?i)^\s*match(?:\s*=\s*|\s+)(.*?)\s*$`)

// withoutMatch rewrites the Match blocks that depend on the host alone as Host blocks, which the library reads right, and takes the
// others out: it would refuse the file for them, or read "Match host a user b" as three hosts. ignored says which.
func withoutMatch(r io.Reader) (text string, ignored []string, err error) {
	var b strings.Builder
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if m := matchLine.FindStringSubmatch(line); m != nil {
			if hosts, ok := hostsOf(strings.Fields(m[1])); ok {
				line = "Host " + hosts
			} else {
				line = "Host !*" // nothing
				ignored = append(ignored, fmt.Sprintf("line %d: its settings are not used, since %q is not understood here: only all, host and originalhost are", n, "Match "+m[1]))
			}
		}
		b.WriteString(line + "\n")
	}
	return b.String(), ignored, lines.Err()
}

// hostsOf are the patterns of a Match line whose only criterion is the host.
func hostsOf(criteria []string) (patterns string, ok bool) {
	switch {
	case len(criteria) == 1 && strings.EqualFold(criteria[0], "all"):
		return "*", true
	case len(criteria) == 2 && (strings.EqualFold(criteria[0], "host") || strings.EqualFold(criteria[0], "originalhost")) && !strings.ContainsAny(criteria[1], `"'`):
		return strings.ReplaceAll(criteria[1], ",", " "), true
	}
	return "", false
}
