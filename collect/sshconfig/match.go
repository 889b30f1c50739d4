package sshconfig

import (
	"path"
	"slices"
	"strings"
)

// criterion is one condition of a Match line.
type criterion struct {
	name     string
	not      bool
	patterns []string
}

// subjects are what the patterns of a criterion are held against; to understand another criterion, add a row.
var subjects = map[string]func(*evaluation) string{
	"host":         func(e *evaluation) string { return strings.ToLower(e.hostName()) },
	"originalhost": func(e *evaluation) string { return strings.ToLower(e.host.Name) },
	"user":         (*evaluation).user,
	"localuser":    func(e *evaluation) string { return e.host.LocalUser },
}

// criteriaOf reads a Match line. Where it is not understood there are none, which holds for no host, and why says what it is.
func criteriaOf(args []string) (criteria []criterion, why string) {
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(args[i], "=")
		c := criterion{name: strings.ToLower(strings.TrimPrefix(name, "!")), not: strings.HasPrefix(name, "!")}
		switch _, patterned := subjects[c.name]; {
		case c.name == "all", c.name == "final", c.name == "canonical":
		case !patterned:
			return nil, c.name + " is not understood here"
		case !given && i+1 == len(args):
			return nil, c.name + " has no pattern"
		default:
			if !given {
				i++
				value = args[i]
			}
			if c.name != "user" && c.name != "localuser" {
				value = strings.ToLower(value) // names of hosts
			}
			c.patterns = strings.Split(value, ",")
		}
		criteria = append(criteria, c)
	}
	return criteria, ""
}

// hold reports whether all criteria do.
func (e *evaluation) hold(criteria []criterion) bool {
	return len(criteria) > 0 && !slices.ContainsFunc(criteria, func(c criterion) bool { return e.holds(c) == c.not })
}

func (e *evaluation) holds(c criterion) bool {
	switch c.name {
	case "all":
		return true
	case "final", "canonical": // no name is made canonical here, so that only "final" asks for the second pass
		return e.final
	}
	return matches(c.patterns, subjects[c.name](e))
}

// matches reports whether one of the patterns matches, and none of those with "!".
func matches(patterns []string, s string) bool {
	found := false
	for _, p := range patterns {
		wanted, not := strings.CutPrefix(p, "!")
		switch {
		case !like(wanted, s):
		case not:
			return false
		default:
			found = true
		}
	}
	return found
}

// literal keeps path.Match from what ssh_config has no special meaning for.
var literal = strings.NewReplacer(`\`, `\\`, "[", `\[`)

// like matches a pattern of "*" and "?". A name has no "/", which path.Match would treat otherwise.
func like(pattern, s string) bool {
	ok, err := path.Match(literal.Replace(pattern), s)
	return ok && err == nil
}
