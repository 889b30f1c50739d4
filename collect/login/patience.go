package login

import (
	"context"
	"sync"
	"time"
)

// patience is a time limit that does not run while somebody is asked: who compares a fingerprint with a console in another building
// takes longer than a node may.
type patience struct {
	cancel context.CancelCauseFunc

	mu     sync.Mutex
	timer  *time.Timer
	left   time.Duration // when it last began to run
	since  time.Time     // when that was
	asking int           // questions that are open
}

// newPatience returns a context that ends with its parent or when the time is up, with errSlow as its cause.
func newPatience(parent context.Context, limit time.Duration) (context.Context, *patience) {
	ctx, cancel := context.WithCancelCause(parent)
	p := &patience{cancel: cancel, left: limit, since: time.Now()}
	p.timer = time.AfterFunc(limit, func() { cancel(errSlow) })
	return ctx, p
}

// errSlow is a context.DeadlineExceeded.
var errSlow error = slow{}

type slow struct{}

func (slow) Error() string        { return "the host took too long" }
func (slow) Is(target error) bool { return target == context.DeadlineExceeded }

// pause stops the time until resume is called.
func (p *patience) pause() (resume func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asking++; p.asking == 1 && p.timer.Stop() {
		p.left -= time.Since(p.since)
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.asking--; p.asking == 0 {
			p.since = time.Now()
			p.timer.Reset(max(p.left, 0))
		}
	}
}

// asked is a question that stops the time; nil stays nil.
func (p *patience) asked(question func(string) (string, error)) func(string) (string, error) {
	if question == nil {
		return nil
	}
	return func(of string) (string, error) {
		defer p.pause()()
		return question(of)
	}
}

func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Stop()
	p.cancel(nil)
}
