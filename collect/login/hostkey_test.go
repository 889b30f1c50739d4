package login

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh/knownhosts"

	"cbdoctor/collect/sshdtest"
)

func TestHostKeys(t *testing.T) {
	t.Parallel()
	s := sshdtest.Start(t)
	other := sshdtest.Start(t)
	host := fmt.Sprintf("[127.0.0.1]:%d", s.Port)
	key := strings.TrimSpace(sshdtest.Read(t, filepath.Join(s.Home, "host_ed25519.pub")))
	ecdsa := strings.TrimSpace(sshdtest.Read(t, filepath.Join(s.Home, "host_ecdsa.pub")))
	sshdtest.Command(t, "ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", filepath.Join(s.Home, "former"))
	rsa := strings.TrimSpace(sshdtest.Read(t, filepath.Join(s.Home, "former.pub")))
	foreign := strings.TrimSpace(sshdtest.Read(t, filepath.Join(other.Home, "host_ed25519.pub")))
	for name, c := range map[string]struct {
		known string
		want  string // part of the problem; "" when the key is accepted
	}{
		"the known key": {host + " " + key, ""},
		"another type's key of the same host is known": {host + " " + ecdsa, ""},
		"both keys are known":                          {host + " " + ecdsa + "\n" + host + " " + key, ""},
		"a hashed name":                                {knownhosts.HashHostname(host) + " " + key, ""},
		"an unknown host":                              {"", "is not known"},
		"the key of another port":                      {fmt.Sprintf("[127.0.0.1]:%d %s", s.Port+1, key), "is not known"},
		"a changed key":                                {host + " " + foreign, "has changed"},
		"a key of a type that it no longer has":        {host + " " + rsa, "has changed"},
		"a revoked key":                                {host + " " + key + "\n@revoked * " + key, "revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "known_hosts")
			sshdtest.Write(t, file, c.known+"\n")
			login := Login{KeyFiles: []string{s.Key}, KnownHosts: []string{file}}
			err := dialAndClose(t, &login, targetOf(s))
			if c.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "SHA256:") {
				t.Errorf("%v; want a failure that says %q with the fingerprint", err, c.want)
			}
		})
	}
}

// A certificate counts where its authority is known, of whatever type that one's key is; elsewhere it is the key in it that counts.
func TestHostCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := func(name, kind string) string {
		sshdtest.Command(t, "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", filepath.Join(dir, name))
		return sshdtest.Read(t, filepath.Join(dir, name+".pub"))
	}
	authority, stranger := made("authority", "ecdsa"), made("stranger", "ed25519")
	serve := func(name, validity string) (*sshdtest.Server, string) {
		key := made(name, "rsa")
		file := filepath.Join(dir, name)
		sshdtest.Command(t, "ssh-keygen", "-q", "-s", filepath.Join(dir, "authority"), "-I", "cms", "-h", "-n", "127.0.0.1", "-V", validity, file+".pub")
		return sshdtest.Start(t, "HostKey "+file, "HostCertificate "+file+"-cert.pub"), key
	}
	valid, key := serve("valid", "-1d:+1d")
	old, _ := serve("old", "20200101:20210101")
	s := sshdtest.Start(t)
	for name, c := range map[string]struct {
		server      *sshdtest.Server
		known, want string
	}{
		"the authority is known":                     {valid, "@cert-authority HOST " + authority, ""},
		"for all hosts":                              {valid, "@cert-authority * " + authority, ""},
		"the certificate is over":                    {old, "@cert-authority HOST " + authority, "expired"},
		"another authority is known":                 {valid, "@cert-authority HOST " + stranger, "is not known"},
		"another authority, and the key is known":    {valid, "@cert-authority HOST " + stranger + "HOST " + key, ""},
		"the key alone is known":                     {valid, "HOST " + key, ""},
		"nothing is known":                           {valid, "", "is not known"},
		"the authority is revoked":                   {valid, "@revoked * " + authority + "@cert-authority HOST " + authority, "revoked"},
		"a host without one, the authority is known": {s, "@cert-authority HOST " + authority, "is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "known_hosts")
			sshdtest.Write(t, file, strings.ReplaceAll(c.known, "HOST", fmt.Sprintf("[127.0.0.1]:%d", c.server.Port))+"\n")
			err := dialAndClose(t, &Login{KeyFiles: []string{c.server.Key}, KnownHosts: []string{file}}, targetOf(c.server))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// dialAndClose logs in and says what came of it.
func dialAndClose(t testing.TB, l *Login, to Target) error {
	t.Helper()
	c, _, err := l.Dial(context.Background(), to, 0)
	if c != nil {
		c.Close()
	}
	return err
}

// Confirm is asked with the fingerprint, once, and decides; it is never asked about a changed key.
func TestConfirmUnknownHostKey(t *testing.T) {
	t.Parallel()
	s := sshdtest.Start(t)
	wrong := filepath.Join(t.TempDir(), "known_hosts")
	sshdtest.Write(t, wrong, fmt.Sprintf("[127.0.0.1]:%d %s", s.Port, sshdtest.Read(t, s.Key+".pub")))
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
			login := Login{KeyFiles: []string{s.Key}, KnownHosts: c.known, Confirm: func(_, _, fingerprint string) bool {
				asked++
				if !strings.HasPrefix(fingerprint, "SHA256:") {
					t.Errorf("asked about %q", fingerprint)
				}
				return c.answer
			}}
			client, _, err := login.Dial(context.Background(), targetOf(s), 0)
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
