//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package terminal

// EchoOff does nothing: here term.ReadPassword alone turns the echo off, after the prompt.
func EchoOff(int) {}
