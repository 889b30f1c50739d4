package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cbdoctor/bundle"
	"cbdoctor/collect/login"
	"cbdoctor/terminal"
)

// Options say where and how to collect. Dir and Login are needed.
type Options struct {
	Dir      string // the bundle; it must not exist, or be empty, unless Continue is set
	Continue bool   // finish the collection that Dir holds: what is whole stays, what is missing is fetched
	Login    login.Login
	Tool     string // name and version for the manifest

	Files    Selection
	Capture  *Capture                                       // nil: no packets are captured
	Approve  func(node string, files int, bytes int64) bool // is asked above AskAbove, one node at a time; nil: yes
	AskAbove int64                                          // bytes of one node; 0: never

	ConnectTimeout time.Duration // default 15 s
	CommandTimeout time.Duration // default 60 s
	NodeTimeout    time.Duration // default 1 h; a node that hangs does not hold up the others for longer
	Stall          time.Duration // a transfer that brings nothing for so long is begun again; default 60 s
	Retries        int           // in a row without any progress; default 5, negative: none
	Backoff        time.Duration // before the first retry; default 500 ms
	Connections    int           // of each node for files; default 1
	LimitRate      int64         // bytes per second of all nodes together; 0: no limit

	Progress func(Event) // called from several goroutines, one at a time; nil: silent

	// Review is called when everything was fetched, the manifest is written and the nodes are still connected. What it returns is
	// captured before they are let go; nil: nothing.
	Review func(*bundle.Manifest) *Further
}

// Further is one more capture, on some of the nodes.
type Further struct {
	Capture
	Nodes func(reached string) bool // those where to capture, by what their entries say
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		at    *time.Duration
		value time.Duration
	}{{&o.ConnectTimeout, login.Timeout}, {&o.CommandTimeout, time.Minute}, {&o.NodeTimeout, time.Hour}, {&o.Backoff, 500 * time.Millisecond}} {
		if *d.at == 0 {
			*d.at = d.value
		}
	}
	if o.Retries == 0 {
		o.Retries = 5
	}
	return o
}

// collection is one run, shared by the nodes.
type collection struct {
	opt      Options
	root     *os.Root
	record   *record
	teller   *teller
	limit    *rate.Limiter
	captures *captures // nil: none
	asking   sync.Mutex
	room     room

	settled sync.WaitGroup // nodes that have what there is, or failed
	decided chan struct{}  // then further says what else is to be done
	further *Further
}

// Run collects from all nodes at once. It returns the manifest, which is written to the bundle too, even where nodes failed;
// the error says that the bundle itself could not be written.
func Run(ctx context.Context, inv Inventory, opt Options) (*bundle.Manifest, error) {
	opt = opt.withDefaults()
	root, m, err := openBundle(opt)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	nodes := addNodes(m, inv.Nodes, &opt.Login)
	r, err := startRecord(root, m)
	if err != nil {
		return nil, err
	}
	c := &collection{opt: opt, root: root, record: r, teller: &teller{to: opt.Progress}, decided: make(chan struct{})}
	if opt.LimitRate > 0 {
		// an eighth of a second at once: smooth enough, and large enough requests
		c.limit = rate.NewLimiter(rate.Limit(opt.LimitRate), int(min(max(opt.LimitRate/8, 4<<10), 1<<20)))
	}
	if opt.Capture != nil {
		c.captures = newCaptures(*opt.Capture, len(nodes))
	}
	c.settled.Add(len(nodes))
	var wait sync.WaitGroup
	for i, n := range nodes {
		wait.Go(func() { c.node(ctx, n, i) })
	}
	c.settled.Wait()
	if opt.Review != nil && ctx.Err() == nil {
		c.review()
	}
	close(c.decided)
	wait.Wait()
	r.change(func(m *bundle.Manifest) { m.Finished = time.Now().UTC() })
	return m, r.close()
}

// review shows what there is, as if it were all, and learns what else is wanted.
func (c *collection) review() {
	c.record.change(func(m *bundle.Manifest) { m.Finished = time.Now().UTC() })
	if c.record.write() != nil {
		return // it is told at the end
	}
	if c.further = c.opt.Review(c.record.manifest); c.further == nil {
		return
	}
	chosen := 0
	c.record.change(func(m *bundle.Manifest) {
		m.Finished = time.Time{}
		for _, n := range m.Nodes {
			if c.further.Nodes(n.Reached) {
				chosen++
			}
		}
	})
	c.captures = newCaptures(c.further.Capture, chosen)
}

// openBundle makes the directory and its manifest, or opens those that are to be finished.
func openBundle(opt Options) (*os.Root, *bundle.Manifest, error) {
	if !opt.Continue {
		if err := os.MkdirAll(opt.Dir, 0o755); err != nil {
			return nil, nil, fmt.Errorf("make the bundle %s: %w", opt.Dir, err)
		}
		if entries, err := os.ReadDir(opt.Dir); err != nil || len(entries) > 0 {
			return nil, nil, fmt.Errorf("make the bundle %s: %w", opt.Dir, errors.Join(err, errors.New("the directory is not empty: choose another one, or go on with what it holds by --continue")))
		}
	}
	root, err := os.OpenRoot(opt.Dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open the bundle %s: %w", opt.Dir, err)
	}
	now := time.Now().UTC()
	if !opt.Continue {
		return root, &bundle.Manifest{Schema: bundle.ManifestSchema, Tool: opt.Tool, Started: now}, nil
	}
	f, err := root.Open(bundle.ManifestName)
	if err != nil {
		root.Close()
		return nil, nil, fmt.Errorf("continue the bundle %s: %w", opt.Dir, err)
	}
	defer f.Close()
	m, err := bundle.ReadManifest(f)
	if err != nil {
		root.Close()
		return nil, nil, fmt.Errorf("continue the bundle %s: %w", opt.Dir, err)
	}
	m.Resumed, m.Finished = append(m.Resumed, now), time.Time{}
	return root, m, nil
}

// addNodes gives each node its entry and its directory. In a bundle that is continued, an entry of an earlier run is used again,
// and nodes that nobody named come from there. The nodes are returned in the order of their entries.
func addNodes(m *bundle.Manifest, named []Node, l *login.Login) []Node {
	nodes := make([]Node, len(m.Nodes))
	used := map[string]bool{}
	for i, e := range m.Nodes {
		used[strings.ToLower(e.Dir)] = true
		if n, err := ParseNode(e.Target); err == nil {
			n.Name, n.Zone = e.Name, e.Zone
			nodes[i] = n
		}
	}
	for _, n := range named {
		reached := l.Endpoint(n.Target())
		if i := slices.IndexFunc(m.Nodes, func(e bundle.ManifestNode) bool { return e.Reached == reached }); i >= 0 {
			nodes[i] = n
			continue
		}
		name := n.Name
		if name == "" {
			name = n.Host
			if n.Port != 0 {
				name = fmt.Sprintf("%s-%d", n.Host, n.Port)
			}
		}
		m.Nodes = append(m.Nodes, bundle.ManifestNode{
			Name: n.Name, Target: n.String(), Reached: reached, Dir: unique(safeName(name), used), Zone: n.Zone,
			Outcome: bundle.Unknown, Commands: []bundle.ManifestCommand{}, Files: []bundle.ManifestFile{},
		})
		nodes = append(nodes, n)
	}
	return nodes
}

// unique makes a name that is not used yet, whatever the case.
func unique(name string, used map[string]bool) string {
	chosen := name
	for i := 2; used[strings.ToLower(chosen)]; i++ {
		chosen = fmt.Sprintf("%d-%s", i, name)
	}
	used[strings.ToLower(chosen)] = true
	return chosen
}

// outcomeOf tells why something did not succeed.
func outcomeOf(ctx context.Context, err error) bundle.Outcome {
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled), errors.Is(err, context.Canceled):
		return bundle.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return bundle.Timeout
	}
	return bundle.Failed
}

// problemOf says on one line why something did not succeed.
func problemOf(ctx context.Context, err error) string {
	text := err.Error()
	if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
		text = strings.ReplaceAll(text, cause.Error(), "interrupted") // whatever signal it was
	}
	return printable(strings.ReplaceAll(text, "\n", "; "))
}

// writeWhole writes beside the name and renames when the disk has it.
func writeWhole(root *os.Root, name string, content []byte) error {
	part := name + ".tmp"
	f, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err == nil {
		_, err = f.Write(content)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), ignoreMissing(root.Remove(part)))
	}
	if err := root.Rename(part, name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// printable is one line that a terminal does not act on.
func printable(s string) string { return terminal.Printable(s, "") }
