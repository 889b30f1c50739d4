package collect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Login says who logs in and how. Secrets are in memory only: never in a log, a manifest or an error.
type Login struct {
	User       string                            // for nodes that name none
	Password   func(node string) (string, error) // asked once a node when the server wants it; nil: no password
	KeyFiles   []string                          // private keys of the user, unencrypted
	Agent      string                            // socket of an SSH agent; "" uses none
	KnownHosts []string                          // files of known host keys
	// Confirm is asked for a host whose key is not known; nil refuses it.
	Confirm func(host, fingerprint string) bool
}

// UnknownHostKey says that a host's key is in no known_hosts file.
type UnknownHostKey struct {
	Host, Fingerprint string
}

func (e *UnknownHostKey) Error() string {
	return fmt.Sprintf("the host key of %s (%s) is not known", e.Host, e.Fingerprint)
}

// ChangedHostKey says that a host shows another key than the known one.
type ChangedHostKey struct {
	Host, Fingerprint, Where string
}

func (e *ChangedHostKey) Error() string {
	return fmt.Sprintf("the host key of %s has changed: it shows %s, and %s has another one; somebody may be in between", e.Host, e.Fingerprint, e.Where)
}

// dial opens the SSH connection to a node. It returns the fingerprint of the host key.
func (l *Login) dial(ctx context.Context, n Node, timeout time.Duration) (*ssh.Client, string, error) {
	endpoint := n.endpoint()
	hosts, err := l.hostKeys()
	if err != nil {
		return nil, "", err
	}
	fingerprint := ""
	config := &ssh.ClientConfig{
		User:    n.User,
		Auth:    l.methods(endpoint),
		Timeout: timeout,
		HostKeyCallback: func(host string, remote net.Addr, key ssh.PublicKey) error {
			fingerprint = ssh.FingerprintSHA256(key)
			return l.judge(hosts, host, remote, key)
		},
	}
	if config.User == "" {
		config.User = l.User
	}
	if hosts != nil {
		// only algorithms of known keys are asked for: otherwise a host with several keys looks changed (golang/go#29286)
		config.HostKeyAlgorithms = hosts.HostKeyAlgorithms(endpoint)
	}
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return nil, "", fmt.Errorf("connect: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		conn.Close()
		return nil, "", err
	}
	c, channels, requests, err := ssh.NewClientConn(conn, endpoint, config)
	if err != nil {
		conn.Close()
		return nil, fingerprint, fmt.Errorf("log in as %s: %w", config.User, err)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		c.Close()
		return nil, fingerprint, err
	}
	return ssh.NewClient(c, channels, requests), fingerprint, nil
}

// hostKeys reads the known_hosts files that exist.
func (l *Login) hostKeys() (*knownhosts.HostKeyDB, error) {
	var files []string
	for _, f := range l.KnownHosts {
		if _, err := os.Stat(f); err == nil {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	db, err := knownhosts.NewDB(files...)
	if err != nil {
		return nil, fmt.Errorf("read the known host keys: %w", err)
	}
	return db, nil
}

// judge accepts a known key, refuses a changed one, and asks about an unknown one.
func (l *Login) judge(hosts *knownhosts.HostKeyDB, host string, remote net.Addr, key ssh.PublicKey) error {
	fingerprint := ssh.FingerprintSHA256(key)
	if hosts != nil {
		err := hosts.HostKeyCallback()(host, remote, key)
		switch {
		case err == nil:
			return nil
		case knownhosts.IsHostKeyChanged(err):
			return &ChangedHostKey{host, fingerprint, filepath.Base(l.KnownHosts[0])}
		case !knownhosts.IsHostUnknown(err):
			return fmt.Errorf("the host key of %s (%s): %w", host, fingerprint, err)
		}
	}
	if l.Confirm != nil && l.Confirm(host, fingerprint) {
		return nil
	}
	return &UnknownHostKey{host, fingerprint}
}

// methods are tried in this order: agent, key files, password.
func (l *Login) methods(node string) []ssh.AuthMethod {
	var methods []ssh.AuthMethod
	if l.Agent != "" {
		if conn, err := net.Dial("unix", l.Agent); err == nil {
			methods = append(methods, ssh.PublicKeysCallback(agent.NewClient(conn).Signers))
		}
	}
	var signers []ssh.Signer
	for _, file := range l.KeyFiles {
		if b, err := os.ReadFile(file); err == nil {
			if s, err := ssh.ParsePrivateKey(b); err == nil {
				signers = append(signers, s)
			}
		}
	}
	if len(signers) > 0 {
		methods = append(methods, ssh.PublicKeys(signers...))
	}
	if l.Password == nil {
		return methods
	}
	asked := false
	once := func() (string, error) {
		if asked {
			return "", errors.New("the password was refused")
		}
		asked = true
		return l.Password(node)
	}
	return append(methods,
		ssh.PasswordCallback(once),
		ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
			answers := make([]string, len(questions))
			for i := range questions {
				p, err := l.Password(node)
				if err != nil {
					return nil, err
				}
				answers[i] = p
			}
			return answers, nil
		}))
}
