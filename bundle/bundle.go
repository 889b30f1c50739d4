// Package bundle opens the material of a cluster as it comes: directories, archives, single files, standard input.
//
// In: paths. Out: one call per file with what kind of file its content says it is, where it came from and a reader of its
// bytes. Archives are read as streams and nothing is ever extracted, so a name such as "../../etc/passwd" in one is only a
// name. Sizes, ratios and depth are bounded by Limits. It knows nothing of what the content means. Start at Walk.
package bundle

import (
	"io"
	"time"
)

// Kind is what a file is, by its content.
type Kind string

// The kinds of files.
const (
	Syslog      Kind = "syslog"      // lines of a CMS log
	Capture     Kind = "capture"     // pcap or pcapng
	Status      Kind = "status"      // output of "database cluster status", alone or with other commands
	LiveJSON    Kind = "live-json"   // the configuration of a node
	Version     Kind = "version"     // output of "version"
	PKI         Kind = "pki"         // certificates, or output of "pki list" and "pki inspect"
	PrivateKey  Kind = "private-key" // recognised, and never read any further
	ManifestDoc Kind = "manifest"    // manifest.json of a collection
	Report      Kind = "report"      // JSON that this program wrote: what it quotes is no news
	Other       Kind = "other"
)

// File is one file of the material.
type File struct {
	Path    string // where it came from: "dir/logbundle.tar.gz!log/syslog" for a member of an archive
	Kind    Kind
	Group   string // the directory or archive it lies in, innermost first word of what may name a node
	Local   string // path on disk when the bytes are a plain file there, else empty
	Bytes   int64  // size as the directory or the archive tells; -1 when it is not known
	ModTime time.Time
	Problem string // why it can't be read (then there is no reader)
	Damaged bool
	Binary  bool // of Kind Other: no text at all
}

// Visit is called once for each file, in a fixed order. r is nil when Problem is set. An error ends the walk.
type Visit func(f *File, r io.Reader) error

// Limits bound what hostile archives can cost. The zero value means the defaults.
type Limits struct {
	Members int   // members of one archive; default 100,000
	Bytes   int64 // decompressed bytes of one member; default 64 GiB
	Ratio   int64 // decompressed bytes, of all levels, per byte of the outermost archive, beyond the first 64 MiB; default 200: logs compress 10 to 40 times
	Depth   int   // archives and compressed files within each other; default 10: a .zip with a .tar.gz with rotated logs has four
}

func (l Limits) withDefaults() Limits {
	if l.Members == 0 {
		l.Members = 100_000
	}
	if l.Bytes == 0 {
		l.Bytes = 64 << 30
	}
	if l.Ratio == 0 {
		l.Ratio = 200
	}
	if l.Depth == 0 {
		l.Depth = 10
	}
	return l
}
