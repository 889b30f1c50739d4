package main

import (
	"fmt"
	"io"
	"os"
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
	var first *capture.Session
	for i, file := range files {
		number := o.session
		if i > 0 {
			twins, err := twinsIn(cmd, file, []*capture.Session{first}, opt)
			if err != nil {
				return err
			}
			if len(twins) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s does not have this session\n", file)
				continue
			}
			number = twins[0]
		}
		steps, s, err := capture.Ladder(cmd.Context(), file, number, opt)
		if err != nil {
			return captureError(err)
		}
		if i == 0 {
			first = s
		}
		if len(files) > 1 && !o.json {
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

// twinsIn numbers the sessions of a file that are the same as those of another.
func twinsIn(cmd *cobra.Command, file string, sessions []*capture.Session, opt capture.Options) (numbers []int, err error) {
	opt.AllSessions = true
	r, err := capture.AnalyzeFile(cmd.Context(), file, opt)
	if err != nil {
		return nil, captureError(err)
	}
	for _, s := range sessions {
		if twin := points.Twin(s, r); twin != nil && !slices.Contains(numbers, twin.Session) {
			numbers = append(numbers, twin.Session)
		}
	}
	return numbers, nil
}

// cutCapture writes the chosen sessions of the first capture, or all bad ones, to a file of their own, with what the other captures have
// of them.
func cutCapture(cmd *cobra.Command, files []string, o captureOptions, opt capture.Options) error {
	if _, err := os.Lstat(o.cut); err == nil && !o.force {
		return usageError(fmt.Errorf("--cut %s: the file exists already", o.cut), "choose another name, or overwrite it with --force")
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
	part := capture.Part{Path: files[0], Sessions: chosen}
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
	parts, count := []capture.Part{part}, len(part.Sessions)
	for _, file := range files[1:] {
		twins, err := twinsIn(cmd, file, sessions, opt)
		if err != nil {
			return err
		}
		if len(twins) > 0 {
			parts, count = append(parts, capture.Part{Path: file, Sessions: twins}), count+len(twins)
		}
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
