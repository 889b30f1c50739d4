package sshconfig

import (
	"slices"
	"strings"
)

// Host is whom the settings are for.
type Host struct {
	Name        string // as it was given
	User        string // that was given with it; "": none
	DefaultUser string // who it is where neither says
	LocalUser   string
}

// Settings are what a configuration has for a host: the arguments of the first line of each keyword, and of all of them for IdentityFile.
type Settings map[string][]string

// Get is the first argument; "" where there is no such line.
func (s Settings) Get(keyword string) string {
	if args := s[strings.ToLower(keyword)]; len(args) > 0 {
		return args[0]
	}
	return ""
}

// All are all arguments.
func (s Settings) All(keyword string) []string { return s[strings.ToLower(keyword)] }

// Settings says what the file has for a host. Of several values the first one counts.
func (f *File) Settings(h Host) Settings {
	s := Settings{}
	e := evaluation{host: h, name: h.Name, settings: s}
	e.run(f.lines, true, false)
	if f.final { // with the name that was found, which it does not change
		e.final, e.name = true, strings.ToLower(e.hostName())
		s["hostname"] = []string{e.name}
		e.run(f.lines, true, false)
	}
	return s
}

// Aliases are the names in Host lines that stand for one host each.
func (f *File) Aliases() []string { return aliases(f.lines) }

func aliases(lines []line) (names []string) {
	for _, l := range lines {
		names = append(names, aliases(l.included)...)
		if l.keyword == "host" {
			names = append(names, slices.DeleteFunc(slices.Clone(l.args), func(p string) bool { return strings.ContainsAny(p, "*?!") })...)
		}
	}
	return names
}

// evaluation is one pass over the lines, or two.
type evaluation struct {
	host     Host
	name     string // that Host lines are about
	settings Settings
	final    bool // the second one
}

// run takes the settings that hold. active is whether those before the first block do; in what is included where they do not, no block does.
func (e *evaluation) run(lines []line, active, never bool) {
	outer := active
	for _, l := range lines {
		switch l.keyword {
		case endOfFile:
			active = outer
		case "host":
			active = !never && matches(l.args, e.name)
		case "match":
			active = !never && e.hold(l.criteria)
		case "include":
			e.run(l.included, active, never || !active)
		case "identityfile":
			if active && !slices.Contains(e.settings[l.keyword], l.args[0]) {
				e.settings[l.keyword] = append(e.settings[l.keyword], l.args[0])
			}
		case "proxyjump", "proxycommand": // the first of both counts
			if active && e.settings["proxyjump"] == nil && e.settings["proxycommand"] == nil {
				e.settings[l.keyword] = l.args
			}
		default:
			if _, have := e.settings[l.keyword]; active && !have {
				e.settings[l.keyword] = l.args
			}
		}
	}
}

// hostName is that of the host as far as the settings are read.
func (e *evaluation) hostName() string {
	name := e.settings.Get("hostname")
	if name == "" {
		return e.host.Name
	}
	return strings.NewReplacer("%h", e.host.Name, "%%", "%").Replace(name)
}

// user is that of the login as far as the settings are read.
func (e *evaluation) user() string {
	for _, u := range []string{e.host.User, e.settings.Get("user")} {
		if u != "" {
			return u
		}
	}
	return e.host.DefaultUser
}
