package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cbdoctor/finding"
	"cbdoctor/redact"
	"cbdoctor/reduce"
	"cbdoctor/report"
	"cbdoctor/rules"
	"cbdoctor/verify"
)

type caseOptions struct {
	material materialOptions
	dir      string
	about    string
	time     time.Duration
}

// epoch is the day on which the material of every case begins: a case tells nothing of when it happened.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func newCaseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "case",
		Short:   "Make cases for the regression",
		Long:    `Makes cases that "cbdoctor verify" runs.`,
		Example: `  cbdoctor case new firewall-tokyo bundle/ --dir fixtures/bundles`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCaseNewCommand())
	return cmd
}

func newCaseNewCommand() *cobra.Command {
	var o caseOptions
	cmd := &cobra.Command{
		Use:   "new NAME PATH...",
		Short: "Make a case out of a bundle: redacted, and as small as still leads to the same findings",
		Long: `Makes the folder NAME with a copy of the material, an expect.yaml and a README.md. The copy is redacted (see "cbdoctor redact
--help") and its dates are moved so that it begins on 2020-01-01. Then files, lines and connections are left out while the findings
stay the same. "cbdoctor verify NAME" runs the case. Read it before it is given away or committed.

EXIT STATUS
  0    the case is made
  2    wrong usage
  3    the input could not be read, or can't be redacted without changing its findings
  130  interrupted`,
		Example: `  cbdoctor case new firewall-tokyo bundle/ --dir fixtures/bundles
  cbdoctor case new expired logbundle-1.tar.gz replica.pcap --about "the client certificate has expired"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError(errors.New("case new needs a name and at least one path"), "for example: cbdoctor case new firewall-tokyo bundle/")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runCaseNew(cmd, args[0], args[1:], o) },
	}
	o.material.addFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.dir, "dir", ".", "folder in which the case's folder is made")
	f.StringVar(&o.about, "about", "", "what the case shows (default: the titles of the root causes)")
	f.DurationVar(&o.time, "time", 2*time.Minute, "how long to look for what can be left out")
	return cmd
}

func runCaseNew(cmd *cobra.Command, name string, paths []string, o caseOptions) error {
	target := filepath.Join(o.dir, name)
	if _, err := os.Lstat(target); err == nil {
		return usageError(fmt.Errorf("%s exists already", target), "choose another name")
	}
	catalog, err := o.material.catalog(cmd)
	if err != nil {
		return err
	}
	before, err := o.material.diagnoseWith(cmd, catalog, paths)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(o.dir, ".case-*")
	if err != nil {
		return inputError(fmt.Errorf("make the case: %w", err))
	}
	defer os.RemoveAll(work)
	c := &caseMaker{cmd: cmd, catalog: catalog, o: o, dir: filepath.Join(work, "case")}
	if err := c.copy(paths, before); err != nil {
		return inputError(err)
	}
	summary, err := c.reduce()
	if err != nil {
		return inputError(err)
	}
	if err := c.expect(before, summary); err != nil {
		return inputError(err)
	}
	if err := os.Rename(c.dir, target); err != nil {
		return inputError(fmt.Errorf("put the case in its place: %w", err))
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d of %d files, %d of %d lines and connections lead to the same %d findings (%d tries)\n",
		target, summary.Files, summary.FilesBefore, summary.Units, summary.UnitsBefore, len(c.wanted), summary.Tries)
	if summary.OutOfTime {
		fmt.Fprintln(cmd.ErrOrStderr(), "there may be more to leave out: it was stopped after", o.time)
	}
	return nil
}

// caseMaker holds the case while it is made.
type caseMaker struct {
	cmd     *cobra.Command
	catalog *rules.Catalog
	o       caseOptions
	dir     string
	now     *report.Report // what the copy leads to, before it is reduced
	wanted  []string       // its outline
}

// copy writes the redacted material, its dates moved.
func (c *caseMaker) copy(paths []string, before *report.Report) error {
	begin := beginning(before)
	opt := redact.Options{Port: uint16(c.o.material.port)}
	if !begin.IsZero() {
		opt.Anchor, opt.Days = begin, int(epoch.Sub(begin.Truncate(24*time.Hour))/(24*time.Hour))
	}
	r, summary, err := redact.Run(c.cmd.Context(), paths, c.dir, opt)
	if summary != nil {
		for _, l := range summary.LeftOut {
			fmt.Fprintf(c.cmd.ErrOrStderr(), "left out: %s: %s\n", printable(l.Path), printable(l.Why))
		}
	}
	if err != nil {
		return err
	}
	if c.now, err = c.diagnose(); err != nil {
		return fmt.Errorf("the redacted material: %w", err)
	}
	c.wanted = outline(c.now.Findings, func(s string) string { return s })
	if was := outline(before.Findings, r.String); !slices.Equal(was, c.wanted) {
		return fmt.Errorf("redacted, the material leads to other findings:\n  %s\ninstead of:\n  %s", strings.Join(c.wanted, "\n  "), strings.Join(was, "\n  "))
	}
	return nil
}

func (c *caseMaker) diagnose() (*report.Report, error) {
	return c.o.material.diagnoseWith(c.cmd, c.catalog, []string{c.dir})
}

// beginning is the first time of which the report knows.
func beginning(r *report.Report) (first time.Time) {
	note := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, f := range r.Findings {
		note(f.First.T)
	}
	for _, c := range r.Captures {
		note(c.First.T)
	}
	for _, e := range r.Timeline {
		note(e.Time.T)
	}
	return first.UTC()
}

// outline is what of the findings a case keeps: what is wrong, with whom, how sure that is. Counts and times may shrink.
func outline(findings []finding.Finding, rename func(string) string) []string {
	var out []string
	for _, f := range findings {
		s := f.Subject
		out = append(out, strings.Join([]string{f.ID, rename(s.Client), rename(s.Server), rename(s.Node), s.Side, string(f.Severity), f.Confidence, f.Role, f.State}, " "))
	}
	slices.Sort(out)
	return out
}

// reduce leaves out what the findings do not need.
func (c *caseMaker) reduce() (reduce.Summary, error) {
	evidence := map[string][]int64{}
	for _, f := range c.now.Findings {
		for _, e := range f.Evidence {
			if rel, err := filepath.Rel(c.dir, e.File); err == nil {
				rel = filepath.ToSlash(rel)
				evidence[rel] = append(append(evidence[rel], e.Frames...), int64(e.Line))
			}
		}
	}
	return reduce.Run(c.cmd.Context(), c.dir, func(context.Context) (bool, error) {
		r, err := c.diagnose()
		if ctx := c.cmd.Context().Err(); ctx != nil {
			return false, ctx
		}
		return err == nil && slices.Equal(outline(r.Findings, func(s string) string { return s }), c.wanted), nil
	}, reduce.Options{Time: c.o.time, Evidence: evidence})
}

// expect writes what the case must lead to, and the README.
func (c *caseMaker) expect(before *report.Report, summary reduce.Summary) error {
	about := c.o.about
	if about == "" {
		about = strings.Join(titles(c.now), "; ")
	}
	e := &verify.Expect{About: about}
	if len(c.wanted) == 0 {
		e.Match = verify.Exact // that nothing is found is what the case is for
	}
	if c.o.material.port != 5432 {
		e.Port = uint16(c.o.material.port)
	}
	e.Timezone = strings.Join(c.o.material.timezone, ",")
	if err := e.Write(filepath.Join(c.dir, verify.FileName)); err != nil {
		return err
	}
	cases, err := verify.Find(c.dir)
	if err != nil {
		return err
	}
	diagnose := func(_ context.Context, paths []string, e *verify.Expect) (*verify.Diagnosis, error) {
		return c.o.material.diagnoseCase(c.cmd, c.catalog, paths, e)
	}
	if _, err := verify.Run(c.cmd.Context(), cases, diagnose, verify.Options{Update: true}); err != nil {
		return err
	}
	return writeWhole(filepath.Join(c.dir, "README.md"), func(w io.Writer) error {
		fmt.Fprintf(w, "# %s\n\n", about)
		for _, f := range c.now.Findings {
			if f.Role == finding.RootCause {
				fmt.Fprintf(w, "- `%s` (%s, %s confidence): %s\n", f.ID, f.Severity, f.Confidence, f.Title)
			}
		}
		_, err := fmt.Fprintf(w, "\nMade by `cbdoctor case new` from material with %d findings. Addresses and names are stand-ins and dates are moved.\n"+
			"Of %d files with %d lines and connections, %d with %d are left: they lead to the same findings.\n",
			len(before.Findings), summary.FilesBefore, summary.UnitsBefore, summary.Files, summary.Units)
		return err
	})
}

func titles(r *report.Report) (list []string) {
	for _, f := range r.Findings {
		if f.Role == finding.RootCause && !slices.Contains(list, f.Title) {
			list = append(list, f.Title)
		}
	}
	if len(list) == 0 {
		list = append(list, "nothing is wrong")
	}
	return list
}
