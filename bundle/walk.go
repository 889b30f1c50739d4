package bundle

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Stdin is the path that means standard input.
const Stdin = "-"

// Walk visits every file below the paths once. A path that is not there, or can't be opened, is a file with a Problem, so
// that the others are still read; the error is that of the context or of visit.
func Walk(ctx context.Context, paths []string, stdin io.Reader, limits Limits, visit Visit) error {
	w := &walker{ctx: ctx, limits: limits.withDefaults(), visit: visit}
	for _, p := range paths {
		if p == Stdin {
			if stdin == nil {
				stdin = os.Stdin
			}
			if err := w.stream(&File{Path: "standard input", Bytes: -1}, stdin, 0); err != nil {
				return err
			}
			continue
		}
		if err := w.path(p); err != nil {
			return err
		}
	}
	return nil
}

type walker struct {
	ctx    context.Context
	limits Limits
	visit  Visit
	spent  *spending // of the outermost compressed stream or zip that is being read
}

// path visits a file or, in the order of names, all files of a directory. Links that leave the directory are not followed.
func (w *walker) path(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return w.problem(&File{Path: name, Bytes: -1}, err)
	}
	if !info.IsDir() {
		return w.file(name, filepath.Base(filepath.Dir(absolute(name))), info, os.Open)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return w.problem(&File{Path: name, Bytes: -1}, err)
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(rel string, d fs.DirEntry, err error) error {
		full := filepath.Join(name, filepath.FromSlash(rel))
		if err != nil {
			return w.problem(&File{Path: full, Bytes: -1}, err)
		}
		if d.IsDir() {
			return nil
		}
		info, err := root.Stat(rel) // follows links inside the directory, refuses those that leave it
		if err != nil {
			return w.problem(&File{Path: full, Bytes: -1}, err)
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		group := path.Dir(rel)
		if group == "." {
			group = filepath.Base(absolute(name))
		}
		return w.file(full, group, info, func(string) (*os.File, error) { return root.Open(rel) })
	})
}

func absolute(name string) string {
	if a, err := filepath.Abs(name); err == nil {
		return a
	}
	return name
}

func (w *walker) file(name, group string, info fs.FileInfo, open func(string) (*os.File, error)) error {
	f := &File{Path: name, Group: group, Bytes: info.Size(), ModTime: info.ModTime()}
	if info.Mode().IsRegular() {
		f.Local = name
	} else {
		f.Bytes = -1
	}
	r, err := open(name)
	if err != nil {
		return w.problem(f, err)
	}
	defer r.Close()
	return w.stream(f, r, 0)
}

func (w *walker) problem(f *File, err error) error {
	if cause := w.ctx.Err(); cause != nil {
		return cause
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	f.Kind, f.Problem = Other, err.Error()
	return w.visit(f, nil)
}

// damaged reports a file that is cut off or broken.
func (w *walker) damaged(f *File, format string, args ...any) error {
	f.Damaged = true
	return w.problem(f, fmt.Errorf(format, args...))
}

// stream looks at the first bytes and opens containers within containers.
func (w *walker) stream(f *File, r io.Reader, depth int) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	b := bufio.NewReaderSize(r, sniffLen)
	head, err := b.Peek(sniffLen)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return w.damaged(f, "can't be read: %w", err)
	}
	if len(head) == 0 {
		return w.problem(f, errors.New("empty file"))
	}
	kind := container(head)
	if kind != "" && kind != "capture" && depth >= w.limits.Depth {
		return w.problem(f, fmt.Errorf("archives within archives are opened %d deep", w.limits.Depth))
	}
	switch kind {
	case "gzip", "zstd", "bzip2", "lz4":
		return w.compressed(f, kind, b, depth)
	case "tar":
		return w.tar(f, b, depth)
	case "zip":
		return w.zip(f, r, b, depth)
	case "xz", "7z", "rar":
		return w.problem(f, fmt.Errorf("%s archives are not read here: unpack it and give the directory", kind))
	}
	f.Kind = Sniff(head)
	f.Binary = f.Kind == Other && isBinary(withoutHoles(utf8Text(head)))
	if f.Kind == PrivateKey {
		return w.visit(f, nil)
	}
	if e := utf16Of(head); e != nil && f.Kind != Capture {
		f.Local = "" // its bytes are not those of the text
		return w.visit(f, e.NewDecoder().Reader(b))
	}
	return w.visit(f, b)
}

// compressed opens one compressed stream; what is in it may be a tar or a single file.
func (w *walker) compressed(f *File, kind string, b *bufio.Reader, depth int) error {
	counted, end := w.spend(b, 0)
	defer end()
	var plain io.Reader
	var err error
	switch kind {
	case "gzip":
		plain, err = gzip.NewReader(bufio.NewReader(counted))
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(counted, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(128<<20)); err == nil {
			defer z.Close()
			plain = z
		}
	case "bzip2":
		plain = bzip2.NewReader(counted)
	case "lz4":
		plain = lz4.NewReader(counted)
	}
	if err != nil {
		return w.damaged(f, "damaged %s: %w", kind, err)
	}
	inner := *f
	inner.Local, inner.Bytes = "", -1
	return w.stream(&inner, &bounded{r: plain, spent: w.spent, limits: w.limits, kind: kind}, depth+1)
}

// spending is what one outermost compressed input has cost so far. What is compressed again within it is held against the same
// input: else a bomb in a bomb, or a zip whose members share their bytes, would earn its own allowance.
type spending struct {
	in  int64 // compressed bytes of the outermost input
	out int64 // decompressed bytes of all levels
}

// spend opens the account of r, whose compressed size is known or is counted, unless one is open; end closes it.
func (w *walker) spend(r io.Reader, size int64) (counted io.Reader, end func()) {
	if w.spent != nil {
		return r, func() {}
	}
	w.spent = &spending{in: size}
	return &counter{r: r, spent: w.spent}, func() { w.spent = nil }
}

// counter counts compressed bytes.
type counter struct {
	r     io.Reader
	spent *spending
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.spent.in += int64(n)
	return n, err
}

// ErrBomb says that decompressing was stopped because the content grew beyond Limits.
var ErrBomb = errors.New("it decompresses to far more than a log does: reading was stopped (a decompression bomb?)")

// freeBytes may be decompressed whatever the ratio: small inputs of zeros are harmless.
const freeBytes = 64 << 20

// bounded stops a decompression bomb.
type bounded struct {
	r      io.Reader
	out    int64
	spent  *spending
	limits Limits
	kind   string
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.out += int64(n)
	b.spent.out += int64(n)
	if b.out > b.limits.Bytes || b.spent.out > freeBytes && b.spent.out > b.limits.Ratio*max(b.spent.in, 1) {
		return n, ErrBomb
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("damaged %s after %d bytes: %w", b.kind, b.out, err)
	}
	return n, err
}

func (w *walker) tar(f *File, r io.Reader, depth int) error {
	t := tar.NewReader(r)
	for members := 0; ; members++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			broken := *f
			return w.damaged(&broken, "damaged tar after %d members: %w", members, err)
		}
		if members >= w.limits.Members {
			broken := *f
			return w.problem(&broken, fmt.Errorf("more than %d members in the archive: the others were left out", w.limits.Members))
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := w.stream(w.member(f, h.Name, h.Size, h.FileInfo()), t, depth+1); err != nil {
			return err
		}
	}
}

func (w *walker) member(f *File, name string, size int64, info fs.FileInfo) *File {
	shown := memberName(name)
	group := path.Dir(shown)
	if group == "." {
		group = f.Group
	} else {
		group = f.Group + "/" + group
	}
	return &File{Path: f.Path + "!" + shown, Group: group, Bytes: size, ModTime: info.ModTime()}
}

// memberName makes an archive's name harmless to show: it is never used to open anything.
func memberName(name string) string {
	name = strings.TrimLeft(path.Clean("/"+strings.ReplaceAll(name, "\\", "/")), "/")
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "\ufffd")
	}
	return name
}

// maxZipInMemory bounds a zip that comes through a pipe: its directory is at its end.
const maxZipInMemory = 1 << 30

func (w *walker) zip(f *File, r io.Reader, b *bufio.Reader, depth int) error {
	at, size, err := randomAccess(f, r, b)
	if err != nil {
		return w.damaged(f, "damaged zip: %w", err)
	}
	z, err := zip.NewReader(at, size)
	if err != nil {
		return w.damaged(f, "damaged zip: %w", err)
	}
	_, end := w.spend(nil, size)
	defer end()
	for i, m := range z.File {
		if i >= w.limits.Members {
			return w.problem(f, fmt.Errorf("more than %d members in the archive: the others were left out", w.limits.Members))
		}
		if !m.Mode().IsRegular() {
			continue
		}
		member := w.member(f, m.Name, int64(m.UncompressedSize64), m.FileInfo())
		content, err := m.Open()
		if err != nil {
			if err := w.damaged(member, "damaged zip member: %w", err); err != nil {
				return err
			}
			continue
		}
		err = w.stream(member, &bounded{r: content, spent: w.spent, limits: w.limits, kind: "zip member"}, depth+1)
		content.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func randomAccess(f *File, r io.Reader, b *bufio.Reader) (io.ReaderAt, int64, error) {
	if at, ok := r.(io.ReaderAt); ok && f.Local != "" {
		return at, f.Bytes, nil
	}
	whole, err := io.ReadAll(io.LimitReader(b, maxZipInMemory+1))
	if err != nil {
		return nil, 0, err
	}
	if len(whole) > maxZipInMemory {
		return nil, 0, fmt.Errorf("a zip of more than %d MiB inside an archive or a pipe is not read: unpack it first", maxZipInMemory>>20)
	}
	return bytes.NewReader(whole), int64(len(whole)), nil
}
