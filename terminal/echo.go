//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package terminal

import "golang.org/x/sys/unix"

// EchoOff lets the terminal show no more of what is typed; Ctrl-C stays a signal. Where there is no such terminal it does nothing.
// term.ReadPassword does the same for as long as it reads, which is after the prompt: then the first letters may already have been shown.
func EchoOff(fd int) {
	state, err := unix.IoctlGetTermios(fd, getState)
	if err != nil {
		return
	}
	state.Lflag &^= unix.ECHO
	_ = unix.IoctlSetTermios(fd, setState, state) // then ReadPassword is left to do it
}
