package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"cbdoctor/collect"
	"cbdoctor/collect/login"
	"cbdoctor/collect/logwatch"
	"cbdoctor/finding"
	"cbdoctor/report"
)

type watchOptions struct {
	node       nodeOptions
	listen     []string
	cert, key  string
	timezone   []string
	asJSON     bool
	every      time.Duration
	quiet      time.Duration
	onIncident string
	dir        string
	pcap       string
	captureFor time.Duration
	cooldown   time.Duration
}

func newWatchCommand() *cobra.Command {
	var o watchOptions
	cmd := &cobra.Command{
		Use:   "watch [USER@]HOST[:PORT]... | --listen udp://:514",
		Short: "Follow the nodes' logs and tell incidents as they begin and end",
		Long: `Follows the log of each node with "syslog follow" over SSH, or is a syslog server to which the nodes send (RFC 3164 and 5424
over UDP, TCP and TLS), and tells incidents as they begin and as they end, one line each. What an incident is, the same rules
decide as in "analyze". With --on-incident collect it collects from the nodes when one begins, with a capture if --pcap is
given. It runs until it is interrupted.`,
		Example: `  cbdoctor watch admin@10.48.36.61 --discover
  cbdoctor watch --listen udp://:5514 --listen tls://:6514 --cert server.crt --key server.key
  cbdoctor watch --inventory cluster.yaml --password-command "pass show cms" --on-incident collect --pcap a -o incidents`,
		RunE: func(cmd *cobra.Command, args []string) error { return runWatch(cmd, args, o) },
	}
	o.node.addFlags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&o.listen, "listen", nil, "be a syslog server at this address: udp://:514, tcp://:514, tls://:6514; may be repeated")
	f.StringVar(&o.cert, "cert", "", "certificate of the TLS server, as PEM")
	f.StringVar(&o.key, "key", "", "its private key, as PEM")
	f.StringArrayVar(&o.timezone, "timezone", nil, "zone of log times that carry none, as in the tz database (default UTC); NODE=ZONE for one node; may be repeated")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object a line")
	f.DurationVar(&o.every, "every", 2*time.Second, "how often new lines are looked at")
	f.DurationVar(&o.quiet, "quiet-after", 5*time.Minute, "an incident of which nothing more shows for so long is over")
	f.StringVar(&o.onIncident, "on-incident", "", "what to do when an incident begins: collect")
	f.StringVarP(&o.dir, "output", "o", "incidents", "directory for the bundles of --on-incident collect")
	f.StringVar(&o.pcap, "pcap", "", "with --on-incident collect: capture on this interface too")
	f.DurationVar(&o.captureFor, "for", 2*time.Minute, "how long to capture")
	f.DurationVar(&o.cooldown, "cooldown", 10*time.Minute, "how long not to collect again")
	return cmd
}

func (o *watchOptions) check(args []string) error {
	switch {
	case len(args) == 0 && o.node.inventory == "" && len(o.listen) == 0:
		return usageError(errors.New("watch needs nodes to follow or an address to listen on"), "for example: cbdoctor watch admin@10.48.36.61 --discover")
	case o.onIncident != "" && o.onIncident != "collect":
		return usageError(fmt.Errorf("--on-incident %q is not known", o.onIncident), "use collect")
	case o.onIncident != "" && len(args) == 0 && o.node.inventory == "":
		return usageError(errors.New("--on-incident collect needs nodes to collect from"), "name them, or give an --inventory")
	case o.every < 100*time.Millisecond || o.quiet < o.every:
		return usageError(errors.New("--every must be at least 100ms, and --quiet-after longer than it"), "the defaults are 2s and 5m")
	}
	if o.pcap != "" {
		if err := (collect.Capture{Interface: o.pcap, For: o.captureFor}).Check(); err != nil {
			return usageError(fmt.Errorf("--pcap: %w", err), "a is the usual one")
		}
	}
	return nil
}

func runWatch(cmd *cobra.Command, args []string, o watchOptions) error {
	if err := o.check(args); err != nil {
		return err
	}
	l, err := o.node.login(cmd)
	if err != nil {
		return err
	}
	inventory, err := o.node.nodes(cmd, args, &l)
	if err != nil {
		return err
	}
	config, err := o.tls()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "cbdoctor-watch-*")
	if err != nil {
		return inputError(err)
	}
	defer os.RemoveAll(dir)
	o.timezone = append(o.timezone, zonesOf(inventory)...)
	w := &watching{options: o, login: l, inventory: inventory, cmd: cmd, dir: dir, incidents: logwatch.Incidents{Quiet: o.quiet}}
	return w.run(cmd.Context(), config)
}

func (o *watchOptions) tls() (*tls.Config, error) {
	if o.cert == "" && o.key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return nil, usageError(fmt.Errorf("--cert and --key: %w", err), "both are needed, as PEM files")
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// watching is one run of the command.
type watching struct {
	options   watchOptions
	login     login.Login
	inventory collect.Inventory
	cmd       *cobra.Command
	dir       string
	window    logwatch.Window
	incidents logwatch.Incidents
	collected time.Time
	busy      sync.WaitGroup
	printing  sync.Mutex
}

// run follows and listens until it is interrupted, or until nothing is left to follow.
func (w *watching) run(ctx context.Context, config *tls.Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer w.busy.Wait()
	defer cancel()
	var sources errgroup.Group
	for _, n := range w.inventory.Nodes {
		sources.Go(func() error {
			err := logwatch.Follow(ctx, n, &w.login, w.window.Add, w.state)
			if err != nil {
				w.say("%v", err)
			}
			return err
		})
	}
	for _, at := range w.options.listen {
		transport, _, _ := strings.Cut(at, "://")
		sources.Go(func() error {
			err := logwatch.Listen(ctx, at, config, func(a net.Addr) { w.say("listening on %s://%s", transport, a) }, w.window.Add)
			if err != nil {
				w.say("%v", err)
			}
			return err
		})
	}
	ended := make(chan error, 1)
	go func() { ended <- sources.Wait() }()
	tick := time.NewTicker(w.options.every)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			w.look(ctx)
			if err != nil && ctx.Err() == nil {
				return inputError(withHint(err, loginHint(err.Error(), "")))
			}
			return nil
		case <-tick.C:
			w.look(ctx)
		}
	}
}

// say prints a message beside the incidents.
func (w *watching) say(format string, args ...any) {
	w.printing.Lock()
	defer w.printing.Unlock()
	fmt.Fprintln(w.cmd.ErrOrStderr(), printable(fmt.Sprintf(format, args...)))
}

func (w *watching) state(node string, followed bool, err error) {
	if followed {
		w.say("following %s", node)
		return
	}
	w.say("%s is not followed any more: %v", node, err)
}

// look analyses what was logged so far and tells what changed.
func (w *watching) look(ctx context.Context) {
	fresh, err := w.window.Write(w.dir)
	if err != nil {
		w.say("keep the lines: %v", err)
		return
	}
	var found []logwatch.Sign
	if fresh {
		r, err := (&materialOptions{port: 5432, timezone: w.options.timezone}).diagnose(w.cmd, []string{w.dir})
		if err != nil {
			if ctx.Err() == nil {
				w.say("%v", err)
			}
			return
		}
		found = signsOf(r)
	}
	for _, c := range w.incidents.Update(time.Now().UTC().Truncate(time.Millisecond), found) {
		w.tell(c)
		if c.Event == "begins" && w.options.onIncident == "collect" {
			w.collect(ctx, c)
		}
	}
}

// signsOf are the causes that a report names. What is wrong with the material itself is no incident.
func signsOf(r *report.Report) []logwatch.Sign {
	var out []logwatch.Sign
	for _, f := range r.Findings {
		if f.Role != finding.RootCause || f.Severity.Rank() < finding.Warning.Rank() && f.State != finding.Resolved || f.FixArea == "capture" {
			continue
		}
		s := f.Subject
		out = append(out, logwatch.Sign{
			Key: strings.Join(strings.Fields(strings.Join([]string{f.ID, s.Client, s.Server, s.Node, s.Side}, " ")), " "), Text: f.Title,
			Last: f.Last.T, Over: f.State == finding.Resolved,
		})
	}
	return out
}

func (w *watching) tell(c logwatch.Change) {
	w.printing.Lock()
	defer w.printing.Unlock()
	out := w.cmd.OutOrStdout()
	if w.options.asJSON {
		_ = json.NewEncoder(out).Encode(c)
		return
	}
	text := fmt.Sprintf("%s  %s  %s", c.Time.Format(time.RFC3339), c.Event, c.Text)
	if c.Event == "ends" {
		text += fmt.Sprintf("  (after %s)", c.Time.Sub(c.Since).Round(time.Second))
	}
	fmt.Fprintln(out, printable(text))
}

// collect collects from all nodes because an incident began, in the background and not too often.
func (w *watching) collect(ctx context.Context, c logwatch.Change) {
	if !w.collected.IsZero() && time.Since(w.collected) < w.options.cooldown {
		return
	}
	w.collected = time.Now()
	opt := collect.Options{
		Dir: filepath.Join(w.options.dir, c.Time.Format("20060102-150405")), Login: w.login, Tool: "cbdoctor " + toolVersion(),
	}
	if w.options.pcap != "" {
		opt.Capture = &collect.Capture{Interface: w.options.pcap, For: w.options.captureFor}
	}
	w.busy.Go(func() {
		w.say("collecting into %s", opt.Dir)
		m, err := collect.Run(ctx, w.inventory, opt)
		if err != nil {
			w.say("collect: %v", err)
			return
		}
		w.printing.Lock()
		defer w.printing.Unlock()
		_ = showSummary(w.cmd.ErrOrStderr(), m, false)
	})
}
