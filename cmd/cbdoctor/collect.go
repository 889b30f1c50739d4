package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cbdoctor/bundle"
	"cbdoctor/collect"
	"cbdoctor/collect/progress"
)

type collectOptions struct {
	node       nodeOptions
	dir        string
	archive    string
	resume     string
	list       bool
	include    []string
	exclude    []string
	since      time.Duration
	from, to   string
	askAbove   string
	yes        bool
	pcap       string
	captureFor time.Duration
	untilFail  bool
	limitRate  string
	run        collect.Options // times, retries, connections
	progress   string
	quiet      bool
	noAnalysis bool
}

func newCollectCommand() *cobra.Command {
	var o collectOptions
	cmd := &cobra.Command{
		Use:   "collect [USER@]HOST[:PORT]... -o DIR",
		Short: "Fetch logs, captures and status texts from live nodes",
		Long: `Logs in to all nodes at once over SSH, runs a few commands that only read, and downloads logs and captures over SFTP.
Private keys and backups are never fetched and nothing on a node is changed; a capture made with --pcap stays on the node, and
the summary names it. Host keys must be known. A broken download goes on where it stopped.
What could be fetched is kept, whatever fails; DIR/manifest.json lists everything, and --continue DIR fetches the rest.
Without arguments, on a terminal, it asks for one node and finds the others.
` + exitStatusHelp,
		Example: `  cbdoctor collect admin@10.48.36.61 10.48.36.118 -o bundle
  cbdoctor collect admin@10.48.36.61 --discover --since 3h --archive bundle.tar.zst
  cbdoctor collect --inventory cluster.yaml --password-file /run/secret -o bundle && cbdoctor analyze bundle
  cbdoctor collect --inventory cluster.yaml --pcap a --until-failure -o bundle
  cbdoctor collect --continue bundle`,
		RunE: func(cmd *cobra.Command, args []string) error { return runCollect(cmd, args, o) },
	}
	o.node.addFlags(cmd)
	f := cmd.Flags()
	f.StringVarP(&o.dir, "output", "o", "", "directory of the bundle; it must be new or empty")
	f.StringVar(&o.archive, "archive", "", "pack the bundle into this .tar.zst or .tar.gz; the directory goes")
	f.StringVar(&o.resume, "continue", "", "finish the collection in this directory or archive: fetch what is missing")
	f.BoolVar(&o.list, "list", false, "only show what would be fetched")
	f.StringArrayVar(&o.include, "include", nil, "fetch files of this pattern too, never keys or backups; may be repeated")
	f.StringArrayVar(&o.exclude, "exclude", nil, "leave out files of this pattern; may be repeated")
	f.DurationVar(&o.since, "since", 0, "only files written to within this time, such as 3h")
	f.StringVar(&o.from, "from", "", "only files written to since this time, such as 2026-03-31T08:00:00Z or 2026-03-31T08:00")
	f.StringVar(&o.to, "to", "", "only files that begin before this time, where that is known: rotated logs and captures")
	f.StringVar(&o.askAbove, "ask-above", "2G", "on a terminal, ask before a node's files of more than this are fetched")
	f.BoolVarP(&o.yes, "yes", "y", false, "ask nothing of that kind")
	f.StringVar(&o.pcap, "pcap", "", "capture on this interface of all nodes at once: a to e, or admin")
	f.DurationVar(&o.captureFor, "for", 0, "how long to capture (default 2m; with --until-failure at most 1h)")
	f.BoolVar(&o.untilFail, "until-failure", false, "stop the capture soon after a node logs a failed health check")
	f.StringVar(&o.limitRate, "limit-rate", "", "bytes per second of all nodes together, such as 500K or 2M")
	f.IntVar(&o.run.Connections, "connections", 1, "SSH connections a node for files, 1 to 4: more are faster over long paths")
	f.IntVar(&o.run.Retries, "retries", 5, "attempts after a failure without any progress in between")
	f.DurationVar(&o.run.ConnectTimeout, "connect-timeout", 15*time.Second, "how long a node may take to let us in")
	f.DurationVar(&o.run.CommandTimeout, "command-timeout", time.Minute, "how long a command may take")
	f.DurationVar(&o.run.NodeTimeout, "node-timeout", time.Hour, "how long everything on one node may take")
	f.DurationVar(&o.run.Stall, "stall-timeout", time.Minute, "how long nothing may arrive before a connection is made again")
	f.StringVar(&o.progress, "progress", "auto", "auto, bar, plain, json (one event a line on standard error) or none")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print only what fails")
	f.BoolVar(&o.noAnalysis, "no-analysis", false, "do not look at the bundle for questions that stay open")
	_ = cmd.RegisterFlagCompletionFunc("progress", cobra.FixedCompletions(append([]string{"auto"}, progress.Kinds...), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func runCollect(cmd *cobra.Command, args []string, o collectOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	l, err := o.node.login(cmd)
	if err != nil {
		return err
	}
	if len(args) == 0 && o.node.inventory == "" && o.resume == "" && onTerminal() {
		args = o.interview(cmd)
	}
	inventory, err := o.node.nodes(cmd, args, &l)
	if err != nil {
		return err
	}
	if len(inventory.Nodes) == 0 && o.resume == "" {
		return usageError(errors.New("collect needs at least one node"), "for example: cbdoctor collect admin@10.48.36.61 -o bundle")
	}
	o.run.Login, o.run.Tool = l, "cbdoctor "+toolVersion()
	if o.list {
		return showListing(cmd, collect.List(cmd.Context(), inventory, o.run))
	}
	return o.collect(cmd, inventory)
}

// check finds wrong usage before any node is bothered, and turns the flags into options.
func (o *collectOptions) check() error {
	switch {
	case o.resume != "" && (o.dir != "" || o.archive != ""):
		return usageError(errors.New("--continue names the bundle: -o and --archive do not go with it"), "drop them")
	case o.dir == "" && o.archive == "" && o.resume == "" && !o.list && !onTerminal():
		return usageError(errors.New("collect needs a place for the bundle"), "add -o DIR or --archive FILE.tar.zst")
	case o.untilFail && o.pcap == "", o.captureFor != 0 && o.pcap == "":
		return usageError(errors.New("--for and --until-failure belong to --pcap"), "add --pcap a")
	case o.run.Connections < 1 || o.run.Connections > 4:
		return usageError(fmt.Errorf("--connections %d", o.run.Connections), "1 to 4 are possible")
	case o.progress != "auto" && !slices.Contains(progress.Kinds, o.progress):
		return usageError(fmt.Errorf("--progress %q is not known", o.progress), "use auto, "+strings.Join(progress.Kinds, ", "))
	}
	if o.run.Retries == 0 {
		o.run.Retries = -1
	}
	if o.archive != "" {
		if err := checkArchive(o.archive); err != nil {
			return err
		}
	}
	for _, key := range o.node.hostKeys {
		if !strings.HasPrefix(key, "SHA256:") {
			return usageError(fmt.Errorf("--host-key %q is no SHA256 fingerprint", key), "ssh-keygen -lf prints one")
		}
	}
	if o.pcap != "" {
		c := collect.Capture{Interface: o.pcap, For: o.captureFor, UntilFailure: o.untilFail}
		if err := c.Check(); err != nil {
			return usageError(fmt.Errorf("--pcap: %w", err), "a is the usual one")
		}
		o.run.Capture = &c
	}
	return errors.Join(o.checkFiles(), o.checkSizes())
}

func (o *collectOptions) checkSizes() error {
	var err error
	if o.run.LimitRate, err = parseSize(o.limitRate); err != nil {
		return usageError(fmt.Errorf("--limit-rate: %w", err), "write 500K or 2M, in bytes per second")
	}
	if o.run.AskAbove, err = parseSize(o.askAbove); err != nil {
		return usageError(fmt.Errorf("--ask-above: %w", err), "write 500M or 2G")
	}
	return nil
}

func (o *collectOptions) checkFiles() error {
	o.run.Files = collect.Selection{Include: o.include, Exclude: o.exclude}
	if err := o.run.Files.Check(); err != nil {
		return usageError(err, "a pattern is as in a shell: *, ? and [a-z]")
	}
	if o.since != 0 {
		o.run.Files.From = time.Now().Add(-o.since)
	}
	for _, t := range []struct {
		flag, value string
		to          *time.Time
	}{{"--from", o.from, &o.run.Files.From}, {"--to", o.to, &o.run.Files.To}} {
		if t.value == "" {
			continue
		}
		at, err := parseTime(t.value)
		if err != nil {
			return usageError(fmt.Errorf("%s: %w", t.flag, err), "write 2026-03-31T08:00:00Z, or 2026-03-31T08:00 in this machine's zone")
		}
		*t.to = at
	}
	return nil
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", s)
}

var sizePattern = regexp.MustCompile(`^(\d+)([KMGT]?)(i?B)?$`)

// parseSize reads a number of bytes with the binary units of curl and rsync. Nothing is 0.
func parseSize(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	m := sizePattern.FindStringSubmatch(strings.ToUpper(strings.ReplaceAll(s, "i", "")))
	if m == nil {
		return 0, fmt.Errorf("%q is no size", s)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	shift := 10 * (1 + strings.Index("KMGT", m[2]))
	if m[2] == "" {
		shift = 0
	}
	if err != nil || n > (1<<62)>>shift {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return n << shift, nil
}

// interview asks whoever sits at the terminal for one node; the others are discovered.
func (o *collectOptions) interview(cmd *cobra.Command) []string {
	a := &asking{cmd: cmd}
	host := a.line("address of one node: ")
	if host == "" {
		return nil
	}
	if o.node.user == "" && !strings.Contains(host, "@") {
		if o.node.user = a.line("user [admin]: "); o.node.user == "" {
			o.node.user = "admin"
		}
	}
	o.node.discover = true
	return []string{host}
}

// collect runs the collection and says what came of it.
func (o *collectOptions) collect(cmd *cobra.Command, inventory collect.Inventory) error {
	if err := o.place(cmd.Context()); err != nil {
		return err
	}
	if !o.yes && onTerminal() {
		a := &asking{cmd: cmd}
		o.run.Approve = func(node string, files int, bytes int64) bool {
			return a.yes(fmt.Sprintf("%s has %d files of %s to fetch: go on?", node, files, collect.Size(bytes)))
		}
	}
	m, err := o.attempt(cmd, inventory)
	if err != nil {
		return inputError(err)
	}
	if err := showSummary(cmd.OutOrStdout(), m); err != nil {
		return err
	}
	if !o.noAnalysis && cmd.Context().Err() == nil {
		if again := o.openQuestions(cmd, inventory); again != nil {
			if m, err = o.attempt(cmd, *again); err != nil {
				return inputError(err)
			}
			if err := showSummary(cmd.OutOrStdout(), m); err != nil {
				return err
			}
		}
	}
	where := o.run.Dir
	if o.archive != "" {
		if err := packBundle(context.WithoutCancel(cmd.Context()), o.run.Dir, o.archive); err != nil {
			return inputError(withHint(err, "the bundle is whole in "+o.run.Dir))
		}
		where = o.archive
	}
	return verdict(cmd.OutOrStdout(), m, where)
}

// transferMemory is what a transfer may take, in bytes: each node has pieces on their way, and beside them there is room for the
// garbage of a moment. To collect garbage the tables of the rules are gone through too, whatever is in use: so that waits until
// the room is used up, rather than for a share of what is in use.
func (o *collectOptions) transferMemory(nodes int) int64 {
	const program, node, further = 22 << 20, 14 << 20, 4 << 20
	return program + int64(nodes)*(node+int64(o.run.Connections-1)*further)
}

// frugal keeps the program within a size. The function that it returns lets it grow again.
func frugal(size int64) (over func()) {
	const generous = 400 // percent: the size decides, and this only where more than the size is in use
	percent, limit := debug.SetGCPercent(generous), debug.SetMemoryLimit(size)
	return func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }
}

// attempt collects once, with progress.
func (o *collectOptions) attempt(cmd *cobra.Command, inventory collect.Inventory) (*bundle.Manifest, error) {
	reporter := progress.New(o.progressKind(), cmd.ErrOrStderr())
	debug.FreeOSMemory() // ends what collectLate began: the large pieces of a transfer are garbage at once
	defer frugal(o.transferMemory(max(len(inventory.Nodes), 1)))()
	o.run.Progress = reporter.Event
	m, err := collect.Run(cmd.Context(), inventory, o.run)
	reporter.Close()
	return m, err
}

// place decides where the bundle is while it is collected. One that was packed is unpacked, and packed again at the end.
func (o *collectOptions) place(ctx context.Context) error {
	info, err := os.Stat(o.resume)
	switch {
	case o.resume != "" && err == nil && !info.IsDir():
		o.archive, o.run.Dir, o.run.Continue = o.resume, o.resume+".collecting", true
		if err := bundle.Unpack(ctx, o.archive, o.run.Dir); err != nil {
			return inputError(withHint(err, "what an interrupted run left there can be continued by itself: --continue "+o.run.Dir))
		}
	case o.resume != "":
		o.run.Dir, o.run.Continue = o.resume, true
	case o.archive != "":
		o.run.Dir = o.archive + ".collecting"
	case o.dir != "":
		o.run.Dir = o.dir
	default:
		o.run.Dir = "bundle-" + time.Now().Format("20060102-150405")
	}
	return nil
}

func (o *collectOptions) progressKind() string {
	switch {
	case o.quiet:
		return "none"
	case o.progress != "auto":
		return o.progress
	case term.IsTerminal(int(os.Stderr.Fd())) && term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("TERM") != "dumb":
		return "bar"
	}
	return "plain"
}

// showListing prints what would be fetched.
func showListing(cmd *cobra.Command, nodes []collect.Listing) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "node\tfile\tsize\tmodified\t")
	var total int64
	var failed []error
	for _, n := range nodes {
		if n.Err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", n.Node, n.Err))
		}
		for _, f := range n.Files {
			total += f.Size
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\n", n.Node, printable(strings.ReplaceAll(f.Path, "\n", "?")), collect.Size(f.Size), f.ModTime.UTC().Format(time.RFC3339))
		}
		for _, f := range n.Skipped {
			fmt.Fprintf(w, "%s\t%s\tnot fetched\t%s\t\n", n.Node, f.Remote, f.Problem)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "total: %s\n", collect.Size(total))
	if len(failed) > 0 {
		return &codeError{exitPartial, withHint(errors.Join(failed...), loginHint(failed[0].Error(), nodes[0].Node))}
	}
	return nil
}

// showSummary says what was fetched and what failed.
func showSummary(w io.Writer, m *bundle.Manifest) error {
	for _, n := range m.Nodes {
		files, failed := 0, 0
		for _, f := range n.Files {
			switch f.Outcome {
			case bundle.Success:
				files++
			case bundle.Skipped:
			default:
				failed++
			}
		}
		line := fmt.Sprintf("%s  %s  %d files", n.Reached, n.Outcome, files)
		if failed > 0 {
			line += fmt.Sprintf(", %d not whole", failed)
		}
		if n.Problem != "" {
			line += "  " + printable(strings.ReplaceAll(n.Problem, "\n", "; "))
		}
		if len(n.Left) > 0 {
			line += "  left on the node: " + strings.Join(n.Left, ", ")
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// verdict says how to go on.
func verdict(w io.Writer, m *bundle.Manifest, where string) error {
	if m.Complete() {
		fmt.Fprintf(w, "next: cbdoctor analyze %s\n", where)
		return nil
	}
	return &codeError{exitPartial, withHint(errors.New("some nodes or files failed; what was collected is kept in "+where), hintFor(m, where))}
}

// hintFor says what to do about the first failure of a known kind.
func hintFor(m *bundle.Manifest, where string) string {
	for _, n := range m.Nodes {
		if hint := loginHint(n.Problem, n.Reached); hint != "" && n.Outcome != bundle.Success {
			return hint
		}
	}
	return fmt.Sprintf("its manifest.json has the reason of each; cbdoctor collect --continue %s fetches the rest", where)
}
