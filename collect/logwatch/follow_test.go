package logwatch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cbdoctor/collect"
	"cbdoctor/collect/login"
	"cbdoctor/collect/sim"
)

// Beginnings and ends, each told once.
func TestIncidents(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return time.Date(2026, 3, 31, 8, minute, 0, 0, time.UTC) }
	sign := func(key string, minute int, over bool) Sign {
		return Sign{Key: key, Text: key, Last: at(minute), Over: over}
	}
	i := &Incidents{Quiet: 5 * time.Minute}
	for _, step := range []struct {
		now   int
		found []Sign
		want  []string
	}{
		{0, nil, nil},
		{1, []Sign{sign("a", 1, false)}, []string{"a begins"}},
		{2, []Sign{sign("a", 2, false), sign("b", 2, true)}, nil},
		{3, []Sign{sign("a", 2, false), sign("c", 3, false)}, []string{"c begins"}},
		{6, []Sign{sign("a", 6, false), sign("c", 3, false)}, nil},
		{8, []Sign{sign("a", 7, true), sign("c", 3, false)}, []string{"a ends", "c ends"}},
		{9, []Sign{sign("a", 7, true), sign("c", 3, false)}, nil},
		{10, []Sign{sign("c", 10, false)}, []string{"c begins"}},
		{15, nil, []string{"c ends"}},
	} {
		var got []string
		for _, c := range i.Update(at(step.now), step.found) {
			got = append(got, c.Key+" "+c.Event)
		}
		if slices.Sort(got); !slices.Equal(got, step.want) {
			t.Errorf("minute %d: %v, want %v", step.now, got, step.want)
		}
	}
}

// A node is followed beyond a connection that ends, and given up when it refuses the login.
func TestFollow(t *testing.T) {
	t.Parallel()
	c, err := sim.Start(sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{{
		Name: "cms01", Answers: map[string]string{"version": "3.9.1\n"}, Follow: []sim.Line{{Text: "a line"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(c.KnownHosts()), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := collect.ParseNode(c.Nodes[0].Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	l := &login.Login{User: "admin", KnownHosts: []string{known}, Password: func(string) (string, error) { return "x", nil }}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var seen, states []string
	var restarts sync.WaitGroup
	err = Follow(ctx, n, l, func(line Line) {
		mu.Lock()
		defer mu.Unlock()
		if seen = append(seen, line.Node+": "+line.Text); len(seen) == 2 {
			stop()
			return
		}
		restarts.Go(func() { // the connection that brought the line ends
			c.Nodes[0].Stop()
			if err := c.Nodes[0].Restart(); err != nil {
				t.Error(err)
			}
		})
	}, func(node string, followed bool, _ error) {
		mu.Lock()
		defer mu.Unlock()
		states = append(states, fmt.Sprint(node, " ", followed))
	})
	restarts.Wait()
	if err != nil || strings.Join(seen, "|") != "cms01: a line|cms01: a line" || !strings.HasPrefix(strings.Join(states, "|"), "cms01 true|") {
		t.Errorf("%v: %q %q", err, seen, states)
	}
	l.Password = func(string) (string, error) { return "wrong", nil }
	if err := Follow(t.Context(), n, l, func(Line) {}, func(string, bool, error) {}); err == nil {
		t.Error("a refused login is tried for ever")
	}
}

// Only what matters is kept, bounded, below harmless names, and only new lines are written.
func TestWindow(t *testing.T) {
	t.Parallel()
	var w Window
	dir := t.TempDir()
	w.Add(Line{"cms01", "2026-03-31T08:30:00 user.info cms01 host:server: INFO : hello"})
	if fresh, err := w.Write(dir); fresh || err != nil {
		t.Error(fresh, err)
	}
	for i := range maxLines + 5 {
		w.Add(Line{"../cms01", fmt.Sprintf("sfpool: line %d", i)})
	}
	for i, want := range []bool{true, false} {
		if fresh, err := w.Write(dir); fresh != want || err != nil {
			t.Error(i, fresh, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "_cms01", "log"))
	if n := strings.Count(string(b), "\n"); err != nil || n > maxLines || !strings.HasSuffix(string(b), fmt.Sprintf("line %d\n", maxLines+4)) {
		t.Errorf("%d lines, %v", n, err)
	}
}
