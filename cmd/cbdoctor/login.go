package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"cbdoctor/collect"
	"cbdoctor/collect/login"
	"cbdoctor/lazyregexp"
)

// nodeOptions name nodes and say how to log in to them; every subcommand that talks to nodes has them.
type nodeOptions struct {
	inventory  string
	discover   bool
	user       string
	password   collect.Secret
	keys       []string
	knownHosts []string
	hostKeys   []string
	acceptNew  bool
	jump       string
	sshConfig  string
	algorithms login.Algorithms
	asking     *asking // of everything that this run asks
}

func (o *nodeOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.inventory, "inventory", "", "YAML file with the nodes (docs/collect.md)")
	f.BoolVar(&o.discover, "discover", false, "take the other nodes from the cluster status of the first")
	f.StringVar(&o.user, "user", "", "MMP user of nodes that name none (default that of the SSH configuration, else admin)")
	f.StringVar(&o.password.File, "password-file", "", "file whose first line is the password")
	f.StringVar(&o.password.Env, "password-env", "", "environment variable that holds the password")
	f.IntVar(&o.password.FD, "password-fd", 0, "file descriptor whose first line is the password")
	f.StringVar(&o.password.Command, "password-command", "", `shell command that prints the password, such as "pass show cms"`)
	f.StringArrayVarP(&o.keys, "identity", "i", nil, "private key file to log in with; may be repeated")
	f.StringVarP(&o.jump, "jump", "J", "", "jump hosts on the way: [USER@]HOST[:PORT],...")
	f.StringVarP(&o.sshConfig, "ssh-config", "F", "", `SSH configuration (default ~/.ssh/config, then /etc/ssh/ssh_config); "none" reads none`)
	f.StringArrayVar(&o.knownHosts, "known-hosts", nil, "file of known host keys (default what the SSH configuration says, else ~/.ssh/known_hosts)")
	f.StringArrayVar(&o.hostKeys, "host-key", nil, "fingerprint (SHA256:...) that the nodes' keys must have; may be repeated")
	f.BoolVar(&o.acceptNew, "accept-new", false, "accept and remember the keys of unknown hosts; changed ones are refused all the same")
	f.StringVar(&o.algorithms.KeyExchange, "kex", "", "key exchange methods, as in ssh_config: +diffie-hellman-group14-sha1 for old nodes")
	f.StringVar(&o.algorithms.Ciphers, "ciphers", "", "ciphers, as in ssh_config: +aes128-cbc for old nodes")
	f.StringVar(&o.algorithms.MACs, "macs", "", "MACs, as in ssh_config")
	f.StringVar(&o.algorithms.HostKeys, "host-key-algorithms", "", "host key algorithms, as in ssh_config: +ssh-rsa for old nodes")
}

// nodes are those of the inventory and of the arguments, and with --discover the rest of their cluster.
func (o *nodeOptions) nodes(cmd *cobra.Command, args []string, l *login.Login) (collect.Inventory, error) {
	var inventory collect.Inventory
	if o.inventory != "" {
		var err error
		if inventory, err = collect.ReadInventory(o.inventory); err != nil {
			return inventory, usageError(err, "an inventory is: nodes: [{host: 10.48.36.61, user: admin}]; docs/collect.md has all of it")
		}
	}
	for _, a := range args {
		n, err := collect.ParseNode(a)
		if err != nil {
			return inventory, usageError(err, "write a node as USER@HOST or USER@HOST:PORT")
		}
		inventory.Nodes = append(inventory.Nodes, n)
	}
	for i := range inventory.Nodes {
		inventory.Nodes[i].User = cmp.Or(inventory.Nodes[i].User, o.user) // before that of the SSH configuration
	}
	if !o.discover || len(inventory.Nodes) == 0 {
		return inventory, nil
	}
	found, err := collect.Discover(cmd.Context(), inventory.Nodes, l)
	if err != nil {
		return inventory, &codeError{exitPartial, withHint(err, loginHint(err.Error(), l.Endpoint(inventory.Nodes[0].Target())))}
	}
	for _, n := range found {
		fmt.Fprintf(cmd.ErrOrStderr(), "discovered %s\n", n)
		inventory.Nodes = append(inventory.Nodes, n)
	}
	return inventory, nil
}

// login gathers the ways to log in. A password never comes from the command line, where everybody can read it.
func (o *nodeOptions) login(cmd *cobra.Command) (login.Login, error) {
	l := login.Login{
		User: o.user, KeyFiles: o.keys, Agent: os.Getenv("SSH_AUTH_SOCK"), KnownHosts: o.knownHosts, HostKeys: o.hostKeys,
		AcceptNew: o.acceptNew, Jump: o.jump, Algorithms: o.algorithms,
	}
	o.asking = &asking{cmd: cmd}
	if err := o.algorithms.Check(); err != nil {
		return l, usageError(err, "names are as ssh -Q kex, ssh -Q cipher, ssh -Q mac and ssh -Q key print them")
	}
	for _, file := range o.keys {
		if _, err := os.Stat(file); err != nil {
			return l, usageError(fmt.Errorf("--identity: %w", err), "give the private key, not the .pub file")
		}
	}
	home, _ := os.UserHomeDir()
	l.Usual.Global = []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}
	if home != "" {
		l.Usual.User = []string{filepath.Join(home, ".ssh", "known_hosts"), filepath.Join(home, ".ssh", "known_hosts2")}
	}
	config, system := o.sshConfig, ""
	if config == "" {
		config, system = filepath.Join(home, ".ssh", "config"), "/etc/ssh/ssh_config"
	} else if _, err := os.Stat(config); err != nil && config != "none" {
		return l, usageError(fmt.Errorf("--ssh-config: %w", err), `"none" reads no SSH configuration`)
	}
	if config != "none" {
		var err error
		if l.Config, err = login.ReadConfig(config, system); err != nil {
			return l, usageError(err, "--ssh-config none goes on without it")
		}
		for _, block := range l.Config.Ignored {
			fmt.Fprintln(cmd.ErrOrStderr(), printable(block))
		}
	}
	if l.User == "" {
		l.User = "admin"
	}
	return l, o.secrets(cmd, &l)
}

// secrets says where passwords and passphrases come from.
func (o *nodeOptions) secrets(cmd *cobra.Command, l *login.Login) error {
	if o.password != (collect.Secret{}) {
		if o.password.Command == "" {
			password, err := o.password.Read("")
			if err != nil {
				return usageError(err, "the first line of --password-file, --password-fd or --password-command is the password, or what --password-env names")
			}
			l.Password = func(string) (string, error) { return password, nil }
		} else {
			l.Password = remembered(o.password.Read)
		}
	}
	if !onTerminal() {
		return nil
	}
	if l.Password == nil {
		typed := &passwords{asking: o.asking, given: map[string]int{}}
		l.Password, l.Again = typed.of, typed.again
	}
	l.Passphrase = remembered(func(file string) (string, error) { return o.asking.secret("passphrase of " + file + ": ") })
	l.Answer = o.asking.answer
	l.Confirm = o.asking.confirm
	return nil
}

// whereKnown finds the file that has another key of a host in the text of a login.ChangedHostKey.
var whereKnown = lazyregexp.New(`, and ([^;,']+):\d+ has SHA256:`)

// loginHint says what to do about the most common failures.
func loginHint(problem, reached string) string {
	host, port := reached, "22"
	if i := strings.LastIndexByte(reached, ':'); i > 0 && strings.Count(reached, ":") == 1 {
		host, port = reached[:i], reached[i+1:]
	}
	switch {
	case strings.Contains(problem, "has changed"):
		name := host
		if port != "22" {
			name = "[" + host + "]:" + port
		}
		command := "ssh-keygen -R '" + name + "'"
		if known := whereKnown.FindStringSubmatch(problem); known != nil {
			command += " -f '" + known[1] + "'"
		}
		return "ask the owner of the node; if it was installed anew: " + command
	case strings.Contains(problem, "is not known") && strings.Contains(problem, "host key"):
		return fmt.Sprintf("compare the fingerprint with the node's console, then use --host-key SHA256:... with it, or: ssh-keyscan -p %s %s >> ~/.ssh/known_hosts", port, host)
	case strings.Contains(problem, "unable to authenticate"):
		return "check the user and the password: --user, --password-file or --identity"
	case strings.Contains(problem, "no common algorithm"):
		return algorithmHint(problem)
	}
	return ""
}

// algorithmHint names the flag for a node that only speaks what is no longer safe.
func algorithmHint(problem string) string {
	old := ssh.InsecureAlgorithms()
	for _, kind := range []struct {
		what, flag string
		names      []string
	}{{"key exchange", "--kex", old.KeyExchanges}, {"host key", "--host-key-algorithms", old.HostKeys}, {"cipher", "--ciphers", old.Ciphers}, {"MAC", "--macs", old.MACs}} {
		if !strings.Contains(problem, kind.what) {
			continue
		}
		for _, n := range kind.names {
			if strings.Contains(problem, n) {
				return fmt.Sprintf("the node speaks only old algorithms; to use one all the same: %s +%s", kind.flag, n)
			}
		}
	}
	return "the node and this program have no algorithm in common"
}
