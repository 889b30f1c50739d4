package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/bundle"
	"cbdoctor/collect/login"
	"cbdoctor/collect/transfer"
)

// visit is what happens at one node.
type visit struct {
	*collection
	node    Node
	i       int    // of its entry
	reached string // as its entry says
	name    string // of its directory
	dir     *os.Root
	link    *link
	files   *transfer.Fetcher
	unbound func() bool   // ends the time limit of the connection
	clock   *bundle.Clock // set when the commands are over
}

// node collects from one node; its entry says what became of it. The connection stays until it is known what else is wanted.
func (c *collection) node(ctx context.Context, n Node, i int) {
	v := &visit{collection: c, node: n, i: i}
	c.record.node(i, func(m *bundle.ManifestNode) {
		v.reached, v.name, m.Started = m.Reached, m.Dir, time.Now().UTC()
	})
	first, cancel := c.limited(ctx)
	defer cancel()
	defer v.leave()
	err := v.told(first, v.run)
	c.settled.Done()
	<-c.decided
	if c.further == nil || !c.further.Nodes(v.reached) {
		return
	}
	again, cancel := c.limited(ctx)
	defer cancel()
	_ = v.told(again, func(ctx context.Context) error { return errors.Join(err, v.captureFurther(ctx)) }) // its entry has it
}

// limited bounds what is done on a node.
func (c *collection) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, c.opt.NodeTimeout, &limitError{c.opt.NodeTimeout})
}

// limitError says that a node took longer than it may. It is a context.DeadlineExceeded.
type limitError struct{ limit time.Duration }

func (e *limitError) Error() string {
	return "the time limit of " + short(e.limit) + " for the node was over"
}
func (e *limitError) Is(target error) bool { return target == context.DeadlineExceeded }

// told does what is to be done on the node and writes down what came of it.
func (v *visit) told(ctx context.Context, do func(context.Context) error) error {
	v.record.node(v.i, func(m *bundle.ManifestNode) { m.Outcome, m.Problem, m.Finished = bundle.Unknown, "", time.Time{} })
	err := do(ctx)
	var outcome bundle.Outcome
	var problem string
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		if outcome, problem = m.Result(); err != nil {
			outcome, problem = outcomeOf(ctx, err), problemOf(ctx, err)
		}
		m.Finished, m.Outcome, m.Problem = time.Now().UTC(), outcome, problem
	})
	switch {
	case err != nil:
		v.tell(NodeFailed, "failed: %s", problem)
	case outcome != bundle.Success:
		v.tell(NodeFailed, "failed in part") // of what was told already
	default:
		v.tell(Done, "done")
	}
	return err
}

// leave ends the connection to the node.
func (v *visit) leave() {
	if v.files != nil {
		v.files.Close()
	}
	if v.link != nil {
		v.link.close()
	}
	if v.dir != nil {
		v.dir.Close()
	}
}

func (v *visit) run(ctx context.Context) error {
	arrived := v.captures.expect() // the others wait for this node before they capture
	defer arrived()
	if v.node.Host == "" {
		return errors.New("the manifest does not say how this node was reached: name it on the command line")
	}
	if v.opt.Continue {
		v.distrust(ctx)
		v.settleCaptures()
	}
	v.tell(Connecting, "connecting")
	v.link = &link{
		login: &v.opt.Login, target: v.node.Target(), timeout: v.opt.ConnectTimeout, retries: max(v.opt.Retries, 0), backoff: v.opt.Backoff, first: true,
		told: func(key string) { v.record.node(v.i, func(m *bundle.ManifestNode) { m.HostKey = key }) },
	}
	v.bound(ctx)
	if _, err := v.link.get(ctx); err != nil {
		var none *login.ConnectError
		v.record.node(v.i, func(m *bundle.ManifestNode) { m.Silent = errors.As(err, &none) })
		return err
	}
	v.record.node(v.i, func(m *bundle.ManifestNode) { m.Silent = false })
	if err := v.openDir(); err != nil {
		return err
	}

	over := make(chan struct{})
	var commandErr error
	go func() {
		defer close(over)
		commandErr = v.runCommands(ctx)
	}()
	v.files = &transfer.Fetcher{
		Dial: v.link.nth, Connections: v.opt.Connections, Limit: v.limit, Retries: v.opt.Retries, Backoff: v.opt.Backoff, Stall: v.opt.Stall, Free: over, Kept: v.kept,
		Retrying: func(err error, wait time.Duration) {
			v.tell(Retry, "%v: trying again in %s", err, wait.Round(100*time.Millisecond))
		},
	}
	if v.captures != nil || v.opt.Files.dated() { // else files and commands go together
		<-over
	}
	var captureErr error
	if v.captures != nil {
		captureErr = v.capture(ctx, arrived)
	}
	fileErr := v.fetch(ctx)
	<-over
	var refused *ssh.OpenChannelError
	if errors.As(commandErr, &refused) { // the files had the only channel of the node
		v.files.Close()
		v.link.close()
		commandErr = v.runCommands(ctx)
	}
	return errors.Join(commandErr, captureErr, fileErr)
}

// bound ends the connection with ctx: nothing that waits for the node waits for longer, but a capture is stopped first. It takes the
// place of an earlier bound.
func (v *visit) bound(ctx context.Context) {
	if v.unbound != nil {
		v.unbound()
	}
	capturing := v.captures != nil
	v.unbound = context.AfterFunc(ctx, func() {
		if capturing {
			time.Sleep(stopGrace + time.Second)
		}
		v.link.close()
	})
}

// captureFurther captures once more on a node that was collected from. A connection that has gone meanwhile is made again.
func (v *visit) captureFurther(ctx context.Context) error {
	arrived := v.captures.expect()
	defer arrived()
	if v.files == nil {
		return errors.New("the node was not reached before")
	}
	v.bound(ctx)
	if !v.link.answers(ctx) { // then what was open on it is of no use any more
		v.files.Close()
		v.link.close()
	}
	return errors.Join(v.capture(ctx, arrived), v.fetch(ctx))
}

func (v *visit) openDir() error {
	if err := v.root.Mkdir(v.name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the directory of the node: %w", err)
	}
	var err error
	if v.dir, err = v.root.OpenRoot(v.name); err != nil {
		return fmt.Errorf("open the directory of the node: %w", err)
	}
	return nil
}
