package sim

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/collect/faulty"
	"cbdoctor/strictyaml"
)

// Scenario is a cluster at one moment. In YAML the fields have their names in small letters; docs/sim.md shows a whole one.
type Scenario struct {
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	Port     int    `yaml:"port"` // of nodes that have an address of their own to listen on; 0: a free one each
	Nodes    []Node `yaml:"nodes"`
}

// Node is one machine.
type Node struct {
	Name    string            `yaml:"name"`    // host name; the prompt is made of it
	Address string            `yaml:"address"` // in the cluster; the node is reached on loopback all the same
	Listen  string            `yaml:"listen"`  // loopback address to listen on; default 127.0.0.1
	Answers map[string]string `yaml:"answers"` // output of each command that it knows
	Files   []File            `yaml:"files"`   // of the SFTP root
	Login   Login             `yaml:"login"`   // how one logs in; the zero value takes the scenario's user and password
	Shell   Shell             `yaml:"shell"`   // how the command line behaves
	Follow  []Line            `yaml:"follow"`  // what "syslog follow" prints
	Capture *File             `yaml:"capture"` // what "pcap" leaves in the SFTP root when it is stopped; none: the command is unknown
	Faults  Faults            `yaml:"faults"`
	Link    *faulty.Link      `yaml:"link"` // what is wrong with the way to it; each connection fares the same
}

// File is one file of a node.
type File struct {
	Name    string    `yaml:"name"`
	Content []byte    `yaml:"-"`
	Text    string    `yaml:"text"`     // its content in a scenario file, or
	Path    string    `yaml:"path"`     // a file beside the scenario that has it
	ModTime time.Time `yaml:"modified"` // default: when the simulation began
	Grows   int       `yaml:"grows"`    // bytes that are appended at each read, as to a log that is in use
	Claims  int64     `yaml:"claims"`   // size that the node tells, when it is not the true one
}

// Line is one line of a followed log, After the one before it.
type Line struct {
	After time.Duration `yaml:"after"`
	Text  string        `yaml:"text"`
}

// Login is which proofs a node accepts.
type Login struct {
	Methods        []string        `yaml:"methods"`  // "password", "keyboard-interactive", "publickey"; none: password
	Password       string          `yaml:"password"` // instead of the scenario's
	AuthorizedKeys []ssh.PublicKey `yaml:"-"`
}

// Shell is how the command line of a node behaves.
type Shell struct {
	Banner     string `yaml:"banner"`      // before the first prompt
	Color      bool   `yaml:"color"`       // the prompt has escape codes
	Pager      int    `yaml:"pager"`       // lines after which a key is awaited; 0: never
	NoTerminal bool   `yaml:"no_terminal"` // only exec channels are served
	NoExec     bool   `yaml:"no_exec"`     // only terminals are served
}

// Faults are what is wrong with a node's SSH service.
type Faults struct {
	Hang     []string `yaml:"hang"`     // commands that never end
	NoSFTP   bool     `yaml:"no_sftp"`  // the subsystem is refused
	Channels int      `yaml:"channels"` // how many channels one connection may have open; 0: any number
}

// ReadScenario reads a scenario file. A field that is not known is an error that shows its place.
func ReadScenario(path string) (Scenario, error) {
	s := Scenario{User: "admin", Password: "demo"}
	b, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("read the scenario: %w", err)
	}
	if err := strictyaml.Decode(b, &s); err != nil {
		return s, fmt.Errorf("read the scenario %s: %w", path, err)
	}
	if len(s.Nodes) == 0 {
		return s, fmt.Errorf("read the scenario %s: there is no node below \"nodes\"", path)
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Name == "" {
			return s, fmt.Errorf("read the scenario %s: node %d has no name", path, i+1)
		}
		if ip := net.ParseIP(n.Listen); n.Listen != "" && (ip == nil || !ip.IsLoopback()) {
			return s, fmt.Errorf("read the scenario %s: node %s: %q is no loopback address to listen on", path, n.Name, n.Listen)
		}
		files := make([]*File, 0, len(n.Files)+1)
		for j := range n.Files {
			files = append(files, &n.Files[j])
		}
		if n.Capture != nil {
			files = append(files, n.Capture)
		}
		for _, f := range files {
			if err := f.load(filepath.Dir(path)); err != nil {
				return s, fmt.Errorf("read the scenario %s: node %s, file %q: %w", path, n.Name, f.Name, err)
			}
		}
	}
	return s, nil
}

func (f *File) load(dir string) error {
	switch {
	case f.Name == "":
		return errors.New("it has no name")
	case f.Path == "":
		f.Content = []byte(f.Text)
		return nil
	}
	path := f.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	var err error
	f.Content, err = os.ReadFile(path)
	return err
}
