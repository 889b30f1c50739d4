package rules

import (
	"cmp"
	"slices"
)

// inputs tells which kinds of material the set has; a rule without its input is not evaluated, and never "no".
func (c *Cluster) inputs() []string {
	var have []string
	add := func(name string, is bool) {
		if is {
			have = append(have, name)
		}
	}
	hasLog := len(c.Checks)+len(c.Messages)+len(c.Upgrades)+len(c.Commands) > 0
	for _, n := range c.Nodes {
		hasLog = hasLog || n.HasLog
	}
	for _, i := range c.Inputs {
		hasLog = hasLog || i.Kind == "syslog"
	}
	add("capture", len(c.Captures)+len(c.Links) > 0)
	add("certificate", len(c.Certificates)+len(c.Captures)+len(c.Links) > 0)
	add("log", hasLog)
	add("version", len(c.Versions) > 0)
	add("status", len(c.Statuses) > 0)
	return have
}

// missing lists the inputs of the rule that are not there, if none of its signs could be judged.
func (r *Rule) missing(have []string) []string {
	var missing []string
	for _, s := range r.Signs {
		needs := cmp.Or(s.Needs, kindOf(s.For).needs)
		if needs == "" || slices.Contains(have, needs) {
			return nil
		}
		missing = appendNew(missing, needs)
	}
	return missing
}
