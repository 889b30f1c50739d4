package collect

import (
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"

	"cbdoctor/strictyaml"
)

// Inventory is the nodes to collect from.
type Inventory struct {
	Nodes []Node `yaml:"nodes"`
}

// Node is how to reach one node. Only Host is needed.
type Node struct {
	Name string `yaml:"name"` // what to call it; its prompt says by default
	Host string `yaml:"host"` // name or address of the MMP interface
	Port int    `yaml:"port"` // SSH port; 22 by default
	User string `yaml:"user"` // MMP user; the one given for all by default
}

func (n Node) endpoint() string {
	port := n.Port
	if port == 0 {
		port = 22
	}
	return net.JoinHostPort(n.Host, strconv.Itoa(port))
}

// ReadInventory reads an inventory file:
//
//	nodes:
//	  - {name: cms01, host: 10.48.36.61, user: admin}
//	  - {host: 10.48.36.118, port: 2222}
//
// A field that is not known is an error that shows its place.
func ReadInventory(path string) (Inventory, error) {
	var inv Inventory
	b, err := os.ReadFile(path)
	if err != nil {
		return inv, fmt.Errorf("read the inventory: %w", err)
	}
	if err := strictyaml.Decode(b, &inv); err != nil {
		return inv, fmt.Errorf("read the inventory %s: %w", path, err)
	}
	if len(inv.Nodes) == 0 {
		return inv, fmt.Errorf("read the inventory %s: there is no node below \"nodes\"", path)
	}
	for i, n := range inv.Nodes {
		if err := n.check(); err != nil {
			return inv, fmt.Errorf("read the inventory %s: node %d: %w", path, i+1, err)
		}
	}
	return inv, nil
}

// ParseNode reads "[USER@]HOST[:PORT]"; an IPv6 address with a port stands in brackets.
func ParseNode(s string) (Node, error) {
	var n Node
	rest := s
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		n.User, rest = rest[:i], rest[i+1:]
	}
	n.Host = rest
	if strings.HasPrefix(rest, "[") || strings.Count(rest, ":") == 1 {
		host, port, err := net.SplitHostPort(rest)
		if err != nil && strings.HasSuffix(rest, "]") {
			host, port, err = strings.Trim(rest, "[]"), "22", nil
		}
		if err != nil {
			return n, fmt.Errorf("node %q: %w", s, err)
		}
		n.Host = host
		if n.Port, err = strconv.Atoi(port); err != nil {
			return n, fmt.Errorf("node %q: %q is no port", s, port)
		}
	}
	if err := n.check(); err != nil {
		return n, fmt.Errorf("node %q: %w", s, err)
	}
	return n, nil
}

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9._:-]+$`)

func (n Node) check() error {
	switch {
	case n.Host == "":
		return errors.New("the host is missing")
	case !hostPattern.MatchString(n.Host) || strings.HasPrefix(n.Host, "-"):
		return fmt.Errorf("%q is no host name or address", n.Host)
	case n.Port < 0 || n.Port > 65535:
		return fmt.Errorf("%d is no port", n.Port)
	}
	return nil
}
