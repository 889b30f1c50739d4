package collect

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh/knownhosts"

	"cbdoctor/bundle"
)

func TestHostKeys(t *testing.T) {
	t.Parallel()
	s := startOpenSSH(t)
	other := startOpenSSH(t)
	host := fmt.Sprintf("[127.0.0.1]:%d", s.port)
	key := strings.TrimSpace(read(t, filepath.Join(s.home, "host_ed25519.pub")))
	ecdsa := strings.TrimSpace(read(t, filepath.Join(s.home, "host_ecdsa.pub")))
	foreign := strings.TrimSpace(read(t, filepath.Join(other.home, "host_ed25519.pub")))
	for name, c := range map[string]struct {
		known string
		want  string // part of the problem; "" when the key is accepted
	}{
		"the known key": {host + " " + key, ""},
		"another type's key of the same host is known": {host + " " + ecdsa, ""},
		"both keys are known":                          {host + " " + ecdsa + "\n" + host + " " + key, ""},
		"a hashed name":                                {knownhosts.HashHostname(host) + " " + key, ""},
		"an unknown host":                              {"", "is not known"},
		"the key of another port":                      {fmt.Sprintf("[127.0.0.1]:%d %s", s.port+1, key), "is not known"},
		"a changed key":                                {host + " " + foreign, "has changed"},
		"a revoked key":                                {host + " " + key + "\n@revoked * " + key, "revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "known_hosts")
			write(t, file, c.known+"\n")
			m, dir := collectTo(t, Inventory{Nodes: []Node{s.node()}}, Options{Login: Login{KeyFiles: []string{s.key}, KnownHosts: []string{file}}})
			checkBundle(t, m, dir)
			n := m.Nodes[0]
			if c.want == "" {
				if n.Outcome != bundle.Success {
					t.Errorf("refused: %s", n.Problem)
				}
				return
			}
			if n.Outcome != bundle.Failed || !strings.Contains(n.Problem, c.want) || !strings.Contains(n.Problem, "SHA256:") {
				t.Errorf("%s, %q; want a failure that says %q with the fingerprint", n.Outcome, n.Problem, c.want)
			}
			if len(n.Commands)+len(n.Files) > 0 {
				t.Error("commands or files were asked for over a connection that is not trusted")
			}
		})
	}
}

// Confirm is asked with the fingerprint, once, and decides; it is never asked about a changed key.
func TestConfirmUnknownHostKey(t *testing.T) {
	t.Parallel()
	s := startOpenSSH(t)
	wrong := filepath.Join(t.TempDir(), "known_hosts")
	write(t, wrong, fmt.Sprintf("[127.0.0.1]:%d %s", s.port, read(t, s.key+".pub")))
	for name, c := range map[string]struct {
		known  []string
		answer bool
		asked  int
	}{
		"yes": {nil, true, 1}, "no": {nil, false, 1}, "changed": {[]string{wrong}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			login := Login{KeyFiles: []string{s.key}, KnownHosts: c.known, Confirm: func(_, fingerprint string) bool {
				asked++
				if !strings.HasPrefix(fingerprint, "SHA256:") {
					t.Errorf("asked about %q", fingerprint)
				}
				return c.answer
			}}
			client, _, err := login.dial(context.Background(), s.node(), Options{}.withDefaults().ConnectTimeout)
			if client != nil {
				client.Close()
			}
			if (err == nil) != (c.answer && c.asked > 0) || asked != c.asked {
				t.Errorf("asked %d times, error %v", asked, err)
			}
			var unknown *UnknownHostKey
			var changed *ChangedHostKey
			if err != nil && errors.As(err, &unknown) == errors.As(err, &changed) {
				t.Errorf("error %v is neither of an unknown nor of a changed key", err)
			}
		})
	}
}
