package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"cbdoctor/fixtures/golden"
)

// TestMain registers the real program, so that the scripts run it as a user does.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cbdoctor": main})
}

// TestScripts runs one script per promise of the README, failures first. $FIXTURES is the corpus of the repository.
func TestScripts(t *testing.T) {
	t.Parallel()
	fixtures, err := filepath.Abs("../../fixtures")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *golden.Update,
		RequireExplicitExec: true,
		Cmds:                materialCommands,
		Setup: func(env *testscript.Env) error {
			env.Setenv("FIXTURES", fixtures)
			env.Setenv("NO_COLOR", "1")
			env.Setenv("COLUMNS", "100")
			env.Setenv("PATH", env.Getenv("PATH")+string(os.PathListSeparator)+"/usr/sbin")
			return nil
		},
	})
}
