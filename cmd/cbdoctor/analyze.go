package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cbdoctor/analyze"
	"cbdoctor/finding"
	"cbdoctor/report"
	"cbdoctor/rules"
)

type analyzeOptions struct {
	material materialOptions
	output   outputOptions
	failOn   string
}

// materialOptions say how to read the input; every subcommand that reads a bundle has them.
type materialOptions struct {
	port     int
	timezone string
	hash     bool
	rules    []string
	disable  []string
	lang     string
}

func (o *materialOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&o.port, "port", 5432, "TCP port of the database")
	f.StringVar(&o.timezone, "timezone", "UTC", "zone of log times that carry none, as in the tz database")
	f.BoolVar(&o.hash, "hash", false, "put the SHA-256 of every input into the report (reads everything once more)")
	f.StringArrayVar(&o.rules, "rules", nil, "directory with further rules; may be repeated")
	f.StringArrayVar(&o.disable, "disable", nil, "ID of a rule to leave out; may be repeated")
}

// diagnose runs the pipeline: material to facts to findings to the report document.
func (o *materialOptions) diagnose(cmd *cobra.Command, paths []string) (*report.Report, error) {
	catalog, err := o.catalog()
	if err != nil {
		return nil, err
	}
	return o.diagnoseWith(cmd, catalog, paths)
}

// catalog is checked and compiled once, also where many inputs are diagnosed one by one.
func (o *materialOptions) catalog() (*rules.Catalog, error) {
	catalog, err := rules.Load(rules.Options{Dirs: o.rules, Disable: o.disable, Lang: o.lang})
	if err != nil {
		return nil, usageError(err, `"cbdoctor rules lint DIR" checks a directory of rules`)
	}
	return catalog, nil
}

func (o *materialOptions) diagnoseWith(cmd *cobra.Command, catalog *rules.Catalog, paths []string) (*report.Report, error) {
	if o.port < 1 || o.port > 65535 {
		return nil, usageError(fmt.Errorf("--port %d is no TCP port", o.port), "give a number from 1 to 65535")
	}
	zone, err := time.LoadLocation(o.timezone)
	if err != nil {
		return nil, usageError(fmt.Errorf("--timezone %q is not known: %w", o.timezone, err), `use a name of the tz database, for example "Asia/Tokyo"`)
	}
	set, err := analyze.Run(cmd.Context(), paths, analyze.Options{Port: uint16(o.port), Timezone: zone, Hash: o.hash, Stdin: cmd.InOrStdin()})
	if err != nil {
		return nil, inputError(err)
	}
	outcome, err := catalog.Evaluate(cmd.Context(), set)
	if err != nil {
		return nil, err
	}
	return report.New(report.Tool{Name: "cbdoctor", Version: toolVersion()}, set, outcome), nil
}

// outputOptions say how and where the report is written.
type outputOptions struct {
	format string
	files  []string
	force  bool
	full   bool
}

func (o *outputOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", "format on standard output: "+strings.Join(report.Formats(), ", ")+` (default "table")`)
	f.StringArrayVarP(&o.files, "output", "o", nil, "write the report to this file, format by its suffix or --format; may be repeated")
	f.BoolVar(&o.force, "force", false, "overwrite files given with -o")
	f.BoolVar(&o.full, "full", false, "table: all evidence, every form of a firewall rule, the whole timeline")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(report.Formats(), cobra.ShellCompDirectiveNoFileComp))
}

// check finds wrong usage before any work is done.
func (o *outputOptions) check() error {
	if o.format != "" && !slices.Contains(report.Formats(), o.format) {
		return usageError(fmt.Errorf("--format %q is not known", o.format), "the formats are "+strings.Join(report.Formats(), ", "))
	}
	for _, file := range o.files {
		if o.format == "" && report.FormatOf(file) == "" {
			return usageError(fmt.Errorf("-o %s: the format can't be told from the suffix", file), "add --format, or use a suffix such as .json or .html")
		}
		if _, err := os.Lstat(file); err == nil && !o.force {
			return usageError(fmt.Errorf("-o %s: the file exists already", file), "choose another name, or overwrite it with --force")
		}
	}
	return nil
}

// write puts the report to standard output, or to the files when there are any.
func (o *outputOptions) write(cmd *cobra.Command, r *report.Report, opt report.WriteOptions) error {
	opt.Full = o.full
	if len(o.files) == 0 {
		format := o.format
		if format == "" {
			format = "table"
		}
		return report.Write(cmd.OutOrStdout(), format, r, opt)
	}
	for _, file := range o.files {
		format := report.FormatOf(file)
		if o.format != "" && (len(o.files) == 1 || format == "") {
			format = o.format
		}
		if err := writeWhole(file, func(w io.Writer) error { return report.Write(w, format, r, opt) }); err != nil {
			return inputError(fmt.Errorf("write %s: %w", file, err))
		}
	}
	return nil
}

// writeWhole writes beside the final name and renames when all is there, so that nothing half-written is ever seen under it.
func writeWhole(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".cbdoctor-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func newAnalyzeCommand() *cobra.Command {
	var o analyzeOptions
	cmd := &cobra.Command{
		Use:   "analyze PATH...",
		Short: "Find the causes in logs, status texts and captures",
		Long: `Reads directories, archives (.tar.gz, .zip, .zst ...), single files or standard input ("-"), tells by content what each
file is, and prints the causes with their evidence and the steps of the repair.
` + exitStatusHelp,
		Example: `  cbdoctor analyze logbundle-1.tar.gz logbundle-2.tar.gz replica.pcap
  cbdoctor analyze bundle/ --format json -o report.json
  ssh admin@10.48.36.61 database cluster status | cbdoctor analyze -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError(errors.New("analyze needs at least one path"), `give a directory, an archive or a file, or "-" for standard input`)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runAnalyze(cmd, args, o) },
	}
	o.material.addFlags(cmd)
	o.output.addFlags(cmd)
	cmd.Flags().StringVar(&o.failOn, "fail-on", string(finding.Error), "exit with 1 when a finding of this severity or worse is still going on: info, warning, error, critical, never")
	return cmd
}

func runAnalyze(cmd *cobra.Command, paths []string, o analyzeOptions) error {
	threshold := finding.Severity(o.failOn)
	if threshold.Rank() < 0 && o.failOn != "never" {
		return usageError(fmt.Errorf("--fail-on %q is no severity", o.failOn), "use info, warning, error, critical or never")
	}
	if err := o.output.check(); err != nil {
		return err
	}
	r, err := o.material.diagnose(cmd, paths)
	if err != nil {
		return err
	}
	if err := o.output.write(cmd, r, terminalOptions(cmd)); err != nil {
		return err
	}
	if o.failOn != "never" && failsOn(r.Findings, threshold) {
		return exitStatus(exitFindings)
	}
	return nil
}

// failsOn reports whether something at or above the threshold is still going on, or may be.
func failsOn(findings []finding.Finding, threshold finding.Severity) bool {
	return slices.ContainsFunc(findings, func(f finding.Finding) bool {
		return f.State != finding.Resolved && f.Severity.Rank() >= threshold.Rank()
	})
}
