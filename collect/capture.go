package collect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/mmp"
	"cbdoctor/lazyregexp"
)

// Capture says how to capture packets on the nodes.
type Capture struct {
	Interface    string        // of nodes that name none; default a
	For          time.Duration // how long at most; default 2 min, with UntilFailure 1 h
	UntilFailure bool          // stop soon after the log of a node shows a failed health check
}

// Check reports an interface that an MMP does not have, or a time that is none.
func (c Capture) Check() error {
	if c.For < 0 {
		return fmt.Errorf("%s is no time to capture", c.For)
	}
	_, err := mmp.Pcap(c.Interface)
	return err
}

const (
	// afterFailure is how long the capture goes on after a failure was seen, so that the retransmissions are in it.
	afterFailure = 5 * time.Second
	// stragglers is how long the nodes that are ready wait for those that are not.
	stragglers = time.Minute
	// stopGrace is how long a node may take to end its capture, and fileGrace how long until the file is there.
	stopGrace = 15 * time.Second
	fileGrace = 30 * time.Second
)

// failedCheck is the line by which sfpool reports a health check that failed.
var failedCheck = lazyregexp.New(`sfpool.*Health check \S+: error`)

// captures are the captures of all nodes, which begin at the same moment and end together.
type captures struct {
	Capture
	begin   chan struct{}
	failure chan string // the first line that shows one

	mu      sync.Mutex
	missing int // nodes that neither are ready nor have failed
	stop    context.CancelFunc
	over    context.Context
}

func newCaptures(c Capture, nodes int) *captures {
	if c.For == 0 {
		c.For = 2 * time.Minute
		if c.UntilFailure {
			c.For = time.Hour
		}
	}
	return &captures{Capture: c, begin: make(chan struct{}), failure: make(chan string, 1), missing: nodes}
}

// expect returns what a node calls, any number of times, when it is ready to capture, or never will be.
func (c *captures) expect() (arrived func()) {
	if c == nil {
		return func() {}
	}
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.missing--; c.missing == 0 {
			close(c.begin)
		}
	})
}

// await waits until all nodes are ready. The context that it returns ends when the captures do.
func (c *captures) await(ctx context.Context) context.Context {
	timer := time.NewTimer(stragglers)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-c.begin:
	case <-timer.C:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over == nil {
		c.over, c.stop = context.WithTimeout(context.WithoutCancel(ctx), c.For)
		if c.UntilFailure {
			go c.stopAfterFailure()
		}
	}
	over, cancel := context.WithCancel(c.over)
	context.AfterFunc(ctx, cancel) // the interruption of one node is that of its capture
	return over
}

func (c *captures) stopAfterFailure() {
	select {
	case <-c.over.Done():
		return
	case <-c.failure:
	}
	timer := time.NewTimer(afterFailure)
	defer timer.Stop()
	select {
	case <-c.over.Done():
	case <-timer.C:
		c.stop()
	}
}

// capture runs "pcap" on the node from the moment that all are ready. Whatever ends it, Ctrl-C is sent, so that nothing runs on
// on the node. The file that it leaves there is fetched with the others and stays on the node: this program removes nothing.
func (v *visit) capture(ctx context.Context, arrived func()) error {
	iface := v.node.Interface
	for _, other := range []string{v.captures.Interface, "a"} {
		if iface == "" {
			iface = other
		}
	}
	command, err := mmp.Pcap(iface)
	if err != nil {
		return err
	}
	conn, err := v.link.get(ctx)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	session, err := mmp.Open(ctx, conn, v.opt.ConnectTimeout)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	defer session.Close()
	before, err := v.files.List(ctx)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	if v.captures.UntilFailure {
		stop := v.follow(ctx)
		defer stop()
	}
	arrived()
	over := v.captures.await(ctx)
	began := time.Now()
	v.tell(Capturing, "%s for %s at most", command, short(v.captures.For))
	defer context.AfterFunc(ctx, func() { v.tell(Capturing, "stopping %s on the node", command) })()
	err = session.Stream(over, command, stopGrace, func(string) {})
	took := time.Since(began)
	v.tell(Capturing, "%s ended after %s", command, took.Round(time.Second))
	entry := bundle.ManifestCommand{Command: command.String(), Time: began.UTC(), Seconds: round(took), Outcome: bundle.Success}
	switch {
	case err != nil:
		entry.Outcome, entry.Problem = outcomeOf(ctx, err), problemOf(ctx, err)
	case ctx.Err() != nil:
		entry.Outcome, entry.Problem = bundle.Canceled, "it was stopped on the node before its time"
	}
	var left []string
	var refused *mmp.Refused
	if !errors.As(err, &refused) {
		var leftErr error
		if left, leftErr = v.awaitCapture(ctx, before); leftErr != nil && err == nil && ctx.Err() == nil {
			entry.Outcome, entry.Problem = bundle.Failed, leftErr.Error()
			err = leftErr
		}
	}
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		m.Commands = append(m.Commands, entry)
		m.Left = append(m.Left, left...)
	})
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}

// settleCaptures ends what an earlier run has of captures that did not come to their end: they can't be gone on with, and what they left on
// the node is fetched like any other file.
func (v *visit) settleCaptures() {
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		for i := range m.Commands {
			if c := &m.Commands[i]; strings.HasPrefix(c.Command, "pcap ") && !c.Outcome.Fine() {
				c.Outcome, c.Problem = bundle.Skipped, "not captured again, --pcap does that; "+c.Problem
			}
		}
	})
}

// short is a time without what is zero at its end: "2m".
func short(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// follow watches the node's log for a failure until stop is called. A node that offers no second command line is not watched.
func (v *visit) follow(ctx context.Context) (stop func()) {
	conn, err := v.link.get(ctx)
	if err == nil {
		var s *mmp.Session
		if s, err = mmp.Open(ctx, conn, v.opt.ConnectTimeout); err == nil {
			ctx, cancel := context.WithCancel(ctx)
			ended := make(chan error, 1)
			go func() {
				ended <- s.Stream(ctx, mmp.SyslogFollow, stopGrace, func(line string) {
					if failedCheck.MatchString(line) {
						select {
						case v.captures.failure <- line:
							v.tell(Capturing, "a health check failed: %s", line)
						default: // one is enough
						}
					}
				})
			}()
			return func() { cancel(); <-ended; s.Close() }
		}
	}
	v.tell(Capturing, "the log of this node can't be followed: %v", err)
	return func() {}
}

// awaitCapture returns the names of the captures that were not there before, when their sizes have settled.
func (v *visit) awaitCapture(ctx context.Context, before []os.FileInfo) ([]string, error) {
	patience := fileGrace
	if ctx.Err() != nil { // interrupted: its name is still worth a moment, since it stays on the node
		patience = 3 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	had := map[string]os.FileInfo{}
	for _, e := range before {
		had[e.Name()] = e
	}
	var sizes string
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		entries, err := v.files.List(ctx)
		if err != nil {
			return nil, errors.Join(errors.New("the file of the capture was not found on the node"), err)
		}
		var names []string
		now := ""
		for _, e := range entries {
			old, known := had[e.Name()]
			if strings.Contains(strings.ToLower(e.Name()), ".pcap") && (!known || old.Size() != e.Size() || !old.ModTime().Equal(e.ModTime())) {
				names = append(names, printable(e.Name()))
				now += fmt.Sprintf("%s %d\n", e.Name(), e.Size())
			}
		}
		slices.Sort(names)
		if len(names) > 0 && now == sizes {
			return names, nil
		}
		sizes = now
		if err := sleep(ctx, wait); err != nil {
			return names, errors.New("the file of the capture was not found on the node")
		}
	}
}
