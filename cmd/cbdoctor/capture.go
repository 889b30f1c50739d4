package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"cbdoctor/capture"
	"cbdoctor/capture/filter"
	"cbdoctor/capture/points"
	"cbdoctor/capture/tlskeys"
	"cbdoctor/certificate"
	"cbdoctor/report"
)

// captureInput says which packets are judged, of files as on an interface.
type captureInput struct {
	port   int
	bpf    string
	keylog string
	ca     []string
}

func (o *captureInput) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&o.port, "port", capture.DefaultPort, "TCP port of the database")
	f.StringVar(&o.keylog, "keylog", "", "read what is inside TLS with the secrets of this file (as SSLKEYLOGFILE makes it; those in a pcapng file are used anyway)")
	f.StringArrayVar(&o.ca, "ca", nil, "judge certificates against the CA bundle in this file, as the nodes that trust it would (repeatable; PEM or DER)")
	f.StringVar(&o.bpf, "bpf", "", "use only packets that match this expression, as with tcpdump")
}

func (o *captureInput) options() (capture.Options, error) {
	opt := capture.Options{Port: uint16(o.port), BPF: o.bpf}
	if o.port < 1 || o.port > 65535 {
		return opt, usageError(fmt.Errorf("--port %d is no TCP port", o.port), "give a number from 1 to 65535")
	}
	if o.keylog != "" {
		var err error
		if opt.KeyLog, err = readKeyLog(o.keylog); err != nil {
			return opt, err
		}
	}
	for _, file := range o.ca {
		trusted, err := readCA(file)
		if err != nil {
			return opt, err
		}
		opt.Trusted = append(opt.Trusted, certificate.Pointers(trusted)...)
	}
	if _, err := filter.Compile(o.bpf); err != nil {
		return opt, usageError(fmt.Errorf("--bpf: %w", err), "for example: --bpf 'host 10.48.36.118 and not net 10.0.0.0/8'")
	}
	return opt, nil
}

type captureOptions struct {
	captureInput
	json     bool
	session  int
	cut      string
	sessions string
	all      bool
	force    bool
}

func newCaptureCommand() *cobra.Command {
	var o captureOptions
	cmd := &cobra.Command{
		Use:   "capture FILE...",
		Short: "Judge the sessions of captures, without logs",
		Long: `Reads pcap and pcapng files, plain or compressed, and judges every connection to the database port. "-" is standard input.
Captures of the same connections from several points of the way are compared: what vanishes between them, in which direction.
The exit code tells whether a connection failed that did not work again later.
` + exitStatusHelp,
		Example: `  cbdoctor capture replica.pcap
  cbdoctor capture replica.pcap --session 3
  cbdoctor capture replica.pcap --sessions 3,7 --cut evidence.pcapng`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError(errors.New("capture needs at least one file"), `give a capture, or "-" for standard input`)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runCapture(cmd, args, o) },
	}
	o.addFlags(cmd)
	cmd.AddCommand(newCaptureLiveCommand())
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print JSON: one document a file, and one of the paths between several")
	f.IntVar(&o.session, "session", -1, "print the packets of this session as a ladder")
	f.StringVar(&o.cut, "cut", "", "write the packets of --sessions (all bad ones by default) to this pcapng file")
	f.StringVar(&o.sessions, "sessions", "", "session numbers for --cut, separated by commas")
	f.BoolVar(&o.all, "all-sessions", false, "list every session, not only the first 1,000 good ones and the first 100,000 others")
	f.BoolVar(&o.force, "force", false, "overwrite the file of --cut")
	return cmd
}

func runCapture(cmd *cobra.Command, files []string, o captureOptions) error {
	opt, err := o.options()
	if err != nil {
		return err
	}
	opt.AllSessions = o.all
	if o.session >= 0 || o.cut != "" {
		files = slices.Clone(files)
		for i := range files {
			file, remove, err := onDisk(cmd, files[i])
			if err != nil {
				return err
			}
			defer remove()
			files[i] = file
		}
	}
	if o.session >= 0 {
		return printLadders(cmd, files, o, opt)
	}
	if o.cut != "" {
		return cutCapture(cmd, files, o, opt)
	}
	return judgeCaptures(cmd, files, o, opt)
}

// maxKeyLog bounds a key log: a million connections of TLS 1.3 have some 800 MiB, and nobody has so many in one incident.
const maxKeyLog = 64 << 20

func readKeyLog(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, inputError(fmt.Errorf("--keylog: %w", err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKeyLog+1))
	switch {
	case err != nil:
		return nil, inputError(fmt.Errorf("--keylog: read %s: %w", file, err))
	case len(b) > maxKeyLog:
		return nil, inputError(fmt.Errorf("--keylog: %s has more than %d MiB: keep the lines of the time in question", file, maxKeyLog>>20))
	case (&tlskeys.Log{}).Add(b) == 0:
		return nil, inputError(withHint(fmt.Errorf("--keylog: no TLS secret in %s", file), `lines are "CLIENT_RANDOM <64 hex digits> <secret>" and the like, as programs write them to the file that SSLKEYLOGFILE names`))
	}
	return b, nil
}

// maxCA bounds a CA bundle: that of a whole operating system has 250 KiB.
const maxCA = 4 << 20

func readCA(file string) ([]certificate.Certificate, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, inputError(fmt.Errorf("--ca: %w", err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCA+1))
	if err != nil {
		return nil, inputError(fmt.Errorf("--ca: read %s: %w", file, err))
	}
	if len(b) > maxCA {
		return nil, inputError(fmt.Errorf("--ca: %s has more than %d MiB", file, maxCA>>20))
	}
	trusted, _, _, err := certificate.ParseFile(b)
	if err != nil {
		return nil, inputError(withHint(fmt.Errorf("--ca: %s: %w", file, err), "give the file that \"database cluster certs\" names last: the CA bundle that the nodes trust"))
	}
	return trusted, nil
}

// judgeCaptures judges each file, then all together, and prints the results.
func judgeCaptures(cmd *cobra.Command, files []string, o captureOptions, opt capture.Options) error {
	var listings []*capture.Listing
	var results []*capture.Result // the same in memory, where several files are compared
	var sources []points.Source
	var problems error
	for _, file := range files {
		l, err := judge(cmd, file, opt)
		if err != nil {
			if file == "-" {
				err = fmt.Errorf("standard input: %w", err)
			}
			problems = errors.Join(problems, err)
			continue
		}
		listings = append(listings, l)
		if len(files) == 1 {
			break
		}
		r := l.Whole()
		results = append(results, r)
		if file != "-" {
			source, err := sourceOf(r, file, opt)
			problems = errors.Join(problems, err)
			sources = append(sources, source)
		}
	}
	paths, err := points.Compare(cmd.Context(), sources, opt.Port)
	problems = errors.Join(problems, err)
	points.Confirm(sources, paths)
	var pairs []capture.Pair
	for i, l := range listings {
		pairs = append(pairs, l.Pairs...)
		switch {
		case o.json && len(results) == 0:
			err = l.WriteJSON(cmd.OutOrStdout())
		case o.json:
			err = results[i].WriteJSON(cmd.OutOrStdout())
		case len(results) == 0:
			err = report.WriteCapture(cmd.OutOrStdout(), l.Whole(), terminalOptions(cmd))
		default:
			if i > 0 {
				fmt.Fprintln(cmd.OutOrStdout())
			}
			err = report.WriteCapture(cmd.OutOrStdout(), results[i], terminalOptions(cmd))
		}
		if err != nil {
			return err
		}
	}
	if err := printPaths(cmd, paths, o.json); err != nil {
		return err
	}
	if problems != nil {
		return inputError(problems)
	}
	return failedPairs(pairs)
}

// sourceOf is a file judged with the given options, to be compared with others.
func sourceOf(r *capture.Result, file string, opt capture.Options) (points.Source, error) {
	source := points.File(r, file)
	if opt.BPF == "" {
		return source, nil
	}
	wanted, err := filter.Compile(opt.BPF)
	source.Filter = filter.Packets(wanted)
	return source, err
}

// failedPairs is the exit status: whether connections fail.
func failedPairs(pairs []capture.Pair) error {
	if slices.ContainsFunc(pairs, func(p capture.Pair) bool { return !p.Verdict.Good() && p.Verdict != capture.OneWay }) {
		return exitStatus(exitFindings)
	}
	return nil
}

// printPaths prints what several captures say together; with --json as a document of its own, behind those of the files.
func printPaths(cmd *cobra.Command, paths []points.Path, asJSON bool) error {
	switch {
	case len(paths) == 0:
		return nil
	case asJSON:
		return printJSON(cmd.OutOrStdout(), struct {
			Paths []points.Path `json:"paths"`
		}{paths})
	}
	return report.WritePaths(cmd.OutOrStdout(), paths, terminalOptions(cmd))
}

func judge(cmd *cobra.Command, file string, opt capture.Options) (*capture.Listing, error) {
	if file == "-" {
		return capture.List(cmd.Context(), "standard input", cmd.InOrStdin(), opt)
	}
	return capture.ListFile(cmd.Context(), file, opt)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}

func captureError(err error) error {
	if errors.Is(err, capture.ErrNoSession) {
		return usageError(err, "run it without --session to see the numbers")
	}
	return inputError(err)
}
