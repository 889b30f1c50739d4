package collect

import (
	"path"
	"strings"
)

// choice is one row of the table of files.
type choice struct {
	pattern string // as path.Match, against the name in the SFTP root
	take    bool
	why     string
}

// choices decide what is fetched, first match wins. Private keys and backups come first, so that no later row can take them.
var choices = []choice{
	{"*.key", false, "a private key is never fetched"},
	{"*.pem", false, "it may hold a private key"},
	{"*.p12", false, "it may hold a private key"},
	{"*.pfx", false, "it may hold a private key"},
	{"*.bak", false, "a backup holds the database and keys"},
	{"*.img", false, "an upgrade image"},
	{"*.lic", false, "a licence"},
	{"logbundle*.tar.gz", true, ""},
	{"log", true, ""},
	{"log.*", true, ""},
	{"*.log", true, ""},
	{"syslog*", true, ""},
	{"audit*", true, ""},
	{"live.json", true, ""},
	{"boot.json", true, ""},
	{"*.pcap", true, ""},
	{"*.pcapng", true, ""},
	{"*.crt", true, ""},
	{"*.cer", true, ""},
}

// choose says whether a file of the SFTP root is fetched, and why not where that matters to the reader.
func choose(name string) (take bool, why string) {
	for _, c := range choices {
		if ok, _ := path.Match(c.pattern, strings.ToLower(name)); ok {
			return c.take, c.why
		}
	}
	return false, "it is none of the files that the diagnosis reads"
}

// maxName bounds the names that are made from a node's.
const maxName = 120

// safeName makes a name from the node harmless as a name on this machine: no separators, no dots in front, nothing unprintable.
func safeName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-+", r) {
			return r
		}
		return '_'
	}, name)
	clean = strings.TrimLeft(clean, ".-")
	if clean == "" {
		clean = "_"
	}
	return clean[:min(len(clean), maxName)]
}
