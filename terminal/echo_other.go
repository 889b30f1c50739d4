//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package terminal

// EchoOff does nothing here: term.ReadPassword turns the echo off.
func EchoOff(int) bool { return false }
