package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cbdoctor/capture"
	"cbdoctor/capture/tap"
	"cbdoctor/report"
)

type liveOptions struct {
	captureInput
	iface    string
	json     bool
	duration time.Duration
}

func newCaptureLiveCommand() *cobra.Command {
	var o liveOptions
	cmd := &cobra.Command{
		Use:   "live -i INTERFACE",
		Short: "Judge sessions on an interface as they happen",
		Long: `Captures on a network interface and prints each connection to the database port when its verdict is known, and again when it becomes another.
It ends with Ctrl-C, or after --duration, with the summary that a capture file gets. Nothing is sent. It needs the right to capture: root,
or CAP_NET_RAW.
` + exitStatusHelp,
		Example: `  cbdoctor capture live -i eth0
  cbdoctor capture live -i eth0 --bpf 'host 10.48.36.118' --duration 2m --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runCaptureLive(cmd, o) },
	}
	o.addFlags(cmd)
	f := cmd.Flags()
	f.StringVarP(&o.iface, "interface", "i", "", "network interface to capture on; any: all that are up")
	f.BoolVar(&o.json, "json", false, "print each verdict as a line of JSON, and the summary as the last one")
	f.DurationVar(&o.duration, "duration", 0, "end after this time (default: with Ctrl-C)")
	return cmd
}

// lookEvery is how often open sessions are judged.
const lookEvery = 250 * time.Millisecond

func runCaptureLive(cmd *cobra.Command, o liveOptions) error {
	opt, err := o.options()
	if err != nil {
		return err
	}
	if o.iface == "" {
		return usageError(errors.New("capture live needs an interface"), "for example: cbdoctor capture live -i eth0")
	}
	ctx := cmd.Context()
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	live, err := capture.NewLive(opt, func(s *capture.Session) {
		if o.json {
			_ = json.NewEncoder(cmd.OutOrStdout()).Encode(s)
		} else {
			report.WriteLive(cmd.OutOrStdout(), s, terminalOptions(cmd))
		}
	})
	if err != nil {
		return captureError(err)
	}
	frames, failed, err := tap.Listen(ctx, o.iface)
	if err != nil {
		return inputError(err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "capturing on %s, port %d\n", o.iface, opt.Port)
	watch(ctx, live, frames)
	l := live.End(o.iface).Whole()
	if o.json {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(l)
	} else {
		err = report.WriteCapture(cmd.OutOrStdout(), l, terminalOptions(cmd))
	}
	if err = errors.Join(err, failed()); err != nil {
		return inputError(err)
	}
	return failedPairs(l.Pairs)
}

// watch feeds frames and looks at the sessions now and then, until the frames or the context end.
func watch(ctx context.Context, live *capture.Live, frames <-chan tap.Frame) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case f, more := <-frames:
			if !more {
				live.Tick(time.Now())
				return
			}
			_ = live.Take(f.Link, f.At, f.Data, f.Length) // its handler returns no error
		case now := <-tick.C:
			live.Tick(now)
		case <-ctx.Done():
			live.Tick(time.Now())
			return
		}
	}
}
