package analyze

import (
	"fmt"
	"io"
	"strings"

	"cbdoctor/bundle"
)

// missed reads a collection's manifest and says what it did not get; what is not there must not be read as health.
func missed(r io.Reader) string {
	doc, err := bundle.ReadManifest(r)
	if err != nil {
		return err.Error()
	}
	var out []string
	note := func(node, what string, o bundle.Outcome, problem string) {
		if o == bundle.Success || o == bundle.Skipped {
			return
		}
		out = append(out, strings.TrimSuffix(fmt.Sprintf("%s: %s%s: %s", node, what, o, problem), ": "))
	}
	for _, n := range doc.Nodes {
		note(n.Reached, "", n.Outcome, n.Problem)
		for _, c := range n.Commands {
			note(n.Reached, c.Command+" ", c.Outcome, c.Problem)
		}
		for _, f := range n.Files {
			note(n.Reached, f.Remote+" ", f.Outcome, f.Problem)
		}
	}
	if doc.Finished.IsZero() {
		out = append(out, "the collection did not end")
	}
	if len(out) == 0 {
		return ""
	}
	return "not collected: " + strings.Join(out, "; ")
}
