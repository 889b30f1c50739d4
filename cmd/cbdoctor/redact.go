package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cbdoctor/redact"
)

type redactOptions struct {
	material materialOptions
	output   string
	key      string
	mapping  string
	force    bool
}

func newRedactCommand() *cobra.Command {
	var o redactOptions
	cmd := &cobra.Command{
		Use:   "redact PATH... -o DIR",
		Short: "Copy a bundle without addresses, names and certificates that tell whose it is",
		Long: `Writes a copy that can be given away. Addresses (subnets kept), host and user names, domains, mail and SIP addresses and the
names and keys in certificates are replaced by stand-ins of the same length, the same ones in logs, JSON, status texts and packets.
Of log lines that the diagnosis does not read, only time, host and program stay; of packets of other ports, the headers. What can't
be redacted safely is left out and listed. At the end every byte of the copy is searched for the old values.

Archives become directories. Times, serial numbers and validity of certificates, and versions stay what they are.
The same key gives the same stand-ins again. Keep the key and the mapping: who has one of them can undo the copy.

EXIT STATUS
  0    the copy is there, and its diagnosis is that of the original
  1    the copy is there, and its diagnosis differs
  2    wrong usage
  3    the input could not be read, or nothing in it could be redacted
  130  interrupted`,
		Example: `  cbdoctor redact bundle/ -o for-cisco
  cbdoctor redact logbundle-1.tar.gz replica.pcap -o copy --key redact.key --mapping mapping.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError(errors.New("redact needs at least one path"), "give a directory, an archive or a file")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runRedact(cmd, args, o) },
	}
	o.material.addFlags(cmd)
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "directory of the copy; it must not exist")
	f.StringVar(&o.key, "key", "", "file with the key of the stand-ins; it is made where there is none (default: a new key that is forgotten)")
	f.StringVar(&o.mapping, "mapping", "", "write what stands for what to this file, for yourself")
	f.BoolVar(&o.force, "force", false, "overwrite the file of --mapping")
	return cmd
}

func runRedact(cmd *cobra.Command, paths []string, o redactOptions) error {
	if o.output == "" {
		return usageError(errors.New("redact needs -o"), "give a directory that does not exist yet")
	}
	o.output = filepath.Clean(o.output) // "copy/" is made beside its name too
	for _, file := range []string{o.output, o.mapping} {
		if _, err := os.Lstat(file); file != "" && err == nil && (file == o.output || !o.force) {
			return usageError(fmt.Errorf("%s exists already", file), "choose another name; nothing is redacted in place")
		}
	}
	key, err := redactKey(o.key)
	if err != nil {
		return inputError(err)
	}
	r, summary, err := redact.Run(cmd.Context(), paths, o.output, redact.Options{Port: uint16(o.material.port), Key: key})
	if summary != nil {
		writeRedactSummary(cmd.OutOrStdout(), o.output, summary)
	}
	if err != nil {
		return inputError(err)
	}
	if o.mapping != "" {
		err := writeWhole(o.mapping, func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(summary.Mapping)
		})
		if err == nil {
			err = os.Chmod(o.mapping, 0o600)
		}
		if err != nil {
			return inputError(fmt.Errorf("write %s: %w", o.mapping, err))
		}
	}
	return checkRedacted(cmd, paths, o, r)
}

// checkRedacted compares the diagnosis of the copy with that of the original.
func checkRedacted(cmd *cobra.Command, paths []string, o redactOptions, r *redact.Redactor) error {
	before, err := o.material.diagnose(cmd, paths)
	if err != nil {
		fmt.Fprintf(cmd.OutOrStdout(), "the diagnosis was not compared: %v\n", err)
		return nil
	}
	after, err := o.material.diagnose(cmd, []string{o.output})
	if err != nil {
		return fmt.Errorf("diagnose the copy: %w", err)
	}
	differences := r.Differences(before.Findings, after.Findings)
	if len(differences) == 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "the copy leads to the same %d findings as the original\n", len(after.Findings))
		return nil
	}
	fmt.Fprintln(cmd.OutOrStdout(), "the copy does not lead to the same findings as the original:")
	for _, d := range differences {
		fmt.Fprintln(cmd.OutOrStdout(), "  "+printable(d))
	}
	return exitStatus(exitFindings)
}

// keyLen is the length of a key that is made: as long as the hash that uses it.
const keyLen = 32

// redactKey reads the key, or makes one where the file is not there yet.
func redactKey(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	key, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		key = redact.NewKey(keyLen)
		err = os.WriteFile(file, key, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("the key of the stand-ins: %w", err)
	}
	if len(key) < keyLen/2 {
		return nil, fmt.Errorf("the key in %s has only %d bytes: at least %d are needed", file, len(key), keyLen/2)
	}
	return key, nil
}

func writeRedactSummary(w io.Writer, out string, s *redact.Summary) {
	lines := 0
	for _, f := range s.Files {
		lines += f.LinesLeftOut
		if f.LinesLeftOut > 0 {
			fmt.Fprintf(w, "  %s: %d lines of no known form were left out\n", printable(f.To), f.LinesLeftOut)
		}
	}
	for _, l := range s.LeftOut {
		fmt.Fprintf(w, "  left out: %s: %s\n", printable(l.Path), printable(l.Why))
	}
	for _, name := range s.Kept {
		fmt.Fprintf(w, "  stayed, for it is a word of the formats too: %s\n", printable(name))
	}
	fmt.Fprintf(w, "%s: %d files; %d addresses and %d names have stand-ins; %d files and %d lines were left out\n",
		out, len(s.Files), len(s.Mapping.Addresses), len(s.Mapping.Names), len(s.LeftOut), lines)
}
