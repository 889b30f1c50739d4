//go:build aix || darwin || dragonfly || freebsd || linux || netbsd || openbsd || solaris

package terminal

import "golang.org/x/sys/unix"

// EchoOff lets the terminal show no more of what is typed, and reports whether it does. Ctrl-C stays a signal, and a line is read as any
// other. term.ReadPassword would turn the echo off after the prompt, when the first letters may have been shown already.
func EchoOff(fd int) bool {
	state, err := unix.IoctlGetTermios(fd, getState)
	if err != nil {
		return false
	}
	state.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, setState, state) == nil
}
