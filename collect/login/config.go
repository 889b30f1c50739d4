package login

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"
)

// Config is the user's SSH configuration, as far as it is honoured: Host, HostName, Port, User, IdentityFile, IdentitiesOnly,
// IdentityAgent, ProxyJump, UserKnownHostsFile, KexAlgorithms, Ciphers, MACs, HostKeyAlgorithms, Include, and Match by host alone.
type Config struct {
	Ignored []string // blocks that are not understood, each a sentence with its line

	file *ssh_config.Config
	home string
}

// ReadConfig reads an SSH configuration. One that is not there is empty.
func ReadConfig(name string) (*Config, error) {
	home, _ := os.UserHomeDir() // without one, "~" stays as it is
	c := &Config{home: home}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the SSH configuration: %w", err)
	}
	defer f.Close()
	text, ignored, err := withoutMatch(f)
	if err == nil {
		c.Ignored = ignored
		c.file, err = ssh_config.Decode(strings.NewReader(text))
	}
	if err != nil {
		return nil, fmt.Errorf("read the SSH configuration %s: %w", name, err)
	}
	return c, nil
}

func (c *Config) get(alias, key string) string {
	if c == nil || c.file == nil {
		return ""
	}
	v, _ := c.file.Get(alias, key) // what can't be read is not there
	return v
}

func (c *Config) all(alias, key string) []string {
	if c == nil || c.file == nil {
		return nil
	}
	v, _ := c.file.GetAll(alias, key)
	return v
}

// Names is what the configuration calls an address: the alias of a Host block whose HostName it is, or the address itself where a
// block is of it, and "" where none is. A block for many hosts does not count.
func (c *Config) Names(address string) string {
	if c == nil || c.file == nil {
		return ""
	}
	for _, block := range c.file.Hosts {
		for _, p := range block.Patterns {
			alias := p.String()
			if !strings.ContainsAny(alias, "*?!") && (alias == address || c.get(alias, "HostName") == address) {
				return alias
			}
		}
	}
	return ""
}

// Says reports whether the configuration has a value of a key for an alias.
func (c *Config) Says(alias, key string) bool { return c.get(alias, key) != "" }

// usualKeys are the private keys that OpenSSH tries by itself.
var usualKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// resolved is a target with all that is known of it.
type resolved struct {
	host, user string
	port       int
	jump       string
	keyFiles   []string
	usual      []string // of keyFiles: those that need not be there or of use
	agent      string
	onlyFiles  bool // IdentitiesOnly
	knownHosts []string
	password   func(node string) (string, error)
	hostKey    string
	algorithms Algorithms
}

func (r resolved) endpoint() string { return net.JoinHostPort(r.host, strconv.Itoa(r.port)) }

// resolve asks the target first, then the SSH configuration, then the login.
func (l *Login) resolve(t Target) resolved {
	c := l.Config
	r := resolved{host: t.Host, user: t.User, port: t.Port, jump: t.Jump, agent: l.Agent, password: t.Password, hostKey: t.HostKey, knownHosts: l.KnownHosts}
	if name := c.get(t.Host, "HostName"); name != "" {
		r.host = strings.ReplaceAll(name, "%h", t.Host)
	}
	if p, err := strconv.Atoi(c.get(t.Host, "Port")); r.port == 0 && err == nil {
		r.port = p
	}
	if r.port == 0 {
		r.port = 22
	}
	for _, candidate := range []string{c.get(t.Host, "User"), l.User} {
		if r.user == "" {
			r.user = candidate
		}
	}
	for _, candidate := range []string{l.Jump, c.get(t.Host, "ProxyJump")} {
		if r.jump == "" {
			r.jump = candidate
		}
	}
	if files := c.get(t.Host, "UserKnownHostsFile"); files != "" {
		r.knownHosts = nil
		for _, f := range strings.Fields(files) {
			if f != "none" {
				r.knownHosts = append(r.knownHosts, c.expand(f, t, r))
			}
		}
	}
	if socket := c.get(t.Host, "IdentityAgent"); socket == "none" {
		r.agent = ""
	} else if socket != "" && socket != "SSH_AUTH_SOCK" {
		r.agent = c.expand(socket, t, r)
	}
	r.onlyFiles = strings.EqualFold(c.get(t.Host, "IdentitiesOnly"), "yes")
	r.algorithms = Algorithms{c.get(t.Host, "KexAlgorithms"), c.get(t.Host, "Ciphers"), c.get(t.Host, "MACs"), c.get(t.Host, "HostKeyAlgorithms")}.over(l.Algorithms)
	r.keyFiles = append(r.keyFiles, t.KeyFiles...)
	r.keyFiles = append(r.keyFiles, l.KeyFiles...)
	for _, f := range c.all(t.Host, "IdentityFile") {
		r.usual = append(r.usual, c.expand(f, t, r)) // OpenSSH goes on without one that is not there
	}
	if len(r.keyFiles)+len(r.usual) == 0 && c != nil {
		for _, k := range usualKeys {
			r.usual = append(r.usual, filepath.Join(c.home, ".ssh", k))
		}
	}
	r.keyFiles = append(r.keyFiles, r.usual...)
	return r
}

// expand replaces what ssh_config(5) replaces in names of files.
func (c *Config) expand(file string, t Target, r resolved) string {
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		file = filepath.Join(c.home, rest)
	}
	return strings.NewReplacer("%d", c.home, "%h", r.host, "%n", t.Host, "%r", r.user, "%p", strconv.Itoa(r.port), "%u", os.Getenv("USER"), "%%", "%").Replace(file)
}

// jumps reads a list of jump hosts: "[USER@]HOST[:PORT],...", or "none".
func (l *Login) jumps(list string) ([]Target, error) {
	if list == "" || list == "none" {
		return nil, nil
	}
	var out []Target
	for _, one := range strings.Split(list, ",") {
		t, err := ParseTarget(strings.TrimPrefix(strings.TrimSpace(one), "ssh://"))
		if err != nil {
			return nil, fmt.Errorf("jump host: %w", err)
		}
		t.Jump = "none" // the list says the whole way
		out = append(out, t)
	}
	return out, nil
}
