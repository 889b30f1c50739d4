package analyze

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"cbdoctor/bundle"
	"cbdoctor/stamp"
)

// collection is what a manifest says of the files below its directory.
type collection struct {
	dir string
	doc *bundle.Manifest
}

// readManifest takes a collection's manifest and says what it did not get; what is not there must not be read as health.
func (m *material) readManifest(path string, r io.Reader) string {
	doc, err := bundle.ReadManifest(r)
	if err != nil {
		return err.Error()
	}
	m.collections = append(m.collections, collection{filepath.Dir(path), doc})
	return missed(doc)
}

// missed lists what was asked for and did not come.
func missed(doc *bundle.Manifest) string {
	var out []string
	for _, n := range doc.Nodes {
		for _, miss := range n.Missing() {
			out = append(out, n.Reached+": "+failureOf(miss))
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

// failureOf says how something that was asked for failed.
func failureOf(m bundle.Miss) string {
	return strings.TrimSuffix(strings.TrimPrefix(m.What+" ", " ")+string(m.Outcome)+": "+m.Problem, ": ")
}

// uncollected says why a collection of a node, or which of its files, failed. Commands are not among them: old versions do not know some.
func uncollected(n *bundle.ManifestNode) string {
	const named = 3
	var out []string
	for _, miss := range n.Missing() {
		if !slices.ContainsFunc(n.Commands, func(c bundle.ManifestCommand) bool { return c.Command == miss.What }) {
			out = append(out, failureOf(miss))
		}
	}
	if more := len(out) - named; more > 0 {
		out = append(out[:named], fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, "; ")
}

// nodes calls f for each node of each collection with the path of its directory.
func (m *material) nodes(f func(dir string, c *collection, n *bundle.ManifestNode)) {
	for i := range m.collections {
		c := &m.collections[i]
		for j := range c.doc.Nodes {
			f(filepath.Join(c.dir, c.doc.Nodes[j].Dir), c, &c.doc.Nodes[j])
		}
	}
}

// commandTime is when the collector ran the command whose output a file holds.
func (m *material) commandTime(path string) (at stamp.Time) {
	m.nodes(func(_ string, c *collection, n *bundle.ManifestNode) {
		for _, cmd := range n.Commands {
			if cmd.File != "" && filepath.Join(c.dir, filepath.FromSlash(cmd.File)) == path {
				at = stamp.New(cmd.Time, 3)
			}
		}
	})
	return at
}

// nodeOf is what a collection knows a node by: its address in the cluster, the one that it was reached at, or its name.
func nodeOf(n *bundle.ManifestNode) string {
	if n.Address != "" {
		return n.Address
	}
	if host, _, err := net.SplitHostPort(n.Reached); err == nil && isAddress(host) {
		return host
	}
	return n.Name
}
