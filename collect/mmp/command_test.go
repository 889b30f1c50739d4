package mmp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// readOnly is every command that may ever be sent, written down once more: a new one needs a change here that a reviewer sees.
var readOnly = regexp.MustCompile(`^(version|database cluster status|(ipv4|pcap) ([a-e]|admin)|pki list|pki inspect [A-Za-z0-9._+-]+\.(?i:crt|cer|der|pem)|ntp status|date|uptime|syslog follow)$`)

// Every text that makes a Command stands in command.go and is one of readOnly.
func TestCommandsOnlyRead(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if name, ok := literal.Type.(*ast.Ident); !ok || name.Name != "Command" || len(literal.Elts) == 0 {
				return true
			}
			made++
			if f.Name() != "command.go" {
				t.Errorf("%s makes a command", f.Name())
			}
			if text, ok := literal.Elts[0].(*ast.BasicLit); ok && !readOnly.MatchString(strings.Trim(text.Value, `"`)) {
				t.Errorf("%s is not known to change nothing", text.Value)
			}
			return true
		})
	}
	if made < 8 {
		t.Errorf("only %d commands were found", made)
	}
}

func TestInterfacesAreChecked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		iface := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "admin", "a\rreboot", "a;b", "", "A", "a "}), rapid.String()).Draw(t, "interface")
		for _, make := range []func(string) (Command, error){IPv4, Pcap} {
			if c, err := make(iface); err == nil && !readOnly.MatchString(c.String()) {
				t.Fatalf("%q makes %q", iface, c)
			}
		}
	})
}

// Only the names of certificate files make a command, and never that of a private key.
func TestCertificateNamesAreChecked(t *testing.T) {
	t.Parallel()
	for name, fine := range map[string]bool{
		"dbclusterserver.cer": true, "vngtpRootca.CER": true, "db-1.crt": true, "ca.pem": true,
		"dbclusterserver.key": false, "db.key.pem": false, "DB.KEY": false, "x.crt y": false, "x.crt\rreboot": false, "../x.crt": false, "-x.crt": false, ".crt": false, "x.bak": false, "": false,
	} {
		if _, err := PKIInspect(name); (err == nil) != fine {
			t.Errorf("%q: %v", name, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z.\r\n ;/-]{0,8}\.(crt|key|pem)[\r\n ]?`)).Draw(t, "name")
		if c, err := PKIInspect(name); err == nil && (!readOnly.MatchString(c.String()) || strings.Contains(c.String(), ".key")) {
			t.Fatalf("%q makes %q", name, c)
		}
	})
}
