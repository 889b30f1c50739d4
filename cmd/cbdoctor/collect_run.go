package main

import (
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cbdoctor/bundle"
	"cbdoctor/collect"
	"cbdoctor/collect/progress"
)

// transferMemory is what a transfer may take, in bytes: each node has pieces on their way, and beside them there is room for the
// garbage of a moment. To collect garbage the tables of the rules are gone through too, whatever is in use: so that waits until
// the room is used up, rather than for a share of what is in use.
func (o *collectOptions) transferMemory(nodes int) int64 {
	const program, node, further = 22 << 20, 14 << 20, 4 << 20
	return program + int64(nodes)*(node+int64(o.run.Connections-1)*further)
}

// fileMemory is what the entry of a file takes in memory and, several times, while the manifest is written; manyFiles are so many that it counts.
const fileMemory, manyFiles = 1500, 1000

// frugal keeps the program within a size. The function that it returns lets it grow again.
func frugal(size int64) (over func()) {
	const generous = 400 // percent: the size decides, and this only where more than the size is in use
	percent, limit := debug.SetGCPercent(generous), debug.SetMemoryLimit(size)
	return func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }
}

// attempt collects, with progress. The analysis stands between the end of the transfers and that of the connections.
func (o *collectOptions) attempt(cmd *cobra.Command, inventory collect.Inventory) (*bundle.Manifest, error) {
	var reporter progress.Reporter
	var generous func()
	begin := func() {
		reporter = progress.New(o.progressKind(), cmd.ErrOrStderr())
		o.node.asking.aside = reporter.Aside
		debug.FreeOSMemory() // ends what collectLate began: the large pieces of a transfer are garbage at once
		generous = frugal(o.transferMemory(max(len(inventory.Nodes), 1)))
	}
	end := func() {
		reporter.Close()
		o.node.asking.aside = nil
		generous()
	}
	files := 0
	o.run.Progress = func(e collect.Event) {
		if files += e.Files; e.Files > manyFiles {
			debug.SetMemoryLimit(o.transferMemory(max(len(inventory.Nodes), 1)) + int64(files)*fileMemory)
		}
		reporter.Event(e)
	}
	reviewed := false
	if !o.noAnalysis && !o.quiet {
		o.run.Review = func(m *bundle.Manifest) *collect.Further {
			end()
			reviewed = true
			_ = showSummary(cmd.OutOrStdout(), m, o.quiet) // whoever does not read on is told by the exit code
			further := o.openQuestions(cmd, inventory, m)
			reviewed = further == nil
			begin()
			return further
		}
	}
	begin()
	m, err := collect.Run(cmd.Context(), inventory, o.run)
	end()
	if err == nil && !reviewed {
		err = showSummary(cmd.OutOrStdout(), m, o.quiet)
	}
	return m, err
}

func (o *collectOptions) progressKind() string {
	switch {
	case o.quiet:
		return "none"
	case o.progress != "auto":
		return o.progress
	case term.IsTerminal(int(os.Stderr.Fd())) && term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("TERM") != "dumb":
		return "bar"
	}
	return "plain"
}
