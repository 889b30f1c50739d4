//go:build unix

package login

import (
	"os/exec"
	"syscall"
)

// apart keeps Ctrl-C from a command: what is stopped on the node is stopped through it.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate and kill end a command and what it started; it may have ended by itself.
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
func kill(cmd *exec.Cmd)      { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
