package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cbdoctor/analyze"
	"cbdoctor/lang"
	"cbdoctor/report"
	"cbdoctor/rules"
)

type analyzeOptions struct {
	material materialOptions
	output   outputOptions
}

// materialOptions say how to read the input; every subcommand that reads a bundle has them.
type materialOptions struct {
	port     int
	timezone []string
	same     []string
	hash     bool
	rules    []string
	disable  []string
	accept   []string
	// also are languages that the report carries its texts in beside that of --lang.
	also    []lang.Lang
	ladders bool // keep the packets of decisive sessions of large captures too
}

func (o *materialOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&o.port, "port", 5432, "TCP port of the database")
	f.StringArrayVar(&o.timezone, "timezone", nil, "zone of log times that carry none, as in the tz database (default UTC); NODE=ZONE for one node; may be repeated")
	f.StringArrayVar(&o.same, "same-event", nil, `two lines that show the same event, "FILE:LINE FILE:LINE": sets how far the clocks of their nodes are apart; may be repeated`)
	f.BoolVar(&o.hash, "hash", false, "put the SHA-256 of every input into the report (reads everything once more)")
	f.StringArrayVar(&o.rules, "rules", nil, "directory with further rules; may be repeated")
	f.StringArrayVar(&o.disable, "disable", nil, "ID of a rule to leave out; may be repeated")
	f.StringArrayVar(&o.accept, "accept", nil, "file of findings that are known and accepted until a day (see \"cbdoctor accept --help\"); may be repeated")
}

// diagnose runs the pipeline: material to facts to findings to the report document.
func (o *materialOptions) diagnose(cmd *cobra.Command, paths []string) (*report.Report, error) {
	catalog, err := o.catalog(cmd)
	if err != nil {
		return nil, err
	}
	return o.diagnoseWith(cmd, catalog, paths)
}

// catalog is checked and compiled once, also where many inputs are diagnosed one by one.
func (o *materialOptions) catalog(cmd *cobra.Command) (*rules.Catalog, error) {
	today := time.Now()
	accepted, err := o.accepted(cmd, today)
	if err != nil {
		return nil, err
	}
	catalog, err := rules.Load(rules.Options{
		Dirs: o.rules, Disable: o.disable, Accepted: accepted, Today: today, Lang: language(cmd), Also: append(languages(cmd), o.also...),
	})
	if err != nil {
		return nil, usageError(err, `"cbdoctor rules lint DIR" checks a directory of rules, "cbdoctor rules list" shows the ids`)
	}
	return catalog, nil
}

func (o *materialOptions) diagnoseWith(cmd *cobra.Command, catalog *rules.Catalog, paths []string) (*report.Report, error) {
	if o.port < 1 || o.port > 65535 {
		return nil, usageError(fmt.Errorf("--port %d is no TCP port", o.port), "give a number from 1 to 65535")
	}
	zone, zones, err := zoneOptions(o.timezone)
	if err != nil {
		return nil, err
	}
	events, paths, err := sameEventArguments(o.same, paths)
	if err != nil {
		return nil, err
	}
	set, err := analyze.Run(cmd.Context(), paths, analyze.Options{Port: uint16(o.port), Timezone: zone, Zones: zones, SameEvents: events, Hash: o.hash, Stdin: cmd.InOrStdin(), Ladders: o.ladders})
	if errors.Is(err, analyze.ErrSameEvent) {
		return nil, usageError(fmt.Errorf("--same-event: %w", err), "name lines that begin with a time, of two nodes")
	}
	if err != nil {
		return nil, inputError(err)
	}
	outcome, err := catalog.Evaluate(cmd.Context(), set)
	if err != nil {
		return nil, err
	}
	return report.New(report.Tool{Name: "cbdoctor", Version: toolVersion()}, set, outcome), nil
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
	return cmd
}

func runAnalyze(cmd *cobra.Command, paths []string, o analyzeOptions) error {
	if err := o.output.check(); err != nil {
		return err
	}
	o.material.also = o.output.languages()
	o.material.ladders = o.output.wants("html")
	r, err := o.material.diagnose(cmd, paths)
	if err != nil {
		return err
	}
	return o.output.finish(cmd, r)
}
