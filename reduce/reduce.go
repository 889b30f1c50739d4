// Package reduce makes material as small as it can be while it still leads to the same findings: for a case of the regression.
//
// In: a folder of plain files (as package redact writes them) and a function that tells whether what lies there now still leads to the
// same. Out: the folder with fewer files, lines and connections. It knows nothing of findings. Lines and packets are left out in ever
// smaller pieces (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input"). Start at Run.
package reduce

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Still reports whether the folder, as it is now, leads to the same findings as at the beginning.
type Still func(ctx context.Context) (bool, error)

// Options bound the work.
type Options struct {
	Time time.Duration // after which what is reached is taken; 0 means two minutes
	// Evidence names the units that are likely to matter, by path below the folder: line numbers of texts and frame numbers of
	// captures, from 1. Leaving out all others at once is tried first.
	Evidence map[string][]int64
}

// Summary says what is left of what.
type Summary struct {
	Files, FilesBefore int
	Units, UnitsBefore int // lines of texts and connections of captures
	Tries              int
	OutOfTime          bool
}

// part is a file that can be written with fewer units.
type part interface {
	units() int
	likely(numbers []int64) []bool // the units that hold the numbered lines or frames
	write(keep []bool) error       // none: the file is removed
}

// Run reduces the folder. When it returns, also with an error, the folder leads to the same as at the beginning.
func Run(ctx context.Context, dir string, still Still, opt Options) (Summary, error) {
	if opt.Time == 0 {
		opt.Time = 2 * time.Minute
	}
	r := &reduction{ctx: ctx, still: still, deadline: time.Now().Add(opt.Time)}
	if same, err := still(ctx); err != nil || !same {
		return r.summary, errors.Join(err, errors.New("the material does not lead to the same findings twice"))
	}
	if err := r.open(dir); err != nil {
		return r.summary, err
	}
	for _, f := range r.files {
		if err := r.try(f, f.part.likely(opt.Evidence[f.name])); err != nil {
			return r.summary, err
		}
	}
	for before := -1; before != r.left(); { // what could not go may go when other things are gone
		before = r.left()
		for _, f := range r.files {
			if err := r.shrink(f); err != nil {
				return r.summary, err
			}
		}
	}
	for _, f := range r.files {
		r.summary.Units += f.left()
		if f.left() > 0 {
			r.summary.Files++
		}
	}
	return r.summary, nil
}

// reduction is one run.
type reduction struct {
	ctx      context.Context
	still    Still
	deadline time.Time
	files    []*file
	summary  Summary
}

// file is a file of the folder and which of its units are left.
type file struct {
	name string
	part part
	keep []bool
}

func (f *file) left() (n int) {
	for _, k := range f.keep {
		if k {
			n++
		}
	}
	return n
}

func (r *reduction) left() (n int) {
	for _, f := range r.files {
		n += f.left()
	}
	return n
}

func (r *reduction) open(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		p, err := openPart(r.ctx, path)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		f := &file{name: filepath.ToSlash(name), part: p, keep: make([]bool, p.units())}
		for i := range f.keep {
			f.keep[i] = true
		}
		r.files = append(r.files, f)
		r.summary.FilesBefore++
		r.summary.UnitsBefore += p.units()
		return nil
	})
}

// try writes the file with other units, and takes that back where it leads to something else.
func (r *reduction) try(f *file, keep []bool) error {
	if slices.Equal(keep, f.keep) || r.over() {
		return nil
	}
	if err := f.part.write(keep); err != nil {
		return err
	}
	r.summary.Tries++
	same, err := r.still(r.ctx)
	if err == nil && same {
		f.keep = keep
		return nil
	}
	return errors.Join(err, f.part.write(f.keep))
}

func (r *reduction) over() bool {
	if r.ctx.Err() != nil || time.Now().After(r.deadline) {
		r.summary.OutOfTime = true
		return true
	}
	return false
}

// shrink leaves out units in ever smaller pieces: all, a half, a quarter ... one.
func (r *reduction) shrink(f *file) error {
	for size := f.left(); size > 0 && !r.over(); size /= 2 {
		var at []int // units that are left
		for i, k := range f.keep {
			if k {
				at = append(at, i)
			}
		}
		for end := len(at); end > 0; end -= size {
			keep := slices.Clone(f.keep)
			for _, i := range at[max(end-size, 0):end] {
				keep[i] = false
			}
			if err := r.try(f, keep); err != nil {
				return err
			}
		}
	}
	return r.ctx.Err()
}

// replace writes a file whole under its name, with the time it had: the years of log lines are told by it.
func replace(path string, modified time.Time, text []byte) error {
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	return os.Chtimes(path, modified, modified)
}
