package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/mmp"
	"cbdoctor/collect/transfer"
	"cbdoctor/lazyregexp"
)

// step is one command of every collection.
type step struct {
	command  mmp.Command
	file     string // name of its output in the bundle
	required bool   // without it the node counts as failed; the others are nice to have
	further  func(output string) []step
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
		{mmp.Date, "date.txt", false, nil}, // first: its answer dates the node's clock
		{mmp.Version, "version.txt", true, nil},
		{mmp.ClusterStatus, "database_cluster_status.txt", true, inspections},
		{ipv4, "ipv4_" + iface + ".txt", false, nil},
		{mmp.PKIList, "pki_list.txt", false, inspections},
		{mmp.NTPStatus, "ntp_status.txt", false, nil},
		{mmp.Uptime, "uptime.txt", false, nil},
	}, nil
}

// certificateName is a certificate file as "database cluster status" and "pki list" name it.
var certificateName = lazyregexp.New(`(?mi)^\s*(?:(?:server|client|CA) certificate\s*:)?\s*(\S+\.(?:crt|cer|der|pem))\s*$`)

// maxInspected bounds how many certificates a node may name.
const maxInspected = 16

// inspections are the commands that show the certificates which an output names.
func inspections(output string) (out []step) {
	for _, m := range certificateName.FindAllStringSubmatch(output, -1) {
		if c, err := mmp.PKIInspect(m[1]); err == nil && len(out) < maxInspected {
			out = append(out, step{command: c, file: "pki_inspect_" + safeName(m[1]) + ".txt"})
		}
	}
	return out
}

// agenda is what is still to be run on a node, and what was.
type agenda struct {
	todo  []step
	known map[string]bool // commands that are in it, or were
}

// add appends steps, each once.
func (a *agenda) add(steps ...step) {
	for _, s := range steps {
		if !a.known[s.command.String()] {
			a.known[s.command.String()] = true
			a.todo = append(a.todo, s)
		}
	}
}

// next takes the first step.
func (a *agenda) next() step {
	s := a.todo[0]
	a.todo = a.todo[1:]
	return s
}

// runCommands runs the steps that have not succeeded yet. When the connection breaks it goes on over a new one.
func (v *visit) runCommands(ctx context.Context) error {
	all, err := steps(v.node.Interface)
	if err != nil {
		return err
	}
	a := &agenda{known: map[string]bool{}}
	a.add(all...)
	a.todo = v.withoutAnswered(a.todo)
	var failed error
	for failures := 0; len(a.todo) > 0; {
		before := len(a.known) - len(a.todo)
		problem, broken := v.converse(ctx, a)
		failed = errors.Join(failed, problem)
		if broken == nil { // all are done, or one hung and the rest needs a new command line
			continue
		}
		if len(a.known)-len(a.todo) > before {
			failures = 0
		}
		if failures++; failures <= max(v.opt.Retries, 0) && ctx.Err() == nil && Lost(broken) && !errors.Is(broken, mmp.ErrNoPrompt) {
			if broken = sleep(ctx, transfer.Backoff(v.opt.Backoff, failures, 1)); broken == nil {
				continue
			}
		}
		v.unanswered(ctx, a.todo, broken)
		return errors.Join(failed, broken)
	}
	return failed
}

// withoutAnswered leaves out the steps of which an earlier run has the output, and adds those that follow from it.
func (v *visit) withoutAnswered(all []step) (todo []step) {
	for len(all) > 0 {
		s := all[0]
		all = all[1:]
		if !v.answered(s) {
			todo = append(todo, s)
		} else if s.further != nil {
			output, _ := v.dir.ReadFile(s.file) // without it nothing follows
			all = append(all, s.further(string(output))...)
		}
	}
	return todo
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

// converse opens the command line and runs steps until all are done, one hangs, or the connection breaks. failed is of the steps.
func (v *visit) converse(ctx context.Context, a *agenda) (failed, broken error) {
	conn, err := v.link.get(ctx)
	if err != nil {
		return nil, err
	}
	s, err := mmp.Open(ctx, conn, v.opt.ConnectTimeout)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if s.Name != "" {
		v.record.node(v.i, func(m *bundle.ManifestNode) {
			if m.Name == "" {
				m.Name = s.Name
			}
		})
	}
	for len(a.todo) > 0 {
		step := a.todo[0]
		out, err := v.runStep(ctx, s, step)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			a.next()
			return errors.Join(failed, err), nil
		case ctx.Err() != nil:
			a.next()
			return failed, context.Cause(ctx)
		case err != nil && Lost(err):
			return failed, err
		}
		a.next()
		if err == nil && step.further != nil {
			a.add(step.further(out)...)
		}
		if step.required || errors.Is(err, errKept) {
			failed = errors.Join(failed, err)
		}
	}
	return failed, nil
}

// errKept marks outputs that could not be written here.
var errKept = errors.New("the output could not be kept")

var ownAddress = lazyregexp.New(`([0-9a-fA-F:.]+) *\(me\)`)

// runStep writes the output of a command to a file, the prompt and the command before it, as a copied session has it.
func (v *visit) runStep(ctx context.Context, s *mmp.Session, step step) (string, error) {
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
		return out, err // it gets its entry when it is given up
	case err != nil:
		entry.Outcome, entry.Problem = outcomeOf(ctx, err), problemOf(ctx, err)
	default:
		text := []byte(s.Name + "> " + step.command.String() + "\n" + out + "\n")
		if writeErr := writeWhole(v.dir, step.file, text); writeErr != nil {
			entry.Outcome, entry.Problem = bundle.Failed, writeErr.Error()
			err = errors.Join(errKept, writeErr)
		} else {
			entry.File, entry.Bytes, entry.SHA256 = v.name+"/"+step.file, int64(len(text)), sumOf(text)
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
	return out, err
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// zone is that of the node; nil when nobody said.
func (v *visit) zone() *time.Location {
	if zone, err := time.LoadLocation(v.node.Zone); v.node.Zone != "" && err == nil {
		return zone
	}
	return nil
}

// unanswered gives the steps that were not reached their entries.
func (v *visit) unanswered(ctx context.Context, rest []step, err error) {
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		for _, s := range rest {
			m.Commands = append(m.Commands, bundle.ManifestCommand{Command: s.command.String(), Time: time.Now().UTC(), Outcome: outcomeOf(ctx, err), Problem: problemOf(ctx, err)})
		}
	})
}
