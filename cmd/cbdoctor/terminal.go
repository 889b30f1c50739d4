package main

import (
	"errors"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cbdoctor/report"
)

// colorFlag is --color: whether escape sequences are written.
type colorFlag string

func (c *colorFlag) String() string { return string(*c) }
func (c *colorFlag) Type() string   { return "when" }
func (c *colorFlag) Set(s string) error {
	if s != "auto" && s != "always" && s != "never" {
		return errors.New("use auto, always or never")
	}
	*c = colorFlag(s)
	return nil
}

// addColorFlag gives the flag to a command and all below it.
func addColorFlag(root *cobra.Command) {
	when := colorFlag("auto")
	root.PersistentFlags().Var(&when, "color", "colours: auto (on a terminal, see NO_COLOR and CLICOLOR_FORCE), always, never")
	_ = root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp))
}

// terminalOptions fits the report to where it is printed: colours and the true width only on a terminal. The flag decides
// before the environment, and there NO_COLOR (no-color.org) before CLICOLOR_FORCE (bixense.com/clicolors).
func terminalOptions(cmd *cobra.Command) report.WriteOptions {
	opt := report.WriteOptions{Lang: language(cmd)}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 40 {
		opt.Width = n
	}
	if f, ok := cmd.OutOrStdout().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w >= 40 {
			opt.Width = w
		}
		opt.Color = os.Getenv("TERM") != "dumb"
	}
	switch when := cmd.Flag("color"); {
	case when != nil && when.Value.String() != "auto":
		opt.Color = when.Value.String() == "always"
	case os.Getenv("NO_COLOR") != "":
		opt.Color = false
	case os.Getenv("CLICOLOR_FORCE") != "" && os.Getenv("CLICOLOR_FORCE") != "0":
		opt.Color = true
	}
	return opt
}
