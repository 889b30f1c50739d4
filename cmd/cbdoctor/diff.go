package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cbdoctor/diff"
	"cbdoctor/finding"
	"cbdoctor/report"
)

type diffOptions struct {
	material materialOptions
	format   string
	output   string
	force    bool
	failOn   string
}

func newDiffCommand() *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Tell what a repair fixed, what is new and what stays",
		Long: `Compares two bundles, or two reports that were saved with --format json, of one cluster. A finding that is gone counts as
fixed only where the new material would have shown it; where it has no log, status or capture that could, that is told apart.
` + exitStatusHelp,
		Example: `  cbdoctor diff before.tar.gz after.tar.gz
  cbdoctor diff before.json after/ --format json -o diff.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError(fmt.Errorf("diff needs two paths, not %d", len(args)), "give the bundle or report from before the repair, then the one from after it")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runDiff(cmd, args[0], args[1], o) },
	}
	o.material.addFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", `table or json (default: by the suffix of -o, else "table")`)
	f.StringVarP(&o.output, "output", "o", "", "write to this file")
	f.BoolVar(&o.force, "force", false, "overwrite the file given with -o")
	f.StringVar(&o.failOn, "fail-on", string(finding.Error), "exit with 1 when a finding of this severity or worse is, or may be, still going on in the new material: info, warning, error, critical, never")
	return cmd
}

func runDiff(cmd *cobra.Command, before, after string, o diffOptions) error {
	threshold, err := thresholdOf(o.failOn)
	if err != nil {
		return err
	}
	if o.format == "" && strings.EqualFold(filepath.Ext(o.output), ".json") {
		o.format = "json"
	}
	write, known := map[string]func(io.Writer, *diff.Diff) error{"": diff.WriteText, "table": diff.WriteText, "json": diff.WriteJSON}[o.format]
	if !known {
		return usageError(fmt.Errorf("--format %q is not known", o.format), "the formats are table and json")
	}
	if err := free("-o", o.output, o.force); err != nil {
		return err
	}
	old, err := o.material.reportOf(cmd, before)
	if err != nil {
		return err
	}
	now, err := o.material.reportOf(cmd, after)
	if err != nil {
		return err
	}
	l := language(cmd)
	d := diff.Compare(old.In(l), now.In(l))
	if o.output == "" {
		err = write(cmd.OutOrStdout(), d)
	} else {
		err = writeWhole(o.output, func(w io.Writer) error { return write(w, d) })
	}
	if err != nil {
		return inputError(fmt.Errorf("write the comparison: %w", err))
	}
	untold := slices.ContainsFunc(d.Unknown, func(e diff.Entry) bool { return e.Severity.Rank() >= threshold.Rank() })
	if o.failOn != "never" && untold || now.Fails(report.WriteOptions{FailOn: threshold}) {
		return exitStatus(exitFindings)
	}
	return nil
}

// reportOf reads a saved report, or diagnoses anything else.
func (o *materialOptions) reportOf(cmd *cobra.Command, path string) (*report.Report, error) {
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		head := make([]byte, 512)
		n, err := io.ReadFull(f, head)
		if (err == nil || errors.Is(err, io.ErrUnexpectedEOF)) && bytes.Contains(head[:n], []byte(`"cbdoctor/report/`)) {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return nil, inputError(err)
			}
			r, err := report.Read(f)
			if err != nil {
				return nil, inputError(fmt.Errorf("%s: %w", path, err))
			}
			return r, nil
		}
	}
	r, err := o.diagnose(cmd, []string{path})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}
