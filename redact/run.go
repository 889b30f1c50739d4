package redact

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"cbdoctor/bundle"
)

// Options say how to redact. Key decides the stand-ins: the same key gives the same addresses and names the same stand-ins in another
// bundle of the same material; without one a key is made and forgotten.
type Options struct {
	Port   uint16 // of the database; 0 means 5432
	Key    []byte
	Limits bundle.Limits
	Days   int       // all dates are moved by so many days
	Anchor time.Time // some time of the material: log lines without a year are taken for the nearest to it
}

// Summary says what was done.
type Summary struct {
	Files   []Written
	LeftOut []LeftOut
	Kept    []string // names that are words of the formats and stayed
	Mapping Mapping
}

// Written is a file of the copy.
type Written struct {
	From, To     string // path in the material, path in the copy with forward slashes
	LinesLeftOut int    // lines of which nothing is known, so nothing was kept
}

// LeftOut is what could not be redacted, and why.
type LeftOut struct{ Path, Why string }

// ErrNothing says that nothing could be redacted.
var ErrNothing = errors.New("nothing could be redacted")

// Run writes a redacted copy of the material below paths into the directory out, which must not exist. Whatever happens, there is
// no half-written copy under that name.
func Run(ctx context.Context, paths []string, out string, opt Options) (*Redactor, *Summary, error) {
	if opt.Port == 0 {
		opt.Port = 5432
	}
	if len(opt.Key) == 0 {
		opt.Key = NewKey(32)
	}
	if _, err := os.Lstat(out); err == nil {
		return nil, nil, fmt.Errorf("%s exists already", out)
	}
	work, err := os.MkdirTemp(filepath.Dir(out), ".redact-*")
	if err != nil {
		return nil, nil, fmt.Errorf("make the copy: %w", err)
	}
	defer os.RemoveAll(work) // fails after the renaming, and that is right
	r := newRedactor(opt.Key)
	r.shift = shift{opt.Days, opt.Anchor}
	w := &writing{redactor: r, opt: opt, dir: work, captures: map[string]*streams{}, names: map[string]bool{}}
	if err := w.walk(ctx, paths, w.learn); err != nil {
		return nil, nil, err
	}
	for _, p := range w.paths {
		w.redactor.learnPath(p)
	}
	w.redactor.settle()
	w.redactor.issue()
	if err := w.walk(ctx, paths, w.write); err != nil {
		return nil, nil, err
	}
	if err := w.manifests(); err != nil {
		return nil, nil, err
	}
	if err := w.scan(); err != nil {
		return nil, nil, err
	}
	w.summary.Kept, w.summary.Mapping = w.redactor.words.keptNames(), w.redactor.mapping()
	if len(w.summary.Files) == 0 {
		return w.redactor, &w.summary, ErrNothing
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return nil, nil, err
	}
	if err := os.Rename(work, out); err != nil {
		return nil, nil, fmt.Errorf("put the copy in its place: %w", err)
	}
	return w.redactor, &w.summary, nil
}

// NewKey makes a key of so many bytes.
func NewKey(n int) []byte {
	key := make([]byte, n)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return key
}

// writing is what the two passes share.
type writing struct {
	redactor *Redactor
	opt      Options
	dir      string
	captures map[string]*streams // by path
	failed   map[string]string   // path to why it can't be redacted
	paths    []string            // of all files, as they would be in the copy
	names    map[string]bool     // files in the copy
	pending  []manifestCopy
	summary  Summary
}

type visit func(ctx context.Context, f *bundle.File, to string, r io.Reader) error

func (w *writing) walk(ctx context.Context, paths []string, v visit) error {
	for _, p := range paths {
		if p == bundle.Stdin {
			return errors.New("standard input can't be redacted: it would have to be read twice. Save it to a file first")
		}
		err := bundle.Walk(ctx, []string{p}, nil, w.opt.Limits, func(f *bundle.File, r io.Reader) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			to := relative(p, f.Path)
			if len(paths) > 1 && !strings.HasPrefix(to, filepath.Base(p)) {
				to = filepath.Base(p) + "/" + to // of several directories, each stays one
			}
			return v(ctx, f, to, r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// relative is where a file of the material goes in the copy, before the names in it are replaced. Archives become directories.
func relative(root, file string) string {
	rel := strings.TrimPrefix(file, root)
	if rel == "" || strings.HasPrefix(rel, "!") {
		rel = filepath.Base(root) + rel
	}
	within := strings.Split(strings.ReplaceAll(filepath.ToSlash(rel), "\\", "/"), "!")
	for i := range within {
		for _, suffix := range []string{".gz", ".tgz", ".zst", ".bz2", ".lz4", ".tar", ".zip"} {
			within[i] = strings.TrimSuffix(within[i], suffix)
		}
	}
	rel = strings.Join(within, "/")
	return strings.TrimLeft(filepath.ToSlash(filepath.Clean("/"+rel)), "/")
}

// isLines reports whether a file is read line by line.
func isLines(f *bundle.File) bool {
	switch f.Kind {
	case bundle.Syslog, bundle.Status, bundle.Version, bundle.Report:
		return true
	case bundle.Other:
		return !f.Binary
	}
	return false
}

func (w *writing) learn(ctx context.Context, f *bundle.File, to string, r io.Reader) error {
	w.paths = append(w.paths, to)
	if r == nil {
		return nil
	}
	var err error
	switch {
	case f.Kind == bundle.Capture:
		w.captures[f.Path], err = w.redactor.learnCapture(ctx, r, w.opt.Port)
	case f.Kind == bundle.PKI:
		err = w.redactor.learnPKI(r)
	case f.Kind == bundle.LiveJSON || f.Kind == bundle.ManifestDoc:
		err = w.redactor.learnJSON(r, f.Kind)
	case isLines(f):
		err = w.redactor.learnLines(lines(r))
	}
	if err != nil && ctx.Err() == nil {
		w.fail(f.Path, err)
		return nil
	}
	return err
}

func (w *writing) fail(file string, err error) {
	if w.failed == nil {
		w.failed = map[string]string{}
	}
	w.failed[file] = err.Error()
}

func (w *writing) write(ctx context.Context, f *bundle.File, to string, r io.Reader) error {
	why := w.failed[f.Path]
	switch {
	case why != "":
	case f.Problem != "":
		why = f.Problem
	case f.Kind == bundle.PrivateKey:
		why = "a private key"
	case r == nil || f.Kind == bundle.Other && f.Binary:
		why = "not a file of a kind that is known here"
	}
	if why != "" {
		w.summary.LeftOut = append(w.summary.LeftOut, LeftOut{f.Path, why})
		return nil
	}
	if f.Kind == bundle.ManifestDoc {
		w.pending = append(w.pending, manifestCopy{from: f.Path, dir: filepath.ToSlash(filepath.Dir(to)), text: readAll(r)})
		return nil
	}
	written := Written{From: f.Path, To: w.name(to)}
	full := filepath.Join(w.dir, filepath.FromSlash(written.To))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return fmt.Errorf("make the copy: %w", err)
	}
	file, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("make the copy: %w", err)
	}
	var n lineCount
	switch {
	case f.Kind == bundle.Capture:
		err = w.redactor.writeCapture(ctx, file, r, w.captures[f.Path])
	case f.Kind == bundle.PKI:
		n, err = w.redactor.writePKI(file, r)
	case f.Kind == bundle.LiveJSON:
		err = w.redactor.writeJSON(file, r)
	default:
		n, err = w.redactor.writeLines(file, lines(r))
		if err == nil && n.all == n.leftOut {
			err = errors.New("no line of a form that is known here")
		}
	}
	written.LinesLeftOut = n.leftOut
	err = errors.Join(err, file.Close())
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.summary.LeftOut = append(w.summary.LeftOut, LeftOut{f.Path, err.Error()})
		return os.Remove(full)
	}
	if s := w.captures[f.Path]; s != nil {
		w.summary.LeftOut = append(w.summary.LeftOut, s.leftOut(f.Path)...)
	}
	if !f.ModTime.IsZero() {
		modified := w.redactor.shift.file(f.ModTime)
		_ = os.Chtimes(full, modified, modified) // years of log lines are told by it; a copy without is still a copy
	}
	w.summary.Files = append(w.summary.Files, written)
	return nil
}

// name is a free name in the copy, its words replaced.
func (w *writing) name(to string) string {
	base := w.redactor.path(to)
	name := base
	for n := 2; w.names[strings.ToLower(name)]; n++ {
		suffix := path.Ext(base)
		name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(base, suffix), n, suffix)
	}
	w.names[strings.ToLower(name)] = true
	return name
}

// lines makes an XML document one of many lines: its elements are looked at one by one.
func lines(r io.Reader) io.Reader {
	head := make([]byte, 64)
	n, err := io.ReadFull(r, head)
	whole := io.MultiReader(bytes.NewReader(head[:n]), r)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(bytes.TrimSpace(head[:n]), []byte("<")) {
		return whole
	}
	if logLine := bytes.IndexByte(head[:n], '>'); logLine > 0 && logLine < 5 { // "<134>": a line of syslog
		return whole
	}
	return bytes.NewReader(bytes.ReplaceAll(readAll(whole), []byte("><"), []byte(">\n<")))
}

// maxDocument bounds what is read as one: documents of a node have a few KiB.
const maxDocument = 16 << 20

func readAll(r io.Reader) []byte {
	b, err := io.ReadAll(io.LimitReader(r, maxDocument))
	if err != nil {
		return nil
	}
	return b
}
