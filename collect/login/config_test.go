package login

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

func readConfig(t testing.TB, text string) *Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	sshdtest.Write(t, file, text)
	c, err := ReadConfig(file, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The target is asked first, then the SSH configuration, then the login.
func TestResolve(t *testing.T) {
	t.Parallel()
	c := readConfig(t, `
Host core1
  HostName 10.48.36.61
  Port 2222
  User alice
  IdentityFile /keys/%n-%r
  ProxyJump bob@gate:2200
  UserKnownHostsFile /known/%h /known/more
  KexAlgorithms +diffie-hellman-group14-sha1
Host *.example
  HostName %h.net
Host *
  User carol
`)
	l := &Login{User: "admin", Config: c, Usual: KnownHosts{[]string{"/k"}, []string{"/g"}}}
	for name, c := range map[string]struct {
		target Target
		want   string
	}{
		"alias":              {Target{Host: "core1"}, "alice@10.48.36.61:2222 jump bob@gate:2200 keys [/keys/core1-alice] known [/known/10.48.36.61 /known/more /g] kex +diffie-hellman-group14-sha1"},
		"the target decides": {Target{Host: "core1", User: "root", Port: 22, Jump: "none"}, "root@10.48.36.61:22 jump none keys [/keys/core1-root] known [/known/10.48.36.61 /known/more /g] kex +diffie-hellman-group14-sha1"},
		"a pattern":          {Target{Host: "cms.example"}, "carol@cms.example.net:22 jump  keys [id_ed25519 id_ecdsa id_rsa] known [/k /g] kex "},
		"IPv6":               {Target{Host: "2001:db8::1", User: "x"}, "x@[2001:db8::1]:22 jump  keys [id_ed25519 id_ecdsa id_rsa] known [/k /g] kex "},
	} {
		r := l.resolve(c.target)
		var keys []string
		for _, k := range r.keyFiles {
			if filepath.Base(filepath.Dir(k)) == ".ssh" {
				k = filepath.Base(k)
			}
			keys = append(keys, k)
		}
		got := fmt.Sprintf("%s@%s jump %s keys %v known %v kex %s", r.user, r.endpoint(), r.jump, keys, r.knownHosts, r.algorithms.KeyExchange)
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// Files of known hosts that are asked for come before those of the SSH configuration; a key that is accepted is never written to the machine's.
func TestKnownHostsFiles(t *testing.T) {
	t.Parallel()
	c := readConfig(t, "Host none\n  UserKnownHostsFile none\nHost machine\n  GlobalKnownHostsFile /m\n")
	for host, want := range map[string]string{"none": "[/g] ", "machine": "[/u /m] /u", "other": "[/u /g] /u"} {
		r := (&Login{Config: c, Usual: KnownHosts{[]string{"/u"}, []string{"/g"}}}).resolve(Target{Host: host})
		if got := fmt.Sprint(r.knownHosts, " ", r.newKeys); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
		r = (&Login{Config: c, KnownHosts: []string{"/asked"}, Usual: KnownHosts{[]string{"/u"}, []string{"/g"}}}).resolve(Target{Host: host})
		if got := fmt.Sprint(r.knownHosts, " ", r.newKeys); got != "[/asked] /asked" {
			t.Errorf("%s, with files that are asked for: %s", host, got)
		}
	}
}

func TestParseTarget(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.48.36.61": "@10.48.36.61:0", "admin@cms01": "admin@cms01:0", "a@b@cms01:2222": "a@b@cms01:2222", "[2001:db8::1]:23": "@2001:db8::1:23", "2001:db8::1": "@2001:db8::1:0", "[2001:db8::1]": "@2001:db8::1:22",
		"": "", "-oProxyCommand=x": "", "cms01:x": "", "cms01:0": "", "cms01:70000": "", "a b": "", "cms01;reboot": "", "x@": "",
	} {
		got, err := ParseTarget(text)
		if s := fmt.Sprintf("%s@%s:%d", got.User, got.Host, got.Port); (err == nil) != (want != "") || err == nil && s != want {
			t.Errorf("%q: %s, %v, want %q", text, s, err, want)
		}
	}
}

// named is an SSH configuration with the servers as s0, s1 and so on, whose keys it writes to the file known.
func named(t *testing.T, known string, servers ...*sshdtest.Server) string {
	t.Helper()
	var hosts, config strings.Builder
	for i, s := range servers {
		hosts.WriteString(sshdtest.Read(t, s.KnownHosts(t, "host_ed25519")))
		fmt.Fprintf(&config, "Host s%d\n  HostName 127.0.0.1\n  Port %d\n  User %s\n  IdentityFile %s\n  UserKnownHostsFile %s\n", i, s.Port, s.User, s.Key, known)
	}
	sshdtest.Write(t, known, hosts.String())
	return config.String()
}

// dialThrough logs in to the target and asks that each of the servers on the way let somebody in.
func dialThrough(t *testing.T, l *Login, target Target, servers ...*sshdtest.Server) {
	t.Helper()
	client, _, err := l.Dial(t.Context(), target, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i, s := range servers {
		if log := s.Log(t); !strings.Contains(log, "Accepted publickey") {
			t.Errorf("nobody logged in to host %d: %s", i, log)
		}
	}
}

// Two jump hosts and the target, each a real server, all by names of the SSH configuration; a jump host with an unknown key ends it.
func TestProxyJump(t *testing.T) {
	t.Parallel()
	first, second, last := sshdtest.Start(t, "AllowTcpForwarding yes"), sshdtest.Start(t, "AllowTcpForwarding yes"), sshdtest.Start(t)
	known := filepath.Join(t.TempDir(), "known_hosts")
	config := named(t, known, first, second, last)
	l := &Login{Config: readConfig(t, config+"Host s2\n  ProxyJump s0,s1\n")}
	dialThrough(t, l, Target{Host: "s2"}, first, second, last)
	sshdtest.Write(t, known, sshdtest.Read(t, last.KnownHosts(t, "host_ed25519")))
	if err := dialAndClose(t, l, Target{Host: "s2"}); err == nil || !strings.Contains(err.Error(), "jump host") || !strings.Contains(err.Error(), "is not known") {
		t.Errorf("a jump host that is not known: %v", err)
	}
}

// A jump host has its own way in the SSH configuration, and one that is said of all hosts is not said of itself.
func TestProxyJumpOfAJumpHost(t *testing.T) {
	t.Parallel()
	first, second, last := sshdtest.Start(t, "AllowTcpForwarding yes"), sshdtest.Start(t, "AllowTcpForwarding yes"), sshdtest.Start(t)
	known := filepath.Join(t.TempDir(), "known_hosts")
	config := named(t, known, first, second, last)
	l := &Login{Config: readConfig(t, config+"Host s2\n  ProxyJump s1\nHost *\n  ProxyJump s0\n")}
	dialThrough(t, l, Target{Host: "s2"}, first, second, last)
}

// Old algorithms are refused by default and work when they are asked for by name.
func TestOldAlgorithms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server []string
		asked  Algorithms
	}{
		"key exchange": {[]string{"KexAlgorithms diffie-hellman-group14-sha1"}, Algorithms{KeyExchange: "+diffie-hellman-group14-sha1"}},
		"older still":  {[]string{"KexAlgorithms diffie-hellman-group1-sha1"}, Algorithms{KeyExchange: "diffie-hellman-group1-sha1"}},
		"cipher":       {[]string{"Ciphers aes128-cbc"}, Algorithms{Ciphers: "+aes128-cbc"}},
		"3DES":         {[]string{"Ciphers 3des-cbc"}, Algorithms{Ciphers: "^3des-cbc"}},
		"both": {
			[]string{"KexAlgorithms diffie-hellman-group-exchange-sha1", "Ciphers aes128-cbc"},
			Algorithms{KeyExchange: "+diffie-hellman-group-exchange-sha1", Ciphers: "+aes128-cbc"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sshdtest.Start(t, c.server...)
			l := &Login{KeyFiles: []string{s.Key}, KnownHosts: []string{s.KnownHosts(t, "host_ed25519")}}
			if err := dialAndClose(t, l, targetOf(s)); err == nil || !strings.Contains(err.Error(), "no common algorithm") {
				t.Errorf("without being asked for: %v", err)
			}
			l.Algorithms = c.asked
			if err := dialAndClose(t, l, targetOf(s)); err != nil {
				t.Errorf("asked for: %v", err)
			}
		})
	}
	if err := (Algorithms{Ciphers: "+rot13"}).Check(); err == nil || !strings.Contains(err.Error(), "rot13") {
		t.Errorf("an unknown cipher: %v", err)
	}
}

// A fingerprint that is asked for decides, whatever type of key the host shows first.
func TestHostKeyAskedFor(t *testing.T) {
	t.Parallel()
	s := sshdtest.Start(t)
	for name, c := range map[string]struct {
		want []string
		ok   bool
	}{
		"its first key":      {[]string{s.Fingerprint(t, "host_ed25519")}, true},
		"its other key":      {[]string{s.Fingerprint(t, "host_ecdsa")}, true},
		"one of several":     {[]string{"SHA256:AAAA", s.Fingerprint(t, "host_ecdsa")}, true},
		"another host's key": {[]string{"SHA256:AAAA"}, false},
	} {
		l := &Login{KeyFiles: []string{s.Key}, HostKeys: c.want, Confirm: func(string, string, string) bool { t.Errorf("%s: it asks", name); return true }}
		if err := dialAndClose(t, l, targetOf(s)); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A new key is remembered once, and a changed one is refused all the same, naming the line.
func TestAcceptNew(t *testing.T) {
	t.Parallel()
	s, other := sshdtest.Start(t), sshdtest.Start(t)
	file := filepath.Join(t.TempDir(), "new", "known_hosts")
	l := &Login{KeyFiles: []string{s.Key}, KnownHosts: []string{file}, AcceptNew: true}
	for range 2 {
		if err := dialAndClose(t, l, targetOf(s)); err != nil {
			t.Fatal(err)
		}
	}
	if lines := strings.Count(sshdtest.Read(t, file), "\n"); lines != 1 {
		t.Errorf("%d lines were remembered", lines)
	}
	sshdtest.Write(t, file, "# a comment\n"+fmt.Sprintf("[127.0.0.1]:%d %s", s.Port, sshdtest.Read(t, filepath.Join(other.Home, "host_ed25519.pub"))))
	err := dialAndClose(t, l, targetOf(s))
	if err == nil || !strings.Contains(err.Error(), file+":2") || !strings.Contains(err.Error(), other.Fingerprint(t, "host_ed25519")) {
		t.Errorf("a changed key: %v", err)
	}
}

// A host certificate of a known authority is trusted; one of another authority is not.
func TestCertAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, ca := range []string{"ca", "other"} {
		sshdtest.Command(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, ca))
	}
	sshdtest.Command(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, "host"))
	sshdtest.Command(t, "ssh-keygen", "-q", "-s", filepath.Join(dir, "ca"), "-I", "cms01", "-h", "-n", "127.0.0.1", filepath.Join(dir, "host.pub"))
	s := sshdtest.Start(t, "HostKey "+filepath.Join(dir, "host"), "HostCertificate "+filepath.Join(dir, "host-cert.pub"))
	for ca, want := range map[string]bool{"ca": true, "other": false} {
		for _, hosts := range []string{fmt.Sprintf("[127.0.0.1]:%d", s.Port), "127.0.0.*"} {
			line := "@cert-authority " + hosts + " " + sshdtest.Read(t, filepath.Join(dir, ca+".pub"))
			l := &Login{KeyFiles: []string{s.Key}, KnownHosts: []string{knownHosts(t, line)}}
			if err := dialAndClose(t, l, targetOf(s)); (err == nil) != want {
				t.Errorf("%s for %s: %v", ca, hosts, err)
			}
		}
	}
}

// An encrypted key asks for its passphrase; a key that was named and can't be used is an error, not a silence.
func TestKeyFiles(t *testing.T) {
	t.Parallel()
	s := sshdtest.Start(t)
	locked := filepath.Join(t.TempDir(), "locked")
	sshdtest.Command(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "a phrase", "-f", locked)
	sshdtest.Write(t, filepath.Join(s.Home, "authorized_keys"), sshdtest.Read(t, locked+".pub"))
	l := &Login{KeyFiles: []string{locked}, KnownHosts: []string{s.KnownHosts(t, "host_ed25519")}}
	if err := dialAndClose(t, l, targetOf(s)); err == nil || !strings.Contains(err.Error(), "private key "+locked) {
		t.Errorf("without its passphrase: %v", err)
	}
	l.Passphrase = func(string) (string, error) { return "a phrase", nil }
	if err := dialAndClose(t, l, targetOf(s)); err != nil {
		t.Errorf("with its passphrase: %v", err)
	}
	l.KeyFiles = []string{locked + "x"}
	if err := dialAndClose(t, l, targetOf(s)); err == nil {
		t.Error("a key file that is not there was passed over")
	}
}

// A wrong password is tried once: more would lock the account.
func TestWrongPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"password", "keyboard-interactive"} {
		c := startSim(t, sim.Node{Name: "cms01", Login: sim.Login{Methods: []string{method}}})
		asked := 0
		l := &Login{User: "admin", KnownHosts: []string{knownHosts(t, c.KnownHosts())}, Password: func(string) (string, error) { asked++; return "wrong", nil }}
		if err := dialAndClose(t, l, target(t, c.Nodes[0].Endpoint)); err == nil || asked != 1 {
			t.Errorf("%s: asked %d times, %v", method, asked, err)
		}
	}
}
