package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"cbdoctor/bundle"
	"cbdoctor/interruptible"
)

// distrust compares what an earlier run has of a node with what its manifest claims, before anything is left out on that account:
// a machine that lost power may have less than was written. What is not as claimed is fetched again.
func (v *visit) distrust(ctx context.Context) {
	var claims bundle.ManifestNode
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		claims.Commands = append(claims.Commands, m.Commands...)
		claims.Files = append(claims.Files, m.Files...)
	})
	wrong := map[string]string{} // what is, by the name in the bundle
	doubt := func(name string, err error) {
		if err != nil && ctx.Err() == nil {
			wrong[name] = err.Error()
			v.tell(Retry, "%s is fetched anew: %v", name, err)
		}
	}
	for _, c := range claims.Commands {
		if c.File != "" {
			doubt(c.File, v.holds(ctx, c.File, c.Bytes, c.SHA256))
		}
	}
	for _, f := range claims.Files {
		switch {
		case f.Outcome == bundle.Success:
			doubt(f.File, v.holds(ctx, f.File, f.Bytes, f.SHA256))
		case f.Partial != "":
			doubt(f.Partial, v.reopen(ctx, f))
		}
	}
	v.record.node(v.i, func(m *bundle.ManifestNode) {
		for i := range m.Commands {
			if why := wrong[m.Commands[i].File]; why != "" {
				m.Commands[i].Outcome, m.Commands[i].Problem, m.Commands[i].File = bundle.Unknown, why, ""
			}
		}
		for i := range m.Files {
			e := &m.Files[i]
			if why := wrong[e.File]; why != "" {
				e.Outcome, e.Problem, e.Partial, e.File, e.SHA256 = bundle.Unknown, why, e.File, "", ""
			}
			if wrong[e.Partial] != "" {
				e.Kept = nil
			}
		}
	})
}

// holds reports how a file differs from what is claimed of it.
func (v *visit) holds(ctx context.Context, name string, size int64, sum string) error {
	f, err := v.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is missing")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() != size {
		return fmt.Errorf("it has %d of %d bytes", info.Size(), size)
	}
	return begins(ctx, f, bundle.Kept{Bytes: size, SHA256: sum})
}

// begins reports whether a file begins with what was written to it.
func begins(ctx context.Context, f io.Reader, want bundle.Kept) error {
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(interruptible.Reader(ctx, f), want.Bytes))
	switch {
	case err != nil:
		return err
	case n != want.Bytes:
		return fmt.Errorf("it has %d of %d bytes", n, want.Bytes)
	case hex.EncodeToString(h.Sum(nil)) != want.SHA256:
		return errors.New("its SHA-256 is another one")
	}
	return nil
}

// reopen makes the beginning of a file ready to be gone on with: as much of it as is known to be what was fetched. One that got its final
// name at the moment at which the earlier run was ended is a beginning again.
func (v *visit) reopen(ctx context.Context, e bundle.ManifestFile) error {
	if !strings.HasSuffix(e.Partial, bundle.PartSuffix) {
		return nil // it was whole, and is fetched anew
	}
	if _, err := v.root.Stat(e.Partial); errors.Is(err, fs.ErrNotExist) {
		_ = v.root.Rename(e.Local(), e.Partial) // else there is nothing
	}
	f, err := v.root.OpenFile(e.Partial, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) && e.Kept == nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if e.Kept == nil {
		return errors.New("it was cut off before it was noted how much of it is on the disk")
	}
	if err := begins(ctx, f, *e.Kept); err != nil {
		return err
	}
	return f.Truncate(e.Kept.Bytes)
}
