package analyze_test

import (
	"regexp"
	"strings"
	"testing"

	"cbdoctor/fact"
)

const oldWords = `Status                : Enabled
Nodes:
  10.48.36.61          : Connected Master
  10.48.36.118         : Connected Slave ( In Sync )
  10.48.36.182 (me)    : Connected Slave ( In Sync )
Node in use           : 10.48.36.61

Interface              : a

Certificates
Server Key              : dbclusterserver.key
Server Certificate      : dbclusterserver.cer
Client Key              : dbclusterclient.key
Client Certificate      : dbclusterclient.cer
CA Certificate          : vngtpRootca.cer
Last command           : 'database cluster join 10.48.36.61' (Success)
`

var newWords = strings.NewReplacer("Master", "Primary", "Slave", "Replica").Replace(oldWords)

// TestStatusShapes: the same output however it was copied says the same.
func TestStatusShapes(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"old words":        oldWords,
		"new words":        newWords,
		"Windows newlines": strings.ReplaceAll(newWords, "\n", "\r\n"),
		"indented":         regexp.MustCompile(`(?m)^`).ReplaceAllString(newWords, "    "),
		"no indent":        regexp.MustCompile(`(?m)^ +`).ReplaceAllString(newWords, ""),
		"no padding":       regexp.MustCompile(` +:`).ReplaceAllString(newWords, " :"),
		"blank lines":      strings.ReplaceAll(newWords, "\n", "\n\n"),
		"on one line":      strings.Join(strings.Fields(newWords), " "),
		"with the prompt":  "cms03> database cluster status\n" + newWords + "cms03> \n",
		"in colour":        "\x1b[32mcms03>\x1b[0m database cluster status\r\n" + newWords,
		"byte order mark":  "\ufeff" + newWords,
		"a word processor": strings.NewReplacer("  ", "\u00a0 ", "'", "\u2019").Replace(newWords),
		"quoted in a mail": regexp.MustCompile(`(?m)^`).ReplaceAllString(newWords, "> > "),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := run(t, map[string]string{"status.txt": text})
			if len(set.Statuses) != 1 {
				t.Fatalf("%d statuses, want 1", len(set.Statuses))
			}
			s := set.Statuses[0]
			if s.Status != "Enabled" || s.NodeInUse != "10.48.36.61" || s.Interface != "a" || s.Node != "10.48.36.182" {
				t.Errorf("status %q, node in use %q, interface %q, node %q", s.Status, s.NodeInUse, s.Interface, s.Node)
			}
			if s.LastCommand != "database cluster join 10.48.36.61" || s.LastResult != "success" {
				t.Errorf("last command %q (%q)", s.LastCommand, s.LastResult)
			}
			if s.Certificates["ca_certificate"] != "vngtpRootca.cer" || s.Certificates["client_key"] != "dbclusterclient.key" {
				t.Errorf("certificates %v", s.Certificates)
			}
			want := []fact.Member{
				{Address: "10.48.36.61", Connected: true, Role: fact.Primary},
				{Address: "10.48.36.118", Connected: true, Role: fact.Replica, InSync: "yes"},
				{Address: "10.48.36.182", Me: true, Connected: true, Role: fact.Replica, InSync: "yes"},
			}
			if len(s.Members) != len(want) {
				t.Fatalf("members %+v", s.Members)
			}
			for i, w := range want {
				if m := s.Members[i]; m.Address != w.Address || m.Me != w.Me || m.Connected != w.Connected || m.Role != w.Role || m.InSync != w.InSync {
					t.Errorf("member %d: %+v, want %+v", i, m, w)
				}
			}
		})
	}
}

// TestMembers: what can stand behind an address, in words seen and in words that a version may use.
func TestMembers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text      string
		connected bool
		role      string
		inSync    string
	}{
		{"Connected Master", true, fact.Primary, ""},
		{"Connected Primary", true, fact.Primary, ""},
		{"Connected Replica ( In Sync )", true, fact.Replica, "yes"},
		{"Connected Replica (In Sync)", true, fact.Replica, "yes"},
		{"Connected Replica ( Not In Sync )", true, fact.Replica, "no"},
		{"Connected Replica ( Syncing )", true, fact.Replica, "no"},
		{"Connected Slave ( Out of Sync )", true, fact.Replica, "no"},
		{"Connected Client", true, fact.Client, ""},
		{"Not Connected", false, fact.Unknown, ""},
		{"Connection Failed", false, fact.Unknown, ""},
		{"Disconnected", false, fact.Unknown, ""},
		{"Not Connected Replica", false, fact.Replica, "no"},
	} {
		set := run(t, map[string]string{"status.txt": "Status : Enabled\nNodes:\n  10.1.2.3 : " + c.text + "\n  10.1.2.4 (me) : Connected Primary\nNode in use : 10.1.2.4\n"})
		if len(set.Statuses) != 1 || len(set.Statuses[0].Members) != 2 {
			t.Errorf("%s: statuses %+v", c.text, set.Statuses)
			continue
		}
		if m := set.Statuses[0].Members[0]; m.Connected != c.connected || m.Role != c.role || m.InSync != c.inSync || m.Text != c.text {
			t.Errorf("%s: %+v", c.text, m)
		}
	}
}

func TestStatusWithError(t *testing.T) {
	t.Parallel()
	set := run(t, map[string]string{"status.txt": `ERROR                    : Couldn't upgrade the schema
Status                   : Error

Nodes:
    10.48.54.75          : Connected Primary
    10.48.54.76          : Connected Replica ( In Sync )
    10.48.54.119 (me)    : Connected Replica ( In Sync )
Node in use              : 10.48.54.75

Interface                : a

Last command             : 'database cluster upgrade_schema' (Failed)
`})
	if len(set.Statuses) != 1 {
		t.Fatalf("%d statuses", len(set.Statuses))
	}
	s := set.Statuses[0]
	if s.Error != "Couldn't upgrade the schema" || s.Status != "Error" || s.LastResult != "failed" || len(s.Members) != 3 || s.Node != "10.48.54.119" {
		t.Errorf("%+v", s)
	}
}

// Machines of one name, which the default name often is, are told apart; several addresses of one machine are not.
func TestNamesAndAddresses(t *testing.T) {
	t.Parallel()
	status := func(me string) string {
		return strings.Replace(strings.Replace(newWords, " (me)", "     ", 1), me+" ", me+" (me) ", 1)
	}
	const noise = "Mar  5 16:50:25 user.info cms host:server: INFO : nothing\n"
	set := run(t, map[string]string{"a/log": noise, "a/status.txt": status("10.48.36.61"), "b/log": noise, "b/status.txt": status("10.48.36.118")})
	for _, n := range set.Nodes {
		if n.Address != "" && n.Name != "" {
			t.Errorf("%s is called %s, which two machines are", n.Address, n.Name)
		}
	}
	set = run(t, map[string]string{
		"x/ipv4.txt": "cms01> ipv4 a\nIPv4 configuration:\n    address         192.0.2.7\ncms01> \n", "x/status.txt": "cms01> database cluster status\n" + newWords,
	})
	if len(set.Statuses) != 1 || set.Statuses[0].Node != "10.48.36.182" {
		t.Errorf("%+v", set.Statuses)
	}
	for _, n := range set.Nodes {
		if n.Name == "cms01" && n.Address != "10.48.36.182" {
			t.Errorf("cms01 is %s", n.Address)
		}
	}
}
