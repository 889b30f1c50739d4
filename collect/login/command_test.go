package login

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cbdoctor/collect/sshdtest"
)

// A ProxyCommand of the SSH configuration brings the connection, on the way to a jump host too, and ends with it.
func TestProxyCommand(t *testing.T) {
	t.Parallel()
	gate, node := sshdtest.Start(t, "AllowTcpForwarding yes"), sshdtest.Start(t)
	known := filepath.Join(t.TempDir(), "known_hosts")
	sshdtest.Write(t, known, sshdtest.Read(t, gate.KnownHosts(t, "host_ed25519"))+sshdtest.Read(t, node.KnownHosts(t, "host_ed25519")))
	pids, script := filepath.Join(t.TempDir(), "pids"), filepath.Join(t.TempDir(), "connect")
	sshdtest.Write(t, script, "#!/bin/bash\nexec 3<>/dev/tcp/$1/$2\ncat <&3 &\necho $! >"+pids+"\nexec cat >&3\n")
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("Host gate\n  HostName 127.0.0.1\n  Port %d\n  ProxyCommand %s %%h %%p\n", gate.Port, script)
	config += fmt.Sprintf("Host node\n  HostName 127.0.0.1\n  Port %d\n  ProxyJump gate\n", node.Port)
	config += fmt.Sprintf("Host *\n  User %s\n  IdentityFile %s\n  IdentityFile %s\n", node.User, node.Key, gate.Key)
	l := &Login{Config: readConfig(t, config), KnownHosts: []string{known}}
	client, fingerprint, err := l.Dial(t.Context(), Target{Host: "node"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if fingerprint != node.Fingerprint(t, "host_ed25519") {
		t.Errorf("host key %s", fingerprint)
	}
	client.Close()
	_ = client.Wait()
	pid := strings.TrimSpace(sshdtest.Read(t, pids))
	for range 500 {
		if _, err := os.Stat("/proc/" + pid + "/cmdline"); errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(10 * time.Millisecond) // it is told to end, by the kernel
	}
	t.Errorf("the command %s goes on", pid)
}

// A ProxyCommand that brings no connection is named with what it says; the node counts as one that could not be reached.
func TestProxyCommandThatFails(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"echo no way to %n, %r at %h port %p >&2; exit 7": `says: no way to gone, bob at 10.48.36.61 port 2222`,
		"/nowhere/nc %h %p": "/nowhere/nc",
		"sleep 100":         "the host took too long",
		"nc %h %q":          "%q, which stands for nothing",
		"nc %":              "ends in a %",
	} {
		l := &Login{Config: readConfig(t, "Host gone\n  HostName 10.48.36.61\n  Port 2222\n  User bob\n  ProxyCommand "+command+"\n")}
		_, _, err := l.Dial(t.Context(), Target{Host: "gone"}, 300*time.Millisecond)
		var none *ConnectError
		if !errors.As(err, &none) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", command, err, want)
		}
	}
}

// What a shell would run is not put into a ProxyCommand: the names of hosts and users may come from a bundle.
func TestProxyCommandTakesWordsOnly(t *testing.T) {
	t.Parallel()
	ran := filepath.Join(t.TempDir(), "ran")
	l := &Login{Config: readConfig(t, "Host *\n  ProxyCommand true %r %n\n")}
	for _, user := range []string{"a;touch " + ran, "$(touch " + ran + ")", "a b", "-v", "a\nb", "`touch " + ran + "`"} {
		if _, _, err := l.Dial(t.Context(), Target{Host: "x", User: user}, time.Second); err == nil || !strings.Contains(err.Error(), "is not run with") {
			t.Errorf("%q: %v", user, err)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a shell took the name of a user for a command")
	}
}
