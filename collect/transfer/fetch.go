package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"cbdoctor/bundle"
)

// filesNear and filesFar hide the round trips of a small file over a short and over a long path: opening, reading and looking at it
// again are one each.
const filesNear, filesFar = 4, 16

// filesAtOnce is how many files are on their way at the same time.
func (f *Fetcher) filesAtOnce() int {
	if f.window.isLong() {
		return filesFar
	}
	return filesNear
}

// restarts is how often a file that changes while it is read is begun again.
const restarts = 3

// Fetch downloads files into dir. came is called with the index of a file and how many of its bytes are here, done once a file;
// both from several goroutines at once. Every file gets a result.
func (f *Fetcher) Fetch(ctx context.Context, dir *os.Root, files []File, came func(i int, size int64), done func(i int, r Result)) {
	b := &batch{fetcher: f, dir: dir, files: files, came: came, done: done, restarted: make([]int, len(files))}
	for i := range files {
		b.todo = append(b.todo, i)
	}
	err := f.retry(ctx, b.round)
	for _, i := range b.todo {
		r := Result{File: files[i], Err: err, Common: true}
		if info, statErr := dir.Stat(files[i].Name + bundle.PartSuffix); statErr == nil {
			r.Left = info.Size()
		}
		done(i, r)
	}
}

// batch is the files of one Fetch.
type batch struct {
	fetcher *Fetcher
	dir     *os.Root
	files   []File
	came    func(i int, size int64)
	done    func(i int, r Result)

	mu        sync.Mutex
	todo      []int // indexes of files without a result
	restarted []int // how often each was begun again
	moved     bool  // anything came in this round
	broken    error // why the round ends early
}

// round tries all files that have no result over one pool.
func (b *batch) round(ctx context.Context, p *pool) (moved bool, err error) {
	next := make(chan int, len(b.todo))
	for _, i := range b.todo {
		next <- i
	}
	close(next)
	b.todo, b.moved, b.broken = nil, false, nil
	var jobs sync.WaitGroup
	for range b.fetcher.filesAtOnce() {
		jobs.Go(func() {
			for i := range next {
				b.try(ctx, p, i)
			}
		})
	}
	jobs.Wait()
	return b.moved, b.broken
}

func (b *batch) try(ctx context.Context, p *pool, i int) {
	b.mu.Lock()
	over := b.broken
	b.mu.Unlock()
	if over == nil {
		over = context.Cause(ctx)
	}
	var r Result
	if over == nil {
		r = b.one(ctx, p, i)
		if r.Err == nil || !Broken(r.Err) {
			b.done(i, r)
			return
		}
		over = r.Err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.todo = append(b.todo, i)
	if b.broken == nil {
		b.broken = over
		b.fetcher.hangUp() // the others that wait on it end too
	}
}

// one downloads one file. A file that changed is looked at again and begun again.
func (b *batch) one(ctx context.Context, p *pool, i int) Result {
	file := b.files[i]
	local, err := openPart(b.dir, file.Name)
	if err != nil {
		return Result{File: file, Err: err}
	}
	fail := func(err error) Result {
		left := local.leave(err)
		if b.fetcher.Kept != nil && left > 0 {
			b.fetcher.Kept(file, left, local.sum())
		}
		return Result{File: file, Err: err, Left: left}
	}
	had := local.size
	d := &download{fetcher: b.fetcher, pool: p, part: local, came: func(size int64) {
		if size > had {
			b.mu.Lock()
			b.moved = true
			b.mu.Unlock()
		}
		b.came(i, size)
	}}
	for {
		d.file = file
		note, err := d.run(ctx)
		if err == nil {
			sum, err := local.finish()
			if err != nil {
				return fail(err)
			}
			return Result{File: file, SHA256: sum, Note: note}
		}
		if !errors.Is(err, errChanged) && !errors.Is(err, errShort) {
			return fail(err)
		}
		now, statErr := p.least().client.Stat(file.Path)
		if statErr != nil {
			return fail(statErr)
		}
		if b.restarted[i]++; b.restarted[i] > restarts || errors.Is(err, errShort) && now.Size() == file.Size {
			return fail(fmt.Errorf("%w: %d of %d bytes came", err, local.size, file.Size))
		}
		if err := local.restart(); err != nil {
			return fail(err)
		}
		had = 0
		file.Size, file.ModTime = now.Size(), now.ModTime()
		b.files[i] = file
		b.came(i, 0)
	}
}
