package login

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// UnknownHostKey says that a host's key is in no known_hosts file.
type UnknownHostKey struct {
	Host, Fingerprint string
}

func (e *UnknownHostKey) Error() string {
	return fmt.Sprintf("the host key of %s (%s) is not known", e.Host, e.Fingerprint)
}

// ChangedHostKey says that a host shows another key than the known one.
type ChangedHostKey struct {
	Host, Fingerprint string
	Where             string // "known_hosts:3 has SHA256:..."
}

func (e *ChangedHostKey) Error() string {
	return fmt.Sprintf("the host key of %s has changed: it shows %s, and %s; somebody may be in between, or the node was installed anew", e.Host, e.Fingerprint, e.Where)
}

// OtherHostKey says that a host shows none of the keys that were asked for.
type OtherHostKey struct {
	Host, Fingerprint string
	Want              []string
}

func (e *OtherHostKey) Error() string {
	return fmt.Sprintf("the host key of %s is %s, and not %s as was asked for", e.Host, e.Fingerprint, strings.Join(e.Want, " or "))
}

// judge decides about the key of one host.
type judge struct {
	login       *Login
	host        resolved
	known       *knownhosts.HostKeyDB // nil: no file is there
	wanted      []string              // fingerprints; none: the known hosts decide
	chosen      []string              // host key algorithms that were asked for by name
	fingerprint string                // of the key that was shown
}

// remembering keeps two nodes that are accepted at the same moment from writing over each other.
var remembering sync.Mutex

func (l *Login) judgeFor(r resolved) (*judge, error) {
	j := &judge{login: l, host: r, wanted: l.HostKeys}
	if r.hostKey != "" {
		j.wanted = []string{r.hostKey}
	}
	var err error
	if j.chosen, err = r.algorithms.hostKeys(); err != nil {
		return nil, err
	}
	files := slices.DeleteFunc(slices.Clone(r.knownHosts), func(f string) bool { _, err := os.Stat(f); return err != nil })
	if len(files) == 0 {
		return j, nil
	}
	remembering.Lock()
	defer remembering.Unlock()
	if j.known, err = knownhosts.NewDB(files...); err != nil {
		return nil, fmt.Errorf("read the known host keys: %w", err)
	}
	return j, nil
}

// algorithms are the lists of host key algorithms to try, one connection each. Those of known keys come first where there are any, or a host with
// several keys looks changed (golang/go#29286), and those of certificates where an authority is known: its own key may be of another type.
func (j *judge) algorithms() [][]string {
	if len(j.wanted) > 0 {
		lists := [][]string{j.chosen}
		for _, one := range ssh.SupportedAlgorithms().HostKeys {
			if !strings.Contains(one, "-cert-") {
				lists = append(lists, []string{one})
			}
		}
		return lists
	}
	if j.known != nil {
		known := j.known.HostKeyAlgorithms(j.host.endpoint())
		rank := func(algorithm string) int {
			switch certificate := strings.Contains(algorithm, "-cert-"); {
			case certificate && slices.ContainsFunc(j.known.HostKeys(j.host.endpoint()), func(k knownhosts.PublicKey) bool { return k.Cert }):
				return 0
			case !certificate && slices.Contains(known, algorithm):
				return 1
			}
			return 2
		}
		ordered := slices.Clone(j.chosen)
		slices.SortStableFunc(ordered, func(a, b string) int { return rank(a) - rank(b) })
		return [][]string{ordered}
	}
	return [][]string{j.chosen}
}

// tryOther reports whether another host key algorithm may show the key that is wanted.
func (j *judge) tryOther(err error) bool {
	var other *OtherHostKey
	var none *ssh.AlgorithmNegotiationError
	return len(j.wanted) > 0 && (errors.As(err, &other) || errors.As(err, &none) && strings.Contains(err.Error(), "host key"))
}

// check accepts a known key, refuses a changed one, and asks about an unknown one.
func (j *judge) check(host string, remote net.Addr, key ssh.PublicKey, p *patience) error {
	shown := key
	if cert, ok := key.(*ssh.Certificate); ok {
		if shown = cert.Key; j.known != nil && !j.isAuthority(cert.SignatureKey) {
			key = shown // as for OpenSSH, a host with a certificate of somebody else's is one with a key
		}
	}
	j.fingerprint = ssh.FingerprintSHA256(shown)
	var err error = &xknownhosts.KeyError{}
	if j.known != nil {
		err = j.known.HostKeyCallback()(host, remote, key)
	}
	var revoked *xknownhosts.RevokedError
	var differs *xknownhosts.KeyError
	switch {
	case errors.As(err, &revoked):
		return fmt.Errorf("the host key of %s (%s) is revoked: %s:%d", host, j.fingerprint, revoked.Revoked.Filename, revoked.Revoked.Line)
	case len(j.wanted) > 0:
		if slices.Contains(j.wanted, j.fingerprint) {
			return nil
		}
		return &OtherHostKey{host, j.fingerprint, j.wanted}
	case err == nil:
		return nil
	case errors.As(err, &differs) && slices.ContainsFunc(differs.Want, func(k xknownhosts.KnownKey) bool { return !j.isAuthority(k.Key) }):
		var where []string
		for _, k := range differs.Want {
			where = append(where, fmt.Sprintf("%s:%d has %s", k.Filename, k.Line, ssh.FingerprintSHA256(k.Key)))
		}
		return &ChangedHostKey{host, j.fingerprint, strings.Join(where, ", ")}
	case !errors.As(err, &differs):
		return fmt.Errorf("the host key of %s (%s): %w", host, j.fingerprint, err)
	}
	accepted := j.login.AcceptNew
	if !accepted && j.login.Confirm != nil {
		resume := p.pause()
		accepted = j.login.Confirm(host, kindOf(shown), j.fingerprint)
		resume()
	}
	if accepted {
		return j.remember(host, remote, shown)
	}
	return &UnknownHostKey{host, j.fingerprint}
}

// isAuthority reports whether a key is that of a @cert-authority for the host.
func (j *judge) isAuthority(key ssh.PublicKey) bool {
	return slices.ContainsFunc(j.known.HostKeys(j.host.endpoint()), func(k knownhosts.PublicKey) bool {
		return k.Cert && bytes.Equal(k.Marshal(), key.Marshal())
	})
}

// kindOf names the type of a key as ssh-keygen -l does: "ED25519".
func kindOf(key ssh.PublicKey) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(key.Type(), "ssh-"), "-")
	return strings.ToUpper(kind)
}

// remember writes an accepted key to the user's first file of known hosts.
func (j *judge) remember(host string, remote net.Addr, key ssh.PublicKey) error {
	name := j.host.newKeys
	if name == "" {
		return nil
	}
	remembering.Lock()
	defer remembering.Unlock()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("remember the host key of %s: %w", host, err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("remember the host key of %s: %w", host, err)
	}
	if err := errors.Join(knownhosts.WriteKnownHost(f, host, remote, key), f.Close()); err != nil {
		return fmt.Errorf("remember the host key of %s: %w", host, err)
	}
	return nil
}
