package login

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"
)

// Login says who logs in and how, and which hosts are trusted.
type Login struct {
	User       string                            // where neither the target nor the SSH configuration names one
	Password   func(node string) (string, error) // asked when a host wants it; nil: no password
	Again      func(node string) (string, error) // asked after a host refused the password; nil: it is tried once
	Answer     func(question string, echo bool) (string, error)
	KeyFiles   []string                          // private keys; they are tried before the agent's
	Passphrase func(file string) (string, error) // of an encrypted private key; nil: such keys are left out
	Agent      string                            // socket of an SSH agent; "" uses none

	KnownHosts []string                                  // files of known host keys that are asked for; new ones go to the first
	Usual      KnownHosts                                // those where none are asked for, and the SSH configuration does not name others
	HostKeys   []string                                  // "SHA256:..."; where there are any, a host must show one of them
	AcceptNew  bool                                      // an unknown host's key is accepted and remembered
	Confirm    func(host, kind, fingerprint string) bool // is asked about an unknown host's key; nil refuses it

	Algorithms Algorithms // in place of, or besides, those that are safe
	Jump       string     // jump hosts of targets that name none, as ssh -J
	Config     *Config    // the user's SSH configuration; nil: none
}

// KnownHosts are files of known host keys: the user's, of which the first gets new ones, and those of the machine.
type KnownHosts struct{ User, Global []string }

// Target is one host to log in to. Only Host is needed.
type Target struct {
	Host     string // name, address, or alias of the SSH configuration
	Port     int    // 0: the configuration's, else 22
	User     string // "": the configuration's, else the login's
	KeyFiles []string
	Password func(node string) (string, error) // in place of the login's
	HostKey  string                            // "SHA256:...", in place of the login's
	Jump     string                            // in place of the login's; "none": no jump host
}

// Timeout bounds how long one host may take to be reached and to let us in.
const Timeout = 15 * time.Second

// Endpoint is the address of the target after the SSH configuration was asked.
func (l *Login) Endpoint(t Target) string {
	r := l.resolve(t)
	return net.JoinHostPort(r.host, strconv.Itoa(r.port))
}

// Who is the user of the target after the SSH configuration was asked.
func (l *Login) Who(t Target) string { return l.resolve(t).user }

// Dial connects and logs in. It returns the fingerprint of the host key, where one was seen, also with an error. timeout is for
// each host on the way; 0 is Timeout.
func (l *Login) Dial(ctx context.Context, t Target, timeout time.Duration) (*ssh.Client, string, error) {
	if timeout == 0 {
		timeout = Timeout
	}
	r := l.resolve(t)
	connect, leave, err := l.reach(ctx, r, timeout, []string{r.endpoint()})
	if err != nil {
		return nil, "", err
	}
	client, fingerprint, err := l.open(ctx, r, connect, timeout)
	if err != nil {
		leave()
		return nil, fingerprint, err
	}
	go func() { // the jump hosts are of use as long as the connection through them
		_ = client.Wait()
		leave()
	}()
	return client, fingerprint, nil
}

// ConnectError says that there was no connection, so that nothing can be said of keys and passwords.
type ConnectError struct{ Err error }

func (e *ConnectError) Error() string { return "connect: " + e.Err.Error() }
func (e *ConnectError) Unwrap() error { return e.Err }

// open connects to one host and logs in. Where a certain host key is wanted and the host shows one of another type first, the
// other types are asked for too.
func (l *Login) open(ctx context.Context, r resolved, connect dialFunc, timeout time.Duration) (client *ssh.Client, fingerprint string, err error) {
	j, err := l.judgeFor(r)
	if err != nil {
		return nil, "", err
	}
	for _, algorithms := range j.algorithms() {
		client, fingerprint, err = l.handshake(ctx, r, j, algorithms, connect, timeout)
		if !j.tryOther(err) {
			break
		}
	}
	return client, fingerprint, err
}

// handshake has timeout for what the network and the host do. While somebody is asked, it does not run.
func (l *Login) handshake(ctx context.Context, r resolved, j *judge, hostKeys []string, connect dialFunc, timeout time.Duration) (*ssh.Client, string, error) {
	began, endpoint := time.Now(), r.endpoint()
	connecting, cancel := context.WithTimeout(ctx, timeout)
	raw, err := connect(connecting, "tcp", endpoint)
	cancel()
	if err != nil {
		return nil, "", &ConnectError{err}
	}
	ctx, p := newPatience(ctx, timeout-time.Since(began))
	defer p.end()
	conn := newConn(raw)
	// a connection through a jump host has no deadlines: what bounds it is that it is closed
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	methods, done, err := l.methods(r, p)
	if err != nil {
		conn.Close()
		return nil, "", err
	}
	defer done()
	check := func(host string, remote net.Addr, key ssh.PublicKey) error { return j.check(host, remote, key, p) }
	config := &ssh.ClientConfig{User: r.user, Auth: methods, HostKeyCallback: check, HostKeyAlgorithms: hostKeys, ClientVersion: "SSH-2.0-cbdoctor"}
	if err := r.algorithms.apply(&config.Config); err != nil {
		conn.Close()
		return nil, "", err
	}
	c, channels, requests, err := ssh.NewClientConn(conn, endpoint, config)
	switch {
	case err != nil && ctx.Err() != nil:
		err = context.Cause(ctx)
		fallthrough
	case err != nil:
		conn.Close()
		if conn.silent() {
			if c, ok := raw.(*commandConn); ok {
				return nil, "", &ConnectError{c.failure(err)}
			}
			return nil, "", &ConnectError{fmt.Errorf("no SSH greeting comes from %s: %w", endpoint, err)}
		}
		return nil, j.fingerprint, fmt.Errorf("log in as %s: %w", r.user, err)
	}
	client := ssh.NewClient(c, channels, requests)
	go conn.keepAlive(client)
	return client, j.fingerprint, nil
}
