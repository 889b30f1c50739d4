package login

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

// keyPair makes a key in memory and its file.
func keyPair(t testing.TB) (ed25519.PrivateKey, ssh.PublicKey, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sshKey, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "id")
	sshdtest.Write(t, file, string(pem.EncodeToMemory(block)))
	return private, sshKey, file
}

// startAgent serves one key on a socket.
func startAgent(t testing.TB, key ed25519.PrivateKey) string {
	t.Helper()
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn); conn.Close() }()
		}
	}()
	return socket
}

// startSim starts one simulated node and ends it with the test.
func startSim(t testing.TB, n sim.Node) *sim.Cluster {
	t.Helper()
	c, err := sim.Start(sim.Scenario{User: "admin", Password: "secret", Nodes: []sim.Node{n}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// knownHosts writes a file of known hosts.
func knownHosts(t testing.TB, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known_hosts")
	sshdtest.Write(t, file, content)
	return file
}

func target(t testing.TB, endpoint string) Target {
	t.Helper()
	to, err := ParseTarget(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func targetOf(s *sshdtest.Server) Target {
	return Target{Host: "127.0.0.1", Port: s.Port, User: s.User}
}

// The passphrase of a key is asked for when a host takes the key, and not when the agent has it or the host wants none of it.
func TestPassphraseWhenNeeded(t *testing.T) {
	t.Parallel()
	private, public, _ := keyPair(t)
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("a phrase"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "id")
	sshdtest.Write(t, file, string(pem.EncodeToMemory(block)))
	_, strange, _ := keyPair(t)
	socket := startAgent(t, private)
	withPublic := filepath.Join(t.TempDir(), "id")
	sshdtest.Write(t, withPublic, string(ssh.MarshalAuthorizedKey(public)))
	for name, c := range map[string]struct {
		known  ssh.PublicKey
		login  Login
		config string
		asked  int
		ok     bool
	}{
		"the host takes it":                     {public, Login{KeyFiles: []string{file}}, "", 1, true},
		"the agent has it":                      {public, Login{KeyFiles: []string{file}, Agent: socket}, "", 0, true},
		"only named keys, and the agent has it": {public, Login{Agent: socket}, "IdentitiesOnly yes\nIdentityFile " + withPublic, 0, true},
		"only named keys, and it is none":       {public, Login{Agent: socket}, "IdentitiesOnly yes\nIdentityFile /nowhere", 0, false},
		"the host wants a password":             {strange, Login{KeyFiles: []string{file}, Password: func(string) (string, error) { return "secret", nil }}, "", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := startSim(t, sim.Node{Name: "cms01", Login: sim.Login{Methods: []string{"publickey", "password"}, AuthorizedKeys: []ssh.PublicKey{c.known}}})
			asked := 0
			c.login.User, c.login.KnownHosts, c.login.Config = "admin", []string{knownHosts(t, cluster.KnownHosts())}, readConfig(t, c.config)
			c.login.Passphrase = func(string) (string, error) { asked++; return "a phrase", nil }
			if err := dialAndClose(t, &c.login, target(t, cluster.Nodes[0].Endpoint)); (err == nil) != c.ok || asked != c.asked {
				t.Errorf("asked %d times, want %d: %v", asked, c.asked, err)
			}
		})
	}
}

func TestLoginKinds(t *testing.T) {
	t.Parallel()
	private, public, file := keyPair(t)
	strangerKey, _, stranger := keyPair(t)
	socket := startAgent(t, private)
	with := func(methods ...string) sim.Node {
		n := sim.Node{Name: "cms01"}
		n.Login = sim.Login{Methods: methods, AuthorizedKeys: []ssh.PublicKey{public}}
		return n
	}
	password := func(p string) func(string) (string, error) {
		return func(string) (string, error) { return p, nil }
	}
	for name, c := range map[string]struct {
		node  sim.Node
		login Login
		want  bool
	}{
		"password":                              {with("password"), Login{Password: password("secret")}, true},
		"wrong password":                        {with("password"), Login{Password: password("wrong")}, false},
		"no password":                           {with("password"), Login{}, false},
		"keyboard-interactive":                  {with("keyboard-interactive"), Login{Password: password("secret")}, true},
		"keyboard-interactive, wrong":           {with("keyboard-interactive"), Login{Password: password("wrong")}, false},
		"key file":                              {with("publickey"), Login{KeyFiles: []string{file}}, true},
		"another's key file":                    {with("publickey"), Login{KeyFiles: []string{stranger}}, false},
		"agent":                                 {with("publickey"), Login{Agent: socket}, true},
		"agent with another's key, then a key":  {with("publickey"), Login{Agent: startAgent(t, strangerKey), KeyFiles: []string{file}}, true},
		"another's key, then the agent":         {with("publickey"), Login{Agent: socket, KeyFiles: []string{stranger}}, true},
		"agent that is not there, then a key":   {with("publickey"), Login{Agent: socket + "x", KeyFiles: []string{file}}, true},
		"agent of no use, then a password":      {with("publickey", "password"), Login{KeyFiles: []string{stranger}, Password: password("secret")}, true},
		"a key and a password, either suffices": {with("publickey", "password"), Login{KeyFiles: []string{file}, Password: password("wrong")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := startSim(t, c.node)
			c.login.User, c.login.KnownHosts = "admin", []string{knownHosts(t, cluster.KnownHosts())}
			client, _, err := c.login.Dial(context.Background(), target(t, cluster.Nodes[0].Endpoint), 20*time.Second)
			if client != nil {
				client.Close()
			}
			if (err == nil) != c.want {
				t.Errorf("error %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "wrong")) {
				t.Errorf("the error %q tells the password", err)
			}
		})
	}
}

func TestLoginToOpenSSH(t *testing.T) {
	t.Parallel()
	for name, config := range map[string][]string{
		"password":             {"PubkeyAuthentication no", "PasswordAuthentication yes", "KbdInteractiveAuthentication no"},
		"keyboard-interactive": {"PubkeyAuthentication no", "PasswordAuthentication no", "KbdInteractiveAuthentication yes", "UsePAM yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sshdtest.Start(t, config...)
			for _, c := range []struct {
				password string
				want     bool
			}{{sshdtest.Password, s.HasPassword}, {"wrong", false}} {
				login := Login{KeyFiles: []string{s.Key}, KnownHosts: []string{s.KnownHosts(t, "host_ed25519")}}
				login.Password = func(string) (string, error) { return c.password, nil }
				client, _, err := login.Dial(context.Background(), targetOf(s), 20*time.Second)
				if client != nil {
					client.Close()
				}
				if (err == nil) != c.want {
					t.Errorf("%q: error %v", c.password, err)
				}
			}
		})
	}
}

// A node that has nothing but an RSA key with SHA-1 is refused by default, with the way out in the text, and let in by name.
func TestOldHostKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sshdtest.Command(t, "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", filepath.Join(dir, "host_rsa"))
	s := sshdtest.Start(t, "HostKey "+filepath.Join(dir, "host_rsa"), "HostKeyAlgorithms ssh-rsa")
	known := knownHosts(t, fmt.Sprintf("[127.0.0.1]:%d %s", s.Port, sshdtest.Read(t, filepath.Join(dir, "host_rsa.pub"))))
	for name, files := range map[string][]string{"a known host": {known}, "a new host": {filepath.Join(t.TempDir(), "known_hosts")}} {
		l := &Login{KeyFiles: []string{s.Key}, KnownHosts: files, AcceptNew: true}
		if err := dialAndClose(t, l, targetOf(s)); err == nil || !strings.Contains(err.Error(), "no common algorithm for host key") {
			t.Errorf("%s, without being asked for: %v", name, err)
		}
		l.Algorithms = Algorithms{HostKeys: "+ssh-rsa"}
		if err := dialAndClose(t, l, targetOf(s)); err != nil {
			t.Errorf("%s, asked for: %v", name, err)
		}
	}
}

// A port where nobody greets was not reached: its machine runs, and the SSH service on it does not answer.
func TestNoGreeting(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]bool{"it says nothing": false, "it closes the connection": true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				if end {
					c.Close()
				} else {
					defer c.Close()
				}
			}
		}()
		to, err := ParseTarget(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = (&Login{User: "admin"}).Dial(t.Context(), to, 200*time.Millisecond)
		var none *ConnectError
		if !errors.As(err, &none) || !strings.Contains(err.Error(), "no SSH greeting") || errors.Is(err, context.DeadlineExceeded) == end {
			t.Errorf("%s: %v", name, err)
		}
	}
}
