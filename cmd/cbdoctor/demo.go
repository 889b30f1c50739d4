package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"cbdoctor/bundle"
	"cbdoctor/collect"
	"cbdoctor/collect/login"
	"cbdoctor/collect/sim"
	"cbdoctor/lang"
	"cbdoctor/report"
)

type demoOptions struct {
	dir   string
	force bool
}

func newDemoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Do the main job on a simulated cluster",
		Long: `Starts three simulated CMS nodes in this process, collects from them over SSH and SFTP, analyses the bundle and prints the
report. One replica is cut off from the primary by a firewall, another one has the schema error of tech note 210530.
The bundle, report.json and report.html stay in the directory. Ends with 1, because there are faults to be found.
` + exitStatusHelp,
		Example: "  cbdoctor demo -o /tmp/demo",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDemo(cmd, o) },
	}
	cmd.Flags().StringVarP(&o.dir, "output", "o", "demo-bundle", "directory for the bundle and the reports")
	cmd.Flags().BoolVar(&o.force, "force", false, "replace the directory if an earlier demo made it")
	return cmd
}

func runDemo(cmd *cobra.Command, o demoOptions) error {
	if err := clearDemo(o); err != nil {
		return err
	}
	out := cmd.ErrOrStderr()
	fmt.Fprintln(out, "starting three simulated CMS nodes")
	scenario := sim.Incident(time.Now())
	cluster, err := sim.Start(scenario)
	if err != nil {
		return err
	}
	defer cluster.Close()
	dir := filepath.Join(o.dir, "bundle")
	if err := collectDemo(cmd.Context(), scenario, cluster, o.dir, dir, out); err != nil {
		return err
	}
	r, err := (&materialOptions{port: 5432, also: lang.All}).diagnose(cmd, []string{dir})
	if err != nil {
		return err
	}
	saved := outputOptions{files: []string{filepath.Join(o.dir, "report.json"), filepath.Join(o.dir, "report.html")}}
	if err := saved.write(cmd, r, report.WriteOptions{}); err != nil {
		return err
	}
	if err := report.Write(cmd.OutOrStdout(), "table", r, terminalOptions(cmd)); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nthe bundle is in %s, the report for the browser in %s, for machines in %s\n", dir, saved.files[1], saved.files[0])
	if r.Fails(report.WriteOptions{}) {
		return exitStatus(exitFindings)
	}
	return nil
}

// clearDemo removes what an earlier demo left, and nothing else: a directory without the demo's own files stays.
func clearDemo(o demoOptions) error {
	entries, err := os.ReadDir(o.dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return os.MkdirAll(o.dir, 0o755)
	}
	if err != nil {
		return inputError(err)
	}
	_, made := os.Stat(filepath.Join(o.dir, "bundle", bundle.ManifestName))
	if !o.force || made != nil {
		return usageError(fmt.Errorf("-o %s: the directory is not empty", o.dir), "choose another one, or replace an earlier demo's with --force")
	}
	return errors.Join(os.RemoveAll(filepath.Join(o.dir, "bundle")), os.MkdirAll(o.dir, 0o755))
}

func collectDemo(ctx context.Context, scenario sim.Scenario, cluster *sim.Cluster, home, dir string, out io.Writer) error {
	known := filepath.Join(home, "known_hosts")
	if err := os.WriteFile(known, []byte(cluster.KnownHosts()), 0o600); err != nil {
		return err
	}
	var inventory collect.Inventory
	for _, s := range cluster.Nodes {
		host, port, err := net.SplitHostPort(s.Endpoint)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			return err
		}
		inventory.Nodes = append(inventory.Nodes, collect.Node{Name: s.Node.Name, Host: host, Port: n})
		fmt.Fprintf(out, "  %s (%s) listens on %s\n", s.Node.Name, s.Node.Address, s.Endpoint)
	}
	manifest, err := collect.Run(ctx, inventory, collect.Options{
		Dir: dir, Tool: "cbdoctor " + toolVersion(),
		Login: login.Login{User: scenario.User, Password: func(string) (string, error) { return scenario.Password, nil }, KnownHosts: []string{known}},
		Progress: func(e collect.Event) {
			if e.Kind != collect.Progress {
				fmt.Fprintf(out, "  %s: %s\n", e.Node, e.Text)
			}
		},
	})
	if err != nil {
		return err
	}
	if !manifest.Complete() {
		return &codeError{exitPartial, errors.New("the collection from the simulated nodes is not complete: see " + filepath.Join(dir, bundle.ManifestName))}
	}
	fmt.Fprintln(out, "collected; analysing")
	fmt.Fprintln(out)
	return nil
}
