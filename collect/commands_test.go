package collect

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cbdoctor/bundle"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

// The certificates that a node names are looked at, each once; a key is not, and nothing else that a node may name.
func TestNamedCertificatesAreInspected(t *testing.T) {
	t.Parallel()
	n := node("cms01", file("log", "one\n"))
	n.Answers["database cluster status"] = "Status : Enabled\n\nNodes:\n    10.48.36.61 (me) : Connected Primary\n\nCertificates\n  Server Key             : server.key\n  Server Certificate     : server.cer\n  Client Key             : client.key\n" +
		"  Client Certificate     : client.crt\n  CA Certificate         : root ca.cer; reboot.cer\n"
	n.Answers["pki list"] = "User supplied certificates and keys:\nserver.key\nserver.cer\nwebadmin.pem\nwebadmin.key.pem\n../../x.cer\n-x.cer\n"
	n.Answers["pki inspect client.crt"] = "Certificate:\n    Data:\n"
	c := startSim(t, sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{n}})
	opt := Options{Dir: filepath.Join(t.TempDir(), "bundle"), Login: simLogin(t, c, "x")}
	m, dir := collectTo(t, inventoryOf(t, c), opt)
	checkBundle(t, m, dir)
	var inspected []string
	for _, c := range m.Nodes[0].Commands {
		if file, ok := strings.CutPrefix(c.Command, "pki inspect "); ok {
			inspected = append(inspected, file)
			if want := map[bool]bundle.Outcome{true: bundle.Success, false: bundle.Skipped}[file == "client.crt"]; c.Outcome != want {
				t.Errorf("%s: %s, want %s", c.Command, c.Outcome, want)
			}
		}
	}
	if want := []string{"server.cer", "client.crt", "webadmin.pem"}; !slices.Equal(inspected, want) || !m.Complete() {
		t.Errorf("inspected %q, want %q", inspected, want)
	}
	name := filepath.Join(dir, m.Nodes[0].Dir, "pki_inspect_client.crt.txt")
	if text := sshdtest.Read(t, name); !strings.HasPrefix(text, "cms01> pki inspect client.crt\nCertificate:\n    Data:\n") {
		t.Errorf("%q", text)
	}
	// what follows from an answer of an earlier run is run again, too
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	opt.Continue = true
	again, _ := collectTo(t, Inventory{}, opt)
	if _, err := os.Stat(name); err != nil || len(again.Nodes[0].Commands) != len(m.Nodes[0].Commands) {
		t.Errorf("%v; %+v", err, again.Nodes[0].Commands)
	}
}
