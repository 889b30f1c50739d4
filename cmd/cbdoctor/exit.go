package main

import "errors"

// Exit codes, the same for every subcommand.
const (
	exitOK          = 0
	exitFindings    = 1
	exitUsage       = 2
	exitInput       = 3
	exitPartial     = 4
	exitInterrupted = 130
)

const exitStatusHelp = `
EXIT STATUS
  0    nothing still going on at or above --fail-on (default: error)
  1    there is
  2    wrong usage
  3    the input could not be read, or nothing in it was usable
  4    a collection in which some nodes or files failed (what was collected is kept)
  130  interrupted`

// codeError carries the exit code that an error leads to. Its text is that of the error inside.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *codeError) Unwrap() error { return e.err }

// hintError adds what to do next to what was wrong.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// withHint says what to do next. The hint is printed on a line of its own.
func withHint(err error, hint string) error { return &hintError{err, hint} }

func usageError(err error, hint string) error { return &codeError{exitUsage, withHint(err, hint)} }
func inputError(err error) error              { return &codeError{exitInput, err} }

// exitStatus ends the program with a code and no message: the report itself said what there is to say.
func exitStatus(code int) error {
	if code == exitOK {
		return nil
	}
	return &codeError{code: code}
}

// exitCode maps an error to its code; an error that nobody classified comes from cobra's own parsing of the arguments.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	var coded *codeError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitUsage
}
