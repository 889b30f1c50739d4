package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cbdoctor/report"
	"cbdoctor/rules"
	"cbdoctor/verify"
)

type verifyOptions struct {
	material materialOptions
	junit    string
	jobs     int
	update   bool
	verbose  bool
	force    bool
}

func newVerifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Check that cases still lead to the diagnosis expected of them",
		Long: `Diagnoses every case below DIR (default: here), all in parallel, and tells what differs from its expectation. A case is a
folder with logs, captures and status texts and an expect.yaml:

  about: the firewall drops every SYN to the database
  exit: 1                           # exit code of "cbdoctor analyze"
  match: partial                    # "exact": no other finding, no other session
  found:                            # each fits at least one finding; a field may have a list of values
    - {id: firewall-blocks, role: root-cause, client: 10.48.54.206, server: 10.48.54.50}
  not_found:                        # none fits any finding
    - {id: service-down, severity: [error, critical]}
  verdicts:                         # of sessions in captures; without client and frame: of all
    - {file: client.pcap, client: "10.48.36.118:49002", frame: 9, verdict: syn-dropped, observations: [retransmissions]}
  plan: [clear error, upgrade_schema]        # in this order
  inputs: [client.pcap]             # default: everything but expect.yaml and README.md
  port: 5432
  timezone: UTC                     # or "UTC,cms02=Asia/Tokyo"

--update rewrites the expectations that differ (what still holds stays; comments are lost, "about" is kept).

EXIT STATUS
  0    every case is as expected, or was rewritten
  1    a case differs
  2    wrong usage
  3    there is no case, or an expect.yaml or its inputs can't be read
  130  interrupted`,
		Example: `  cbdoctor verify fixtures/
  cbdoctor verify fixtures/ --junit verify.xml
  cbdoctor verify fixtures/bundles/03-firewall-drop --update`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError(errors.New("verify takes one folder"), "give the folder above all cases")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return runVerify(cmd, dir, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.junit, "junit", "", "write the results as JUnit XML to this file")
	f.IntVarP(&o.jobs, "jobs", "j", 0, "cases at a time (default: one a processor)")
	f.BoolVar(&o.update, "update", false, "rewrite the expectations that differ")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "name the cases that are as expected, too")
	f.BoolVar(&o.force, "force", false, "overwrite the file of --junit")
	f.StringArrayVar(&o.material.rules, "rules", nil, "directory with further rules; may be repeated")
	f.StringArrayVar(&o.material.disable, "disable", nil, "ID of a rule to leave out; may be repeated")
	return cmd
}

func runVerify(cmd *cobra.Command, dir string, o verifyOptions) error {
	if o.jobs < 0 {
		return usageError(fmt.Errorf("--jobs %d is negative", o.jobs), "give the number of cases to run at a time")
	}
	if err := free("--junit", o.junit, o.force); err != nil {
		return err
	}
	cases, err := verify.Find(dir)
	if errors.Is(err, verify.ErrNoCase) {
		return inputError(withHint(err, `"cbdoctor verify --help" shows one; "cbdoctor case new NAME BUNDLE" makes one`))
	}
	if err != nil {
		return inputError(err)
	}
	catalog, err := o.material.catalog(cmd)
	if err != nil {
		return err
	}
	diagnose := func(_ context.Context, paths []string, e *verify.Expect) (*verify.Diagnosis, error) {
		return o.material.diagnoseCase(cmd, catalog, paths, e)
	}
	results, err := verify.Run(cmd.Context(), cases, diagnose, verify.Options{Jobs: o.jobs, Update: o.update})
	if err != nil {
		return inputError(err)
	}
	if o.junit != "" {
		if err := writeWhole(o.junit, func(w io.Writer) error { return verify.WriteJUnit(w, results) }); err != nil {
			return inputError(fmt.Errorf("write %s: %w", o.junit, err))
		}
	}
	if err := verify.WriteText(cmd.OutOrStdout(), results, o.verbose); err != nil {
		return err
	}
	if slices.ContainsFunc(results, func(r verify.Result) bool { return len(r.Differences) > 0 && !r.Updated }) {
		return exitStatus(exitFindings)
	}
	return nil
}

// diagnoseCase is "cbdoctor analyze" without its output: the report and the exit code.
func (o materialOptions) diagnoseCase(cmd *cobra.Command, catalog *rules.Catalog, paths []string, e *verify.Expect) (*verify.Diagnosis, error) {
	o.port, o.timezone = 5432, nil
	if e.Port != 0 {
		o.port = int(e.Port)
	}
	if e.Timezone != "" {
		o.timezone = strings.Split(e.Timezone, ",")
	}
	r, err := o.diagnoseWith(cmd, catalog, paths)
	if ctx := cmd.Context().Err(); ctx != nil {
		return nil, ctx
	}
	var coded *codeError
	if errors.As(err, &coded) && coded.code == exitInput {
		return &verify.Diagnosis{Exit: exitInput, Err: err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	return &verify.Diagnosis{Report: r, Exit: exitOf(r)}, nil
}

// exitOf is the code of "cbdoctor analyze" with the default --fail-on.
func exitOf(r *report.Report) int {
	if r.Fails(report.WriteOptions{}) {
		return exitFindings
	}
	return exitOK
}
