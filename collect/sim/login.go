package sim

import (
	"bytes"
	"errors"
	"slices"

	"golang.org/x/crypto/ssh"
)

var errDenied = errors.New("permission denied")

// serverConfig accepts what the node's Login says and nothing else.
func serverConfig(s Scenario, l Login) *ssh.ServerConfig {
	password := l.Password
	if password == "" {
		password = s.Password
	}
	check := func(user, given string) (*ssh.Permissions, error) {
		if user == s.User && given == password {
			return nil, nil
		}
		return nil, errDenied
	}
	config := &ssh.ServerConfig{}
	if len(l.Methods) == 0 || slices.Contains(l.Methods, "password") {
		config.PasswordCallback = func(c ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
			return check(c.User(), string(given))
		}
	}
	if slices.Contains(l.Methods, "keyboard-interactive") {
		config.KeyboardInteractiveCallback = func(c ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, errDenied
			}
			return check(c.User(), answers[0])
		}
	}
	if slices.Contains(l.Methods, "publickey") {
		config.PublicKeyCallback = func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			for _, k := range l.AuthorizedKeys {
				if c.User() == s.User && bytes.Equal(k.Marshal(), key.Marshal()) {
					return nil, nil
				}
			}
			return nil, errDenied
		}
	}
	return config
}
