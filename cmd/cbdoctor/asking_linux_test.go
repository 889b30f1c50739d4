package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/bundle"
	"cbdoctor/collect/faulty"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

// An unknown host key is asked about with its fingerprint, until the answer is one; only what was accepted is remembered.
func TestTerminalHostKey(t *testing.T) {
	t.Parallel()
	c, _ := startCluster(t, sim.Scenario{Nodes: []sim.Node{hello("cms01")}})
	fingerprint := ssh.FingerprintSHA256(c.Nodes[0].HostKey)
	for name, answers := range map[string][]string{
		"yes": {"yes"}, "the fingerprint": {fingerprint}, "garbage, then yes": {"y", "sure", "yes"}, "no": {"no"}, "garbage, then no": {"y", "no"},
		"another fingerprint, then no": {strings.ToLower(fingerprint), "no"}, "nothing": {""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			s := startOnTerminal(t, home, "collect", "--no-analysis", "-o", "out", c.Nodes[0].Endpoint)
			s.expect("ED25519 " + fingerprint)
			for i, a := range answers {
				if i > 0 {
					s.expect(`please write "yes", "no" or the fingerprint: `)
				} else {
					s.expect("[yes/no/fingerprint] ")
				}
				s.typed(a + "\n")
			}
			known, host := filepath.Join(home, ".ssh", "known_hosts"), "[127.0.0.1]:"+portOf(t, c.Nodes[0].Endpoint)
			if last := answers[len(answers)-1]; last != "yes" && last != fingerprint {
				s.end(exitPartial, "is not known", "hint: compare the fingerprint", "ssh-keyscan -p "+portOf(t, c.Nodes[0].Endpoint))
				if b, err := os.ReadFile(known); err == nil {
					t.Errorf("it was remembered: %q", b)
				}
				return
			}
			s.expect("password for ")
			s.typed("open sesame\n")
			s.end(exitOK, "1 file")
			if b := sshdtest.Read(t, known); !strings.HasPrefix(b, host+" ") {
				t.Errorf("it remembered %q", b)
			}
		})
	}
}

func portOf(t *testing.T, endpoint string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// A password is asked for once for all nodes, by password and by keyboard-interactive, and is never shown. Who mistypes it is asked
// again, once for all nodes too; who has no other one gives up with an empty line.
func TestTerminalPassword(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		typed []string
		code  int
	}{
		"right":     {[]string{"open sesame"}, exitOK},
		"mistyped":  {[]string{"open sesane", "open sesame"}, exitOK},
		"forgotten": {[]string{"open barley", ""}, exitPartial},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := []sim.Node{hello("cms01", "password"), hello("cms02", "keyboard-interactive"), hello("cms03", "password", "keyboard-interactive")}
			if test.code != exitOK { // each node that refuses it asks
				nodes = nodes[:1]
			}
			c, home := startCluster(t, sim.Scenario{Nodes: nodes})
			s := startOnTerminal(t, home, append([]string{"collect", "--no-analysis", "-o", "out"}, endpoints(c)...)...)
			for i, password := range test.typed {
				if i == 0 {
					s.expect(" (and the other nodes): ")
				} else {
					s.expect(" refused the password; another one (empty: give up): ")
				}
				s.typed(password + "\n")
			}
			if test.code == exitOK {
				s.end(test.code, "success  1 file\n")
			} else {
				s.end(test.code, "the password was refused")
			}
			s.never("open ")
		})
	}
}

// The same against a real OpenSSH server, with PAM: the questions are its own.
func TestTerminalOpenSSH(t *testing.T) {
	t.Parallel()
	for name, config := range map[string][]string{
		"password":             {"PasswordAuthentication yes", "KbdInteractiveAuthentication no"},
		"keyboard-interactive": {"PasswordAuthentication no", "KbdInteractiveAuthentication yes", "UsePAM yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := sshdtest.Start(t, config...)
			if !server.HasPassword {
				t.Skip("only root can give the server a password file of its own")
			}
			sshdtest.Write(t, filepath.Join(server.Root, "log"), "Mar 31 10:16:59 user.info cms01 host:server: INFO : hello\n")
			home := t.TempDir()
			s := startOnTerminal(t, home, "collect", "--no-analysis", "-o", "out", server.User+"@"+server.Addr())
			s.expect("[yes/no/fingerprint] ")
			s.typed(server.Fingerprint(t, "host_ed25519") + "\n")
			s.expect("password for ")
			s.typed("wrong horse\n")
			s.expect("another one (empty: give up): ")
			s.typed(sshdtest.Password + "\n")
			s.end(exitOK, "success  1 file\n")
			s.never(sshdtest.Password)
		})
	}
}

// Ctrl-C at a question ends the program at once, and the terminal is as before.
func TestTerminalInterruptedQuestion(t *testing.T) {
	t.Parallel()
	c, home := startCluster(t, sim.Scenario{Nodes: []sim.Node{hello("cms01")}})
	for name, test := range map[string]struct {
		args []string
		at   string
	}{
		"password":   {[]string{"-o", "one", c.Nodes[0].Endpoint}, "(and the other nodes): "},
		"host key":   {[]string{"-o", "two", "--known-hosts", "none", c.Nodes[0].Endpoint}, "[yes/no/fingerprint] "},
		"first node": {nil, "address of one node: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startOnTerminal(t, home, append([]string{"collect"}, test.args...)...)
			s.expect(test.at)
			s.typed(ctrlC)
			s.end(exitInterrupted)
		})
	}
}

// Whose messages go to a file is asked at the terminal all the same.
func TestTerminalWithoutMessages(t *testing.T) {
	t.Parallel()
	c, home := startCluster(t, sim.Scenario{Nodes: []sim.Node{hello("cms01")}})
	s := startProgram(t, home, exec.Command("sh", "-c", `exec cbdoctor collect --no-analysis -o out "$1" 2>messages`, "sh", c.Nodes[0].Endpoint))
	s.expect("password for " + c.Nodes[0].Endpoint)
	s.typed("open sesame\n")
	s.end(exitOK, "success  1 file\n")
	s.never("open sesame")
	if b := sshdtest.Read(t, filepath.Join(home, "messages")); !strings.Contains(b, "fetched log") || strings.Contains(b, "password") {
		t.Errorf("the messages are %q", b)
	}
}

// Without arguments it asks for one node and a user, finds the others and collects from all.
func TestTerminalInterview(t *testing.T) {
	t.Parallel()
	status := "Status : Enabled\n\nNodes:\n    127.0.0.2 (me) : Connected Primary\n    127.0.0.3 : Connected Replica ( In Sync )\n"
	first, second := hello("cms01"), hello("cms02")
	first.Listen, second.Listen = "127.0.0.2", "127.0.0.3"
	first.Answers["database cluster status"], second.Answers["database cluster status"] = status, strings.ReplaceAll(strings.Replace(status, " (me)", "", 1), "0.3", "0.3 (me)")
	port := sshdtest.FreePort(t)
	c, home := startCluster(t, sim.Scenario{Port: port, Nodes: []sim.Node{first, second}})
	s := startOnTerminal(t, home, "collect")
	s.expect("address of one node: ")
	s.typed(c.Nodes[0].Endpoint + "\n")
	s.expect("user [admin]: ")
	s.typed("\n")
	s.expect("password for ")
	s.typed("open sesame\n")
	s.expect("discovered admin@" + c.Nodes[1].Endpoint)
	s.end(exitOK, c.Nodes[0].Endpoint+"  success  1 file\n"+c.Nodes[1].Endpoint+"  success  1 file\n", "next: cbdoctor analyze bundle-")
}

// Above a limit it asks a node's files before they are fetched; --list shows them and fetches nothing.
func TestTerminalAsksAboveALimit(t *testing.T) {
	t.Parallel()
	c, home := startCluster(t, sim.Scenario{Nodes: []sim.Node{hello("cms01")}})
	sshdtest.Write(t, filepath.Join(home, "password"), "open sesame\n")
	for answer, want := range map[string]string{"y\n": "1 file\n", "n\n": "0 files\n", "\n": "0 files\n"} {
		s := startOnTerminal(t, home, "collect", "--no-analysis", "--password-file", "password", "--ask-above", "10", "-o", filepath.Join(t.TempDir(), "out"), c.Nodes[0].Endpoint)
		s.expect(" has 1 file of 58 B to fetch: go on? [y/N] ")
		s.typed(answer)
		s.end(exitOK, "success  "+want)
	}
	s := startOnTerminal(t, home, "collect", "--list", "--password-file", "password", "--ask-above", "10", c.Nodes[0].Endpoint)
	s.end(exitOK, "log   58 B  2026-03-31T23:33:20Z", "total: 58 B")
	if entries, err := filepath.Glob(filepath.Join(home, "bundle-*")); err != nil || len(entries) > 0 {
		t.Errorf("--list left %v, %v", entries, err)
	}
}

// A terminal gets one bar a node and one of all, which stand still at the end below what failed; anything else gets plain lines.
func TestTerminalBars(t *testing.T) {
	t.Parallel()
	big := func(name string) sim.Node {
		n := hello(name)
		n.Files[0].Content = []byte(strings.Repeat("Mar 31 10:16:59 user.info cms01 host:server: INFO : hello\n", 20_000))
		return n
	}
	slow, lying := big("cms01"), big("cms02")
	slow.Link = &faulty.Link{Rate: 4 << 20}
	lying.Files = append(lying.Files, sim.File{Name: "audit.log", Content: []byte("x"), Claims: 1000, ModTime: time.Unix(1775000000, 0)})
	c, home := startCluster(t, sim.Scenario{Nodes: []sim.Node{slow, lying}})
	sshdtest.Write(t, filepath.Join(home, "password"), "open sesame\n")
	args := append([]string{"collect", "--no-analysis", "--password-file", "password", "-o"}, "out")
	s := startOnTerminal(t, home, append(args, endpoints(c)...)...)
	s.end(exitPartial)
	var lines []string
	for _, l := range s.screen() {
		lines = append(lines, regexp.MustCompile(`\[.*\] .* of (\S+ \S+),.*`).ReplaceAllString(l, "[] of $1"))
	}
	failure := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, c.Nodes[1].Endpoint+": could not fetch audit.log: ") })
	overall := slices.Index(lines, "all nodes        [] of 2.2 MiB")
	if failure < 0 || lines[failure+1] != c.Nodes[1].Endpoint+": failed in part" || overall != failure+4 || !slices.Contains(lines, c.Nodes[0].Endpoint+"  [] of 1.1 MiB") {
		t.Errorf("the terminal is\n%s", strings.Join(lines, "\n"))
	}

	plain := startOnTerminal(t, home, append([]string{"collect", "--no-analysis", "--progress", "plain", "--password-file", "password", "-o", "plain"}, endpoints(c)...)...)
	plain.end(exitPartial, c.Nodes[0].Endpoint+": database cluster status", c.Nodes[0].Endpoint+": fetched log, 1160000 bytes")
	plain.never("\x1b")
}

// Ctrl-C during a capture stops it on the node and names what stays there; what was collected is a bundle.
func TestTerminalInterruptedCapture(t *testing.T) {
	t.Parallel()
	capturing := hello("cms01")
	capturing.Capture = &sim.File{Name: "a.pcap", Content: []byte("packets"), ModTime: time.Unix(1775000000, 0)}
	c, home := startCluster(t, sim.Scenario{Nodes: []sim.Node{capturing}})
	s := startOnTerminal(t, home, "collect", "--pcap", "a", "-o", "out", c.Nodes[0].Endpoint)
	s.expect("password for ")
	s.typed("open sesame\n")
	s.expect("pcap a for 2m at most")
	s.typed(ctrlC)
	s.end(exitInterrupted, "stopping pcap a on the node", "left on the node: a.pcap", "collect --continue out")
	if e := c.Nodes[0].Events(); !slices.Equal(e, []string{"pcap started", "pcap stopped"}) {
		t.Errorf("the node saw %v", e)
	}
	m, problems, err := bundle.Check(context.Background(), filepath.Join(home, "out"))
	if err != nil || len(problems) > 0 || m.Nodes[0].Outcome != bundle.Canceled {
		t.Errorf("the bundle: %v, %v, %+v", err, problems, m)
	}
}

// Before it disconnects it says what stays open, and fetches the capture that would answer it over the connection that is still there;
// when that has gone meanwhile, over a new one, without asking for anything again.
func TestTerminalFetchesACaptureBeforeItLeaves(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"connected": "y\n", "connection gone": "y\n", "no": "n\n", "interrupted": ctrlC} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenario := sim.Incident(time.Now())
			replica := &scenario.Nodes[1]
			i := slices.IndexFunc(replica.Files, func(f sim.File) bool { return f.Name == "a.pcap" })
			packets := replica.Files[i]
			replica.Files, replica.Capture = slices.Delete(replica.Files, i, i+1), &packets
			c, home := startCluster(t, scenario)
			s := startOnTerminal(t, home, append([]string{"collect", "-o", "out"}, endpoints(c)...)...)
			s.expect("password for ")
			s.typed("open sesame\n")
			s.expect("open: why 10.48.36.118 can't use 10.48.36.61: a capture on 10.48.36.118 while it fails would tell")
			s.expect("a capture on " + c.Nodes[1].Endpoint + ", for 2 minutes: fetch it now? [y/N] ")
			logins := 1
			if name == "connection gone" {
				logins = 2
				c.Nodes[1].Stop()
				if err := c.Nodes[1].Restart(); err != nil {
					t.Fatal(err)
				}
			}
			s.typed(answer)
			switch answer {
			case "y\n":
				s.expect("pcap a for 2m at most")
				s.typed(ctrlC)
				s.end(exitInterrupted, "left on the node: a.pcap")
				if e := c.Nodes[1].Events(); !slices.Equal(e, []string{"pcap started", "pcap stopped"}) {
					t.Errorf("the node saw %v", e)
				}
			case "n\n":
				s.end(exitOK, "next: cbdoctor analyze out")
			default:
				s.end(exitInterrupted, "fetch it now?")
			}
			if e := c.Nodes[1].Events(); answer != "y\n" && len(e) > 0 {
				t.Errorf("the node saw %v", e)
			}
			for i, n := range c.Nodes {
				if want := []int{1, logins, 1}[i]; n.Logins() != want {
					t.Errorf("node %s: %s logins, want %d", n.Node.Name, strconv.Itoa(n.Logins()), want)
				}
			}
		})
	}
}
