package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// ManifestSchema names the manifest's version; ManifestName is its file name at the top of a bundle.
const (
	ManifestSchema = "cbdoctor/manifest/v1"
	ManifestName   = "manifest.json"
	// PartSuffix marks a file of which only the beginning is there.
	PartSuffix = ".part"
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
	Resumed  []time.Time    `json:"resumed,omitempty"` // when "collect --continue" went on with it
	Nodes    []ManifestNode `json:"nodes"`
}

// ManifestNode is one node of a collection.
type ManifestNode struct {
	Name     string            `json:"name"`              // as its prompt says, or as the inventory calls it
	Address  string            `json:"address,omitempty"` // in the cluster, as its own status says
	Target   string            `json:"target,omitempty"`  // as it was asked for: [USER@]HOST[:PORT]
	Reached  string            `json:"reached"`           // host and port of the SSH connection
	Dir      string            `json:"dir"`
	HostKey  string            `json:"host_key,omitempty"` // SHA-256 fingerprint
	Zone     string            `json:"zone,omitempty"`     // of the node's log times, as the inventory says
	Clock    *Clock            `json:"clock,omitempty"`    // absent when the node did not tell its time
	Started  time.Time         `json:"started,omitzero"`
	Finished time.Time         `json:"finished,omitzero"`
	Outcome  Outcome           `json:"outcome"`
	Problem  string            `json:"problem,omitempty"`
	Silent   bool              `json:"unreachable,omitempty"`  // there was no connection to it, for whatever reason that is the network's or its own
	Left     []string          `json:"left_on_node,omitempty"` // captures that were made for this collection and stay there
	Commands []ManifestCommand `json:"commands"`
	Files    []ManifestFile    `json:"files"`
}

// Clock is how far a node's clock was from this machine's at the collection.
type Clock struct {
	Offset      float64 `json:"offset_seconds"`      // positive: the node is ahead
	Uncertainty float64 `json:"uncertainty_seconds"` // the round trip, and the digits that the node prints
}

// ManifestCommand is one command and where its output is.
type ManifestCommand struct {
	Command string    `json:"command"`
	File    string    `json:"file,omitempty"`
	Bytes   int64     `json:"bytes,omitempty"` // of the file
	SHA256  string    `json:"sha256,omitempty"`
	Time    time.Time `json:"time"`
	Seconds float64   `json:"seconds"` // how long it took
	Outcome Outcome   `json:"outcome"`
	Problem string    `json:"problem,omitempty"`
}

// ManifestFile is one file and what it must be.
type ManifestFile struct {
	Remote  string    `json:"remote"`
	File    string    `json:"file,omitempty"`
	Partial string    `json:"partial,omitempty"` // its beginning, where the rest could not be fetched
	Kept    *Kept     `json:"kept,omitempty"`    // how much of Partial was on the disk at least
	Bytes   int64     `json:"bytes"`
	SHA256  string    `json:"sha256,omitempty"`
	ModTime time.Time `json:"modified,omitzero"` // as the node says
	Outcome Outcome   `json:"outcome"`
	Problem string    `json:"problem,omitempty"`
	Note    string    `json:"note,omitempty"` // what is special about it, such as that it grew while it was read
}

// Kept is the beginning of a file that a download which was cut off can go on from.
type Kept struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of these bytes
}

// Fine reports whether nothing is missing on that account: it is there, or was left out on purpose.
func (o Outcome) Fine() bool { return o == Success || o == Skipped }

// Complete reports whether every node, command and file succeeded or was left out on purpose.
func (m *Manifest) Complete() bool {
	for _, n := range m.Nodes {
		if len(n.Missing()) > 0 {
			return false
		}
	}
	return true
}

// Miss is something of a node that was wanted and did not come.
type Miss struct {
	What    string // a file as the node calls it, or a command; "": the node itself
	Outcome Outcome
	Problem string
}

// Missing is what of a node did not come: the node itself, where more is wrong than some of its files and commands, and those.
func (n *ManifestNode) Missing() (out []Miss) {
	parts := n.missingParts()
	if _, sentence := summary(parts); !n.Outcome.Fine() && (n.Problem == "" || n.Problem != sentence) {
		out = append(out, Miss{"", n.Outcome, n.Problem})
	}
	return append(out, parts...)
}

func (n *ManifestNode) missingParts() (out []Miss) {
	for _, f := range n.Files {
		if !f.Outcome.Fine() {
			out = append(out, Miss{f.Remote, f.Outcome, f.Problem})
		}
	}
	for _, c := range n.Commands {
		if !c.Outcome.Fine() {
			out = append(out, Miss{c.Command, c.Outcome, c.Problem})
		}
	}
	return out
}

// Result is the outcome of a node that was reached and asked to the end, and its problem: that of the first thing that is missing.
func (n *ManifestNode) Result() (outcome Outcome, problem string) { return summary(n.missingParts()) }

func summary(parts []Miss) (outcome Outcome, sentence string) {
	if len(parts) == 0 {
		return Success, ""
	}
	sentence = strings.TrimSuffix(parts[0].What+": "+parts[0].Problem, ": ")
	if more := len(parts) - 1; more > 0 {
		sentence += fmt.Sprintf("; and %d more", more)
	}
	return parts[0].Outcome, sentence
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

// Local is the name in the bundle under which the file is, or will be when it is whole; "" where it has none.
func (f *ManifestFile) Local() string {
	if f.File != "" {
		return f.File
	}
	return strings.TrimSuffix(f.Partial, PartSuffix)
}

// Bytes is the manifest as JSON.
func (m *Manifest) Bytes() ([]byte, error) {
	var b bytes.Buffer
	err := m.Write(&b)
	return b.Bytes(), err
}

// Write writes the manifest as JSON.
func (m *Manifest) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(m)
}
