package login

import (
	"cmp"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cbdoctor/collect/sshconfig"
)

// Config is the user's SSH configuration and that of the machine, as far as they are honoured: HostName, Port, User, IdentityFile,
// IdentitiesOnly, IdentityAgent, ProxyJump, ProxyCommand, UserKnownHostsFile, GlobalKnownHostsFile, KexAlgorithms, Ciphers, MACs and
// HostKeyAlgorithms, below Host and Match, in files that are included too.
type Config struct {
	*sshconfig.File
	home string
}

// ReadConfig reads the SSH configuration of the user and that of the machine; "" for none. One that is not there is empty.
func ReadConfig(own, system string) (*Config, error) {
	home, _ := os.UserHomeDir() // without one, "~" stays as it is
	f, err := sshconfig.Read(home, own, system)
	if err != nil {
		return nil, err
	}
	return &Config{f, home}, nil
}

// settings are what the configuration has for a host and a user of it; "" for who it is by default.
func (c *Config) settings(host, user, byDefault string) sshconfig.Settings {
	if c == nil {
		return nil
	}
	me := os.Getenv("USER")
	return c.Settings(sshconfig.Host{Name: host, User: user, DefaultUser: cmp.Or(byDefault, me), LocalUser: me})
}

// Names is what the configuration calls an address: the alias of a Host block whose HostName it is, or the address itself where a
// block is of it, and "" where none is. A block for many hosts does not count.
func (c *Config) Names(address string) string {
	if c == nil {
		return ""
	}
	for _, alias := range c.Aliases() {
		if alias == address || c.settings(alias, "", "").Get("HostName") == address {
			return alias
		}
	}
	return ""
}

// Value is what the configuration has of a key for an alias, as it stands there.
func (c *Config) Value(alias, key string) string { return c.settings(alias, "", "").Get(key) }

// Says reports whether the configuration has a value of a key for an alias.
func (c *Config) Says(alias, key string) bool { return c.Value(alias, key) != "" }

// usualKeys are the private keys that OpenSSH tries by itself.
var usualKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// resolved is a target with all that is known of it.
type resolved struct {
	name       string // as it was given
	host, user string
	port       int
	jump       string
	command    string // ProxyCommand, where there are no jump hosts
	keyFiles   []string
	usual      []string // of keyFiles: those that need not be there or of use
	agent      string
	onlyFiles  bool // IdentitiesOnly
	knownHosts []string
	newKeys    string // the file that gets those of new hosts; "": none does
	password   func(node string) (string, error)
	hostKey    string
	algorithms Algorithms
}

func (r resolved) endpoint() string { return net.JoinHostPort(r.host, strconv.Itoa(r.port)) }

// resolve asks the target first, then the SSH configuration, then the login.
func (l *Login) resolve(t Target) resolved {
	c := l.Config
	s := c.settings(t.Host, t.User, l.User)
	r := resolved{name: t.Host, host: t.Host, user: t.User, port: t.Port, jump: t.Jump, agent: l.Agent, password: t.Password, hostKey: t.HostKey}
	if name := s.Get("HostName"); name != "" {
		r.host = strings.NewReplacer("%h", t.Host, "%%", "%").Replace(name)
	}
	r.host = strings.ToLower(r.host) // as OpenSSH does, also for known_hosts
	if p, err := strconv.Atoi(s.Get("Port")); r.port == 0 && err == nil {
		r.port = p
	}
	if r.port == 0 {
		r.port = 22
	}
	for _, candidate := range []string{s.Get("User"), l.User} {
		if r.user == "" {
			r.user = candidate
		}
	}
	for _, candidate := range []string{l.Jump, s.Get("ProxyJump")} {
		if r.jump == "" {
			r.jump = candidate
		}
	}
	if c := s.Get("ProxyCommand"); r.jump == "" && c != "none" {
		r.command = c
	}
	r.knownHosts, r.newKeys = l.known(s, t, r)
	if socket := s.Get("IdentityAgent"); socket == "none" {
		r.agent = ""
	} else if socket != "" && socket != "SSH_AUTH_SOCK" {
		r.agent = c.expand(socket, t, r)
	}
	r.onlyFiles = strings.EqualFold(s.Get("IdentitiesOnly"), "yes")
	r.algorithms = Algorithms{s.Get("KexAlgorithms"), s.Get("Ciphers"), s.Get("MACs"), s.Get("HostKeyAlgorithms")}.over(l.Algorithms)
	r.keyFiles = append(r.keyFiles, t.KeyFiles...)
	r.keyFiles = append(r.keyFiles, l.KeyFiles...)
	for _, f := range s.All("IdentityFile") {
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

// known are the files of known host keys, and the one that gets new ones.
func (l *Login) known(s sshconfig.Settings, t Target, r resolved) (files []string, fresh string) {
	if len(l.KnownHosts) > 0 {
		return l.KnownHosts, l.KnownHosts[0]
	}
	of := func(keyword string, usual []string) (files []string) {
		configured := s.All(keyword)
		if len(configured) == 0 {
			return usual
		}
		for _, f := range configured {
			if f != "none" {
				files = append(files, l.Config.expand(f, t, r))
			}
		}
		return files
	}
	users := of("UserKnownHostsFile", l.Usual.User)
	if len(users) > 0 {
		fresh = users[0]
	}
	return slices.Concat(users, of("GlobalKnownHostsFile", l.Usual.Global)), fresh
}

// expand replaces what ssh_config(5) replaces in names of files.
func (c *Config) expand(file string, t Target, r resolved) string {
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		file = filepath.Join(c.home, rest)
	}
	return strings.NewReplacer("%d", c.home, "%h", r.host, "%n", t.Host, "%r", r.user, "%p", strconv.Itoa(r.port), "%u", os.Getenv("USER"), "%%", "%").Replace(file)
}
