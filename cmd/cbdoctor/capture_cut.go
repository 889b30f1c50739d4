package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"cbdoctor/capture"
	"cbdoctor/capture/points"
	"cbdoctor/report"
)

// printLadders prints a session of the first capture, and what the others have of the same session.
func printLadders(cmd *cobra.Command, files []string, o captureOptions, opt capture.Options) error {
	opt.AllSessions = true
	results, sources := make([]*capture.Result, len(files)), make([]points.Source, len(files))
	for i, file := range files {
		var err error
		if results[i], err = capture.AnalyzeFile(cmd.Context(), file, opt); err != nil {
			return captureError(err)
		}
		if sources[i], err = sourceOf(results[i], file, opt); err != nil {
			return err
		}
	}
	paths, err := points.Compare(cmd.Context(), sources, opt.Port)
	if err != nil {
		return inputError(err)
	}
	points.Confirm(sources, paths)
	var first *capture.Session
	for i, file := range files {
		number := o.session
		if i > 0 {
			twins := points.Twins(results[0], []*capture.Session{first}, results[i])
			if len(twins) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s does not have this session\n", file)
				continue
			}
			number = twins[0].Session
		}
		steps, s, err := results[i].Ladder(cmd.Context(), file, number, opt)
		if err != nil {
			return captureError(err)
		}
		if i == 0 {
			first = s
		}
		if len(files) > 1 && !o.json {
			if i > 0 {
				fmt.Fprintln(cmd.OutOrStdout())
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s, session %d\n", file, number)
		}
		if o.json {
			err = printJSON(cmd.OutOrStdout(), steps)
		} else {
			err = report.WriteLadder(cmd.OutOrStdout(), s, steps, terminalOptions(cmd))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// twinsIn judges a file and numbers its sessions that are the same as those of another capture.
func twinsIn(cmd *cobra.Command, file string, of *capture.Result, sessions []*capture.Session, opt capture.Options) (r *capture.Result, numbers []int, err error) {
	opt.AllSessions = true
	if r, err = capture.AnalyzeFile(cmd.Context(), file, opt); err != nil {
		return nil, nil, captureError(err)
	}
	for _, twin := range points.Twins(of, sessions, r) {
		numbers = append(numbers, twin.Session)
	}
	return r, numbers, nil
}

// cutCapture writes the chosen sessions of the first capture, or all bad ones, to a file of their own, with what the other captures have
// of them.
func cutCapture(cmd *cobra.Command, files []string, o captureOptions, opt capture.Options) error {
	if err := free("--cut", o.cut, o.force); err != nil {
		return err
	}
	chosen, err := numbersOf(o.sessions)
	if err != nil {
		return err
	}
	opt.AllSessions = o.all || len(chosen) > 0
	r, err := capture.AnalyzeFile(cmd.Context(), files[0], opt)
	if err != nil {
		return captureError(err)
	}
	var sessions []*capture.Session
	names := namesOf(files)
	r.File = names[0]
	part := capture.Part{Path: files[0], Name: names[0], Sessions: chosen}
	for i := range r.Sessions {
		switch s := &r.Sessions[i]; {
		case slices.Contains(chosen, s.Session):
			sessions = append(sessions, s)
		case len(chosen) == 0 && !s.Verdict.Good():
			sessions, part.Sessions = append(sessions, s), append(part.Sessions, s.Session)
		}
	}
	if len(part.Sessions) == 0 {
		return usageError(fmt.Errorf("%s has no bad session", files[0]), "choose some with --sessions")
	}
	parts, results := []capture.Part{part}, []*capture.Result{r}
	for i, file := range files[1:] {
		r, twins, err := twinsIn(cmd, file, results[0], sessions, opt)
		if err != nil {
			return err
		}
		if r.File = names[i+1]; len(twins) > 0 {
			parts, results = append(parts, capture.Part{Path: file, Name: r.File, Sessions: twins}), append(results, r)
		}
	}
	if err := noteClocks(cmd, parts, results, opt); err != nil {
		return err
	}
	count := 0
	for _, p := range parts {
		count += len(p.Sessions)
	}
	written := 0
	err = writeWhole(o.cut, func(w io.Writer) (err error) {
		written, err = capture.Cut(cmd.Context(), parts, w, opt)
		return err
	})
	if err != nil {
		return captureError(err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "wrote %d packets of %d sessions to %s\n", written, count, o.cut)
	return nil
}

// noteClocks says of each part how far its clock is from those of the others: their packets are in the order of what the clocks showed.
func noteClocks(cmd *cobra.Command, parts []capture.Part, results []*capture.Result, opt capture.Options) error {
	var sources []points.Source
	for i, r := range results {
		source, err := sourceOf(r, parts[i].Path, opt)
		if err != nil {
			return err
		}
		sources = append(sources, source)
	}
	paths, err := points.Compare(cmd.Context(), sources, opt.Port)
	if err != nil {
		return inputError(err)
	}
	for _, p := range paths {
		i := slices.IndexFunc(parts, func(part capture.Part) bool { return part.Name == p.Far.File })
		if clocks := p.Clocks(); clocks != "" && !strings.Contains(parts[i].Note, clocks) {
			parts[i].Note = strings.TrimSpace(parts[i].Note + " " + clocks)
		}
	}
	return nil
}

// namesOf are the files' names, with their folders where names alone do not tell them apart.
func namesOf(files []string) []string {
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = filepath.Base(file)
		if slices.Contains(names[:i], names[i]) {
			return files
		}
	}
	return names
}

// numbersOf reads the flag --sessions.
func numbersOf(list string) (numbers []int, err error) {
	for _, n := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		number, err := strconv.Atoi(n)
		if err != nil {
			return nil, usageError(fmt.Errorf("--sessions: %q is no number", n), "for example: --sessions 3,7")
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}
