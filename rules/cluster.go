package rules

import (
	"math"
	"slices"
	"strings"

	"cbdoctor/capture"
	"cbdoctor/capture/points"
	"cbdoctor/fact"
	"cbdoctor/lang"
	"cbdoctor/stamp"
)

// Cluster is the fact.Set as conditions see it: the same facts, and what follows from them without any judgement.
type Cluster struct {
	Port      int         `cel:"port"`
	Nodes     []fact.Node `cel:"nodes"`
	Databases []string    `cel:"databases"` // addresses of the database nodes
	Primary   string      `cel:"primary"`   // its address, or that of the one that was; empty when nobody or several are
	// PrimaryName is the primary as texts call it, and PrimaryArgument as commands do, with stand-ins when it is not known.
	PrimaryName     string             `cel:"primary_name"`
	PrimaryArgument string             `cel:"primary_argument"`
	Primaries       []string           `cel:"primaries"` // every node that some current status calls primary, or that calls itself so
	Replicas        []string           `cel:"replicas"`
	Paths           []Path             `cel:"paths"`    // every direction between two database nodes
	Statuses        []fact.Status      `cel:"statuses"` // the latest of each node
	Members         []Member           `cel:"members"`  // the lines under "Nodes:" of these
	Checks          []fact.HealthCheck `cel:"checks"`
	Messages        []fact.Message     `cel:"messages"`
	Upgrades        []fact.Upgrade     `cel:"upgrades"`
	Commands        []fact.Command     `cel:"commands"`
	Links           []fact.Link        `cel:"links"`
	Certificates    []fact.Certificate `cel:"certificates"`
	Clocks          []fact.Clock       `cel:"clocks"`
	Captures        []Capture          `cel:"captures"`
	Inputs          []fact.Input       `cel:"inputs"`
	Gaps            []fact.Gap         `cel:"gaps"`
	Versions        []string           `cel:"versions"` // different CMS versions, sorted

	known map[string][]known // by kind, see facts
}

// Path is one direction between two database nodes.
type Path struct {
	Client string `cel:"client"`
	Server string `cel:"server"`
	V6     bool   `cel:"v6"`
}

// Member is one node's line in one status: what Node says of Address.
type Member struct {
	Status    fact.Status `cel:"status"`
	Node      string      `cel:"node"` // whose status it is
	Address   string      `cel:"address"`
	Me        bool        `cel:"me"`
	Connected bool        `cel:"connected"`
	Role      string      `cel:"role"`
	InSync    string      `cel:"in_sync"`
	Text      string      `cel:"text"`
	Line      int         `cel:"line"`
}

// Capture is one capture file, with its sessions counted.
type Capture struct {
	File         string         `cel:"file"`
	Format       string         `cel:"format"`
	Packets      int64          `cel:"packets"`
	PortPackets  int64          `cel:"port_packets"`
	Problem      string         `cel:"problem"`
	First        stamp.Time     `cel:"first"`
	Last         stamp.Time     `cel:"last"`
	Sessions     int            `cel:"sessions"`
	Verdicts     map[string]int `cel:"verdicts"`
	Observations map[string]int `cel:"observations"`
	Dropped      int64          `cel:"dropped"` // packets that the capturing host says it lost
	Witness      bool           `cel:"witness"` // it proves, with a capture of another point, what vanishes between the two
}

func newCluster(s *fact.Set, l lang.Lang) *Cluster {
	c := &Cluster{
		known: map[string][]known{}, Port: int(s.Port), Nodes: s.Nodes, Checks: s.HealthChecks, Messages: s.Messages, Upgrades: s.Upgrades,
		Commands: s.Commands, Links: s.Links, Certificates: s.Certificates, Clocks: s.Clocks, Inputs: s.Inputs, Gaps: s.Gaps,
	}
	if c.Port == 0 {
		c.Port = 5432
	}
	for _, status := range s.Statuses {
		if !status.Superseded {
			c.Statuses = append(c.Statuses, status)
		}
	}
	for _, status := range c.Statuses {
		for _, m := range status.Members {
			c.Members = append(c.Members, Member{
				Status: status, Node: status.Node, Address: m.Address, Me: m.Me, Connected: m.Connected,
				Role: m.Role, InSync: m.InSync, Text: m.Text, Line: m.Line,
			})
		}
	}
	for _, result := range s.Captures {
		capture := countCapture(result)
		capture.Witness = slices.ContainsFunc(s.Paths, func(p points.Path) bool {
			return p.Verdict != "" && (p.Near.File == result.File || p.Far.File == result.File)
		})
		c.Captures = append(c.Captures, capture)
	}
	c.findRoles()
	c.nameThePrimary(l)
	for _, a := range c.Databases {
		for _, b := range c.Databases {
			if a != b {
				c.Paths = append(c.Paths, newPath(a, b))
			}
		}
	}
	for _, n := range c.Nodes {
		if n.Version != "" {
			c.Versions = appendNew(c.Versions, n.Version)
		}
	}
	slices.Sort(c.Versions)
	return c
}

// findRoles collects the database nodes from the statuses first, because a status names them in the order of the cluster,
// then from whatever else named one.
func (c *Cluster) findRoles() {
	for _, m := range c.Members {
		if m.Role != fact.Client {
			c.Databases = appendNew(c.Databases, m.Address)
		}
		if m.Role == fact.Primary && m.Connected {
			c.Primaries = appendNew(c.Primaries, m.Address)
		}
	}
	for _, n := range c.Nodes {
		if n.Address == "" {
			continue
		}
		if n.Database || n.Role == fact.Primary || n.Role == fact.Replica {
			c.Databases = appendNew(c.Databases, n.Address)
		}
		if n.Role == fact.Primary && len(c.Statuses) == 0 {
			c.Primaries = appendNew(c.Primaries, n.Address)
		}
	}
	switch len(c.Primaries) {
	case 0:
		c.Primary = c.formerPrimary()
	case 1:
		c.Primary = c.Primaries[0]
	}
	for _, address := range c.Databases {
		if !slices.Contains(c.Primaries, address) && address != c.Primary {
			c.Replicas = append(c.Replicas, address)
		}
	}
}

func (c *Cluster) nameThePrimary(l lang.Lang) {
	c.PrimaryName, c.PrimaryArgument = l.T("the primary"), "<address of the primary>"
	if c.Primary != "" {
		c.PrimaryName, c.PrimaryArgument = c.label(c.Primary), c.Primary
	}
}

// formerPrimary is the node that the statuses still use or had joined, when no node is called primary any more.
func (c *Cluster) formerPrimary() string {
	for _, s := range c.Statuses {
		if s.NodeInUse != "" {
			return s.NodeInUse
		}
	}
	for _, s := range c.Statuses {
		if _, target, joined := strings.Cut(s.LastCommand, "database cluster join "); joined {
			return strings.TrimSpace(target)
		}
	}
	return ""
}

func countCapture(r *capture.Result) Capture {
	c := Capture{
		File: r.File, Format: r.Format, Packets: r.Packets, PortPackets: r.PortPackets, Problem: r.Problem,
		First: r.First, Last: r.Last, Verdicts: map[string]int{}, Observations: map[string]int{},
	}
	if r.Notes != nil {
		c.Dropped = int64(min(r.Notes.Dropped, math.MaxInt64))
	}
	for _, p := range r.Pairs {
		for verdict, n := range p.Sessions {
			c.Verdicts[string(verdict)] += int(n)
			c.Sessions += int(n)
		}
		for observation, n := range p.Observations {
			c.Observations[observation] += int(n)
		}
	}
	return c
}

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
		words = append(words, first(c.file(node, file.key), file.otherwise))
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

func newPath(client, server string) Path {
	return Path{Client: client, Server: server, V6: slices.Contains([]byte(client), ':')}
}

func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
