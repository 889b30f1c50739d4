package rules_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"cbdoctor/fact"
	"cbdoctor/rules"
)

// What the plan says to paste into nftables and iptables is taken by both, in a network namespace of the test's own, and they then hold
// a rule for each line.
func TestFirewallRulesAreTaken(t *testing.T) {
	t.Parallel()
	for name, a := range map[string][3]string{"IPv4": {"10.48.36.61", "10.48.36.118", "10.48.36.182"}, "IPv6": {"2001:db8:7::11", "2001:db8:7::12", "2001:db8:7::13"}} {
		members := []fact.Member{
			{Address: a[0], Me: true, Connected: true, Role: fact.Primary},
			{Address: a[1], Connected: true, Role: fact.Replica},
			{Address: a[2], Connected: true, Role: fact.Replica},
		}
		outcome, err := load(t, rules.Options{}).Evaluate(context.Background(), &fact.Set{
			Statuses: []fact.Status{{Node: a[0], Status: "Enabled", Members: members}},
			Links:    []fact.Link{{Client: a[1], Server: a[0], Verdict: "syn-dropped", Confidence: "high", Bad: 3, Span: fact.Span{Count: 3}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var paste []string
		for _, s := range outcome.Plan {
			for _, alternative := range s.Alternatives {
				if s.Kind == "firewall" {
					paste = append(paste, alternative)
				}
			}
		}
		for program, setUp := range map[string]string{
			"nft":      `nft add table inet filter; nft add chain inet filter forward '{ type filter hook forward priority 0; policy drop; }'; show='nft list ruleset'`,
			"iptables": map[string]string{"IPv4": "show='iptables -S FORWARD'", "IPv6": "show='ip6tables -S FORWARD'"}[name],
		} {
			t.Run(name+" "+program, func(t *testing.T) {
				t.Parallel()
				script := ""
				for _, text := range paste {
					if strings.HasPrefix(text, "# "+program) {
						script = text
					}
				}
				lines := strings.Count(script, "\n")
				if lines != 12 {
					t.Fatalf("%d lines, want one each way for six paths:\n%s", lines, script)
				}
				if _, err := exec.LookPath(program); err != nil {
					if _, err := exec.LookPath("/usr/sbin/" + program); err != nil {
						t.Skipf("%s is not installed; scripts/setup.sh installs it", program)
					}
				}
				out, err := exec.Command("unshare", "-rn", "sh", "-ec", "PATH=$PATH:/usr/sbin; "+setUp+"\n"+script+"\n$show").CombinedOutput()
				switch {
				case err != nil && strings.Contains(string(out), "unshare"):
					t.Skipf("no network namespace here: %s", out)
				case err != nil:
					t.Fatalf("%v: %s", err, out)
				}
				if rules := strings.Count(string(out), "accept") + strings.Count(string(out), "ACCEPT") - strings.Count(string(out), "-P FORWARD"); rules != lines {
					t.Errorf("%d rules of %d lines:\n%s", rules, lines, out)
				}
			})
		}
	}
}
