// Package verify checks that material still leads to the diagnosis that it once led to: the regression of a CI.
//
// In: folders with inputs and an expect.yaml (expect.go), and a function that diagnoses. Out: for each case what differs
// from what was expected (check.go), as text (text.go) and as JUnit XML (junit.go); on request the expectation is rewritten
// (update.go). It knows reports only, never how one is made. Start at Run.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"cbdoctor/report"
)

// Diagnosis is what the program makes of the inputs of one case.
type Diagnosis struct {
	Report *report.Report // nil when nothing in the inputs was usable
	Exit   int            // the code with which the program would end
	Err    string         // what it would say when there is no report
}

// Diagnose runs the pipeline over the paths. It is called from several goroutines. An error ends the whole run.
type Diagnose func(ctx context.Context, paths []string, e *Expect) (*Diagnosis, error)

// Case is one folder with its expectation.
type Case struct {
	Name   string // the folder, relative to the one that was searched, with slashes
	Dir    string
	Expect *Expect
}

// Result says what became of one case.
type Result struct {
	Case
	Differences []Difference // none: all is as expected
	Updated     bool         // the expectation was rewritten, so that there is no difference any more
}

// Options say how to run.
type Options struct {
	Jobs   int  // cases at a time; 0 means one a processor
	Update bool // rewrite the expectation of the cases that differ
}

// ErrNoCase says that there is no expect.yaml below the folder.
var ErrNoCase = errors.New("no case found: a case is a folder with an " + FileName)

// Find reads all cases below the folder, in the order of their names.
func Find(dir string) ([]Case, error) {
	var cases []Case
	var problems error
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != FileName {
			return err
		}
		folder := filepath.Dir(path)
		name, err := filepath.Rel(dir, folder)
		if err != nil {
			return err
		}
		if name == "." {
			name = filepath.Base(absolute(dir))
		}
		e, err := ReadExpect(path)
		if err != nil {
			problems = errors.Join(problems, err)
			return nil
		}
		cases = append(cases, Case{Name: filepath.ToSlash(name), Dir: folder, Expect: e})
		return nil
	})
	if err := errors.Join(err, problems); err != nil {
		return nil, err
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoCase)
	}
	return cases, nil
}

func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}

// Run diagnoses all cases in parallel. The results are in the order of the cases, whatever finished first.
func Run(ctx context.Context, cases []Case, diagnose Diagnose, opt Options) ([]Result, error) {
	results := make([]Result, len(cases))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, opt.Jobs))
	if opt.Jobs == 0 {
		group.SetLimit(runtime.GOMAXPROCS(0))
	}
	for i, c := range cases {
		group.Go(func() (err error) {
			results[i], err = run(ctx, c, diagnose, opt.Update)
			if err != nil {
				return fmt.Errorf("case %s: %w", c.Name, err)
			}
			return nil
		})
	}
	return results, group.Wait()
}

func run(ctx context.Context, c Case, diagnose Diagnose, update bool) (Result, error) {
	result := Result{Case: c}
	paths, err := c.inputs()
	if err != nil {
		return result, err
	}
	d, err := diagnose(ctx, paths, c.Expect)
	if err != nil {
		return result, err
	}
	d = d.relativeTo(c.Dir)
	result.Differences = Check(c.Expect, d)
	if len(result.Differences) == 0 || !update {
		return result, nil
	}
	if err := Update(c.Expect, d).Write(filepath.Join(c.Dir, FileName)); err != nil {
		return result, err
	}
	result.Updated = true
	return result, nil
}

// documents are the files of a case folder that are about the case and not part of its material.
var documents = []string{FileName, "README.md"}

// inputs are those that the expectation names, or everything in the folder.
func (c Case) inputs() ([]string, error) {
	if len(c.Expect.Inputs) > 0 {
		paths := make([]string, len(c.Expect.Inputs))
		for i, in := range c.Expect.Inputs {
			if !filepath.IsLocal(filepath.FromSlash(in)) {
				return nil, fmt.Errorf("inputs: %q is not below the folder of the case", in)
			}
			paths[i] = filepath.Join(c.Dir, filepath.FromSlash(in))
			if _, err := os.Stat(paths[i]); err != nil {
				return nil, fmt.Errorf("inputs: %w", err)
			}
		}
		return paths, nil
	}
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if !slices.Contains(documents, e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			paths = append(paths, filepath.Join(c.Dir, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, errors.New("the folder has no input")
	}
	return paths, nil
}
