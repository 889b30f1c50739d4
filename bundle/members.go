package bundle

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Member is one file of a bundle itself: what Walk finds within it is not looked at.
type Member struct {
	Name  string // from the top of the bundle, with slashes
	Bytes int64
}

// Members calls visit for each file of a bundle: a directory, or a .tar, .tar.gz or .tar.zst. Names are only names: nothing
// is extracted. An error ends it.
func Members(ctx context.Context, bundle string, visit func(Member, io.Reader) error) error {
	info, err := os.Stat(bundle)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return archiveMembers(ctx, bundle, visit)
	}
	root, err := os.OpenRoot(bundle)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := root.Open(filepath.FromSlash(name))
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return visit(Member{name, info.Size()}, f)
	})
}

func archiveMembers(ctx context.Context, name string, visit func(Member, io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	plain, done, err := decompressed(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer done()
	t := tar.NewReader(plain)
	for members := 0; ; members++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return fmt.Errorf("%s: damaged after %d members: %w", name, members, err)
		}
		if members >= (Limits{}).withDefaults().Members {
			return fmt.Errorf("%s: more than %d members", name, members)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := visit(Member{memberName(h.Name), h.Size}, t); err != nil {
			return err
		}
	}
}

// decompressed reads gzip, zstd or neither.
func decompressed(f io.Reader) (plain io.Reader, done func(), err error) {
	b := bufio.NewReaderSize(f, sniffLen)
	head, err := b.Peek(512)
	if len(head) == 0 {
		return nil, nil, fmt.Errorf("it can't be read: %w", err)
	}
	switch kind := container(head); kind {
	case "gzip":
		z, err := gzip.NewReader(b)
		return z, func() {}, err
	case "zstd":
		z, err := zstd.NewReader(b, zstd.WithDecoderMaxMemory(128<<20))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case "tar":
		return b, func() {}, nil
	}
	return nil, nil, errors.New("it is no bundle: neither a directory nor a .tar, .tar.gz or .tar.zst")
}

// ArchiveKinds are the suffixes of the archives that Pack writes.
var ArchiveKinds = []string{".tar.zst", ".tar.gz"}

// Pack writes the bundle in a directory to an archive, beside its name and renamed when it is whole. The manifest comes first,
// so that a reader of a stream knows what to expect.
func Pack(ctx context.Context, dir, archive string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(archive), ".cbdoctor-*")
	if err != nil {
		return fmt.Errorf("pack the bundle: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("pack the bundle: %w", err), f.Close(), os.Remove(f.Name()))
		}
	}()
	compressed, err := compressor(f, archive)
	if err != nil {
		return err
	}
	t := tar.NewWriter(compressed)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := packFile(t, root, ManifestName); err != nil {
		return err
	}
	err = Members(ctx, dir, func(m Member, _ io.Reader) error {
		if m.Name == ManifestName {
			return nil
		}
		return packFile(t, root, m.Name)
	})
	if err := errors.Join(err, t.Close(), compressed.Close(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), archive)
}

// Unpack writes the files of a bundle's archive below dir, which must not exist: to go on with a collection that was packed.
func Unpack(ctx context.Context, archive, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("unpack the bundle: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpack the bundle: %w", err)
	}
	defer root.Close()
	err = Members(ctx, archive, func(m Member, r io.Reader) error {
		name := filepath.FromSlash(m.Name)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		return errors.Join(err, f.Close())
	})
	if err != nil {
		return fmt.Errorf("unpack the bundle: %w", err)
	}
	return nil
}

func compressor(w io.Writer, archive string) (io.WriteCloser, error) {
	switch {
	case strings.HasSuffix(archive, ".tar.zst"):
		return zstd.NewWriter(w)
	case strings.HasSuffix(archive, ".tar.gz"):
		return gzip.NewWriter(w), nil
	}
	return nil, fmt.Errorf("%s is none of %s", filepath.Base(archive), strings.Join(ArchiveKinds, ", "))
}

func packFile(t *tar.Writer, root *os.Root, name string) error {
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o644, ModTime: info.ModTime()}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}
