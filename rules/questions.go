package rules

import (
	"cmp"
	"slices"
	"strings"

	"cbdoctor/fact"
	"cbdoctor/stamp"
)

// What conditions and texts ask the cluster beside its fields. The table methods (environment.go) names each for CEL.

// label is how texts call a node: its address, and its name where one is known.
func (c *Cluster) label(address string) string {
	for _, n := range c.Nodes {
		if n.Address == address && n.Address != "" && n.Name != "" && n.Name != address {
			return address + " (" + n.Name + ")"
		}
	}
	return address
}

// file is the name that the node's own status gives to one of its certificate files, "" when nothing says it.
func (c *Cluster) file(node, key string) string {
	for _, s := range c.Statuses {
		if s.Node == node && s.Certificates[key] != "" {
			return s.Certificates[key]
		}
	}
	return ""
}

// netInterface is the interface that the node uses for the database cluster, "a" being what the documents use when nothing says it.
func (c *Cluster) netInterface(node string) string {
	for _, s := range c.Statuses {
		if s.Node == node && s.Interface != "" {
			return s.Interface
		}
	}
	return "a"
}

// views is every link, and after it what was wrong with it before.
func (c *Cluster) views() []fact.Link {
	var views []fact.Link
	for _, l := range c.Links {
		views = append(append(views, l), l.Earlier...)
	}
	return views
}

// link is what the captures say of a pair; its count is 0 when no capture saw it.
func (c *Cluster) link(client, server string) fact.Link {
	for _, l := range c.Links {
		if l.Client == client && l.Server == server {
			return l
		}
	}
	return fact.Link{Client: client, Server: server}
}

// certificate is the node's certificate of that side that a text should speak of: one that was rejected or has a problem
// before one that is fine. Its file and subject are empty when none was seen.
func (c *Cluster) certificate(node, side string) fact.Certificate {
	best := fact.Certificate{Node: node, Side: side}
	score := -1
	for _, cert := range c.Certificates {
		if cert.Node != node || cert.Side != side {
			continue
		}
		if s := 2*boolRank(cert.Rejected) + boolRank(len(cert.Problems) > 0); s > score {
			best, score = cert, s
		}
	}
	return best
}

// serverFault is what names the reason for which the client rejects the server's certificate: an alert in the server's log or in
// a capture, or a defect of the certificate itself. It is empty when nothing does.
func (c *Cluster) serverFault(client, server string) string {
	for _, m := range c.Messages {
		if m.Node == server && m.Class == "ssl-accept-failed" && m.Alert != "" && sameEnd(m.Peer, client) {
			return m.Alert
		}
	}
	for _, l := range c.Links {
		if l.Client == client && l.Server == server && l.Alert != "" {
			return l.Alert
		}
	}
	for _, cert := range c.Certificates {
		if cert.Node == server && cert.Side == "server" && len(cert.Problems) > 0 {
			return cert.Problems[0]
		}
	}
	return ""
}

// typed is when the command was last given on the node, by its audit line; of a schema upgrade also by the lines of the run itself,
// wherever it ran. It is zero when no log tells.
func (c *Cluster) typed(node, command string) (at stamp.Time) {
	for _, cmd := range c.Commands {
		if cmd.Node == node && cmd.Granted && strings.Join(strings.Fields(cmd.Command), " ") == command {
			at = stamp.Later(at, cmd.Time)
		}
	}
	if at.IsZero() && strings.Contains(command, "upgrade_schema") {
		for _, u := range c.Upgrades {
			at = stamp.Later(at, u.First)
		}
	}
	return at
}

// replaced reports whether the node got through to every peer that it showed the certificate to, after it showed it last: it has
// another one now.
func (c *Cluster) replaced(cert fact.Certificate) bool {
	later := func(peer string) bool {
		l := c.link(cert.Node, peer)
		if cert.Side == "server" {
			l = c.link(peer, cert.Node)
		}
		return !l.LastGood.IsZero() && cert.Last.Before(l.LastGood)
	}
	return len(cert.Peers) > 0 && !cert.Last.IsZero() && !slices.ContainsFunc(cert.Peers, func(peer string) bool { return !later(peer) })
}

// basename is the file name without its ending, for "pki csr"; the names that the documents use when nothing says it.
func (c *Cluster) basename(node, side string) string {
	name, _, _ := strings.Cut(c.file(node, side+"_certificate"), ".")
	if name == "" {
		return "dbcluster" + side
	}
	return name
}

// certsLine is the file names in the order that "database cluster certs" takes them.
func (c *Cluster) certsLine(node string) string {
	var words []string
	for _, file := range []struct{ key, otherwise string }{
		{"server_key", "<server key>"},
		{"server_certificate", "<server certificate>"},
		{"client_key", "<client key>"},
		{"client_certificate", "<client certificate>"},
		{"ca_certificate", "<CA certificate>"},
	} {
		words = append(words, cmp.Or(c.file(node, file.key), file.otherwise))
	}
	return strings.Join(words, " ")
}

// pathsWith is the paths that a firewall has to allow: the pair first, then the way back, then all others, because any
// database node can become the primary.
func (c *Cluster) pathsWith(client, server string) []Path {
	var paths []Path
	for _, p := range append([]Path{newPath(client, server), newPath(server, client)}, c.Paths...) {
		if p.Client != "" && p.Server != "" && !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}
