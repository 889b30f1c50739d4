package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// List returns what is in the directory where the node's SFTP sessions begin: the root of an MMP.
func (f *Fetcher) List(ctx context.Context) (entries []os.FileInfo, err error) {
	err = f.retry(ctx, func(ctx context.Context, p *pool) (bool, error) {
		f.meter.begin()
		defer f.meter.end()
		if entries, err = p.least().lane.list("."); err != nil {
			return false, fmt.Errorf("list the SFTP root: %w", err)
		}
		return true, nil
	})
	return entries, err
}

// Heads returns the first n bytes of files, at most 32 KiB; none of a file that can't be read.
func (f *Fetcher) Heads(ctx context.Context, paths []string, n int) (heads [][]byte, err error) {
	err = f.retry(ctx, func(ctx context.Context, p *pool) (bool, error) {
		heads = make([][]byte, len(paths))
		errs := make([]error, len(paths))
		next := make(chan int, len(paths))
		for i := range paths {
			next <- i
		}
		close(next)
		var jobs sync.WaitGroup
		for range f.filesAtOnce() {
			jobs.Go(func() {
				for i := range next {
					heads[i], errs[i] = f.head(p.least().lane, paths[i], n)
				}
			})
		}
		jobs.Wait()
		for _, err := range errs {
			if err != nil && Broken(err) {
				return false, fmt.Errorf("read the beginnings of captures: %w", err)
			}
		}
		return true, nil
	})
	return heads, err
}

func (f *Fetcher) head(l *lane, path string, n int) ([]byte, error) {
	f.meter.begin()
	defer f.meter.end()
	handle, err := l.open(path)
	if err != nil {
		return nil, err
	}
	b, err := l.read(handle, 0, min(n, smallAnswer))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	l.close(handle)
	return b, err
}
