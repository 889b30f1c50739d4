package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cbdoctor/bundle"
	"cbdoctor/collect"
)

type collectOptions struct {
	dir          string
	inventory    string
	user         string
	passwordFile string
	passwordEnv  string
	keys         []string
	knownHosts   []string
	quiet        bool
}

func newCollectCommand() *cobra.Command {
	var o collectOptions
	cmd := &cobra.Command{
		Use:   "collect [USER@]HOST[:PORT]... -o DIR",
		Short: "Fetch logs, captures and status texts from live nodes",
		Long: `Logs in to all nodes at once over SSH, runs a few commands that only read, and downloads logs and captures over SFTP.
Private keys and backups are never fetched and nothing on a node is changed. Host keys must be known.
What could be fetched is kept, whatever fails; DIR/manifest.json lists everything.
` + exitStatusHelp,
		Example: `  cbdoctor collect admin@10.48.36.61 admin@10.48.36.118 -o bundle
  cbdoctor collect --inventory cluster.yaml --password-file /run/secret -o bundle && cbdoctor analyze bundle`,
		RunE: func(cmd *cobra.Command, args []string) error { return runCollect(cmd, args, o) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.dir, "output", "o", "", "directory of the bundle; it must be new or empty")
	f.StringVar(&o.inventory, "inventory", "", "YAML file with the nodes")
	f.StringVar(&o.user, "user", "admin", "MMP user of nodes that name none")
	f.StringVar(&o.passwordFile, "password-file", "", "file whose first line is the password")
	f.StringVar(&o.passwordEnv, "password-env", "", "environment variable that holds the password")
	f.StringArrayVar(&o.keys, "identity", nil, "private key file to log in with; may be repeated")
	f.StringArrayVar(&o.knownHosts, "known-hosts", nil, "file of known host keys (default ~/.ssh/known_hosts)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print only what fails")
	return cmd
}

func runCollect(cmd *cobra.Command, args []string, o collectOptions) error {
	inventory, err := o.nodes(args)
	if err != nil {
		return err
	}
	if o.dir == "" {
		return usageError(errors.New("collect needs a directory for the bundle"), "add -o DIR")
	}
	login, err := o.login(cmd)
	if err != nil {
		return err
	}
	progress := func(e collect.Event) { fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", e.Node, printable(e.Text)) }
	if o.quiet {
		progress = nil
	}
	manifest, err := collect.Run(cmd.Context(), inventory, collect.Options{Dir: o.dir, Login: login, Tool: "cbdoctor " + toolVersion(), Progress: progress})
	if err != nil {
		return inputError(err)
	}
	return summary(cmd.OutOrStdout(), manifest, o.dir)
}

func (o *collectOptions) nodes(args []string) (collect.Inventory, error) {
	var inventory collect.Inventory
	if o.inventory != "" {
		var err error
		if inventory, err = collect.ReadInventory(o.inventory); err != nil {
			return inventory, usageError(err, "an inventory is: nodes: [{host: 10.48.36.61, user: admin}]")
		}
	}
	for _, a := range args {
		n, err := collect.ParseNode(a)
		if err != nil {
			return inventory, usageError(err, "write a node as USER@HOST or USER@HOST:PORT")
		}
		inventory.Nodes = append(inventory.Nodes, n)
	}
	if len(inventory.Nodes) == 0 {
		return inventory, usageError(errors.New("collect needs at least one node"), "for example: cbdoctor collect admin@10.48.36.61 -o bundle")
	}
	return inventory, nil
}

// login gathers the ways to log in. A password never comes from the command line, where everybody can read it.
func (o *collectOptions) login(cmd *cobra.Command) (collect.Login, error) {
	login := collect.Login{User: o.user, KeyFiles: o.keys, Agent: os.Getenv("SSH_AUTH_SOCK"), KnownHosts: o.knownHosts}
	if len(login.KnownHosts) == 0 {
		if home, err := os.UserHomeDir(); err == nil {
			login.KnownHosts = []string{filepath.Join(home, ".ssh", "known_hosts")}
		}
	}
	switch {
	case o.passwordFile != "":
		b, err := os.ReadFile(o.passwordFile)
		if err != nil {
			return login, usageError(fmt.Errorf("--password-file: %w", err), "the file's first line is the password")
		}
		password, _, _ := strings.Cut(string(b), "\n")
		login.Password = func(string) (string, error) { return strings.TrimSuffix(password, "\r"), nil }
	case o.passwordEnv != "":
		password, set := os.LookupEnv(o.passwordEnv)
		if !set {
			return login, usageError(fmt.Errorf("--password-env: %s is not set", o.passwordEnv), "export it first")
		}
		login.Password = func(string) (string, error) { return password, nil }
	case term.IsTerminal(int(os.Stdin.Fd())):
		login.Password = onceAsked(cmd.ErrOrStderr())
		login.Confirm = func(host, fingerprint string) bool { return confirm(cmd, host, fingerprint) }
	}
	return login, nil
}

// onceAsked asks for one password and uses it for all nodes.
func onceAsked(out io.Writer) func(string) (string, error) {
	asked := make(chan struct{}, 1)
	asked <- struct{}{}
	password, have := "", false
	return func(node string) (string, error) {
		<-asked
		defer func() { asked <- struct{}{} }()
		if have {
			return password, nil
		}
		fmt.Fprintf(out, "password for %s (and the other nodes): ", node)
		b, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(out)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		password, have = string(b), true
		return password, nil
	}
}

func confirm(cmd *cobra.Command, host, fingerprint string) bool {
	fmt.Fprintf(cmd.ErrOrStderr(), "the host key of %s is not known: %s\nis it right? Compare it with the node's console. [yes/no] ", host, fingerprint)
	line, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	return strings.TrimSpace(line) == "yes"
}

// summary says what was fetched and what failed, and how to go on.
func summary(w io.Writer, m *bundle.Manifest, dir string) error {
	for _, n := range m.Nodes {
		files := 0
		for _, f := range n.Files {
			if f.Outcome == bundle.Success {
				files++
			}
		}
		line := fmt.Sprintf("%s  %s  %d files", n.Reached, n.Outcome, files)
		if n.Problem != "" {
			line += "  " + printable(strings.ReplaceAll(n.Problem, "\n", "; "))
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	if m.Complete() {
		fmt.Fprintf(w, "next: cbdoctor analyze %s\n", dir)
		return nil
	}
	return &codeError{exitPartial, withHint(errors.New("some nodes or files failed; what was collected is kept in "+dir), hintFor(m))}
}

// hintFor says what to do about the most common failure.
func hintFor(m *bundle.Manifest) string {
	for _, n := range m.Nodes {
		switch {
		case strings.Contains(n.Problem, "is not known"):
			host, port, _ := strings.Cut(n.Reached, ":")
			return fmt.Sprintf("compare the fingerprint with the node's console, then: ssh-keyscan -p %s %s >> ~/.ssh/known_hosts", port, host)
		case strings.Contains(n.Problem, "unable to authenticate"):
			return "check the user and the password: --user, --password-file or --identity"
		}
	}
	return "see manifest.json there for the reason of each"
}
