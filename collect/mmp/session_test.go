package mmp

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/collect/sim"
)

// patience is far beyond what a loopback node takes; it bounds a test that would hang.
const patience = 30 * time.Second

func connect(t *testing.T, n sim.Node) (*ssh.Client, *sim.Server) {
	t.Helper()
	c, err := sim.Start(sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{n}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	client, err := ssh.Dial("tcp", c.Nodes[0].Endpoint, &ssh.ClientConfig{
		User: "admin", Auth: []ssh.AuthMethod{ssh.Password("x")}, HostKeyCallback: ssh.FixedHostKey(c.Nodes[0].HostKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client, c.Nodes[0]
}

var long = strings.Repeat("one line of a long answer\n", 300)

func answers() map[string]string {
	return map[string]string{
		"version": "3.9.1\n", "database cluster status": "Status : Enabled\n", "pki list": long,
		"ntp status": "FAILURE: not configured\n", "ipv4 a": "a line\nlooks-like-a-prompt> \nanother\n", "uptime": "",
	}
}

// Whatever the node's terminal does, the output of a command is what the command printed.
func TestRun(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]sim.Node{
		"plain":                           {Name: "cms01"},
		"a prompt with every character":   {Name: "CMS-1.example_x"},
		"a banner":                        {Name: "cms01", Shell: sim.Shell{Banner: "Welcome to the MMP\nlast login: today\n"}},
		"a banner that ends as a prompt":  {Name: "cms01", Shell: sim.Shell{Banner: "Welcome\nnotice> "}},
		"a coloured prompt":               {Name: "cms01", Shell: sim.Shell{Color: true}},
		"a pager":                         {Name: "cms01", Shell: sim.Shell{Pager: 7}},
		"no exec":                         {Name: "cms01", Shell: sim.Shell{NoExec: true}},
		"no terminal, commands by exec":   {Name: "cms01", Shell: sim.Shell{NoTerminal: true}},
		"one channel at a time":           {Name: "cms01", Faults: sim.Faults{Channels: 1}},
		"a pager and a coloured prompt":   {Name: "cms01", Shell: sim.Shell{Pager: 10, Color: true}},
		"exec alone, a channel at a time": {Name: "cms01", Shell: sim.Shell{NoTerminal: true}, Faults: sim.Faults{Channels: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n.Answers = answers()
			client, _ := connect(t, n)
			s, err := Open(t.Context(), client, patience)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if want := n.Name; s.Name != want && !n.Shell.NoTerminal {
				t.Errorf("the node is called %q, want %q", s.Name, want)
			}
			ipv4, err := IPv4("a")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []Command{Version, PKIList, ipv4, ClusterStatus, Uptime} {
				out, err := s.Run(t.Context(), c, patience)
				if want := n.Answers[c.String()]; err != nil || strings.TrimSpace(out) != strings.TrimSpace(want) {
					t.Errorf("%q answers %d bytes %.300q (%v), want %d bytes", c, len(out), out, err, len(want))
				}
			}
			var refused *Refused
			for _, c := range []Command{NTPStatus, Date} {
				if _, err := s.Run(t.Context(), c, patience); !errors.As(err, &refused) {
					t.Errorf("%q: %v, want a refusal", c, err)
				}
			}
		})
	}
}

func TestRunGivesUpOnACommandThatHangs(t *testing.T) {
	t.Parallel()
	client, _ := connect(t, sim.Node{Name: "cms01", Answers: answers(), Faults: sim.Faults{Hang: []string{"version"}}})
	s, err := Open(t.Context(), client, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Run(t.Context(), Version, 50*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want a timeout", err)
	}
}

func TestStreamUntilStopped(t *testing.T) {
	t.Parallel()
	client, node := connect(t, sim.Node{
		Name: "cms01", Answers: answers(), Capture: &sim.File{Name: "a.pcap"},
		Follow: []sim.Line{{Text: "first"}, {Text: "cms01> is no prompt here"}, {After: time.Millisecond, Text: "last"}, {After: time.Hour, Text: "never"}},
	})
	s, err := Open(t.Context(), client, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	var got []string
	err = s.Stream(ctx, SyslogFollow, patience, func(line string) {
		if got = append(got, line); line == "last" {
			stop()
		}
	})
	if err != nil || strings.Join(got, "|") != "first|cms01> is no prompt here|last" {
		t.Errorf("lines %q, error %v", got, err)
	}
	// the prompt is back: the next command works
	if out, err := s.Run(t.Context(), Version, patience); err != nil || strings.TrimSpace(out) != "3.9.1" {
		t.Errorf("after the stop: %q, %v", out, err)
	}
	pcap, err := Pcap("a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop = context.WithCancel(t.Context())
	stop()
	if err := s.Stream(ctx, pcap, patience, func(string) {}); err != nil {
		t.Error(err)
	}
	if e := strings.Join(node.Events(), ", "); e != "pcap started, pcap stopped" {
		t.Errorf("the node saw %q", e)
	}
}

func TestStreamOfAnUnknownCommandIsAnError(t *testing.T) {
	t.Parallel()
	client, _ := connect(t, sim.Node{Name: "cms01", Answers: answers()})
	s, err := Open(t.Context(), client, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pcap, err := Pcap("b")
	if err != nil {
		t.Fatal(err)
	}
	var refused *Refused
	if err := s.Stream(t.Context(), pcap, patience, func(string) {}); !errors.As(err, &refused) {
		t.Errorf("error %v, want a refusal", err)
	}
}
