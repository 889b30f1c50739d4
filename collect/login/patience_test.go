package login

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// The time limit of a login does not run while somebody is asked, and goes on afterwards with what was left.
func TestPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, p := newPatience(t.Context(), 10*time.Second)
		defer p.end()
		time.Sleep(6 * time.Second) // of the test's own clock, as all here
		question, another := p.pause(), p.pause()
		time.Sleep(time.Hour)
		question()
		time.Sleep(time.Hour)
		another()
		time.Sleep(3 * time.Second)
		if ctx.Err() != nil {
			t.Fatal("the limit ran while somebody was asked")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			t.Errorf("after ten seconds: %v", context.Cause(ctx))
		}
	})
}
