//go:build !unix

package login

import "os/exec"

func apart(*exec.Cmd) {}

// terminate and kill end a command; it may have ended by itself.
func terminate(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
func kill(cmd *exec.Cmd)      { _ = cmd.Process.Kill() }
