package login

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Algorithms are lists of names as in ssh_config(5): "a,b" in place of the default, "+a,b" besides it, "-a" without, "^a" in
// front. The default has only what is safe today; what old CMS versions need is used when it is asked for by name.
type Algorithms struct {
	KeyExchange string
	Ciphers     string
	MACs        string
	HostKeys    string
}

// over returns a with what b says instead.
func (a Algorithms) over(b Algorithms) Algorithms {
	for _, f := range []struct {
		to   *string
		from string
	}{{&a.KeyExchange, b.KeyExchange}, {&a.Ciphers, b.Ciphers}, {&a.MACs, b.MACs}, {&a.HostKeys, b.HostKeys}} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	return a
}

// Check reports names that are not known here.
func (a Algorithms) Check() error {
	if _, err := a.hostKeys(); err != nil {
		return err
	}
	return a.apply(&ssh.Config{})
}

func (a Algorithms) apply(c *ssh.Config) (err error) {
	safe, old := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	for _, kind := range []struct {
		what      string
		spec      string
		safe, old []string
		to        *[]string
	}{
		{"key exchange", a.KeyExchange, safe.KeyExchanges, old.KeyExchanges, &c.KeyExchanges},
		{"cipher", a.Ciphers, safe.Ciphers, old.Ciphers, &c.Ciphers},
		{"MAC", a.MACs, safe.MACs, old.MACs, &c.MACs},
	} {
		if *kind.to, err = choose(kind.what, kind.spec, kind.safe, kind.old); err != nil {
			return err
		}
	}
	return nil
}

func (a Algorithms) hostKeys() ([]string, error) {
	return choose("host key algorithm", a.HostKeys, preferred(), ssh.InsecureAlgorithms().HostKeys)
}

// preferred are the host key algorithms in OpenSSH's order: of a host that is not known the same key is then remembered as by ssh, and its
// fingerprint is the one that ssh shows.
func preferred() []string {
	names := ssh.SupportedAlgorithms().HostKeys
	rank := func(name string) int {
		switch {
		case strings.Contains(name, "-cert-"):
			return 0
		case strings.Contains(name, "ed25519"):
			return 1
		case strings.HasPrefix(name, "ecdsa-"):
			return 2
		}
		return 3
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return names
}

// choose reads one list. x/crypto's own default would have some of the old ones.
func choose(what, spec string, safe, old []string) ([]string, error) {
	if spec == "" {
		return safe, nil
	}
	sign, names := spec[0], strings.Split(strings.TrimLeft(spec, "+-^"), ",")
	for _, n := range names {
		if !slices.Contains(safe, n) && !slices.Contains(old, n) {
			return nil, fmt.Errorf("%s %q is not known here: it can be one of %s", what, n, strings.Join(append(slices.Clone(safe), old...), ", "))
		}
	}
	rest := slices.DeleteFunc(slices.Clone(safe), func(n string) bool { return slices.Contains(names, n) })
	switch sign {
	case '+':
		return append(rest, names...), nil
	case '^':
		return append(names, rest...), nil
	case '-':
		return rest, nil
	}
	return names, nil
}
