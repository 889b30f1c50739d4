package collect

import (
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"log": true, "log.1": true, "log.1.gz": true, "syslog": true, "audit.log": true, "logbundle.tar.gz": true, "logbundle-cms01.tar.gz": true,
		"live.json": true, "a.pcap": true, "A.PCAP": true, "b.pcapng": true, "server.cer": true, "ca.crt": true,
		"server.key": false, "SERVER.KEY": false, "log.key": false, "syslog.pem": false, "audit.bak": false, "cms.lic": false, "upgrade.img": false, "id_rsa": false, "": false,
	} {
		if got, why := (Selection{}).wants(name); got != want || !got && why == "" {
			t.Errorf("%q: %v (%s), want %v", name, got, why, want)
		}
	}
}

// Whatever a file is called: with one of these endings it stays on the node.
func TestKeysAreNeverChosen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(0, 40, 80).Filter(func(s string) bool { return !strings.Contains(s, "/") }).Draw(t, "name")
		ending := rapid.SampledFrom([]string{".key", ".KEY", ".pem", ".p12", ".pfx", ".bak", ".Key"}).Draw(t, "ending")
		if take, _ := (Selection{Include: []string{"*"}}).wants(name + ending); take {
			t.Fatalf("%q is chosen", name+ending)
		}
	})
}

func TestSafeNameIsANameInItsDirectory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`(\.\./){0,3}[\x00-\x7f]{0,20}`)).Draw(t, "name")
		safe := safeName(name)
		if safe == "" || len(safe) > maxName || !filepath.IsLocal(safe) || strings.ContainsAny(safe, "/\\:\x00\n\x1b") || safe != printable(safe) {
			t.Fatalf("%q becomes %q", name, safe)
		}
	})
}
