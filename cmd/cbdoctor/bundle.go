package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cbdoctor/bundle"
	"cbdoctor/collect"
)

func newBundleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Check, list and read what a collection made",
		Long:  "Works on the directory or the archive that \"cbdoctor collect\" made. Nothing is extracted or changed.\n" + exitStatusHelp,
		Example: `  cbdoctor bundle check bundle/
  cbdoctor bundle list bundle.tar.zst`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	check := &cobra.Command{
		Use:   "check BUNDLE",
		Short: "Compare every file with the manifest",
		Long: `Compares size and SHA-256 of every file with the manifest. Ends with 0 when the bundle is whole, with 4 when it is whole but
the collection was not complete, and with 3 when a file is missing or is not what was fetched.
` + exitStatusHelp,
		Example: "  cbdoctor bundle check bundle.tar.zst",
		Args:    oneArgument("bundle check", "BUNDLE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runBundleCheck(cmd, args[0]) },
	}
	list := &cobra.Command{
		Use:   "list BUNDLE",
		Short: "List the files and where they came from",
		Example: `  cbdoctor bundle list bundle/
  cbdoctor bundle list bundle/ --json | jq '.nodes[].outcome'`,
		Args: oneArgument("bundle list", "BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error { return runBundleList(cmd, args[0], asJSON) },
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print the manifest")
	cat := &cobra.Command{
		Use:     "cat BUNDLE FILE",
		Short:   "Print one file, as the list names it",
		Example: "  cbdoctor bundle cat bundle.tar.zst cms01/log | less",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError(errors.New("bundle cat needs a bundle and a file"), `"cbdoctor bundle list BUNDLE" shows the files`)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runBundleCat(cmd, args[0], args[1]) },
	}
	cmd.AddCommand(check, list, cat)
	return cmd
}

func oneArgument(command, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError(fmt.Errorf("%s needs one %s", command, what), "give the directory or the archive that cbdoctor collect made")
		}
		return nil
	}
}

func runBundleCheck(cmd *cobra.Command, path string) error {
	m, problems, err := bundle.Check(cmd.Context(), path)
	if err != nil {
		return inputError(fmt.Errorf("bundle %s: %w", path, err))
	}
	out := cmd.OutOrStdout()
	for _, p := range problems {
		fmt.Fprintf(out, "%s: %s\n", printable(p.File), p.Text)
	}
	if len(problems) > 0 {
		return inputError(withHint(fmt.Errorf("the bundle %s is damaged: %d of its files are not what was fetched", path, len(problems)), "cbdoctor collect --continue "+path+" fetches them again, where the nodes still have them"))
	}
	files := 0
	for _, n := range m.Nodes {
		for _, miss := range n.Missing() {
			what := strings.TrimSuffix(n.Reached+": "+miss.What, ": ")
			fmt.Fprintln(out, strings.TrimSuffix(printable(strings.ReplaceAll(fmt.Sprintf("%s: %s: %s", what, miss.Outcome, miss.Problem), "\n", "; ")), ": "))
		}
		for _, f := range n.Files {
			if f.Outcome == bundle.Success {
				files++
			}
		}
	}
	fmt.Fprintf(out, "%s, %s: each is what was fetched\n", collect.Count(len(m.Nodes), "node"), collect.Count(files, "file"))
	if m.Finished.IsZero() || !m.Complete() {
		return &codeError{exitPartial, withHint(errors.New("the collection is not complete"), "cbdoctor collect --continue "+path)}
	}
	return nil
}

func runBundleList(cmd *cobra.Command, path string, asJSON bool) error {
	m, err := bundle.OpenManifest(cmd.Context(), path)
	if err != nil {
		return inputError(fmt.Errorf("bundle %s: %w", path, err))
	}
	if asJSON {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", " ")
		return e.Encode(m)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "file\tsize\toutcome\tmodified on the node\tsource\t")
	for _, n := range m.Nodes {
		for _, c := range n.Commands {
			fmt.Fprintf(w, "%s\t\t%s\t%s\t%s> %s  %s\t\n", orDash(c.File), c.Outcome, c.Time.UTC().Format(time.RFC3339), printable(n.Name), printable(c.Command), printable(c.Problem))
		}
		for _, f := range n.Files {
			where := f.File
			if where == "" && f.Partial != "" {
				where = f.Partial + " (its beginning)"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s:%s  %s\t\n", printable(orDash(where)), collect.Size(f.Bytes), f.Outcome, f.ModTime.UTC().Format(time.RFC3339), n.Reached, printable(f.Remote), printable(f.Problem+f.Note))
		}
		if n.Problem != "" {
			fmt.Fprintf(w, "-\t\t%s\t\t%s: %s\t\n", n.Outcome, n.Reached, printable(strings.ReplaceAll(n.Problem, "\n", "; ")))
		}
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func runBundleCat(cmd *cobra.Command, path, name string) error {
	found := errors.New("found")
	out := cmd.OutOrStdout()
	err := bundle.Members(cmd.Context(), path, func(m bundle.Member, r io.Reader) error {
		if m.Name != strings.TrimPrefix(name, "./") {
			return nil
		}
		if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			r = &harmless{r}
		}
		if _, err := io.Copy(out, r); err != nil {
			return err
		}
		return found
	})
	switch {
	case errors.Is(err, found):
		return nil
	case err != nil:
		return inputError(fmt.Errorf("bundle %s: %w", path, err))
	}
	return inputError(withHint(fmt.Errorf("the bundle %s has no file %q", path, name), `"cbdoctor bundle list `+path+`" shows the files`))
}

// harmless replaces what a terminal would act on.
type harmless struct{ r io.Reader }

func (h *harmless) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	for i, c := range p[:n] {
		if c < 0x20 && c != '\n' && c != '\t' || c == 0x7f {
			p[i] = '?'
		}
	}
	return n, err
}

// checkArchive finds an archive that can't be written before anything is collected.
func checkArchive(name string) error {
	if !slices.ContainsFunc(bundle.ArchiveKinds, func(k string) bool { return strings.HasSuffix(name, k) }) {
		return usageError(fmt.Errorf("--archive %s: the kind can't be told from the suffix", name), "use .tar.zst or .tar.gz")
	}
	if _, err := os.Lstat(name); err == nil {
		return usageError(fmt.Errorf("--archive %s: the file exists already", name), "choose another name")
	}
	return nil
}

// packBundle packs a bundle, reads the archive back, and removes the directory when all is there.
func packBundle(ctx context.Context, dir, archive string) error {
	if err := bundle.Pack(ctx, dir, archive); err != nil {
		return err
	}
	if _, problems, err := bundle.Check(ctx, archive); err != nil || len(problems) > 0 {
		return fmt.Errorf("the archive %s is not what was packed: %w", archive, errors.Join(err, fmt.Errorf("%d files differ", len(problems))))
	}
	return os.RemoveAll(dir)
}
