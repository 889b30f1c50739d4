package verify

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"cbdoctor/strictyaml"
)

// FileName is the name of the expectation in a case's folder.
const FileName = "expect.yaml"

// Expect says what the material of a case must lead to. What it does not mention is not checked, unless Match is "exact".
type Expect struct {
	About    string   `yaml:"about,omitempty"`    // what the case shows, for people
	Inputs   []string `yaml:"inputs,omitempty"`   // below the folder; none means all files but this one and README.md
	Port     uint16   `yaml:"port,omitempty"`     // TCP port of the database; 0 means 5432
	Timezone string   `yaml:"timezone,omitempty"` // of log times that carry none, as the values of --timezone with commas between; "" means UTC
	Match    string   `yaml:"match,omitempty"`    // "partial" (also ""), or "exact": there is no finding and no session but those named here
	Exit     *int     `yaml:"exit,omitempty"`     // exit code of "cbdoctor analyze"

	Found    []Pattern `yaml:"found,omitempty"`     // each must fit at least one finding
	NotFound []Pattern `yaml:"not_found,omitempty"` // none may fit any finding
	Verdicts []Verdict `yaml:"verdicts,omitempty"`
	Plan     []string  `yaml:"plan,omitempty"` // texts or commands that the plan must have, in this order
}

// The two values of Expect.Match.
const (
	Partial = "partial"
	Exact   = "exact"
)

// Pattern describes a finding. A field that is left out fits everything; a field with several values fits any of them.
type Pattern struct {
	ID         OneOf `yaml:"id,omitempty"`
	Role       OneOf `yaml:"role,omitempty"`
	Severity   OneOf `yaml:"severity,omitempty"`
	Confidence OneOf `yaml:"confidence,omitempty"`
	State      OneOf `yaml:"state,omitempty"`
	Node       OneOf `yaml:"node,omitempty"`
	Client     OneOf `yaml:"client,omitempty"` // of a pair; also the node of a finding about a node
	Server     OneOf `yaml:"server,omitempty"` // the same
	Side       OneOf `yaml:"side,omitempty"`
	File       OneOf `yaml:"file,omitempty"` // below the folder
}

// Verdict describes sessions of a capture. Without Client and Frame it means all sessions of the file.
type Verdict struct {
	File         string   `yaml:"file"`
	Client       string   `yaml:"client,omitempty"`       // address and port
	Frame        int64    `yaml:"frame,omitempty"`        // first frame of the session, or one of its evidence
	Verdict      OneOf    `yaml:"verdict"`                // each session must have one of these
	Some         bool     `yaml:"some,omitempty"`         // one session with such a verdict is enough
	Observations []string `yaml:"observations,omitempty"` // each session (with Some: one of them) must carry all of these
}

// OneOf is a list of values of which any will do. In YAML a single value may stand without a list.
type OneOf []string

// UnmarshalYAML reads a value or a list of values.
func (o *OneOf) UnmarshalYAML(decode func(any) error) error {
	var one string
	if decode(&one) == nil {
		*o = OneOf{one}
		return nil
	}
	var several []string
	if err := decode(&several); err != nil {
		return err
	}
	*o = several
	return nil
}

// MarshalYAML writes a single value without a list.
func (o OneOf) MarshalYAML() (any, error) {
	if len(o) == 1 {
		return o[0], nil
	}
	return []string(o), nil
}

func (o OneOf) fits(values ...string) bool {
	return len(o) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(o, v) })
}

func (o OneOf) String() string { return strings.Join(o, " or ") }

// ReadExpect reads an expectation. An unknown key is an error: a misspelt expectation would never fail.
func ReadExpect(path string) (*Expect, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	e, err := ParseExpect(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// ParseExpect reads the text of an expectation.
func ParseExpect(text []byte) (*Expect, error) {
	e := &Expect{}
	if len(bytes.TrimSpace(text)) > 0 {
		if err := strictyaml.Decode(text, e); err != nil {
			return nil, err
		}
	}
	if e.Match != "" && e.Match != Partial && e.Match != Exact {
		return nil, fmt.Errorf("match: %q is neither %q nor %q", e.Match, Partial, Exact)
	}
	for i, p := range slices.Concat(e.Found, e.NotFound) {
		if p.String() == "" {
			return nil, fmt.Errorf("pattern %d of found and not_found is empty: it would fit everything", i+1)
		}
	}
	for i, v := range e.Verdicts {
		if v.File == "" || len(v.Verdict)+len(v.Observations) == 0 {
			return nil, fmt.Errorf("verdicts: row %d needs a file and a verdict", i+1)
		}
	}
	return e, nil
}

// Text is the expectation as YAML.
func (e *Expect) Text() ([]byte, error) {
	return yaml.MarshalWithOptions(e, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
}

// Write replaces the file by this expectation.
func (e *Expect) Write(path string) (err error) {
	text, err := e.Text()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".expect-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the renaming, and that is right
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// empty reports whether nothing at all is expected.
func (e *Expect) empty() bool {
	return e.Exit == nil && e.Match != Exact && len(e.Found)+len(e.NotFound)+len(e.Verdicts)+len(e.Plan) == 0
}
