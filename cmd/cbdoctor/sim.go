package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"cbdoctor/collect/sim"
)

type simOptions struct {
	scenario   string
	knownHosts string
	inventory  string
}

func newSimCommand() *cobra.Command {
	var o simOptions
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Start a simulated cluster for training and tests",
		Long: `Starts simulated CMS nodes on loopback addresses: real SSH servers with the MMP command line and the files of a scenario,
and with the faults that it says. docs/sim.md describes scenarios; without one it is the cluster of the demo.
It prints where the nodes listen and runs until it is interrupted. Nothing but loopback is ever listened on.`,
		Example: `  cbdoctor sim --scenario training.yaml --inventory nodes.yaml
  CMS=demo cbdoctor collect --inventory nodes.yaml --password-env CMS -o bundle`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSim(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.scenario, "scenario", "", "YAML file with the cluster (docs/sim.md)")
	f.StringVar(&o.knownHosts, "known-hosts", "", "write the nodes' host keys to this file")
	f.StringVar(&o.inventory, "inventory", "", `write an inventory of the nodes for "collect --inventory" to this file`)
	return cmd
}

func runSim(cmd *cobra.Command, o simOptions) error {
	scenario := sim.Incident(time.Now())
	if o.scenario != "" {
		var err error
		if scenario, err = sim.ReadScenario(o.scenario); err != nil {
			return inputError(withHint(err, "docs/sim.md shows a whole scenario"))
		}
	}
	cluster, err := sim.Start(scenario)
	if err != nil {
		return inputError(err)
	}
	defer cluster.Close()
	for _, file := range []struct{ name, content string }{{o.knownHosts, cluster.KnownHosts()}, {o.inventory, inventoryText(scenario, cluster)}} {
		if file.name == "" {
			continue
		}
		if err := writeWhole(file.name, func(w io.Writer) error { _, err := io.WriteString(w, file.content); return err }); err != nil {
			return inputError(err)
		}
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "node\taddress\tlistens on\thost key\t")
	for _, s := range cluster.Nodes {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\n", s.Node.Name, s.Node.Address, s.Endpoint, ssh.FingerprintSHA256(s.HostKey))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "user %q; the simulated nodes run until this program is interrupted\n", scenario.User)
	<-cmd.Context().Done()
	return nil
}

// inventoryText is an inventory that reaches the simulated nodes. Their password is the scenario's, and stays there.
func inventoryText(s sim.Scenario, c *sim.Cluster) string {
	var b strings.Builder
	fmt.Fprintf(&b, "defaults: {user: %q}\nnodes:\n", s.User)
	for _, n := range c.Nodes {
		host, port, _ := net.SplitHostPort(n.Endpoint)
		fmt.Fprintf(&b, "  - {name: %q, host: %q, port: %s, host_key: %q}\n", n.Node.Name, host, port, ssh.FingerprintSHA256(n.HostKey))
	}
	return b.String()
}
