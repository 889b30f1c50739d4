package terminal

import "golang.org/x/sys/windows"

// EchoOff lets the console show no more of what is typed, and reports whether it does. A line is read as any other.
func EchoOff(fd int) bool {
	var mode uint32
	console := windows.Handle(fd)
	if err := windows.GetConsoleMode(console, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode&^windows.ENABLE_ECHO_INPUT) == nil
}
