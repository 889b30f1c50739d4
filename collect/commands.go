package collect

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/mmp"
	"cbdoctor/collect/transfer"
)

// step is one command of every collection.
type step struct {
	command  mmp.Command
	file     string // name of its output in the bundle
	required bool   // without it the node counts as failed; the others are nice to have
}

// steps are run on every node in this order; to add one, add a row. What can be a command at all is decided in mmp/command.go.
func steps(iface string) ([]step, error) {
	if iface == "" {
		iface = "a"
	}
	ipv4, err := mmp.IPv4(iface)
	if err != nil {
		return nil, err
	}
	return []step{
		{mmp.Date, "date.txt", false}, // first: its answer dates the node's clock
		{mmp.Version, "version.txt", true},
		{mmp.ClusterStatus, "database_cluster_status.txt", true},
		{ipv4, "ipv4_" + iface + ".txt", false},
		{mmp.PKIList, "pki_list.txt", false},
		{mmp.NTPStatus, "ntp_status.txt", false},
		{mmp.Uptime, "uptime.txt", false},
	}, nil
}

// runCommands runs the steps that have not succeeded yet. When the connection breaks it goes on over a new one.
func (v *visit) runCommands(ctx context.Context) error {
	all, err := steps(v.node.Interface)
	if err != nil {
		return err
	}
	todo := slices.DeleteFunc(all, v.answered)
	var failed error
	for attempt := 1; len(todo) > 0; attempt++ {
		var done int
		var broken error
		done, failed, broken = v.converse(ctx, todo, failed)
		if broken == nil {
			break
		}
		if done > 0 {
			attempt = 1
		}
		if todo = todo[done:]; attempt > max(v.opt.Retries, 0) || ctx.Err() != nil || !Lost(broken) || errors.Is(broken, mmp.ErrNoPrompt) {
			v.unanswered(ctx, todo, broken)
			return errors.Join(failed, broken)
		}
		if err := sleep(ctx, transfer.Backoff(v.opt.Backoff, attempt, 1)); err != nil {
			v.unanswered(ctx, todo, err)
			return errors.Join(failed, err)
		}
	}
	return failed
}

// answered reports whether an earlier run has the output of a step.
func (v *visit) answered(s step) bool {
	found := false
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		found = slices.ContainsFunc(m.Commands, func(c bundle.ManifestCommand) bool {
			return c.Command == s.command.String() && (c.Outcome == bundle.Success || c.Outcome == bundle.Skipped)
		})
		if found {
			v.clock = m.Clock
			return
		}
		m.Commands = slices.DeleteFunc(m.Commands, func(c bundle.ManifestCommand) bool { return c.Command == s.command.String() })
	})
	return found
}

// converse opens the command line and runs steps until the connection breaks. done counts those that have an entry.
func (v *visit) converse(ctx context.Context, todo []step, failed error) (done int, _, broken error) {
	conn, err := v.link.get(ctx)
	if err != nil {
		return 0, failed, err
	}
	s, err := mmp.Open(ctx, conn, v.opt.ConnectTimeout)
	if err != nil {
		return 0, failed, err
	}
	defer s.Close()
	if s.Name != "" {
		v.record.node(v.i, func(m *bundle.ManifestNode) {
			if m.Name == "" {
				m.Name = s.Name
			}
		})
	}
	for _, step := range todo {
		err := v.runStep(ctx, s, step)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil: // it hangs: the rest needs a new command line
			more, failed, broken := v.converse(ctx, todo[done+1:], errors.Join(failed, err))
			return done + 1 + more, failed, broken
		case ctx.Err() != nil:
			return done + 1, failed, context.Cause(ctx)
		case err != nil && Lost(err):
			return done, failed, err
		}
		if step.required || errors.Is(err, errKept) {
			failed = errors.Join(failed, err)
		}
		done++
	}
	return done, failed, nil
}

// errKept marks outputs that could not be written here.
var errKept = errors.New("the output could not be kept")

var ownAddress = regexp.MustCompile(`([0-9a-fA-F:.]+) *\(me\)`)

// runStep writes the output of a command to a file, the prompt and the command before it, as a copied session has it.
func (v *visit) runStep(ctx context.Context, s *mmp.Session, step step) error {
	v.tell(CommandRun, "%s", step.command)
	asked := time.Now()
	out, err := s.Run(ctx, step.command, v.opt.CommandTimeout)
	took := time.Since(asked)
	entry := bundle.ManifestCommand{Command: step.command.String(), Time: asked.UTC(), Seconds: round(took), Outcome: bundle.Success}
	var refused *mmp.Refused
	switch {
	case errors.As(err, &refused) && !step.required:
		entry.Outcome, entry.Problem = bundle.Skipped, "not available on this node: "+printable(err.Error())
	case err != nil && Lost(err) && ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded):
		return err // it gets its entry when it is given up
	case err != nil:
		entry.Outcome, entry.Problem = outcomeOf(ctx, err), printable(err.Error())
	default:
		entry.File = v.name + "/" + step.file
		if writeErr := writeWhole(v.dir, step.file, []byte(s.Name+"> "+step.command.String()+"\n"+out+"\n")); writeErr != nil {
			entry.File, entry.Outcome, entry.Problem = "", bundle.Failed, writeErr.Error()
			err = errors.Join(errKept, writeErr)
		} else {
			v.record.wrote(entry.File)
		}
	}
	if step.command == mmp.Date && err == nil {
		v.clock = clockOf(out, v.zone(), asked, took)
	}
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		m.Commands, m.Clock = append(m.Commands, entry), v.clock
		if found := ownAddress.FindStringSubmatch(out); found != nil && step.command == mmp.ClusterStatus {
			m.Address = found[1]
		}
	})
	return err
}

func (v *visit) zone() *time.Location {
	if zone, err := time.LoadLocation(v.node.Zone); err == nil {
		return zone
	}
	return time.UTC
}

// unanswered gives the steps that were not reached their entries.
func (v *visit) unanswered(ctx context.Context, rest []step, err error) {
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		for _, s := range rest {
			m.Commands = append(m.Commands, bundle.ManifestCommand{Command: s.command.String(), Time: time.Now().UTC(), Outcome: outcomeOf(ctx, err), Problem: printable(err.Error())})
		}
	})
}
