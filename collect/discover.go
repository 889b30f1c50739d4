package collect

import (
	"context"
	"fmt"
	"net"
	"strings"

	"cbdoctor/collect/login"
	"cbdoctor/collect/mmp"
	"cbdoctor/lazyregexp"
)

// member is a line of "database cluster status" that names a node: an address and, with "(me)", the node that was asked.
var member = lazyregexp.New(`(?m)^\s+([0-9A-Fa-f:.]{3,45}?)(\s+\(me\))?\s*:\s+\S`)

// Discover asks one node for the others of its cluster. They are taken to be reached and logged in to as that one is.
func Discover(ctx context.Context, seed Node, l *login.Login) ([]Node, error) {
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
	return membersOf(out, seed), nil
}

// membersOf reads the addresses of a status. The seed stays as it was named, since it is known to be reached so.
func membersOf(status string, seed Node) []Node {
	nodes := []Node{seed}
	known := map[string]bool{seed.Host: true}
	for _, m := range member.FindAllStringSubmatch(status, -1) {
		ip := net.ParseIP(strings.TrimSpace(m[1]))
		if ip == nil || m[2] != "" || known[ip.String()] {
			continue
		}
		known[ip.String()] = true
		n := seed
		n.Name, n.Host, n.HostKey = "", ip.String(), ""
		nodes = append(nodes, n)
	}
	return nodes
}
