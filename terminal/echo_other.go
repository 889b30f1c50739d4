//go:build !(aix || darwin || dragonfly || freebsd || linux || netbsd || openbsd || solaris || windows)

package terminal

// EchoOff does nothing here: term.ReadPassword turns the echo off.
func EchoOff(int) bool { return false }
