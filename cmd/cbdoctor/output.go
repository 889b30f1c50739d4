package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/report"
)

// outputOptions say how and where the report is written.
type outputOptions struct {
	format string
	files  []string
	force  bool
	full   bool
	failOn string
}

func (o *outputOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", "format on standard output: "+strings.Join(report.Formats(), ", ")+` (default "table")`)
	f.StringArrayVarP(&o.files, "output", "o", nil, "write the report to this file, format by its suffix or --format; may be repeated")
	f.BoolVar(&o.force, "force", false, "overwrite files given with -o")
	f.BoolVar(&o.full, "full", false, "table: all evidence, every form of a firewall rule, the whole timeline")
	f.StringVar(&o.failOn, "fail-on", string(finding.Error), "exit with 1 when a finding of this severity or worse is still going on: info, warning, error, critical, never")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(report.Formats(), cobra.ShellCompDirectiveNoFileComp))
}

// check finds wrong usage before any work is done.
func (o *outputOptions) check() error {
	if _, err := thresholdOf(o.failOn); err != nil {
		return err
	}
	if o.format != "" && !slices.Contains(report.Formats(), o.format) {
		return usageError(fmt.Errorf("--format %q is not known", o.format), "the formats are "+strings.Join(report.Formats(), ", "))
	}
	for _, file := range o.files {
		if o.format == "" && report.FormatOf(file) == "" {
			return usageError(fmt.Errorf("-o %s: the format can't be told from the suffix", file), "add --format, or use a suffix such as .json or .html")
		}
		if err := free("-o", file, o.force); err != nil {
			return err
		}
	}
	return nil
}

// thresholdOf reads the flag --fail-on.
func thresholdOf(failOn string) (finding.Severity, error) {
	threshold := finding.Severity(failOn)
	if threshold.Rank() < 0 && threshold != report.Never {
		return "", usageError(fmt.Errorf("--fail-on %q is no severity", failOn), "use info, warning, error, critical or never")
	}
	return threshold, nil
}

// free reports, as an error of the flag, that there is a file already which the result must not replace. No name is no file, and a device
// or a pipe is there to be written to.
func free(flag, file string, force bool) error {
	if _, err := os.Lstat(file); file != "" && err == nil && placeable(file) && !force {
		return usageError(fmt.Errorf("%s %s: the file exists already", flag, file), "choose another name, or overwrite it with --force")
	}
	return nil
}

// languages are those that the formats asked for show beside the one of --lang: a page has a switch for them.
func (o *outputOptions) languages() []lang.Lang {
	if o.format == "html" || slices.ContainsFunc(o.files, func(file string) bool { return report.FormatOf(file) == "html" }) {
		return lang.All
	}
	return nil
}

// finish writes the report and ends with the exit code that its findings lead to.
func (o *outputOptions) finish(cmd *cobra.Command, r *report.Report) error {
	opt := terminalOptions(cmd)
	opt.Full, opt.FailOn, opt.Root = o.full, finding.Severity(o.failOn), repositoryRoot()
	if err := o.write(cmd, r, opt); err != nil {
		return err
	}
	if r.Fails(opt) {
		return exitStatus(exitFindings)
	}
	return nil
}

// repositoryRoot is the top of the Git work tree around the current directory, or that directory: what URIs in SARIF and
// files of annotations are relative to.
func repositoryRoot() string {
	here, err := os.Getwd()
	if err != nil {
		return ""
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return here
		}
	}
}

// formatOf is the format of an output file: that of its suffix, or that of --format where the suffix tells none or it is the only file.
func (o *outputOptions) formatOf(file string) string {
	format := report.FormatOf(file)
	if o.format != "" && (len(o.files) == 1 || format == "") {
		return o.format
	}
	return format
}

// wants reports whether the report will be written in a format.
func (o *outputOptions) wants(format string) bool {
	if len(o.files) == 0 {
		return o.format == format
	}
	return slices.ContainsFunc(o.files, func(file string) bool { return o.formatOf(file) == format })
}

// write puts the report to standard output, or to the files when there are any.
func (o *outputOptions) write(cmd *cobra.Command, r *report.Report, opt report.WriteOptions) error {
	if len(o.files) == 0 {
		format := o.format
		if format == "" {
			format = "table"
		}
		return report.Write(cmd.OutOrStdout(), format, r, opt)
	}
	for _, file := range o.files {
		format := o.formatOf(file)
		if err := writeWhole(file, func(w io.Writer) error { return report.Write(w, format, r, opt) }); err != nil {
			return inputError(fmt.Errorf("write %s: %w", file, err))
		}
	}
	return nil
}

// writeWhole writes beside the final name and renames when all is there, so that nothing half-written is ever seen under it. A
// device or a pipe is written into: a file in its place would be none (/dev/null).
func writeWhole(name string, write func(io.Writer) error) (err error) {
	if !placeable(name) {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
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

// placeable reports whether a file may stand under the name: there is nothing, or a file or a directory, on which the system decides.
func placeable(name string) bool {
	info, err := os.Stat(name)
	return err != nil || info.Mode().IsRegular() || info.IsDir()
}
