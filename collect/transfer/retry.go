package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/pkg/sftp"
)

// Broken reports whether the connection is at fault, rather than the file or this machine: then trying again may help.
func Broken(err error) bool {
	var final *FinalError
	var status *sftp.StatusError
	var answer *refused
	switch {
	case errors.As(err, &final), errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission), errors.Is(err, errChanged), errors.Is(err, errShort):
		return false
	case errors.As(err, &status), errors.As(err, &answer):
		return false // the node answered, and will answer the same again
	}
	return true
}

// retry runs work over a pool until it succeeds, fails for good, or fails too often in a row without any progress.
func (f *Fetcher) retry(ctx context.Context, work func(context.Context, *pool) (moved bool, err error)) error {
	f.init()
	failures := 0
	for {
		moved, err := f.attempt(ctx, work)
		if err == nil || !Broken(err) {
			return err
		}
		f.drop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if moved {
			failures = 0
		}
		if failures++; failures > f.Retries {
			if failures == 1 {
				return err
			}
			return fmt.Errorf("given up after %d attempts: %w", failures, err)
		}
		wait := Backoff(f.Backoff, failures, rand.Float64())
		if f.Retrying != nil {
			f.Retrying(err, wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// Backoff is how long to wait: twice as long after each failure, up to a minute, of which a part is random, so that eight nodes
// behind one broken link do not come back at the same moment.
func Backoff(first time.Duration, failures int, random float64) time.Duration {
	whole := min(first<<min(max(failures-1, 0), 16), time.Minute)
	return whole/2 + time.Duration(random*float64(whole/2))
}

// attempt runs work once over the pool of now, or a new one, and ends it when nothing arrives any more.
func (f *Fetcher) attempt(ctx context.Context, work func(context.Context, *pool) (bool, error)) (moved bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// answers that will never come are waited for until their connection is closed
	defer context.AfterFunc(ctx, f.hangUp)()
	over := make(chan struct{})
	defer close(over)
	go f.watch(over, func() { cancel(fmt.Errorf("%w: nothing came for %s", ErrStalled, f.Stall)) })
	if f.pool == nil {
		if err := f.connect(ctx); err != nil {
			if ctx.Err() != nil && Broken(err) {
				err = context.Cause(ctx)
			}
			return false, err
		}
	}
	moved, err = work(ctx, f.pool)
	if err != nil && Broken(err) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return moved, err
}

// watch calls stalled when something was waited for and nothing came for too long.
func (f *Fetcher) watch(over <-chan struct{}, stalled func()) {
	tick := time.NewTicker(f.Stall / 8)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			if f.meter.silent() > f.Stall {
				stalled()
				return
			}
		}
	}
}

// errLost says that the connection is gone; it stands for the io.EOF of a closed channel, which would mean the end of a file.
var errLost = fmt.Errorf("the connection is gone: %w", io.ErrUnexpectedEOF)

// ErrStalled says that a connection brought nothing for too long.
var ErrStalled = errors.New("the connection stalled")
