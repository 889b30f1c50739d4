package collect

import (
	"regexp"
	"testing"
)

// readOnly is every command that may ever be sent, written down once more: a row in the table that changes a node needs a
// change here that a reviewer sees.
var readOnly = regexp.MustCompile(`^(version|database cluster status|ipv4 [a-e]|pki list|ntp status|date)$`)

func TestCommandsOnlyRead(t *testing.T) {
	t.Parallel()
	for _, c := range commands {
		if !readOnly.MatchString(c.text) {
			t.Errorf("%q is not known to change nothing", c.text)
		}
		if c.file == "" || safeName(c.file) != c.file {
			t.Errorf("%q is written to %q", c.text, c.file)
		}
	}
}
