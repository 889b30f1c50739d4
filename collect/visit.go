package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

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
	clock   *bundle.Clock // set when the commands are over
}

// node collects from one node; its entry says what became of it.
func (c *collection) node(ctx context.Context, n Node, i int) {
	ctx, cancel := context.WithTimeout(ctx, c.opt.NodeTimeout)
	defer cancel()
	v := &visit{collection: c, node: n, i: i}
	c.record.node(i, func(m *bundle.ManifestNode) {
		v.reached, v.name, m.Started = m.Reached, m.Dir, time.Now().UTC()
		m.Outcome, m.Problem = bundle.Unknown, ""
	})
	err := v.run(ctx)
	c.record.node(i, func(m *bundle.ManifestNode) {
		m.Finished, m.Outcome = time.Now().UTC(), bundle.Success
		if err != nil {
			m.Outcome, m.Problem = outcomeOf(ctx, err), printable(strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	})
	if err != nil {
		v.tell(NodeFailed, "failed: %v", err)
		return
	}
	v.tell(Done, "done")
}

func (v *visit) run(ctx context.Context) error {
	arrived := v.captures.expect() // the others wait for this node before they capture
	defer arrived()
	if v.node.Host == "" {
		return errors.New("the manifest does not say how this node was reached: name it on the command line")
	}
	if v.opt.Continue {
		v.distrust(ctx)
	}
	v.tell(Connecting, "connecting")
	v.link = &link{
		login: &v.opt.Login, target: v.node.Target(), timeout: v.opt.ConnectTimeout, retries: max(v.opt.Retries, 0), backoff: v.opt.Backoff, first: true,
		told: func(key string) { v.record.node(v.i, func(m *bundle.ManifestNode) { m.HostKey = key }) },
	}
	defer v.link.close()
	defer context.AfterFunc(ctx, func() { // nothing that waits for the node waits for longer, but a capture is stopped first
		if v.captures != nil {
			time.Sleep(stopGrace + time.Second)
		}
		v.link.close()
	})()
	if _, err := v.link.get(ctx); err != nil {
		var none *login.ConnectError
		v.record.node(v.i, func(m *bundle.ManifestNode) { m.Silent = errors.As(err, &none) })
		return err
	}
	v.record.node(v.i, func(m *bundle.ManifestNode) { m.Silent = false })
	if err := v.openDir(); err != nil {
		return err
	}
	defer v.dir.Close()

	over := make(chan struct{})
	var commandErr error
	go func() {
		defer close(over)
		commandErr = v.runCommands(ctx)
	}()
	files := &transfer.Fetcher{
		Dial: v.link.nth, Connections: v.opt.Connections, Limit: v.limit, Retries: v.opt.Retries, Backoff: v.opt.Backoff, Stall: v.opt.Stall, Free: over,
		Retrying: func(err error, wait time.Duration) {
			v.tell(Retry, "%v: trying again in %s", err, wait.Round(100*time.Millisecond))
		},
	}
	defer files.Close()
	if v.captures != nil || v.opt.Files.dated() { // else files and commands go together
		<-over
	}
	var captureErr error
	if v.captures != nil {
		captureErr = v.capture(ctx, files, arrived)
	}
	fileErr := v.fetch(ctx, files)
	<-over
	return errors.Join(commandErr, captureErr, fileErr)
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
