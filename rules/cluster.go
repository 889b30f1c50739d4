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

func newPath(client, server string) Path {
	return Path{Client: client, Server: server, V6: slices.Contains([]byte(client), ':')}
}
