package analyze

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"cbdoctor/bundle"
	"cbdoctor/capture"
	"cbdoctor/fact"
)

// smallCapture is the size up to which a capture is read a second time without being asked: that takes milliseconds.
const smallCapture = 4 << 20

// capture judges one capture file, and keeps the ladders of what is wrong in it.
func (m *material) capture(ctx context.Context, f *bundle.File, r io.Reader, in *fact.Input) error {
	result, again, err := m.judge(ctx, f, r)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		in.Problem, in.Damaged = err.Error(), true
		return nil
	}
	result.File = f.Path
	in.Problem = result.Problem
	in.Damaged = result.Problem != ""
	m.captures = append(m.captures, result)
	m.groups[f.Path], m.local[f.Path] = f.Group, f.Local
	return m.addLadders(ctx, result, again)
}

// judge reads the capture, and returns how to read it again where that is cheap or wanted.
func (m *material) judge(ctx context.Context, f *bundle.File, r io.Reader) (*capture.Result, func() (io.ReadCloser, error), error) {
	small := f.Bytes >= 0 && f.Bytes <= smallCapture
	switch {
	case f.Local != "":
		result, err := capture.AnalyzeFile(ctx, f.Local, m.opt.Capture)
		if !small && !m.opt.Ladders {
			return result, nil, err
		}
		return result, func() (io.ReadCloser, error) { return os.Open(f.Local) }, err
	case small:
		all, err := io.ReadAll(io.LimitReader(r, smallCapture+1))
		if err != nil || len(all) > smallCapture { // what an archive says of a size need not be true
			result, err := capture.Analyze(ctx, f.Path, io.MultiReader(bytes.NewReader(all), r), m.opt.Capture)
			return result, nil, err
		}
		result, err := capture.AnalyzeBytes(ctx, f.Path, all, m.opt.Capture)
		return result, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(all)), nil }, err
	case m.opt.Ladders:
		return m.judgeCopy(ctx, f, r)
	}
	result, err := capture.Analyze(ctx, f.Path, r, m.opt.Capture)
	return result, nil, err
}

// judgeCopy keeps a copy of a large member of an archive while it is judged, so that it can be read again.
func (m *material) judgeCopy(ctx context.Context, f *bundle.File, r io.Reader) (*capture.Result, func() (io.ReadCloser, error), error) {
	spool, err := os.CreateTemp("", "cbdoctor-capture-*")
	if err != nil {
		result, err := capture.Analyze(ctx, f.Path, r, m.opt.Capture)
		return result, nil, err
	}
	_ = os.Remove(spool.Name()) // the open file is enough where that works; where it does not, the copy is removed on Close
	copied := &copier{w: spool}
	result, err := capture.Analyze(ctx, f.Path, io.TeeReader(r, copied), m.opt.Capture)
	if err != nil || copied.failed {
		return result, nil, errors.Join(err, closeCopy(spool))
	}
	return result, func() (io.ReadCloser, error) {
		_, err := spool.Seek(0, io.SeekStart)
		return &spoolFile{spool}, err
	}, nil
}

// copier stops copying when the disk is full: the capture is judged nevertheless.
type copier struct {
	w      io.Writer
	failed bool
}

func (c *copier) Write(b []byte) (int, error) {
	if !c.failed {
		_, err := c.w.Write(b)
		c.failed = err != nil
	}
	return len(b), nil
}

type spoolFile struct{ *os.File }

func (s *spoolFile) Close() error { return closeCopy(s.File) }

func closeCopy(f *os.File) error {
	err := f.Close()
	if removed := os.Remove(f.Name()); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

// addLadders keeps the ladders of the decisive sessions. What can't be read a second time gives none: the verdicts stand.
func (m *material) addLadders(ctx context.Context, result *capture.Result, again func() (io.ReadCloser, error)) error {
	if again == nil {
		return nil
	}
	r, err := again()
	if err != nil {
		return nil
	}
	defer r.Close()
	ladders, _ := result.Ladders(ctx, r, m.opt.Capture)
	for _, l := range ladders {
		l.File = result.File
		m.ladders = append(m.ladders, l)
	}
	return ctx.Err()
}
