package collect

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"cbdoctor/collect/login"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

// The status of one node names the others, whatever its form; what the SSH configuration knows of one is used for it.
func TestMembers(t *testing.T) {
	t.Parallel()
	status := "Status                   : Enabled\n\nNodes:\n    10.48.36.61 (me)     : Connected Primary\n    10.48.36.118         : Connection Failed\n    2001:db8::2 : Connected Replica ( In Sync )\n    10.48.36.119 : Connected Replica\nNode in use              : 10.48.36.61\n\nInterface                : a\n  Server Key             : a.key\n"
	file := filepath.Join(t.TempDir(), "config")
	sshdtest.Write(t, file, "Host cms03 third\n  HostName 10.48.36.119\n  Port 2200\n  IdentityFile /keys/three\nHost 2001:db8::2\n  User bob\nHost *\n  User carol\n")
	config, err := login.ReadConfig(file, "")
	if err != nil {
		t.Fatal(err)
	}
	seed := Node{Host: "10.48.36.61", Port: 2222, User: "admin", Name: "cms01", HostKey: "SHA256:x", Identity: []string{"/keys/all"}}
	sshdtest.Write(t, file+"2", "Host first\n  HostName 10.48.36.61\n  Port 2300\n  User dave\n  ProxyJump gate\nHost 10.48.36.119\n  ProxyJump none\n")
	alias, err := login.ReadConfig(file+"2", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		seed   Node
		config *login.Config
		want   string
	}{
		"a name of one":           {Node{Host: "first"}, alias, "dave@10.48.36.118:2300 []gate dave@[2001:db8::2]:2300 []gate 10.48.36.119 []"},
		"without a configuration": {seed, nil, "admin@10.48.36.118:2222 [/keys/all] admin@[2001:db8::2]:2222 [/keys/all] admin@10.48.36.119:2222 [/keys/all]"},
		"with one":                {seed, config, "admin@10.48.36.118:2222 [/keys/all] [2001:db8::2]:2222 [/keys/all] cms03 []"},
	} {
		var got []string
		for _, address := range membersOf(status) {
			n := like(c.seed, address, c.config)
			got = append(got, fmt.Sprint(n, n.Identity, n.HostKey)+n.Jump)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

// Discover finds the nodes that the first one names and nobody else did; each is collected from on its own port.
func TestDiscover(t *testing.T) {
	t.Parallel()
	port := sshdtest.FreePort(t)
	var nodes []sim.Node
	for i, address := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"} {
		n := node(fmt.Sprintf("cms%02d", i+1), file("log", "x\n"))
		n.Listen = address
		n.Answers["database cluster status"] = "Status : Enabled\n\nNodes:\n    127.0.0.2 : Connected Primary\n    127.0.0.3 : Connected Replica\n    127.0.0.4 : Connected Replica\n"
		nodes = append(nodes, n)
	}
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Port: port, Nodes: nodes})
	l := simLogin(t, c, "x")
	config := filepath.Join(t.TempDir(), "config")
	sshdtest.Write(t, config, fmt.Sprintf("Host second\n  HostName 127.0.0.3\n  Port %d\nHost third\n  HostName 127.0.0.4\n  Port %d\n", port, port))
	var err error
	if l.Config, err = login.ReadConfig(config, ""); err != nil {
		t.Fatal(err)
	}
	named := []Node{{Host: "second"}, {Host: "127.0.0.2", Port: port}}
	found, err := Discover(t.Context(), named, &l)
	if err != nil || len(found) != 1 || found[0].Host != "third" {
		t.Fatal(found, err)
	}
	m, dir := collectTo(t, Inventory{Nodes: append(named, found...)}, Options{Login: l})
	checkBundle(t, m, dir)
	if !m.Complete() || len(m.Nodes) != 3 {
		t.Errorf("%+v", m.Nodes)
	}
}
