package main

import (
	"testing"

	"github.com/spf13/cobra"
)

// Every help text shows how the command is used.
func TestEveryHelpHasAnExample(t *testing.T) {
	t.Parallel()
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		if c.Example == "" {
			t.Errorf("%s --help has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" {
				check(sub)
			}
		}
	}
	check(newRootCommand())
}
