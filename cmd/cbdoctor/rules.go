package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"cbdoctor/lang"
	"cbdoctor/report"
	"cbdoctor/report/junit"
	"cbdoctor/rules"
)

func newRulesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, show, check and document the rules that turn facts into findings",
		Long: `Work with the catalog of rules. A rule is data (YAML with conditions in CEL): it says how a cause shows itself, what it
explains, and how to repair it. Rules of your own lie in a directory; see "cbdoctor rules new --help".
` + exitStatusHelp,
		Example: "  cbdoctor rules list\n  cbdoctor rules show firewall-blocks\n  cbdoctor rules new our-proxy > rules/our.yaml && cbdoctor rules test rules",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesListCommand(), newRulesShowCommand(), newRulesLintCommand(), newRulesTestCommand(), newRulesNewCommand(), newRulesDocsCommand())
	return cmd
}

// loadRules loads the built-in catalog and, where given, one directory more.
func loadRules(dirs []string, l lang.Lang) (*rules.Catalog, error) {
	catalog, err := rules.Load(rules.Options{Dirs: dirs, Lang: l})
	if err != nil {
		return nil, inputError(err)
	}
	return catalog, nil
}

func newRulesListCommand() *cobra.Command {
	var format string
	var dirs []string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the rules",
		Long:    "List every rule with its severity, fix area and title." + "\n" + exitStatusHelp,
		Example: "  cbdoctor rules list\n  cbdoctor rules list --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			catalog, err := loadRules(dirs, language(cmd))
			if err != nil {
				return err
			}
			switch format {
			case "json":
				return listRulesJSON(cmd.OutOrStdout(), catalog)
			case "table":
				return listRulesTable(cmd.OutOrStdout(), catalog, language(cmd))
			default:
				return usageError(fmt.Errorf("format %q is not one of table, json", format), "see \"cbdoctor rules list --help\"")
			}
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "table or json")
	addRuleFlags(cmd, &dirs)
	return cmd
}

func addRuleFlags(cmd *cobra.Command, dirs *[]string) {
	cmd.Flags().StringArrayVar(dirs, "rules", nil, "directory with rules of your own, which add to or replace the built-in ones")
}

func listRulesTable(w io.Writer, catalog *rules.Catalog, l lang.Lang) error {
	rows := make([][]string, 0, len(catalog.Rules))
	for _, r := range catalog.Rules {
		rows = append(rows, []string{r.ID, l.T(string(r.Severity)), r.FixArea, r.Subject, r.Title.Plain()})
	}
	return report.WriteGrid(w, []string{l.T("ID"), l.T("SEVERITY"), l.T("FIX AREA"), l.T("ABOUT"), l.T("TITLE")}, rows)
}

func listRulesJSON(w io.Writer, catalog *rules.Catalog) error {
	type row struct {
		ID       string `json:"id"`
		Severity string `json:"severity"`
		FixArea  string `json:"fix_area"`
		Subject  string `json:"subject"`
		Advice   bool   `json:"advice"`
		Title    string `json:"title"`
	}
	rows := []row{}
	for _, r := range catalog.Rules {
		rows = append(rows, row{r.ID, string(r.Severity), r.FixArea, r.Subject, r.Advice, r.Title.Plain()})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(rows)
}

func newRulesShowCommand() *cobra.Command {
	var dirs []string
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show one rule as a page",
		Long:    "Show one rule: what happens, how it shows, what would speak against it, what it explains, what to do, and its examples." + "\n" + exitStatusHelp,
		Example: "  cbdoctor rules show cert-expired",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return showRule(cmd.OutOrStdout(), args[0], dirs, language(cmd))
		},
	}
	addRuleFlags(cmd, &dirs)
	return cmd
}

func showRule(w io.Writer, id string, dirs []string, l lang.Lang) error {
	catalog, err := loadRules(dirs, l)
	if err != nil {
		return err
	}
	rule := catalog.Rule(id)
	if rule == nil {
		hint := "see \"cbdoctor rules list\""
		if near := catalog.Nearest(id); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return usageError(fmt.Errorf("no rule is called %q", id), hint)
	}
	return catalog.Page(rule).Markdown(w)
}

func newRulesLintCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Check rules for mistakes",
		Long: `Check the built-in rules, and those of DIR with them: names, types of the conditions, joins, remedies, missing examples and
translations, rules that can never fire. Each mistake is printed with file and line.
` + exitStatusHelp,
		Example: "  cbdoctor rules lint rules/",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			catalog, err := rules.Load(rules.Options{Dirs: args})
			var problems rules.Problems
			switch {
			case errors.As(err, &problems): // what is wrong keeps it from being loaded
			case err != nil:
				return inputError(err)
			default:
				problems = catalog.Lint()
			}
			for _, p := range problems {
				fmt.Fprintln(cmd.OutOrStdout(), printable(p.String()))
			}
			if len(problems) > 0 {
				return exitStatus(exitFindings)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d rules, no mistake\n", len(catalog.Rules))
			return nil
		},
	}
}

func newRulesTestCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the examples that the rules carry",
		Long: `Run the examples of the built-in rules, and of those in DIR: facts with which a rule must match, and facts with which it must not
although its inputs are there.
` + exitStatusHelp,
		Example: "  cbdoctor rules test rules/\n  cbdoctor rules test --format junit > rules.xml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "junit" {
				return usageError(fmt.Errorf("format %q is not one of text, junit", format), "see \"cbdoctor rules test --help\"")
			}
			catalog, err := loadRules(args, lang.English)
			if err != nil {
				return err
			}
			results, err := catalog.RunExamples(cmd.Context())
			if err != nil {
				return err
			}
			write := writeExamples
			if format == "junit" {
				write = writeExamplesJUnit
			}
			failed, err := write(cmd.OutOrStdout(), results)
			if err != nil || failed == 0 {
				return err
			}
			return exitStatus(exitFindings)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or junit")
	return cmd
}

func writeExamples(w io.Writer, results []rules.ExampleResult) (failed int, err error) {
	for _, v := range results {
		if v.Problem != "" {
			failed++
			fmt.Fprintf(w, "FAIL %s: rule %s, %s: %s\n", v.File, v.Rule, printable(v.Example), printable(v.Problem))
		}
	}
	_, err = fmt.Fprintf(w, "%d examples, %d failed\n", len(results), failed)
	return failed, err
}

// writeExamplesJUnit writes the form that CI systems read: one suite, one case an example.
func writeExamplesJUnit(w io.Writer, results []rules.ExampleResult) (failed int, err error) {
	suite := junit.Suite{Name: "rules"}
	for _, v := range results {
		c := junit.Case{Class: v.Rule, Name: v.Example}
		if v.Problem != "" {
			failed++
			c.Failure = &junit.Failure{Message: v.Problem, Type: "example"}
		}
		suite.Cases = append(suite.Cases, c)
	}
	return failed, junit.Write(w, suite)
}

func newRulesNewCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new ID",
		Short: "Print a commented skeleton of a rule",
		Long: `Print a rule file with one rule that loads and whose examples run. Redirect it into a directory of your own, replace what says
REPLACE, and check it with "cbdoctor rules lint DIR" and "cbdoctor rules test DIR".
` + exitStatusHelp,
		Example: "  mkdir rules && cbdoctor rules new our-proxy > rules/our.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := rules.Skeleton(args[0])
			if err != nil {
				return usageError(err, "see \"cbdoctor rules list\" for examples of ids")
			}
			_, err = io.WriteString(cmd.OutOrStdout(), text)
			return err
		},
	}
}

func newRulesDocsCommand() *cobra.Command {
	var format string
	var dirs []string
	cmd := &cobra.Command{
		Use:     "docs",
		Short:   "Print the whole catalog as Markdown or HTML",
		Long:    "Print every rule as a page, family by family." + "\n" + exitStatusHelp,
		Example: "  cbdoctor rules docs --format html > rules.html",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "markdown" && format != "html" {
				return usageError(fmt.Errorf("format %q is not one of markdown, html", format), "see \"cbdoctor rules docs --help\"")
			}
			catalog, err := loadRules(dirs, language(cmd))
			if err != nil {
				return err
			}
			return catalog.WriteDocs(cmd.OutOrStdout(), format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "markdown", "markdown or html")
	addRuleFlags(cmd, &dirs)
	return cmd
}
