package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cbdoctor/bundle"
	"cbdoctor/collect"
)

// showListing prints what would be fetched.
func showListing(cmd *cobra.Command, nodes []collect.Listing) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "node\tfile\tsize\tmodified\t")
	var total int64
	var failed []error
	for _, n := range nodes {
		if n.Err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", n.Node, n.Err))
		}
		for _, f := range n.Files {
			total += f.Size
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\n", n.Node, printable(strings.ReplaceAll(f.Path, "\n", "?")), collect.Size(f.Size), f.ModTime.UTC().Format(time.RFC3339))
		}
		for _, f := range n.Skipped {
			fmt.Fprintf(w, "%s\t%s\tnot fetched\t%s\t\n", n.Node, f.Remote, f.Problem)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "total: %s\n", collect.Size(total))
	if len(failed) > 0 {
		return &codeError{exitPartial, withHint(errors.Join(failed...), loginHint(failed[0].Error(), nodes[0].Node))}
	}
	return nil
}

// showSummary says what was fetched and what failed, a line a node. A quiet one leaves out what went well.
func showSummary(w io.Writer, m *bundle.Manifest, quiet bool) error {
	lines := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, n := range m.Nodes {
		files, failed := 0, 0
		for _, f := range n.Files {
			switch f.Outcome {
			case bundle.Success:
				files++
			case bundle.Skipped:
			default:
				failed++
			}
		}
		if quiet && n.Outcome == bundle.Success && len(n.Left) == 0 {
			continue
		}
		line := fmt.Sprintf("%s\t%s\t%s", n.Reached, n.Outcome, collect.Count(files, "file"))
		if failed > 0 {
			line = fmt.Sprintf("%s\t%s\t%d of %s", n.Reached, n.Outcome, files, collect.Count(files+failed, "file"))
		}
		if n.Problem != "" {
			line += "  " + printable(strings.NewReplacer("\n", "; ", "\t", " ").Replace(n.Problem))
		}
		if len(n.Left) > 0 {
			line += "  left on the node: " + strings.Join(n.Left, ", ")
		}
		fmt.Fprintln(lines, line) // fails with Flush
	}
	return lines.Flush()
}

// verdict says how to go on.
func verdict(w io.Writer, m *bundle.Manifest, where string, quiet bool) error {
	if m.Complete() {
		if !quiet {
			fmt.Fprintf(w, "next: cbdoctor analyze %s\n", where)
		}
		return nil
	}
	return &codeError{exitPartial, withHint(errors.New("some nodes or files failed; what was collected is kept in "+where), hintFor(m, where))}
}

// hintFor says what to do: about the first failure of a known kind, and then about the rest.
func hintFor(m *bundle.Manifest, where string) string {
	slow := false
	for _, n := range m.Nodes {
		slow = slow || n.Outcome == bundle.Timeout
		if hint := loginHint(n.Problem, n.Reached); hint != "" && n.Outcome != bundle.Success {
			if len(m.Nodes) > 1 {
				hint = n.Reached + ": " + hint
			}
			return hint + "\nthen: cbdoctor collect --continue " + where
		}
	}
	more := ""
	if slow {
		more = ", with more time if that is what it needs: --node-timeout, --command-timeout, --connect-timeout"
	}
	return fmt.Sprintf("cbdoctor bundle check %s has the reason of each; cbdoctor collect --continue %[1]s fetches the rest%s", where, more)
}
