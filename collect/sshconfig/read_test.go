package sshconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t testing.TB, file, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Lines are taken apart as OpenSSH does it.
func TestLines(t *testing.T) {
	t.Parallel()
	defaults := needOpenSSH(t)
	for name, text := range map[string]string{
		"equals sign":          "User=u\nPort = 5\nProxyJump= j",
		"tabs":                 "\tUser\tu\t\n",
		"quotes":               "User \"a b\"\nIdentityFile '/k/a b'\nUserKnownHostsFile \"/h/a b\" /h/c",
		"quotes in a word":     "IdentityFile /k/\"a b\"c",
		"backslashes":          `IdentityFile /k/a\ b` + "\n" + `IdentityFile "/k/a\"b"` + "\n" + `IdentityFile /k/a\\b`,
		"comments":             "# User x\nUser u # not this\nIdentityFile /k#1 #2",
		"capital letters":      "USER u\nhostNAME h\n",
		"the first one counts": "User u\nUser v\nHost *\nPort 5\nPort 6\n",
		"several patterns":     "Host x\nPort 5\nHost y z\nPort 6\nHost * !z\nUser u\n",
		"quoted pattern":       "Host \"z\"\nPort 5\n",
		"line ends of Windows": "User u\r\nPort 5\r\n",
		"no line end":          "User u",
	} {
		file := write(t, filepath.Join(t.TempDir(), "config"), text)
		h := hostOf(t, "z", "")
		got, want := asHere(t, file, h, defaults), asOpenSSH(t, file, h)
		for _, k := range compared {
			if got[k] != want[k] {
				t.Errorf("%s: %s is %q, OpenSSH has %q", name, k, got[k], want[k])
			}
		}
	}
}

// What is included is found beside the configuration and below the home directory, by pattern; what is not there is done without.
func TestInclude(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	write(t, filepath.Join(home, ".ssh", "conf.d", "1"), "Host cms01\n  HostName 10.48.36.61\n")
	write(t, filepath.Join(home, ".ssh", "conf.d", "2"), "Match host 10.48.36.61 user admin\n  Port 2201\n")
	write(t, filepath.Join(home, "more"), "User admin\nInclude ~/more\n")
	config := write(t, filepath.Join(home, ".ssh", "config"), "Include ~/none conf.d/*\nHost other\n  Include ~/more\n")
	if _, err := Read(home, config, ""); err == nil || !strings.Contains(err.Error(), "include each other") {
		t.Errorf("a file that includes itself: %v", err)
	}
	write(t, filepath.Join(home, "more"), "User admin\n")
	f, err := Read(home, config, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, user, want string }{{"cms01", "admin", "10.48.36.61 2201 "}, {"cms01", "bob", "10.48.36.61  "}, {"other", "", "  admin"}, {"user", "admin", "  "}} {
		s := f.Settings(Host{Name: c.name, User: c.user})
		if got := s.Get("HostName") + " " + s.Get("Port") + " " + s.Get("User"); got != c.want {
			t.Errorf("%s@%s: %q, want %q", c.user, c.name, got, c.want)
		}
	}
	if names := strings.Join(f.Aliases(), " "); names != "cms01 other" {
		t.Errorf("aliases: %s", names)
	}
}

// Of a Match block that is not understood nothing is used, and it is told where it stands; no command is ever run.
func TestNotUnderstood(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	inner := write(t, filepath.Join(dir, "inner"), "\nMatch exec \"touch "+ran+"\"\n  Port 1\n")
	f, err := Read(dir, write(t, filepath.Join(dir, "config"), "Include "+inner+"\nMatch host a tagged b\n  Port 2\nMatch all\n  Port 3\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Settings(Host{Name: "a"}).Get("Port"); got != "3" {
		t.Errorf("port %s", got)
	}
	if told := strings.Join(f.Ignored, "\n"); len(f.Ignored) != 2 || !strings.Contains(told, inner+":2: ") || !strings.Contains(told, "tagged is not understood") {
		t.Errorf("it told %q", told)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the command was run")
	}
}

// What the user's own configuration does not say, that of the machine does, with what stands beside it.
func TestSystem(t *testing.T) {
	t.Parallel()
	home, etc := t.TempDir(), t.TempDir()
	own := write(t, filepath.Join(home, ".ssh", "config"), "Host cms01\n  User admin\nMatch final host 10.48.36.61\n  IdentityFile ~/final\nHost other\n")
	system := write(t, filepath.Join(etc, "ssh_config"), "Port 2200\nInclude conf.d/*.conf none\nHost cms01\n  User nobody\n  IdentityFile ~/more\n")
	write(t, filepath.Join(etc, "conf.d", "1.conf"), "Host cms01\n  HostName 10.48.36.61\n  ProxyCommand nc %h %p\n")
	for name, places := range map[string][2]string{"both": {own, system}, "the user's is not there": {own + "x", system}, "none of the machine": {own, ""}} {
		f, err := Read(home, places[0], places[1])
		if err != nil {
			t.Fatal(err)
		}
		s := f.Settings(Host{Name: "cms01"})
		got := strings.Join([]string{s.Get("user"), s.Get("hostname"), s.Get("port"), s.Get("proxycommand"), strings.Join(s.All("identityfile"), " ")}, ", ")
		want := map[string]string{
			"both": "admin, 10.48.36.61, 2200, nc %h %p, ~/more ~/final", "the user's is not there": "nobody, 10.48.36.61, 2200, nc %h %p, ~/more", "none of the machine": "admin, cms01, , , ",
		}[name]
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{"Host a b\n HostName %h\nMatch host=a !user \"b c\"\nPort 1", "Match", "Include x\n#\n\"", "Host [\nMatch host \\,["} {
		f.Add([]byte(text), "a")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		file := filepath.Join(dir, "config")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := Read(dir, file, file); err == nil {
			c.Settings(Host{Name: name})
			c.Aliases()
		}
	})
}
