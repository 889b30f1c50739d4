package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"cbdoctor/report"
)

func newReportCommand() *cobra.Command {
	var o outputOptions
	cmd := &cobra.Command{
		Use:   "report REPORT",
		Short: "Convert a saved report to another format",
		Long: `Reads a report that was saved as JSON or HTML ("-" is standard input) and writes it in other formats. The bundle that it was made
of is not needed. The exit code is that of the analysis. The HTML report of a very large bundle has not all sessions inside, and says so.
` + exitStatusHelp,
		Example: `  cbdoctor report report.json
  cbdoctor report report.json -o report.html -o ticket.md
  cbdoctor report report.html --format markdown
  cbdoctor report report.json --format sarif --fail-on warning`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(fmt.Errorf("report needs one saved report, not %d", len(args)), `make one with "cbdoctor analyze PATH... -o report.json"`)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runReport(cmd, args[0], o) },
	}
	o.addFlags(cmd)
	return cmd
}

func runReport(cmd *cobra.Command, name string, o outputOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	r, err := readReport(cmd, name)
	if err != nil {
		return inputError(withHint(fmt.Errorf("%s: %w", name, err), `a report is what "cbdoctor analyze PATH... -o report.json" writes`))
	}
	return o.finish(cmd, r)
}

func readReport(cmd *cobra.Command, name string) (*report.Report, error) {
	if name == "-" {
		return report.Read(cmd.InOrStdin())
	}
	f, err := os.Open(name)
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) {
			return nil, at.Err
		}
		return nil, err
	}
	defer f.Close()
	return report.Read(f)
}
