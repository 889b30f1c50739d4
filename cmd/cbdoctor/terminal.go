package main

import (
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cbdoctor/report"
)

// terminalOptions fits the report to where it is printed: colours and the true width only on a terminal.
func terminalOptions(cmd *cobra.Command) report.WriteOptions {
	var opt report.WriteOptions
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 40 {
		opt.Width = n
	}
	f, ok := cmd.OutOrStdout().(*os.File)
	if ok && term.IsTerminal(int(f.Fd())) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w >= 40 {
			opt.Width = w
		}
		opt.Color = os.Getenv("TERM") != "dumb"
	}
	if os.Getenv("NO_COLOR") != "" {
		opt.Color = false
	} else if os.Getenv("CLICOLOR_FORCE") != "" {
		opt.Color = true
	}
	return opt
}
