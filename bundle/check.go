package bundle

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrNoManifest says that a bundle has no manifest: nothing in it can be checked.
var ErrNoManifest = errors.New("it has no " + ManifestName + ": it is not the work of cbdoctor collect, or it was cut off")

// OpenManifest reads the manifest of a bundle.
func OpenManifest(ctx context.Context, bundle string) (*Manifest, error) {
	var m *Manifest
	found := errors.New("found")
	err := Members(ctx, bundle, func(f Member, r io.Reader) (err error) {
		if f.Name != ManifestName {
			return nil
		}
		if m, err = ReadManifest(r); err != nil {
			return err
		}
		return found
	})
	switch {
	case err != nil && !errors.Is(err, found):
		return nil, err
	case m == nil:
		return nil, ErrNoManifest
	}
	return m, nil
}

// Problem is one way in which a bundle is not what its manifest says.
type Problem struct {
	File string `json:"file"`
	Text string `json:"problem"`
}

// Check compares every file of a bundle with its manifest. Incomplete collections have no problem on that account.
func Check(ctx context.Context, bundle string) (*Manifest, []Problem, error) {
	var m *Manifest
	sums := map[string]entry{}
	err := Members(ctx, bundle, func(f Member, r io.Reader) error {
		var whole bytes.Buffer
		h := sha256.New()
		if f.Name == ManifestName {
			r = io.TeeReader(r, &whole)
		}
		n, err := io.Copy(h, r)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		sums[f.Name] = entry{n, hex.EncodeToString(h.Sum(nil))}
		if f.Name == ManifestName {
			m, err = ReadManifest(&whole)
		}
		return err
	})
	if err == nil && m == nil {
		err = ErrNoManifest
	}
	if err != nil {
		return m, nil, err
	}
	return m, m.compare(sums), nil
}

type entry struct {
	bytes int64
	sum   string
}

// differs says how a file is not what was fetched; without a sum, as of commands of earlier versions, nothing is known of it.
func (e entry) differs(bytes int64, sum string) string {
	switch {
	case sum == "":
	case e.bytes != bytes:
		return fmt.Sprintf("it has %d bytes, the manifest says %d", e.bytes, bytes)
	case e.sum != sum:
		return "its content is not what was fetched: SHA-256 " + e.sum + ", the manifest says " + sum
	}
	return ""
}

// compare says how the files differ from those of the manifest.
func (m *Manifest) compare(have map[string]entry) []Problem {
	var out []Problem
	named := map[string]bool{ManifestName: true}
	expect := func(name string, check func(entry) string) {
		named[name] = true
		e, there := have[name]
		text := "it is missing"
		if there {
			text = check(e)
		}
		if text != "" {
			out = append(out, Problem{name, text})
		}
	}
	for _, n := range m.Nodes {
		for _, c := range n.Commands {
			if c.File != "" {
				expect(c.File, func(e entry) string { return e.differs(c.Bytes, c.SHA256) })
			}
		}
		for _, f := range n.Files {
			if f.Partial != "" { // how much of it is there is not known when the collection was cut off; it may even be whole
				named[f.Partial], named[f.Local()] = true, true
			}
			if f.File == "" {
				continue
			}
			expect(f.File, func(e entry) string { return e.differs(f.Bytes, f.SHA256) })
		}
	}
	for name := range have {
		if !named[name] && !strings.HasSuffix(name, ".tmp") {
			out = append(out, Problem{name, "it is not in the manifest"})
		}
	}
	slices.SortFunc(out, func(a, b Problem) int { return cmp.Compare(a.File, b.File) })
	return out
}
