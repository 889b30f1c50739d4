package bundle

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// ManifestSchema names the manifest's version; ManifestName is its file name at the top of a bundle.
const (
	ManifestSchema = "cbdoctor/manifest/v1"
	ManifestName   = "manifest.json"
)

// Outcome says what became of a node, a command or a file of a collection.
type Outcome string

// The outcomes. Nothing that was asked for is ever absent: it has one of these.
const (
	Success  Outcome = "success"
	Failed   Outcome = "failed"
	Timeout  Outcome = "timeout"
	Skipped  Outcome = "skipped"
	Canceled Outcome = "canceled"
	Unknown  Outcome = "unknown"
)

// Manifest says what a collection fetched from where, and what it could not.
type Manifest struct {
	Schema   string         `json:"schema"`
	Tool     string         `json:"tool"`
	Started  time.Time      `json:"started"`
	Finished time.Time      `json:"finished,omitzero"` // absent while the collection runs, and when it was cut off
	Nodes    []ManifestNode `json:"nodes"`
}

// ManifestNode is one node of a collection.
type ManifestNode struct {
	Name     string            `json:"name"`              // as its prompt says, or as the inventory calls it
	Address  string            `json:"address,omitempty"` // in the cluster, as its own status says
	Reached  string            `json:"reached"`           // host and port of the SSH connection
	Dir      string            `json:"dir"`
	HostKey  string            `json:"host_key,omitempty"` // SHA-256 fingerprint
	Outcome  Outcome           `json:"outcome"`
	Problem  string            `json:"problem,omitempty"`
	Commands []ManifestCommand `json:"commands"`
	Files    []ManifestFile    `json:"files"`
}

// ManifestCommand is one command and where its output is.
type ManifestCommand struct {
	Command string    `json:"command"`
	File    string    `json:"file,omitempty"`
	Time    time.Time `json:"time"`
	Outcome Outcome   `json:"outcome"`
	Problem string    `json:"problem,omitempty"`
}

// ManifestFile is one file and what it must be.
type ManifestFile struct {
	Remote  string    `json:"remote"`
	File    string    `json:"file,omitempty"`
	Bytes   int64     `json:"bytes"`
	SHA256  string    `json:"sha256,omitempty"`
	ModTime time.Time `json:"modified,omitzero"`
	Outcome Outcome   `json:"outcome"`
	Problem string    `json:"problem,omitempty"`
}

// Complete reports whether every node, command and file succeeded or was left out on purpose.
func (m *Manifest) Complete() bool {
	fine := func(o Outcome) bool { return o == Success || o == Skipped }
	for _, n := range m.Nodes {
		if !fine(n.Outcome) {
			return false
		}
		for _, c := range n.Commands {
			if !fine(c.Outcome) {
				return false
			}
		}
		for _, f := range n.Files {
			if !fine(f.Outcome) {
				return false
			}
		}
	}
	return true
}

// ReadManifest reads what Write wrote.
func ReadManifest(r io.Reader) (*Manifest, error) {
	var m Manifest
	if err := json.NewDecoder(io.LimitReader(r, 64<<20)).Decode(&m); err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	if m.Schema != ManifestSchema {
		return nil, fmt.Errorf("read the manifest: its schema is %q, and only %q is known here", m.Schema, ManifestSchema)
	}
	return &m, nil
}

// Write writes the manifest as JSON.
func (m *Manifest) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(m)
}
