package collect

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"cbdoctor/collect/login"
	"cbdoctor/collect/mmp"
	"cbdoctor/lazyregexp"
	"cbdoctor/strictyaml"
)

// Inventory is the nodes to collect from. docs/collect.md describes its file.
type Inventory struct {
	Defaults Node   `yaml:"defaults"` // for what a node does not say
	Nodes    []Node `yaml:"nodes"`
}

// Node is how to reach one node. Only Host is needed.
type Node struct {
	Name      string   `yaml:"name"`      // what to call it; its prompt says by default
	Host      string   `yaml:"host"`      // name or address of the MMP interface, or alias of ~/.ssh/config
	Port      int      `yaml:"port"`      // SSH port; 22 by default
	User      string   `yaml:"user"`      // MMP user; the one given for all by default
	Identity  []string `yaml:"identity"`  // private key files
	Password  Secret   `yaml:"password"`  // where its password is; never the password
	HostKey   string   `yaml:"host_key"`  // "SHA256:...": no other key is accepted
	Jump      string   `yaml:"jump"`      // jump hosts, as ssh -J
	Interface string   `yaml:"interface"` // where the database traffic is captured: a to e, admin; default a
	Zone      string   `yaml:"zone"`      // of its log times, as in the tz database
}

// Target is the node as the login knows it.
func (n Node) Target() login.Target {
	t := login.Target{Host: n.Host, Port: n.Port, User: n.User, KeyFiles: n.Identity, HostKey: n.HostKey, Jump: n.Jump}
	if n.Password != (Secret{}) {
		t.Password = n.Password.Read
	}
	return t
}

// String is "[USER@]HOST[:PORT]".
func (n Node) String() string {
	s := n.Host
	if n.Port != 0 {
		if strings.Contains(s, ":") {
			s = "[" + s + "]"
		}
		s = fmt.Sprintf("%s:%d", s, n.Port)
	}
	if n.User != "" {
		s = n.User + "@" + s
	}
	return s
}

// ParseNode reads "[USER@]HOST[:PORT]"; an IPv6 address with a port stands in brackets.
func ParseNode(s string) (Node, error) {
	t, err := login.ParseTarget(s)
	if err != nil {
		return Node{}, fmt.Errorf("node %w", err)
	}
	return Node{Host: t.Host, Port: t.Port, User: t.User}, nil
}

// ReadInventory reads and checks an inventory file. The error names every problem, each with its place.
func ReadInventory(path string) (Inventory, error) {
	var inv Inventory
	b, err := os.ReadFile(path)
	if err != nil {
		return inv, fmt.Errorf("read the inventory: %w", err)
	}
	if err := strictyaml.Decode(b, &inv); err != nil {
		return inv, fmt.Errorf("read the inventory %s: %w", path, strictyaml.WithoutText(err)) // who wrote a password into it does not want to see it
	}
	if err := inv.lint(); err != nil {
		return inv, fmt.Errorf("read the inventory %s: %w", path, err)
	}
	for i := range inv.Nodes {
		inv.Nodes[i] = inv.Nodes[i].or(inv.Defaults)
	}
	return inv, nil
}

// lint checks what the YAML alone does not show.
func (inv *Inventory) lint() error {
	if len(inv.Nodes) == 0 {
		return errors.New(`there is no node below "nodes"`)
	}
	var problems []error
	if inv.Defaults.Host != "" || inv.Defaults.Name != "" || inv.Defaults.HostKey != "" {
		problems = append(problems, errors.New("defaults: name, host and host_key belong to one node"))
	}
	for _, err := range inv.Defaults.problems() {
		problems = append(problems, fmt.Errorf("defaults: %w", err))
	}
	seen := map[string]int{}
	for i, n := range inv.Nodes {
		where := fmt.Sprintf("node %d", i+1)
		if n.Name != "" {
			where += " (" + n.Name + ")"
		}
		if err := n.Target().Check(); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", where, err))
		}
		for _, err := range n.problems() {
			problems = append(problems, fmt.Errorf("%s: %w", where, err))
		}
		for _, key := range []string{"name " + n.Name, "host " + Node{Host: n.Host, Port: n.or(inv.Defaults).Port}.String()} {
			if first, twice := seen[key]; twice && !strings.HasSuffix(key, " ") {
				problems = append(problems, fmt.Errorf("%s: it has the same %s as node %d", where, key, first))
			}
			seen[key] = i + 1
		}
	}
	return errors.Join(problems...)
}

var fingerprint = lazyregexp.New(`^SHA256:[A-Za-z0-9+/]{43}$`)

// problems are what is wrong with the fields that may stand in defaults too.
func (n Node) problems() (problems []error) {
	if n.HostKey != "" && !fingerprint.MatchString(n.HostKey) {
		problems = append(problems, fmt.Errorf("host_key %q is no fingerprint such as ssh-keygen -lf prints", n.HostKey))
	}
	if n.Interface != "" {
		if _, err := mmp.Pcap(n.Interface); err != nil {
			problems = append(problems, err)
		}
	}
	if n.Zone != "" {
		if _, err := time.LoadLocation(n.Zone); err != nil {
			problems = append(problems, fmt.Errorf("zone %q is not in the tz database", n.Zone))
		}
	}
	if err := n.Password.check(); err != nil {
		problems = append(problems, err)
	}
	return problems
}

// or fills what the node does not say.
func (n Node) or(d Node) Node {
	for _, f := range []struct{ to, from *string }{{&n.User, &d.User}, {&n.Jump, &d.Jump}, {&n.Interface, &d.Interface}, {&n.Zone, &d.Zone}} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	if n.Port == 0 {
		n.Port = d.Port
	}
	if len(n.Identity) == 0 {
		n.Identity = d.Identity
	}
	if n.Password == (Secret{}) {
		n.Password = d.Password
	}
	return n
}
