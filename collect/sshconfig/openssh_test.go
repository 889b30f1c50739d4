package sshconfig

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// compared are the keywords that the collector uses and "ssh -G" prints as they stand.
var compared = []string{"hostname", "port", "user", "proxyjump", "proxycommand", "identityfile", "userknownhostsfile", "identitiesonly"}

// asOpenSSH is what OpenSSH has for a host.
func asOpenSSH(t interface{ Fatalf(string, ...any) }, file string, h Host) map[string]string {
	target := h.Name
	if h.User != "" {
		target = h.User + "@" + target
	}
	out, err := exec.Command("ssh", "-G", "-F", file, target).CombinedOutput()
	if err != nil {
		text, _ := os.ReadFile(file)
		t.Fatalf("ssh -G %s: %v\n%s\n%s", target, err, out, text)
	}
	settings := map[string]string{}
	for line := range strings.Lines(string(out)) {
		keyword, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if slices.Contains(compared, keyword) {
			settings[keyword] = strings.TrimSpace(settings[keyword] + " " + value)
		}
	}
	return settings
}

// asHere is the same of ours, with the defaults that "ssh -G" fills in.
func asHere(t interface{ Fatalf(string, ...any) }, file string, h Host, defaults map[string]string) map[string]string {
	f, err := Read("/nowhere", file, "")
	if err != nil {
		t.Fatalf("%v", err)
	}
	s := f.Settings(h)
	settings := map[string]string{}
	for _, k := range compared {
		value := strings.Join(s.All(k), " ")
		switch {
		case k == "user" && h.User != "":
			value = h.User
		case k == "hostname" && value != "":
			value = strings.ToLower(strings.ReplaceAll(value, "%h", h.Name))
		case k == "hostname":
			value = strings.ToLower(h.Name)
		case k == "proxycommand" && (value == "none" || s.Get("proxyjump") != ""):
			value = ""
		case value == "":
			value = defaults[k]
		}
		if value != "" {
			settings[k] = value
		}
	}
	return settings
}

func hostOf(t testing.TB, name, login string) Host {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return Host{Name: name, User: login, DefaultUser: me.Username, LocalUser: me.Username}
}

func needOpenSSH(t testing.TB) (defaults map[string]string) {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip("there is no ssh (package openssh-client) to compare with")
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return asOpenSSH(t, empty, hostOf(t, "x", ""))
}

// What a configuration says of a host is what OpenSSH's own ssh -G prints: drawn from blocks of every kind, in files that include others.
func TestAsOpenSSH(t *testing.T) {
	t.Parallel()
	defaults := needOpenSSH(t)
	dir := t.TempDir()
	me := hostOf(t, "", "").LocalUser
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.SampledFrom([]string{"a", "b", "ab", "A", "10.0.0.1"})
		pattern := rapid.SampledFrom([]string{"a", "b", "*", "a*", "?", "!a", "!b", "*b", "A", "10.0.0.?", "x"})
		list := func(sep string) string { return strings.Join(rapid.SliceOfN(pattern, 1, 3).Draw(r, "patterns"), sep) }
		users := rapid.SampledFrom([]string{"u", "v", "u,v", "!u,*", me, "x*"})
		criterion := func() string {
			not := rapid.SampledFrom([]string{"", "", "", "!"}).Draw(r, "not")
			switch rapid.IntRange(0, 3).Draw(r, "criterion") {
			case 0:
				return not + "host " + list(",")
			case 1:
				return not + "originalhost " + list(",")
			case 2:
				return not + "user " + users.Draw(r, "user")
			}
			return not + "localuser " + users.Draw(r, "localuser")
		}
		files := 0
		var write func(depth int) string
		write = func(depth int) string {
			var b strings.Builder
			for range rapid.IntRange(1, 8).Draw(r, "lines") {
				switch rapid.IntRange(0, 12).Draw(r, "kind") {
				case 0, 1:
					fmt.Fprintf(&b, "Host %s\n", list(" "))
				case 2, 3:
					match := []string{}
					for range rapid.IntRange(1, 3).Draw(r, "criteria") {
						match = append(match, criterion())
					}
					fmt.Fprintf(&b, "match  %s\n", strings.Join(match, " "))
				case 4:
					b.WriteString(rapid.SampledFrom([]string{"Match all\n", "Match final all\n", "Match final host " + list(",") + "\n", "Match canonical all\n", "Match !final all\n"}).Draw(r, "special"))
				case 5:
					fmt.Fprintf(&b, "  HostName %s\n", rapid.SampledFrom([]string{"a", "b", "%h.b", "ab", "10.0.0.2"}).Draw(r, "hostname"))
				case 6:
					fmt.Fprintf(&b, "  Port=%d # a comment\n", rapid.IntRange(1, 5).Draw(r, "port"))
				case 7:
					fmt.Fprintf(&b, "\tUser \"%s\"\n", rapid.SampledFrom([]string{"u", "v"}).Draw(r, "login"))
				case 8:
					fmt.Fprintf(&b, "IdentityFile /k/%d\n", rapid.IntRange(1, 3).Draw(r, "key"))
				case 9:
					fmt.Fprintf(&b, "ProxyJump = j%d\n", rapid.IntRange(1, 3).Draw(r, "jump"))
				case 10:
					fmt.Fprintf(&b, "UserKnownHostsFile /h/%d /h/more\n", rapid.IntRange(1, 3).Draw(r, "known"))
				case 11:
					fmt.Fprintf(&b, "ProxyCommand = %s\n", rapid.SampledFrom([]string{"none", "nc %h %p", "nc  \"a b\" # c", "= x"}).Draw(r, "command"))
				case 12:
					if depth < 2 {
						fmt.Fprintf(&b, "Include %s\n", write(depth+1))
					}
				}
			}
			files++
			file := filepath.Join(dir, fmt.Sprintf("config%d", files))
			if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
				r.Fatalf("%v", err)
			}
			return file
		}
		file := write(0)
		h := hostOf(t, name.Draw(r, "name"), rapid.SampledFrom([]string{"", "", "u", "w"}).Draw(r, "given user"))
		got, want := asHere(r, file, h, defaults), asOpenSSH(r, file, h)
		for _, k := range compared {
			if got[k] != want[k] {
				var all strings.Builder
				for i := 1; i <= files; i++ {
					text, _ := os.ReadFile(filepath.Join(dir, fmt.Sprintf("config%d", i)))
					fmt.Fprintf(&all, "--- config%d\n%s", i, text)
				}
				r.Fatalf("%s@%s: %s is %q, OpenSSH has %q\n%s", h.User, h.Name, k, got[k], want[k], &all)
			}
		}
	})
}
