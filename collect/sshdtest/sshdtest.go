// Package sshdtest runs a real OpenSSH server for tests, with a configuration, keys and a small MMP command line of its own, on a
// free port of the loopback address. Nothing of the machine's own SSH is used or changed. Start at Start.
package sshdtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// Password is the password of the user under the test's own sshd; shadowHash is its hash in a shadow file that only that sshd sees.
const (
	Password   = "correct horse"
	shadowHash = "$6$cbdoctor$Ddd0UPkCmg/qDFGk0O2AyJs9wuTggfmErhG7RkTHHW0Hz8q4tml7b17oQRhzNbPv2wA6rQLhCTrRV7U3IRPos."
)

// Server is a real OpenSSH server with its own configuration on a free port of the loopback address.
type Server struct {
	Home        string // holds keys and configuration
	Root        string // where its SFTP sessions start
	Port        int
	User        string
	Key         string // private key file that it accepts
	HasPassword bool   // password logins can be tried: it sees a shadow file of its own
	log         string
}

// mmpScript is the forced command: SFTP where SFTP was asked for, else a small MMP command line.
const mmpScript = `#!/bin/bash
case "$SSH_ORIGINAL_COMMAND" in
*sftp-server*) exec /usr/lib/openssh/sftp-server -d %[1]s ;;
esac
answer() {
  case "$1" in
  version) echo 3.9.1 ;;
  "database cluster status") printf 'Status                   : Enabled\n\nNodes:\n    10.48.36.61 (me)     : Connected Primary\n' ;;
  *) echo "Unknown command" ;;
  esac
}
if [ -n "$SSH_ORIGINAL_COMMAND" ]; then answer "$SSH_ORIGINAL_COMMAND"; exit; fi
printf 'cms01> '
while IFS= read -r line; do
  line=${line%%$'\r'}
  [ "$line" = exit ] && exit
  [ -n "$line" ] && answer "$line"
  printf 'cms01> '
done
`

// Start starts sshd with the given additional lines of configuration. It is ended by its process id.
func Start(t testing.TB, config ...string) *Server {
	t.Helper()
	binary, err := exec.LookPath("sshd")
	if err != nil {
		binary = "/usr/sbin/sshd"
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Home: t.TempDir(), Root: inMemory(t), User: me.Username, Port: FreePort(t)}
	s.log = filepath.Join(s.Home, "sshd.log")
	s.Key = filepath.Join(s.Home, "id_ed25519")
	for _, k := range []string{"host_ed25519", "host_ecdsa", "id_ed25519"} {
		kind := strings.TrimPrefix(strings.TrimPrefix(k, "host_"), "id_")
		Command(t, "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", k, "-f", filepath.Join(s.Home, k))
	}
	Write(t, filepath.Join(s.Home, "authorized_keys"), Read(t, s.Key+".pub"))
	script := filepath.Join(s.Home, "mmp")
	Write(t, script, fmt.Sprintf(mmpScript, s.Root))
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	lines := append([]string{
		"Port " + strconv.Itoa(s.Port),
		"ListenAddress 127.0.0.1",
		"HostKey " + filepath.Join(s.Home, "host_ed25519"),
		"HostKey " + filepath.Join(s.Home, "host_ecdsa"),
		"AuthorizedKeysFile " + filepath.Join(s.Home, "authorized_keys"),
		"Subsystem sftp /usr/lib/openssh/sftp-server -d " + s.Root,
		"ForceCommand " + script,
		"PermitRootLogin yes",
		"StrictModes no",
		"PidFile none",
		"LogLevel VERBOSE",
		"MaxSessions 32",
		"MaxStartups 100:1:200",
	}, config...)
	if !strings.Contains(strings.Join(lines, "\n"), "UsePAM") {
		lines = append(lines, "UsePAM no")
	}
	conf := filepath.Join(s.Home, "sshd_config")
	Write(t, conf, strings.Join(lines, "\n")+"\n")

	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-D", "-e", "-f", conf)
	if inner, ok := s.privateView(t, binary, conf); ok {
		cmd, s.HasPassword = inner, true
	} else if os.Getuid() == 0 { // privilege separation needs it
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start sshd: %v", err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		log.Close()
		if t.Failed() && testing.Verbose() {
			t.Logf("sshd of port %d says:\n%s", s.Port, Read(t, s.log))
		}
	})
	awaitSSH(t, s.Port, ended, s.log)
	return s
}

// inMemory makes a directory that needs no disk, where there is one: some tests put 100,000 files there.
func inMemory(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "sshdtest")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// privateView runs sshd where it sees a shadow file, a PAM stack and a /run of its own; nothing of the machine changes.
func (s *Server) privateView(t testing.TB, binary, conf string) (*exec.Cmd, bool) {
	if os.Getuid() != 0 || exec.Command("unshare", "-m", "true").Run() != nil {
		return nil, false
	}
	shadow, pam, passwd := filepath.Join(s.Home, "shadow"), filepath.Join(s.Home, "pam"), filepath.Join(s.Home, "passwd")
	// sshd runs everything through the user's shell: a bare one, which reads nothing of the machine's own settings
	Write(t, passwd, fmt.Sprintf("%s:x:%d:%d::%s:/bin/sh\nsshd:x:65534:65534::/run/sshd:/usr/sbin/nologin\n", s.User, os.Getuid(), os.Getgid(), s.Home))
	if err := os.Chmod(passwd, 0o644); err != nil {
		t.Fatal(err)
	}
	Write(t, shadow, s.User+":"+shadowHash+":19000:0:99999:7:::\nsshd:!:19000::::::\n")
	Write(t, pam, "auth required pam_unix.so\naccount required pam_permit.so\nsession required pam_permit.so\n")
	return exec.Command("unshare", "-m", "--propagation", "private", "sh", "-ec",
		`mount --bind "$1" /etc/shadow; mount --bind "$2" /etc/pam.d/sshd; mount --bind "$5" /etc/passwd; mount -t tmpfs tmpfs /run; mkdir -m 755 /run/sshd; exec "$3" -D -e -f "$4"`,
		"sh", shadow, pam, binary, conf, passwd), true
}

// Addr is its address.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }

// KnownHosts writes a known_hosts file with the server's keys of these names, such as "host_ed25519".
func (s *Server) KnownHosts(t testing.TB, keys ...string) string {
	t.Helper()
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "[127.0.0.1]:%d %s", s.Port, Read(t, filepath.Join(s.Home, k+".pub")))
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	Write(t, file, b.String())
	return file
}

// Fingerprint is that of one of the server's host keys.
func (s *Server) Fingerprint(t testing.TB, key string) string {
	t.Helper()
	k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(Read(t, filepath.Join(s.Home, key+".pub"))))
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(k)
}

// awaitSSH returns when the server greets.
func awaitSSH(t testing.TB, port int, ended <-chan struct{}, log string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case <-ended:
			t.Fatalf("sshd ended: %s", Read(t, log))
		default:
		}
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			time.Sleep(10 * time.Millisecond) // there is nothing to wait on: the port is another process's
			continue
		}
		_, err = conn.Read(make([]byte, 4))
		conn.Close()
		if err == nil {
			return
		}
	}
	t.Fatalf("sshd does not answer on port %d", port)
}

// FreePort is a TCP port that nobody listens on.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Command runs a program that must succeed.
func Command(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// Write writes a file.
func Write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Read reads a file.
func Read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Log is what the server has said so far.
func (s *Server) Log(t testing.TB) string { return Read(t, s.log) }
