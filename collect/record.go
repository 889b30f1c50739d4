package collect

import (
	"errors"
	"fmt"
	"os"
	"path"
	"sync"
	"time"

	"cbdoctor/bundle"
)

// record is the manifest while the collection runs. It is written again soon after each change, so that a crash at any moment
// leaves a readable bundle; changes that come while it is written go into the next writing together. What it claims to be there is
// on the disk before it is.
type record struct {
	root     *os.Root
	mu       sync.Mutex
	manifest *bundle.Manifest
	unsaved  []string // files of the bundle that the disk may not have yet
	changed  chan struct{}
	closing  chan struct{}
	stopped  chan struct{}
	writing  sync.Mutex // one writing at a time
}

// rest is how many times as long as the last writing took the next one is put off, and longestRest how long at most: with 100,000 files a
// manifest has 20 MB, and would be all that is written.
const rest, longestRest = 9, 10 * time.Second

func startRecord(root *os.Root, m *bundle.Manifest) (*record, error) {
	r := &record{root: root, manifest: m, changed: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{})}
	if err := r.write(); err != nil {
		return nil, err
	}
	go r.keep()
	return r, nil
}

// keep writes the manifest after changes until it is closed.
func (r *record) keep() {
	defer close(r.stopped)
	for {
		select {
		case <-r.closing:
			return
		case <-r.changed:
		}
		began := time.Now()
		_ = r.write() // what fails for long is told at the end
		timer := time.NewTimer(min(rest*time.Since(began), longestRest))
		select {
		case <-r.closing:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// change changes the manifest.
func (r *record) change(f func(*bundle.Manifest)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r.manifest)
	select {
	case r.changed <- struct{}{}:
	default: // it is to be written anyway
	}
}

// node changes the entry of one node.
func (r *record) node(i int, f func(*bundle.ManifestNode)) {
	r.change(func(m *bundle.Manifest) { f(&m.Nodes[i]) })
}

// wrote tells of a file that a change to come claims.
func (r *record) wrote(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unsaved = append(r.unsaved, name)
}

// close writes it a last time. The error says that the manifest on disk is not the one in memory.
func (r *record) close() error {
	close(r.closing)
	<-r.stopped
	err := r.write()
	saveDir(r.root, ".") // its name too
	return err
}

func (r *record) write() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	b, err := r.manifest.Bytes()
	unsaved := r.unsaved
	r.unsaved = nil
	r.mu.Unlock()
	if err == nil {
		err = errors.Join(save(r.root, unsaved), writeWhole(r.root, bundle.ManifestName, b))
	}
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// many files are saved with all that is on their disk: one by one they take a write each.
const many = 100

// save waits until the disk has these files and their names.
func save(root *os.Root, names []string) error {
	if len(names) > many && saveAll(root) {
		return nil
	}
	var failed error
	dirs := map[string]bool{".": true} // that of the manifest and of the nodes' directories
	for _, name := range names {
		f, err := root.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			failed = errors.Join(failed, ignoreMissing(err))
			continue
		}
		failed = errors.Join(failed, f.Sync(), f.Close())
		dirs[path.Dir(name)] = true
	}
	for dir := range dirs {
		saveDir(root, dir)
	}
	return failed
}

// saveAll waits until the disk has everything, where the system can say so for one disk.
func saveAll(root *os.Root) bool {
	d, err := root.Open(".")
	if err != nil {
		return false
	}
	defer d.Close()
	return syncDisk(d) == nil
}

// saveDir waits until the disk has the names in a directory, where the system can.
func saveDir(root *os.Root, name string) {
	if d, err := root.Open(name); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
