package verify

import (
	"fmt"
	"io"
	"strings"

	"cbdoctor/terminal"
)

// WriteText tells the differences of each case and ends with one line of figures. Cases that are right are named only in
// verbose mode. Control characters, which file names and logs may carry, never reach the terminal.
func WriteText(w io.Writer, results []Result, verbose bool) error {
	var b strings.Builder
	wrong, updated := 0, 0
	for _, r := range results {
		switch {
		case r.Updated:
			updated++
			fmt.Fprintf(&b, "new   %s: %d differences, expectation rewritten\n", r.Name, len(r.Differences))
		case len(r.Differences) > 0:
			wrong++
			fmt.Fprintf(&b, "FAIL  %s\n", r.Name)
			writeDifferences(&b, "      ", r.Differences)
		case verbose:
			fmt.Fprintf(&b, "ok    %s\n", r.Name)
		}
	}
	fmt.Fprintf(&b, "%d cases: %d as expected, %d not", len(results), len(results)-wrong-updated, wrong)
	if updated > 0 {
		fmt.Fprintf(&b, ", %d rewritten", updated)
	}
	_, err := fmt.Fprintln(w, printable(b.String()))
	return err
}

func writeDifferences(b *strings.Builder, indent string, all []Difference) {
	for _, d := range all {
		fmt.Fprintf(b, "%s%s\n%s  want  %s\n", indent, d.At, indent, d.Want)
		label := "got "
		for _, got := range d.Got {
			fmt.Fprintf(b, "%s  %s  %s\n", indent, label, strings.ReplaceAll(got, "\n", "\n"+indent+"        "))
			label = "    "
		}
	}
}

// printable is text that a terminal does not act on.
func printable(s string) string { return terminal.Printable(s, "\n") }
