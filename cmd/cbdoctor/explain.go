package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cbdoctor/finding"
	"cbdoctor/lang"
)

func newExplainCommand() *cobra.Command {
	var dirs []string
	cmd := &cobra.Command{
		Use:   "explain ID | explain REF REPORT",
		Short: "Explain a rule, or prove one finding of a report",
		Long: `With one word, print the rule: what happens, how it shows, what to do. With a reference such as F1 and a report in JSON, print the proof of
that finding: which condition held with which values, where it was seen, and what would have spoken against it and was not there.
` + exitStatusHelp,
		Example: "  cbdoctor explain cert-expired\n  cbdoctor analyze bundle/ --format json -o report.json; cbdoctor explain F1 report.json",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return showRule(cmd.OutOrStdout(), args[0], dirs, language(cmd))
			}
			f, err := findingOf(args[1], args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), printable(proofText(f.In(language(cmd)), language(cmd))))
			return err
		},
	}
	addRuleFlags(cmd, &dirs)
	return cmd
}

// maxReport bounds a report that is read back.
const maxReport = 1 << 30

// findingOf reads one finding of a report; "-" is standard input.
func findingOf(path, ref string, stdin io.Reader) (*finding.Finding, error) {
	source := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, inputError(fmt.Errorf("open report: %w", err))
		}
		defer file.Close()
		source = file
	}
	var report struct {
		Findings []finding.Finding `json:"findings"`
	}
	if err := json.NewDecoder(io.LimitReader(source, maxReport)).Decode(&report); err != nil {
		return nil, inputError(fmt.Errorf("read report %s: %w", path, err))
	}
	var refs []string
	for i := range report.Findings {
		if f := &report.Findings[i]; strings.EqualFold(f.Ref, ref) || f.ID == ref {
			return f, nil
		}
		refs = append(refs, report.Findings[i].Ref)
	}
	if len(refs) == 0 {
		return nil, usageError(fmt.Errorf("report %s has no finding %q", path, ref), "it has none")
	}
	return nil, usageError(fmt.Errorf("report %s has no finding %q", path, ref), "it has "+strings.Join(refs, ", "))
}

func proofText(f finding.Finding, l lang.Lang) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s: %s\n", f.Ref, f.ID, f.Title)
	fmt.Fprintf(&b, "    %s, %s, %s, %s\n", l.T(string(f.Severity)), l.T("%s confidence", l.T(f.Confidence)), l.T(f.Role), l.T(f.State))
	if !f.First.IsZero() {
		fmt.Fprintf(&b, "    %s\n", l.T("%s to %s, %d times", f.First, f.Last, f.Count))
	}
	fmt.Fprintf(&b, "    %s\n", f.Summary)
	if len(f.ExplainedBy) > 0 {
		fmt.Fprintf(&b, "    %s\n", l.T("explained by %s", strings.Join(f.ExplainedBy, ", ")))
	}
	fmt.Fprintf(&b, "\n%s\n", l.T("What held"))
	for _, p := range f.Proof {
		fmt.Fprintf(&b, "  %s\n", l.T("%s, seen in: %s (%d times)", p.Fact, strings.Join(p.Seen, "; "), p.Count))
		if p.Condition != "" {
			fmt.Fprintf(&b, "    %s\n", l.T("condition  %s", p.Condition))
		}
		for _, v := range p.Values {
			fmt.Fprintf(&b, "    %s = %s\n", v.Name, v.Value)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", l.T("What would have spoken against it, and was not there"))
	for _, a := range f.Against {
		fmt.Fprintf(&b, "  - %s\n", a.Text)
	}
	if len(f.Against) == 0 {
		fmt.Fprintf(&b, "  %s\n", l.T("nothing was looked for"))
	}
	fmt.Fprintf(&b, "\n%s\n", l.T("Evidence"))
	for _, e := range f.Evidence {
		fmt.Fprintf(&b, "  %s\n", evidencePlace(e))
		if e.Text != "" {
			fmt.Fprintf(&b, "    %s\n", e.Text)
		}
		if e.Filter != "" {
			fmt.Fprintf(&b, "    Wireshark: %s\n", e.Filter)
		}
	}
	return b.String()
}

func evidencePlace(e finding.Evidence) string {
	switch {
	case e.Line > 0:
		return fmt.Sprintf("%s:%d", e.File, e.Line)
	case len(e.Frames) > 0:
		return fmt.Sprintf("%s frames %s", e.File, strings.Trim(fmt.Sprint(e.Frames), "[]"))
	default:
		return e.File
	}
}
