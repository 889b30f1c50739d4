package rules_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cbdoctor/fact"
	"cbdoctor/rules"
	"cbdoctor/stamp"
)

// A command that was typed shortly before a failure is told with it; one of long before, one that was refused, and one that only
// shows something are not.
func TestCommandsNearTheFirstFailure(t *testing.T) {
	t.Parallel()
	at := func(minute int) stamp.Time { return stamp.New(time.Date(2025, 3, 5, 9, minute, 0, 0, time.UTC), 0) }
	command := func(minute int, node, text string, granted bool) fact.Command {
		return fact.Command{Node: node, User: "admin", Command: text, Granted: granted, Time: at(minute), Source: fact.Source{File: "log", Line: minute}}
	}
	set := &fact.Set{
		HealthChecks: []fact.HealthCheck{{Client: "10.1.1.2", Server: "10.1.1.1", Reason: fact.ReasonRefused, Ongoing: true, Span: fact.Span{First: at(33), Last: at(59), Count: 40}}},
		Commands: []fact.Command{
			command(1, "10.1.1.1", "database cluster remove", true), command(31, "10.1.1.1", "database cluster remove", true), command(32, "10.1.1.1", "database cluster status", true),
			command(32, "10.1.1.1", "reboot", false), command(32, "10.1.1.9", "reboot", true), command(40, "10.1.1.1", "reboot", true),
		},
	}
	catalog, err := rules.Load(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := catalog.Evaluate(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Findings) == 0 {
		t.Fatal("no finding")
	}
	f := out.Findings[0]
	if len(f.PrecededBy) != 1 || f.PrecededBy[0].Line != 31 || !strings.Contains(f.Summary, `"database cluster remove" was typed on 10.1.1.1 at 09:31:00 by admin, 2 minutes before`) {
		t.Errorf("preceded by %+v: %s", f.PrecededBy, f.Summary)
	}
}
