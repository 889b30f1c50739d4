package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print only what fails; nothing is analysed")
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
		if args, err = o.interview(cmd); err != nil {
			return err
		}
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

// interview asks whoever sits at the terminal for one node; the others are discovered.
func (o *collectOptions) interview(cmd *cobra.Command) ([]string, error) {
	fmt.Fprintln(cmd.ErrOrStderr(), "collecting from a cluster: one node is enough, it knows the others (for more see --help)")
	host, err := o.node.asking.line("address of one node: ")
	if host == "" {
		return nil, err
	}
	if o.node.user == "" && !strings.Contains(host, "@") {
		user, err := o.node.asking.line("user [admin]: ")
		if err != nil {
			return nil, err
		}
		o.node.user = cmp.Or(user, "admin")
	}
	o.node.discover = true
	return []string{host}, nil
}

// collect runs the collection and says what came of it.
func (o *collectOptions) collect(cmd *cobra.Command, inventory collect.Inventory) error {
	if err := o.place(cmd.Context()); err != nil {
		return err
	}
	if !o.yes && onTerminal() {
		o.run.Approve = func(node string, files int, bytes int64) bool {
			return o.node.asking.yes(fmt.Sprintf("%s has %s of %s to fetch: go on?", node, collect.Count(files, "file"), collect.Size(bytes)))
		}
	}
	m, err := o.attempt(cmd, inventory)
	if err != nil {
		return inputError(err)
	}
	where := o.run.Dir
	if o.archive != "" {
		if err := packBundle(context.WithoutCancel(cmd.Context()), o.run.Dir, o.archive); err != nil {
			return inputError(withHint(err, "the bundle is whole in "+o.run.Dir))
		}
		where = o.archive
	}
	return verdict(cmd.OutOrStdout(), m, where, o.quiet)
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
