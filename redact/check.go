package redact

import (
	"fmt"
	"slices"
	"strings"

	"cbdoctor/finding"
)

// damaged is the finding about a file that is cut off or broken. Its copy is whole: it has what could be read.
const damaged = "input-damaged"

// Differences names what the diagnosis of the copy says otherwise than that of the original, up to the renaming; none is what must be.
func (r *Redactor) Differences(original, redacted []finding.Finding) []string {
	before, after := map[string]int{}, map[string]int{}
	var order []string
	for _, f := range original {
		if f.ID == damaged {
			continue
		}
		s := f.Subject
		s.Client, s.Server, s.Node, s.File = r.String(s.Client), r.String(s.Server), r.String(s.Node), ""
		order = append(order, essence(f, s))
		before[essence(f, s)]++
	}
	for _, f := range redacted {
		s := f.Subject
		s.File = ""
		order = append(order, essence(f, s))
		after[essence(f, s)]++
	}
	var out []string
	slices.Sort(order)
	for _, e := range slices.Compact(order) {
		if b, a := before[e], after[e]; b > a {
			out = append(out, "only in the original: "+e)
		} else if a > b {
			out = append(out, "only in the copy: "+e)
		}
	}
	return out
}

// essence is what of a finding must survive: what it is, about whom, how sure, since when, how often.
func essence(f finding.Finding, s finding.Subject) string {
	about := strings.Join(strings.Fields(strings.Join([]string{s.Client, s.Server, s.Node, s.Side}, " ")), " ")
	return fmt.Sprintf("%s (%s) %s %s %s %s, %d times from %s to %s", f.ID, about, f.Severity, f.Confidence, f.Role, f.State, f.Count, f.First.String(), f.Last.String())
}
