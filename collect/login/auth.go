package login

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"cbdoctor/lazyregexp"
)

// methods are tried in this order: keys, password, keyboard-interactive. All keys are one method, since x/crypto tries each
// kind of method once. done is to be called when the login is over.
func (l *Login) methods(r resolved, p *patience) (methods []ssh.AuthMethod, done func(), err error) {
	var signers []ssh.Signer
	for _, file := range r.keyFiles {
		more, err := l.signers(file, p)
		if err != nil && !slices.Contains(r.usual, file) {
			return nil, nil, fmt.Errorf("private key %s: %w", file, err)
		}
		signers = append(signers, more...)
	}
	done = func() {}
	if r.agent != "" {
		if conn, err := net.Dial("unix", r.agent); err == nil { // one that is not there is done without
			done = func() { conn.Close() }
			signers = withAgent(signers, conn, func(key ssh.PublicKey) bool { return !r.onlyFiles || r.names(key) })
		}
	}
	if l.Passphrase == nil {
		for _, s := range signers {
			if key, ok := s.(*locked); ok && !slices.Contains(r.usual, key.file) {
				_, err := key.open()
				return nil, done, fmt.Errorf("private key %s: %w", key.file, err)
			}
		}
		signers = slices.DeleteFunc(signers, func(s ssh.Signer) bool { _, ok := s.(*locked); return ok })
	}
	methods = append(methods, ssh.PublicKeys(signers...))
	password := l.Password
	if r.password != nil {
		password = r.password
	}
	if password == nil && l.Answer == nil {
		return methods, done, nil
	}
	tries := 1
	a := &answers{node: r.endpoint(), password: p.asked(password), again: p.asked(l.Again)}
	if a.again != nil {
		tries = attempts
	}
	if l.Answer != nil {
		a.answer = func(question string, echo bool) (string, error) { defer p.pause()(); return l.Answer(question, echo) }
	}
	if password != nil {
		methods = append(methods, ssh.RetryableAuthMethod(ssh.PasswordCallback(a.next), tries))
	}
	return append(methods, ssh.RetryableAuthMethod(ssh.KeyboardInteractive(a.all), tries)), done, nil
}

// attempts is how often a password may be typed, as NumberOfPasswordPrompts of OpenSSH.
const attempts = 3

// signers reads a private key file, and the certificate beside it where there is one.
func (l *Login) signers(file string, p *patience) ([]ssh.Signer, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := ssh.ParsePrivateKey(b)
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) {
		key := newLocked(file, b, missing, p.asked(l.Passphrase))
		switch {
		case key.public == nil && l.Passphrase != nil:
			s, err = key.open()
		case key.public == nil:
		case l.Passphrase == nil: // the agent may have it
			return []ssh.Signer{key}, nil
		default:
			s, err = key, nil
		}
	}
	if err != nil {
		return nil, err
	}
	signers := []ssh.Signer{s}
	if b, err := os.ReadFile(file + "-cert.pub"); err == nil {
		if key, _, _, _, err := ssh.ParseAuthorizedKey(b); err == nil {
			if cert, ok := key.(*ssh.Certificate); ok {
				if c, err := ssh.NewCertSigner(cert, s); err == nil {
					signers = append([]ssh.Signer{c}, signers...)
				}
			}
		}
	}
	return signers, nil
}

// withAgent adds the keys of the agent that are wanted. One that has nothing to give is done without.
func withAgent(signers []ssh.Signer, conn net.Conn, wanted func(ssh.PublicKey) bool) []ssh.Signer {
	held, _ := agent.NewClient(conn).Signers()
	for _, s := range held {
		i := slices.IndexFunc(signers, func(have ssh.Signer) bool { return sameKey(have, s) })
		if i < 0 && wanted(s.PublicKey()) {
			signers = append(signers, s)
		} else if i >= 0 {
			signers[i] = s // it may be a locked one
		}
	}
	return signers
}

// names reports whether one of the key files is that of a key: its public half stands in the file or beside it. IdentitiesOnly lets the agent
// use no other keys.
func (r resolved) names(key ssh.PublicKey) bool {
	return slices.ContainsFunc(r.keyFiles, func(file string) bool {
		for _, name := range []string{file, file + ".pub"} {
			b, err := os.ReadFile(name)
			if err != nil {
				continue
			}
			if public, _, _, _, err := ssh.ParseAuthorizedKey(b); err == nil && bytes.Equal(public.Marshal(), key.Marshal()) {
				return true
			}
		}
		return false
	})
}

// answers gives a host the password, once: a second question means that it was wrong, and more of them lock accounts. Only who types
// it is asked again.
type answers struct {
	node            string
	password, again func(node string) (string, error)
	answer          func(question string, echo bool) (string, error)
	given           bool
}

// next is the password, or after that the one that was typed instead of it.
func (a *answers) next() (string, error) {
	switch {
	case !a.given:
		a.given = true
		return a.password(a.node)
	case a.again != nil:
		return a.again(a.node)
	}
	return "", errors.New("the password was refused")
}

var asksPassword = lazyregexp.New(`(?i)pass(word|phrase|code)`)

// all answers the questions of keyboard-interactive (RFC 4256): the password where it is asked for, the user for the rest.
func (a *answers) all(_, _ string, questions []string, echos []bool) ([]string, error) {
	out := make([]string, len(questions))
	for i, q := range questions {
		var err error
		switch {
		case a.password != nil && !echos[i] && (asksPassword.MatchString(q) || a.answer == nil):
			if a.again == nil {
				a.given = false // the method before asked for the same one
			}
			if out[i], err = a.next(); err != nil {
				return nil, err
			}
		case a.answer != nil:
			if out[i], err = a.answer(q, echos[i]); err != nil {
				return nil, err
			}
		default:
			return nil, errors.New("the host asks a question that nobody is there to answer")
		}
	}
	return out, nil
}
