package collect

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/transfer"
)

// fetch downloads the chosen files of the SFTP root. Each of them has an entry from the moment it is chosen.
func (v *visit) fetch(ctx context.Context) error {
	var clock *bundle.Clock
	if v.opt.Files.dated() { // else the commands may still be running, and the clock does not matter
		clock = v.clock
	}
	take, skipped, err := v.opt.Files.plan(ctx, v.files, clock)
	if err != nil {
		return err
	}
	todo, total := v.enter(take, skipped)
	v.teller.tell(Event{Node: v.reached, Kind: Chosen, Total: total, Files: len(todo), Text: Count(len(todo), "file") + ", " + Size(total)})
	if v.opt.AskAbove > 0 && total > v.opt.AskAbove && v.opt.Approve != nil && !v.approved(len(todo), total) {
		v.skip(todo, "it was not wanted")
		return nil
	}
	todo = v.thatFit(todo)
	files := make([]transfer.File, len(todo))
	for i, e := range todo {
		files[i] = e.File
	}
	var mu sync.Mutex
	told, came, common := make([]time.Time, len(files)), make([]int64, len(files)), 0
	for i, e := range todo {
		came[i] = e.here
	}
	v.files.Fetch(ctx, v.dir, files, func(i int, here int64) {
		mu.Lock()
		again := time.Since(told[i]) >= progressEvery
		if again {
			told[i] = time.Now()
		}
		v.room.wrote(here - came[i])
		came[i] = here
		mu.Unlock()
		if again {
			v.teller.tell(Event{Node: v.reached, Kind: Progress, File: files[i].Path, Bytes: here, Total: files[i].Size})
		}
	}, func(i int, r transfer.Result) {
		mu.Lock()
		v.room.wrote(todo[i].Size - came[i]) // or never will
		quiet := r.Common && common >= toldEach
		if r.Common {
			common++
		}
		mu.Unlock()
		v.fetched(ctx, todo[i].entry, r, quiet)
	})
	if more := common - toldEach; more > 0 {
		v.tell(FileFailed, "could not fetch %s for the same reason", Count(more, "more file"))
	}
	return context.Cause(ctx)
}

// toldEach is how many files are told one by one of those that failed because the connection did.
const toldEach = 3

// pending is a file to fetch and where its entry is.
type pending struct {
	transfer.File
	entry int
	here  int64 // bytes of it that an earlier run left
}

// enter gives every file of the listing its entry. What an earlier run has whole is not fetched again.
func (v *visit) enter(take []transfer.File, skipped []bundle.ManifestFile) (todo []pending, total int64) {
	var again []string // what is here of them is of no use
	defer func() {
		for _, part := range again {
			_ = v.root.Remove(part) // mostly there is none
		}
	}()
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		used := map[string]bool{}
		if all, err := steps(v.node.Interface); err == nil {
			for _, s := range all {
				used[s.file] = true
			}
		}
		before := map[string]bundle.ManifestFile{}
		var kept []bundle.ManifestFile
		for _, e := range m.Files {
			if local := e.Local(); local != "" {
				before[e.Remote] = e
				used[localName(local)] = true
			}
			if e.Outcome == bundle.Success {
				kept = append(kept, e)
			}
		}
		old, listed := m.Files, map[string]bool{}
		m.Files = append(kept, skipped...)
		for _, e := range m.Files {
			listed[e.Remote] = true
		}
		for _, t := range take {
			remote := printable(t.Path)
			e, known := before[remote]
			if known && e.Outcome == bundle.Success {
				continue
			}
			if t.Name = localName(e.Local()); t.Name == "" || listed[remote] {
				t.Name = unique(safeName(t.Path), used)
			}
			listed[remote] = true
			total += t.Size
			entry := bundle.ManifestFile{Remote: remote, Partial: v.name + "/" + t.Name + bundle.PartSuffix, Bytes: t.Size, ModTime: t.ModTime.UTC(), Outcome: bundle.Unknown}
			p := pending{File: t, entry: len(m.Files)}
			if v.goesOn(t, e) {
				entry.Kept, p.here = e.Kept, e.Kept.Bytes
			} else {
				again = append(again, entry.Partial)
			}
			todo = append(todo, p)
			m.Files = append(m.Files, entry)
		}
		for _, e := range old { // that an earlier run could not fetch, and that is gone; what there is of it stays
			if !listed[e.Remote] && e.Outcome != bundle.Skipped {
				e.Outcome, e.Problem = bundle.Failed, strings.TrimSuffix("it is no longer on the node: "+e.Problem, ": ")
				m.Files = append(m.Files, e)
			}
		}
	})
	return todo, total
}

// goesOn reports whether the beginning of a file that is here may be that of the node's file of now: the same one, or one that is only ever
// appended to. Its overlap is compared all the same.
func (v *visit) goesOn(now transfer.File, then bundle.ManifestFile) bool {
	if then.Kept == nil {
		return false
	}
	row, _ := v.opt.Files.choice(now.Path)
	return then.Bytes == now.Size && then.ModTime.Equal(now.ModTime) || row.grows && now.Size >= then.Kept.Bytes
}

func (v *visit) approved(files int, total int64) bool {
	v.asking.Lock()
	defer v.asking.Unlock()
	return v.opt.Approve(v.reached, files, total)
}

func (v *visit) skip(files []pending, why string) {
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		for _, f := range files {
			m.Files[f.entry].Outcome, m.Files[f.entry].Problem, m.Files[f.entry].Partial = bundle.Skipped, why, ""
		}
	})
}

// thatFit leaves out what the disk here has no room for, rather than fill it.
func (v *visit) thatFit(files []pending) []pending {
	return slices.DeleteFunc(files, func(f pending) bool {
		free, fits := v.room.take(v.opt.Dir, f.Size-f.here)
		if !fits {
			v.record.node(v.i, func(m *bundle.ManifestNode) {
				e := &m.Files[f.entry]
				e.Outcome, e.Problem = bundle.Failed, fmt.Sprintf("it has %s, and the disk here has %s left", Size(f.Size), Size(free))
				if e.Kept == nil {
					e.Partial = ""
				}
			})
			v.teller.tell(Event{Node: v.reached, Kind: FileFailed, File: f.Path, Text: fmt.Sprintf("no room for %s, which has %s: the disk here has %s left", f.Path, Size(f.Size), Size(free))})
		}
		return !fits
	})
}

// kept writes down from where the download of a file can go on, when the disk has it.
func (v *visit) kept(f transfer.File, size int64, sum string) {
	name := v.name + "/" + f.Name + bundle.PartSuffix
	v.record.wrote(name)
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		for i := range m.Files {
			if e := &m.Files[i]; e.Partial == name {
				e.Bytes, e.ModTime, e.Kept = f.Size, f.ModTime.UTC(), &bundle.Kept{Bytes: size, SHA256: sum}
			}
		}
	})
}

// fetched writes down what became of a file, and tells it unless it is quiet.
func (v *visit) fetched(ctx context.Context, entry int, r transfer.Result, quiet bool) {
	if r.Err == nil {
		v.record.wrote(v.name + "/" + r.Name)
	}
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		e := &m.Files[entry]
		e.Bytes, e.ModTime, e.Note, e.Partial = r.Size, r.ModTime.UTC(), r.Note, ""
		if r.Err == nil {
			e.File, e.SHA256, e.Outcome, e.Kept = v.name+"/"+r.Name, r.SHA256, bundle.Success, nil
			return
		}
		e.Outcome, e.Problem = outcomeOf(ctx, r.Err), problemOf(ctx, r.Err)
		if errors.Is(r.Err, transfer.ErrStalled) {
			e.Outcome = bundle.Timeout
		}
		if r.Left > 0 {
			e.Partial = v.name + "/" + r.Name + bundle.PartSuffix
		}
	})
	if quiet {
		return
	}
	event := Event{Node: v.reached, Kind: FileDone, File: r.Path, Bytes: r.Size, Total: r.Size, Text: fmt.Sprintf("fetched %s, %d bytes", r.Path, r.Size)}
	if r.Err != nil {
		event.Kind, event.Bytes, event.Text = FileFailed, r.Left, fmt.Sprintf("could not fetch %s: %s", r.Path, problemOf(ctx, r.Err))
	}
	v.teller.tell(event)
}

// localName is the name of a file in its node's directory.
func localName(inBundle string) string {
	if inBundle == "" {
		return ""
	}
	return path.Base(inBundle)
}

// Count prints a number of things for people.
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Size prints a number of bytes for people.
func Size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}
