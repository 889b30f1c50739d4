package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"cbdoctor/rules"
)

type acceptOptions struct {
	reason, until, output string
}

func newAcceptCommand() *cobra.Command {
	var o acceptOptions
	cmd := &cobra.Command{
		Use:   "accept REF REPORT",
		Short: "Accept a finding that you know of and live with, until a day",
		Long: `Writes an entry for the file that "analyze --accept FILE" takes: the finding REF (F1, or an id) of a report in JSON, with your reason
and the last day on which it is accepted. An accepted finding stays in the report, but its repair is not planned and it does not
count for the exit code; after its last day it does again.
` + exitStatusHelp,
		Example: `  cbdoctor accept F3 report.json --reason "the third node comes in March" --until 2027-03-31 -o accepted.yaml
  cbdoctor analyze bundle/ --accept accepted.yaml`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return runAccept(cmd, args[0], args[1], o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.reason, "reason", "", "why it is accepted (must be given)")
	f.StringVar(&o.until, "until", "", "the last day on which it is accepted, for example 2027-03-31 (must be given)")
	f.StringVarP(&o.output, "output", "o", "", "add the entry to this file instead of printing it")
	return cmd
}

func runAccept(cmd *cobra.Command, ref, path string, o acceptOptions) error {
	if o.reason == "" {
		return usageError(errors.New("--reason is missing"), "say for those after you why this is accepted")
	}
	if _, err := time.Parse(time.DateOnly, o.until); err != nil {
		return usageError(fmt.Errorf("--until %q is no day", o.until), "write it as 2027-03-31")
	}
	f, err := findingOf(path, ref, cmd.InOrStdin())
	if err != nil {
		return err
	}
	entry := rules.Acceptance{Finding: f.ID, Subject: f.Subject, Reason: o.reason, Until: o.until}
	if o.output == "" {
		return rules.WriteAcceptances(cmd.OutOrStdout(), []rules.Acceptance{entry})
	}
	known, err := readAccepted(o.output)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return inputError(err)
	}
	if err := writeWhole(o.output, func(w io.Writer) error { return rules.WriteAcceptances(w, append(known, entry)) }); err != nil {
		return inputError(fmt.Errorf("write %s: %w", o.output, err))
	}
	return nil
}

func readAccepted(file string) ([]rules.Acceptance, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read accepted findings: %w", err)
	}
	defer f.Close()
	return rules.ReadAcceptances(file, f)
}

// accepted reads the files of --accept, and says which of their entries are over.
func (o *materialOptions) accepted(cmd *cobra.Command, today time.Time) (list []rules.Acceptance, err error) {
	for _, file := range o.accept {
		more, err := readAccepted(file)
		if err != nil {
			return nil, usageError(err, `"cbdoctor accept --help" shows how such a file is made`)
		}
		for _, a := range more {
			if a.Over(today) {
				fmt.Fprintf(cmd.ErrOrStderr(), "cbdoctor: %s: %s was accepted until %s and counts again (%s)\n", printable(file), printable(a.Finding), a.Until, printable(a.Reason))
			}
		}
		list = append(list, more...)
	}
	return list, nil
}
