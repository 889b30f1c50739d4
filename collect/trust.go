package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"cbdoctor/bundle"
)

// distrust compares what an earlier run has of a node with what its manifest claims, before anything is left out on that account:
// a machine that lost power may have less than was written. What is not as claimed is fetched again.
func (v *visit) distrust(ctx context.Context) {
	var claims bundle.ManifestNode
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		claims.Commands = append(claims.Commands, m.Commands...)
		claims.Files = append(claims.Files, m.Files...)
	})
	commands, files := map[string]string{}, map[string]string{} // what is wrong, by the name in the bundle
	for _, c := range claims.Commands {
		if c.File == "" {
			continue
		}
		if info, err := v.root.Stat(c.File); err != nil || info.Size() == 0 {
			commands[c.File] = "its output is not here any more"
		}
	}
	for _, f := range claims.Files {
		if f.Outcome == bundle.Success {
			if err := v.matches(ctx, f); err != nil {
				files[f.File] = err.Error()
				v.tell(Retry, "%s is not what was fetched: %v", f.File, err)
			}
		} else if f.Partial != "" {
			v.reopen(f)
		}
	}
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		for i := range m.Commands {
			if why := commands[m.Commands[i].File]; why != "" {
				m.Commands[i].Outcome, m.Commands[i].Problem, m.Commands[i].File = bundle.Unknown, why, ""
			}
		}
		for i := range m.Files {
			e := &m.Files[i]
			if why := files[e.File]; why != "" {
				e.Outcome, e.Problem, e.Partial, e.File, e.SHA256 = bundle.Unknown, why, e.File, "", ""
			}
		}
	})
}

// matches reports how a file differs from its entry.
func (v *visit) matches(ctx context.Context, e bundle.ManifestFile) error {
	f, err := v.root.Open(e.File)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is missing")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, &interruptible{ctx, f})
	switch {
	case ctx.Err() != nil:
		return nil // nothing was found out
	case err != nil:
		return err
	case n != e.Bytes:
		return fmt.Errorf("it has %d of %d bytes", n, e.Bytes)
	case hex.EncodeToString(h.Sum(nil)) != e.SHA256:
		return errors.New("its SHA-256 is another one")
	}
	return nil
}

// interruptible ends with its context.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// reopen makes a file the part of one again that got its final name at the moment at which the earlier run was ended: so what is here
// is compared with the node's and not fetched anew.
func (v *visit) reopen(e bundle.ManifestFile) {
	if _, err := v.root.Stat(e.Partial); errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(e.Partial, bundle.PartSuffix) {
		_ = v.root.Rename(e.Local(), e.Partial) // else it is fetched anew
	}
}
