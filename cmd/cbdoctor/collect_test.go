package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
	"cbdoctor/report"
)

// hello is a small node that lets in who knows the password.
func hello(name string, methods ...string) sim.Node {
	return sim.Node{
		Name: name, Login: sim.Login{Methods: methods},
		Answers: map[string]string{"version": "3.9.1\n", "database cluster status": "Status : Disabled\n"},
		Files:   []sim.File{{Name: "log", Content: []byte("Mar 31 10:16:59 user.info cms01 host:server: INFO : hello\n"), ModTime: time.Unix(1775000000, 0)}},
	}
}

// startCluster starts nodes; home is a home directory that knows their host keys.
func startCluster(t *testing.T, s sim.Scenario) (c *sim.Cluster, home string) {
	t.Helper()
	s.User, s.Password = "admin", "open sesame"
	c, err := sim.Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	home = t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	sshdtest.Write(t, filepath.Join(home, ".ssh", "known_hosts"), c.KnownHosts())
	return c, home
}

func endpoints(c *sim.Cluster) (out []string) {
	for _, s := range c.Nodes {
		out = append(out, s.Endpoint)
	}
	return out
}

// startNodes starts two nodes of which the second has another password, and writes known_hosts and a password file.
func startNodes(t *testing.T) (hosts []string, home string) {
	t.Helper()
	answers := map[string]string{"version": "3.9.1\n", "database cluster status": "Status : Disabled\n"}
	log := []sim.File{{Name: "log", Content: []byte("Mar 31 10:16:59 user.info cms01 host:server: INFO : hello\n"), ModTime: time.Unix(1775000000, 0)}}
	c, err := sim.Start(sim.Scenario{User: "admin", Password: "open sesame", Nodes: []sim.Node{
		{Name: "cms01", Answers: answers, Files: log},
		{Name: "cms02", Answers: answers, Files: log, Login: sim.Login{Password: "another"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	home = t.TempDir()
	for name, content := range map[string]string{"known_hosts": c.KnownHosts(), "password": "open sesame\n", "empty": ""} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range c.Nodes {
		hosts = append(hosts, s.Endpoint)
	}
	return hosts, home
}

func TestCollectExitCodes(t *testing.T) {
	t.Parallel()
	hosts, home := startNodes(t)
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"one node":                     {[]string{hosts[0]}, exitOK, "next: cbdoctor analyze"},
		"another has a wrong password": {hosts, exitPartial, "unable to authenticate"},
		"unknown host key":             {[]string{"--known-hosts", filepath.Join(home, "empty"), hosts[0]}, exitPartial, "ssh-keyscan"},
		"no node":                      {nil, exitUsage, "at least one node"},
		"no such port":                 {[]string{"cms01:99999"}, exitUsage, "port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "bundle")
			args := append([]string{"collect", "-o", dir, "--password-file", filepath.Join(home, "password"), "--known-hosts", filepath.Join(home, "known_hosts")}, c.args...)
			if strings.Contains(name, "unknown") {
				args = append([]string{"collect", "-o", dir, "--password-file", filepath.Join(home, "password")}, c.args...)
			}
			var out, messages bytes.Buffer
			if code := run(args, strings.NewReader(""), &out, &messages); code != c.code {
				t.Errorf("exit %d, want %d\n%s%s", code, c.code, &out, &messages)
			}
			all := out.String() + messages.String()
			if !strings.Contains(all, c.says) {
				t.Errorf("it says %q, want %q in it", all, c.says)
			}
			if strings.Contains(all, "sesame") {
				t.Errorf("it tells the password: %q", all)
			}
			if c.code == exitUsage {
				return
			}
			if _, err := os.Stat(filepath.Join(dir, bundle.ManifestName)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A quiet collection that succeeds says nothing at all.
func TestQuietCollection(t *testing.T) {
	t.Parallel()
	hosts, home := startNodes(t)
	for _, c := range []struct {
		hosts []string
		code  int
		want  string
	}{{hosts[:1], exitOK, ""}, {hosts, exitPartial, hosts[1] + "  failed  0 files"}} {
		var out, messages bytes.Buffer
		args := []string{"collect", "-q", "-F", "none", "-o", filepath.Join(t.TempDir(), "bundle"), "--password-file", filepath.Join(home, "password"), "--known-hosts", filepath.Join(home, "known_hosts")}
		code := run(append(args, c.hosts...), strings.NewReader(""), &out, &messages)
		if code != c.code || !strings.HasPrefix(out.String(), c.want) || c.want == "" && out.Len()+messages.Len() > 0 {
			t.Errorf("exit %d, it says %q and %q", code, &out, &messages)
		}
	}
}

// What one node gave is there although the other one failed, which the report does not keep to itself.
func TestCollectKeepsWhatCame(t *testing.T) {
	t.Parallel()
	hosts, home := startNodes(t)
	dir := filepath.Join(t.TempDir(), "bundle")
	var out, messages bytes.Buffer
	run(append([]string{"collect", "-o", dir, "--password-file", filepath.Join(home, "password"), "--known-hosts", filepath.Join(home, "known_hosts")}, hosts...), strings.NewReader(""), &out, &messages)
	host, port, err := net.SplitHostPort(hosts[0])
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, host+"-"+port, "log"))
	if err != nil || !strings.Contains(string(b), "hello") {
		t.Errorf("the log of the first node: %q, %v", b, err)
	}
	out.Reset()
	run([]string{"analyze", dir}, strings.NewReader(""), &out, &messages)
	if s := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(s, "Material is missing of 127.0.0.1") || !strings.Contains(s, "is not whole: failed: log in as admin") {
		t.Errorf("the report has no finding about the node that failed: %s", s)
	}
}

// A node that can't be reached is evidence, and its password is not to blame.
func TestUnreachableNodeIsEvidence(t *testing.T) {
	t.Parallel()
	hosts, home := startNodes(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := l.Addr().String()
	l.Close()
	dir := filepath.Join(t.TempDir(), "bundle")
	var out, messages bytes.Buffer
	code := run([]string{"collect", "-F", "none", "-o", dir, "--password-file", filepath.Join(home, "password"), "--known-hosts", filepath.Join(home, "known_hosts"), hosts[0], down}, strings.NewReader(""), &out, &messages)
	if code != exitPartial {
		t.Errorf("exit %d: %s", code, &messages)
	}
	out.Reset()
	run([]string{"analyze", dir, "--format", "json"}, strings.NewReader(""), &out, &messages)
	if s := out.String(); !strings.Contains(s, `"node-unreachable"`) || !strings.Contains(s, "connection refused") {
		t.Errorf("the report has no finding about it: %.2000s", s)
	}
}

// A certificate that "pki inspect" shows on a node is judged, as one in a file is: here an expired one, printed by OpenSSL itself.
func TestCollectedCertificateIsJudged(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl to print a certificate")
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "postgres"}, NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(0, -1, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	openssl := exec.Command("openssl", "x509", "-inform", "DER", "-noout", "-text")
	openssl.Stdin = bytes.NewReader(der)
	text, err := openssl.Output()
	if err != nil {
		t.Fatal(err)
	}
	scenario := sim.Incident(time.Now())
	scenario.Nodes[1].Answers["pki inspect dbclusterclient.cer"] = string(text)
	c, home := startCluster(t, scenario)
	sshdtest.Write(t, filepath.Join(home, "password"), "open sesame\n")
	dir := filepath.Join(home, "bundle")
	var out, messages bytes.Buffer
	if code := run(append([]string{"collect", "-F", "none", "-o", dir, "--password-file", filepath.Join(home, "password"), "--known-hosts", filepath.Join(home, ".ssh", "known_hosts")}, endpoints(c)...), strings.NewReader(""), &out, &messages); code != exitOK {
		t.Fatalf("exit %d: %s%s", code, &out, &messages)
	}
	out.Reset()
	run([]string{"analyze", dir, "--format", "json"}, strings.NewReader(""), &out, &messages)
	var r report.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range r.Findings {
		if strings.HasPrefix(f.ID, "cert-") {
			found = append(found, f.ID+" "+f.Subject.Node+" "+f.Subject.Side+" "+path.Base(f.Evidence[0].File))
		}
	}
	if want := []string{"cert-expired 10.48.36.118 client pki_inspect_dbclusterclient.cer.txt"}; !slices.Equal(found, want) {
		t.Errorf("findings about certificates: %q, want %q", found, want)
	}
}
