// Command cbdoctor finds out why the database cluster behind Cisco Meeting Server Call Bridges is broken.
//
// Each subcommand is one file: flags in, library calls, exit code out. Nothing here diagnoses.
//
// Rules of the terminal: results go to standard output and everything else to standard error; messages are lower case
// without a full stop and begin with "cbdoctor: "; an error says what was tried, and a line "hint: " says what to do next.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	_ "cbdoctor/cmd/cbdoctor/quiet"
	"cbdoctor/terminal"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings as values, so that tests can call the program in the process.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // interrupted twice, it ends at once

	root := newRootCommand()
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(withDefaultCommand(root, args))
	err := root.ExecuteContext(ctx)
	if err != nil && err.Error() != "" && (ctx.Err() == nil || context.Cause(ctx) != err) { // who interrupts it knows
		fmt.Fprintln(stderr, "cbdoctor: "+printable(err.Error()))
		var hinted *hintError
		if errors.As(err, &hinted) {
			fmt.Fprintln(stderr, "hint: "+hinted.hint)
		}
	}
	if ctx.Err() != nil {
		return exitInterrupted
	}
	return exitCode(err)
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "cbdoctor",
		Short: "Find out why a Cisco Meeting Server database cluster is broken, prove it, and say how to repair it",
		Long: `cbdoctor reads logs, "database cluster status" texts and packet captures of Cisco Meeting Server nodes, names the
cause of a broken database cluster with its evidence, and lists the repair steps in the right order.
It only reads: it never changes a node. "cbdoctor PATH..." is the same as "cbdoctor analyze PATH...".
` + exitStatusHelp,
		Example: `  cbdoctor demo                                   see it work on a simulated cluster
  cbdoctor logbundle-1.tar.gz replica.pcap        what is wrong, with the proof and the way out
  cbdoctor collect admin@10.48.36.61 -o bundle    fetch what the diagnosis needs from live nodes`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       toolVersion(),
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("cbdoctor {{.Version}}\n")
	root.SuggestionsMinimumDistance = 2 // letters that differ
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(err, fmt.Sprintf("see %q", cmd.CommandPath()+" --help"))
	})
	addColorFlag(root)
	addLangFlag(root)
	root.AddCommand(
		newRulesCommand(),
		newExplainCommand(),
		newAnalyzeCommand(),
		newReportCommand(),
		newAcceptCommand(),
		newCaptureCommand(),
		newCollectCommand(),
		newBundleCommand(),
		newSimCommand(),
		newWatchCommand(),
		newDemoCommand(),
		newVerifyCommand(),
		newDiffCommand(),
		newRedactCommand(),
		newCaseCommand(),
		newVersionCommand(),
	)
	addCompletionExamples(root)
	return root
}

// addCompletionExamples completes the commands that cobra makes itself.
func addCompletionExamples(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Example = "  source <(cbdoctor completion bash)"
		for _, shell := range c.Commands() {
			shell.Example = map[string]string{
				"bash":       "  cbdoctor completion bash > /etc/bash_completion.d/cbdoctor",
				"zsh":        `  cbdoctor completion zsh > "${fpath[1]}/_cbdoctor"`,
				"fish":       "  cbdoctor completion fish > ~/.config/fish/completions/cbdoctor.fish",
				"powershell": "  cbdoctor completion powershell | Out-String | Invoke-Expression",
			}[shell.Name()]
		}
	}
}

// noSuchCommand: what stands where a command should is neither one nor a path on disk.
func noSuchCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("see %q", "cbdoctor --help")
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError(fmt.Errorf("%q is no command and no file here", args[0]), hint)
}

// withDefaultCommand makes "cbdoctor PATH" mean "cbdoctor analyze PATH": a first word that is no command, but is a path
// on disk, looks like one or is "-", is analysed. A word that is neither stays as it is, so that a mistyped command is reported as one.
func withDefaultCommand(root *cobra.Command, args []string) []string {
	value := false // the word belongs to the flag before it
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") && arg != "-" || value {
			flag := root.PersistentFlags().Lookup(strings.TrimPrefix(arg, "--"))
			value = !value && flag != nil && flag.NoOptDefVal == ""
			continue
		}
		if c, _, err := root.Find([]string{arg}); err == nil && c != root {
			return args
		}
		if arg == "help" || strings.HasPrefix(arg, "__complete") {
			return args
		}
		if _, err := os.Lstat(arg); err == nil || arg == "-" || strings.ContainsAny(arg, "./\\") {
			return append([]string{"analyze"}, args...)
		}
		return args
	}
	return args
}

// printable is text that a terminal does not act on: an error may quote bytes of a hostile file.
func printable(s string) string { return terminal.Printable(s, "\n\t") }
