package collect

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"cbdoctor/collect/login"
	"cbdoctor/collect/mmp"
	"cbdoctor/lazyregexp"
)

// member is a line of "database cluster status" that names a node: an address and, with "(me)", the node that was asked.
var member = lazyregexp.New(`(?m)^\s+([0-9A-Fa-f:.]{3,45}?)(\s+\(me\))?\s*:\s+\S`)

// Discover asks the first of the named nodes for the others of its cluster and returns those that are not named yet. What the SSH
// configuration has of an address, that is used; for the rest a node is taken to be reached and logged in to as the first one is.
func Discover(ctx context.Context, named []Node, l *login.Login) ([]Node, error) {
	seed := named[0]
	conn, _, err := l.Dial(ctx, seed.Target(), 0)
	if err != nil {
		return nil, fmt.Errorf("ask %s for its cluster: %w", seed, err)
	}
	defer conn.Close()
	s, err := mmp.Open(ctx, conn, login.Timeout)
	if err != nil {
		return nil, fmt.Errorf("ask %s for its cluster: %w", seed, err)
	}
	defer s.Close()
	out, err := s.Run(ctx, mmp.ClusterStatus, login.Timeout)
	if err != nil {
		return nil, fmt.Errorf("ask %s for its cluster: %w", seed, err)
	}
	known := map[string]bool{}
	for _, n := range named {
		for _, address := range addressesOf(ctx, n, l) {
			known[address] = true
		}
	}
	var nodes []Node
	for _, address := range membersOf(out) {
		if !known[address] {
			nodes = append(nodes, like(seed, address, l.Config))
		}
	}
	return nodes, nil
}

// addressesOf are the addresses at which a named node is reached, as far as this machine knows.
func addressesOf(ctx context.Context, n Node, l *login.Login) []string {
	host, _, err := net.SplitHostPort(l.Endpoint(n.Target()))
	if err != nil {
		return nil
	}
	if ip := net.ParseIP(host); ip != nil {
		return []string{ip.String()}
	}
	ctx, cancel := context.WithTimeout(ctx, login.Timeout)
	defer cancel()
	found, _ := net.DefaultResolver.LookupIPAddr(ctx, host) // a jump host may know the name
	var out []string
	for _, a := range found {
		out = append(out, a.IP.String())
	}
	return out
}

// membersOf reads the addresses of a status, other than that of the node that was asked.
func membersOf(status string) (addresses []string) {
	for _, m := range member.FindAllStringSubmatch(status, -1) {
		ip := net.ParseIP(strings.TrimSpace(m[1]))
		if ip != nil && m[2] == "" && !slices.Contains(addresses, ip.String()) {
			addresses = append(addresses, ip.String())
		}
	}
	return addresses
}

// like makes a node of an address, with the seed's settings where the SSH configuration has none of its own for it.
func like(seed Node, address string, c *login.Config) Node {
	n := seed
	n.Name, n.Host, n.HostKey = "", address, ""
	alias := c.Names(address)
	if alias == "" { // what stands below the name of the first one alone holds for the others of its cluster
		for _, f := range []struct {
			to  *string
			key string
		}{{&n.User, "User"}, {&n.Jump, "ProxyJump"}} {
			if *f.to == "" && !c.Says(address, f.key) {
				*f.to = c.Value(seed.Host, f.key)
			}
		}
		if n.Port == 0 && !c.Says(address, "Port") {
			n.Port, _ = strconv.Atoi(c.Value(seed.Host, "Port")) // none is 0
		}
		return n
	}
	n.Host = alias
	if c.Says(alias, "Port") {
		n.Port = 0
	}
	if c.Says(alias, "User") {
		n.User = ""
	}
	if c.Says(alias, "IdentityFile") {
		n.Identity = nil
	}
	if c.Says(alias, "ProxyJump") || c.Says(alias, "ProxyCommand") {
		n.Jump = ""
	}
	return n
}
