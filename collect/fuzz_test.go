package collect

import (
	"net"
	"strings"
	"testing"
	"time"
)

// Whatever a node answers to "date" and to "database cluster status": no panic, no absurd clock, and only addresses as nodes.
func FuzzAnswers(f *testing.F) {
	f.Add("Tue Mar 31 08:00:10 UTC 2026\n")
	f.Add("2026-03-31 17:00:10.500 +0900")
	f.Add("Nodes:\n    10.48.36.61 (me)     : Connected Primary\n    ::1 : x\n")
	f.Fuzz(func(t *testing.T, answer string) {
		if c := clockOf(answer, time.UTC, time.Unix(1775000000, 0), time.Second); c != nil && c.Uncertainty <= 0 {
			t.Fatalf("%q: %+v", answer, c)
		}
		for _, address := range membersOf(answer) {
			if net.ParseIP(address) == nil {
				t.Fatalf("%q names %q", answer, address)
			}
		}
	})
}

// Whatever stands in an inventory: no panic, and a node that is accepted can be written down and read again.
func FuzzParseNode(f *testing.F) {
	for _, s := range []string{"admin@10.48.36.61:22", "[2001:db8::1]:22", "a@b@c", "-x", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseNode(s)
		if err != nil {
			return
		}
		if strings.HasPrefix(n.Host, "-") {
			t.Fatalf("%q is an option", s)
		}
		if again, err := ParseNode(n.String()); err != nil || again.String() != n.String() {
			t.Fatalf("%q becomes %q, and that %q (%v)", s, n, again, err)
		}
	})
}
