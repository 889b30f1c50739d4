package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/bundle"
	"cbdoctor/collect/mmp"
)

// Options say where and how to collect. Dir and Login are needed.
type Options struct {
	Dir            string        // the bundle; it must not exist, or be empty
	Login          Login         // who logs in
	Tool           string        // name and version for the manifest
	ConnectTimeout time.Duration // default 15 s
	CommandTimeout time.Duration // default 60 s
	NodeTimeout    time.Duration // default 30 min; a node that hangs does not hold up the others for longer
	Progress       func(Event)   // called from several goroutines, one at a time; nil: silent
}

// Event is one step of a collection.
type Event struct {
	Node string // as it is reached
	Text string
}

func (o Options) withDefaults() Options {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 15 * time.Second
	}
	if o.CommandTimeout == 0 {
		o.CommandTimeout = time.Minute
	}
	if o.NodeTimeout == 0 {
		o.NodeTimeout = 30 * time.Minute
	}
	return o
}

// Run collects from all nodes at once. It returns the manifest, which is written to the bundle too, even where nodes failed;
// the error says that the bundle itself could not be written.
func Run(ctx context.Context, inv Inventory, opt Options) (*bundle.Manifest, error) {
	opt = opt.withDefaults()
	if err := os.MkdirAll(opt.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the bundle %s: %w", opt.Dir, err)
	}
	if entries, err := os.ReadDir(opt.Dir); err != nil || len(entries) > 0 {
		return nil, fmt.Errorf("make the bundle %s: %w", opt.Dir, errors.Join(err, errors.New("the directory is not empty")))
	}
	root, err := os.OpenRoot(opt.Dir)
	if err != nil {
		return nil, fmt.Errorf("open the bundle %s: %w", opt.Dir, err)
	}
	defer root.Close()

	c := &collection{opt: opt, root: root, manifest: &bundle.Manifest{Schema: bundle.ManifestSchema, Tool: opt.Tool, Started: time.Now().UTC()}}
	used := map[string]bool{}
	for _, n := range inv.Nodes {
		name := n.Name
		if name == "" {
			name = n.Host
			if n.Port != 0 {
				name = fmt.Sprintf("%s-%d", n.Host, n.Port)
			}
		}
		c.manifest.Nodes = append(c.manifest.Nodes, bundle.ManifestNode{
			Name: n.Name, Reached: n.endpoint(), Dir: unique(safeName(name), used), Outcome: bundle.Unknown,
			Commands: []bundle.ManifestCommand{}, Files: []bundle.ManifestFile{},
		})
	}
	if err := c.save(); err != nil {
		return nil, err
	}
	var wait sync.WaitGroup
	for i, n := range inv.Nodes {
		wait.Go(func() { c.node(ctx, n, i) })
	}
	wait.Wait()
	c.manifest.Finished = time.Now().UTC()
	return c.manifest, c.save()
}

// collection is one run; the manifest is shared by the nodes' goroutines.
type collection struct {
	opt      Options
	root     *os.Root
	mu       sync.Mutex
	manifest *bundle.Manifest
}

// update changes a node's entry and writes the manifest, so that a crash at any moment leaves a readable bundle.
func (c *collection) update(i int, change func(n *bundle.ManifestNode)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.manifest.Nodes[i])
	if err := c.saveLocked(); err != nil && c.manifest.Nodes[i].Problem == "" {
		c.manifest.Nodes[i].Problem = err.Error()
	}
}

func (c *collection) save() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.saveLocked()
}

func (c *collection) saveLocked() error {
	f, err := c.root.Create(bundle.ManifestName + ".part")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := errors.Join(c.manifest.Write(f), f.Close()); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := c.root.Rename(bundle.ManifestName+".part", bundle.ManifestName); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

func (c *collection) say(i int, format string, args ...any) {
	if c.opt.Progress == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opt.Progress(Event{Node: c.manifest.Nodes[i].Reached, Text: fmt.Sprintf(format, args...)})
}

// node collects from one node.
func (c *collection) node(ctx context.Context, n Node, i int) {
	ctx, cancel := context.WithTimeout(ctx, c.opt.NodeTimeout)
	defer cancel()
	err := c.visit(ctx, n, i)
	c.update(i, func(m *bundle.ManifestNode) {
		if err != nil {
			m.Outcome, m.Problem = outcomeOf(ctx, err), err.Error()
			return
		}
		m.Outcome = bundle.Success
	})
	if err != nil {
		c.say(i, "failed: %v", err)
	} else {
		c.say(i, "done")
	}
}

func (c *collection) visit(ctx context.Context, n Node, i int) error {
	c.say(i, "connecting")
	client, fingerprint, err := c.opt.Login.dial(ctx, n, c.opt.ConnectTimeout)
	c.update(i, func(m *bundle.ManifestNode) { m.HostKey = fingerprint })
	if err != nil {
		return err
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()

	name := c.manifest.Nodes[i].Dir
	if err := c.root.Mkdir(name, 0o755); err != nil {
		return fmt.Errorf("make the directory of the node: %w", err)
	}
	dir, err := c.root.OpenRoot(name)
	if err != nil {
		return fmt.Errorf("open the directory of the node: %w", err)
	}
	defer dir.Close()

	commandErr := c.runCommands(ctx, client, dir, i)
	fileErr := fetchAll(ctx, client, dir, func(f bundle.ManifestFile) {
		if f.Outcome == bundle.Success {
			c.say(i, "fetched %s, %d bytes", f.Remote, f.Bytes)
		}
		if f.File != "" {
			f.File = name + "/" + f.File
		}
		c.update(i, func(m *bundle.ManifestNode) { m.Files = append(m.Files, f) })
	})
	return errors.Join(commandErr, fileErr)
}

var ownAddress = regexp.MustCompile(`([0-9a-fA-F:.]+) *\(me\)`)

// runCommands writes the output of each command to a file, the prompt and the command before it, as a copied session has it.
func (c *collection) runCommands(ctx context.Context, client *ssh.Client, dir *os.Root, i int) error {
	todo, err := steps("")
	if err != nil {
		return err
	}
	s, err := mmp.Open(ctx, client, c.opt.ConnectTimeout)
	if err != nil {
		return err
	}
	defer s.Close()
	c.update(i, func(m *bundle.ManifestNode) {
		if m.Name == "" {
			m.Name = s.Name
		}
	})
	var failed error
	for _, step := range todo {
		entry := bundle.ManifestCommand{Command: step.command.String(), Time: time.Now().UTC(), Outcome: bundle.Success}
		out, err := s.Run(ctx, step.command, c.opt.CommandTimeout)
		var refused *mmp.Refused
		switch {
		case errors.As(err, &refused) && !step.required:
			entry.Outcome, entry.Problem = bundle.Skipped, "not available on this node: "+err.Error()
		case err != nil:
			entry.Outcome, entry.Problem = outcomeOf(ctx, err), err.Error()
			failed = errors.Join(failed, err)
		default:
			entry.File = step.file
			if err := writeText(dir, step.file, s.Name+"> "+step.command.String()+"\n"+out+"\n"); err != nil {
				entry.File, entry.Outcome, entry.Problem = "", bundle.Failed, err.Error()
				failed = errors.Join(failed, err)
			}
		}
		c.update(i, func(m *bundle.ManifestNode) {
			if entry.File != "" {
				entry.File = m.Dir + "/" + entry.File
			}
			m.Commands = append(m.Commands, entry)
			if found := ownAddress.FindStringSubmatch(out); found != nil && step.command == mmp.ClusterStatus {
				m.Address = found[1]
			}
		})
		c.say(i, "%s", step.command)
		if failed != nil && (errors.Is(failed, mmp.ErrClosed) || ctx.Err() != nil) {
			break
		}
	}
	return failed
}

func writeText(dir *os.Root, name, text string) error {
	f, err := dir.Create(name + ".part")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		return fmt.Errorf("write %s: %w", name, errors.Join(err, f.Close(), dir.Remove(name+".part")))
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return dir.Rename(name+".part", name)
}
