package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cbdoctor/lang"
)

// langFlag is --lang: the language of the texts, and further ones that a report carries along.
type langFlag []lang.Lang

func (f *langFlag) Type() string { return "language" }

func (f *langFlag) String() string {
	codes := make([]string, len(*f))
	for i, l := range *f {
		codes[i] = string(l)
	}
	return strings.Join(codes, ",")
}

func (f *langFlag) Set(s string) error {
	*f = nil
	for _, code := range strings.Split(s, ",") {
		l, err := lang.Parse(strings.TrimSpace(code))
		if err != nil {
			return err
		}
		if !slices.Contains(*f, l) {
			*f = append(*f, l)
		}
	}
	return nil
}

// addLangFlag gives the flag to a command and all below it.
func addLangFlag(root *cobra.Command) {
	languages := langFlag{lang.Locale(os.Getenv)}
	root.PersistentFlags().Var(&languages, "lang", `language: en or ja (default: that of the locale); "ja,en" puts the texts of both into a JSON report`)
	root.PersistentFlags().Lookup("lang").DefValue = "" // help is the same text for everyone
	_ = root.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]string{"en", "ja"}, cobra.ShellCompDirectiveNoFileComp))
}

// languages are those of --lang, the one to print in first.
func languages(cmd *cobra.Command) []lang.Lang {
	if f := cmd.Flag("lang"); f != nil {
		return *f.Value.(*langFlag)
	}
	return []lang.Lang{lang.English}
}

// language is the one to print in.
func language(cmd *cobra.Command) lang.Lang { return languages(cmd)[0] }
