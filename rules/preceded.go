package rules

import (
	"slices"
	"strings"
	"time"

	"cbdoctor/fact"
	"cbdoctor/finding"
)

// What people typed shortly before a failure began is often its reason: it is told with the finding.

// Bounds of "shortly before". A command takes a moment to have its effect, and clocks differ by a second.
const (
	precedes    = 15 * time.Minute
	afterwards  = 2 * time.Second
	maxPreceded = 3
)

// changing are the commands that can break the database cluster: they begin with these words, and do not only show something.
var changing = []string{
	"database cluster initialize", "database cluster join", "database cluster connect", "database cluster remove", "database cluster localnode", "database cluster certs",
	"database cluster upgrade_schema", "database cluster clear", "database restore", "reboot", "shutdown", "upgrade", "factory_reset", "backup rollback", "ipv4", "ipv6", "iface", "hostname",
	"ntp server", "timezone", "date set", "pki", "tls", "fips", "callbridge restart",
}

// showing are those of them that only show something.
var showing = []string{"pki list", "pki inspect", "pki verify", "pki match", "ntp server list"}

func changes(command string) bool {
	command = strings.Join(strings.Fields(command), " ")
	has := func(prefix string) bool {
		rest, is := strings.CutPrefix(command, prefix)
		return is && (rest == "" || rest[0] == ' ')
	}
	if slices.ContainsFunc(showing, has) || (has("ipv4") || has("ipv6") || has("iface")) && len(strings.Fields(command)) < 3 {
		return false
	}
	return slices.ContainsFunc(changing, has)
}

// tellCommands adds to a root cause the commands that were typed on its nodes, or to the cluster anywhere, shortly before it began.
func (c *Catalog) tellCommands(d *draft, cluster *Cluster) {
	if d.Role != finding.RootCause || d.First.IsZero() || d.FixArea == "capture" {
		return
	}
	concerns := func(cmd *fact.Command) bool {
		return slices.Contains([]string{d.Subject.Node, d.Subject.Client, d.Subject.Server}, cmd.Node) || strings.HasPrefix(cmd.Command, "database")
	}
	var near []*fact.Command
	begin, end := d.First.T.Add(-precedes), d.First.T.Add(afterwards)
	for i := range cluster.Commands {
		cmd := &cluster.Commands[i]
		if !cmd.Time.T.Before(begin) && !cmd.Time.T.After(end) && cmd.Granted && concerns(cmd) && changes(cmd.Command) {
			near = append(near, cmd)
		}
	}
	for _, cmd := range near[max(0, len(near)-maxPreceded):] {
		node, at := cluster.label(cmd.Node), cmd.Time.T.Format("15:04:05")
		text := c.lang.T(`%q was typed on %s at %s by %s.`, cmd.Command, node, at, cmd.User) // what failed is the command itself, mostly
		if before := d.First.T.Sub(cmd.Time.T); before >= time.Second {
			text = c.lang.T(`%q was typed on %s at %s by %s, %s before the first failure.`, cmd.Command, node, at, cmd.User, c.inWords(before))
		}
		d.Summary = strings.TrimSpace(d.Summary + " " + text)
		d.PrecededBy = append(d.PrecededBy, cmd.Source)
		d.Evidence = append(d.Evidence, cmd.Source)
	}
}

// inWords is a length of time as people say it.
func (c *Catalog) inWords(d time.Duration) string {
	if d < 2*time.Minute {
		return c.lang.Plural(int(d.Round(time.Second)/time.Second), "1 second", "%d seconds")
	}
	return c.lang.Plural(int(d.Round(time.Minute)/time.Minute), "1 minute", "%d minutes")
}
