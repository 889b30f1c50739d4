// Package interruptible ends the reading of a file with a context: [Reader] from its beginning, [ReaderAt] at any place.
package interruptible

import (
	"context"
	"io"
)

// Reader fails with the context's error once the context has ended.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &reader{ctx, r} }

// ReaderAt fails with the context's error once the context has ended.
func ReaderAt(ctx context.Context, r io.ReaderAt) io.ReaderAt { return &readerAt{ctx, r} }

type reader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

type readerAt struct {
	ctx context.Context
	r   io.ReaderAt
}

// ReadAt implements io.ReaderAt.
func (r *readerAt) ReadAt(p []byte, off int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.ReadAt(p, off)
}
