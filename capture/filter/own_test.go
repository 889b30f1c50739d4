//go:build !libpcap

package filter_test

import (
	"errors"
	"strings"
	"testing"

	"cbdoctor/capture/filter"
)

// TestLeftToLibpcap: what this package does not know, and what is there to exhaust it, is refused.
func TestLeftToLibpcap(t *testing.T) {
	t.Parallel()
	for _, x := range []string{
		"mpls 5", "host www.example.com", "host 10.48", "ip protochain 6", strings.Repeat("(", 5000), strings.Repeat("not ", 3000) + "tcp",
		"tcp[" + strings.Repeat("-", 5000) + "1] = 1", "port " + strings.Repeat("(", 5000), strings.Repeat("tcp or ", 5000) + "tcp",
	} {
		if _, err := filter.Compile(x); !errors.Is(err, filter.ErrExpression) {
			t.Errorf("%.40q: %v", x, err)
		}
	}
}
