package transfer

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
)

// While memory is short one request goes after the other.
func TestWindowUnderPressure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		short := true
		w := newWindow()
		w.pressed = func() bool { return short }
		given := 0
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for w.acquire(ctx, 1000) == nil {
				given++
			}
		}()
		for want := range 5 {
			synctest.Wait()
			if given != want+1 {
				t.Fatalf("%d requests after %d answers", given, want)
			}
			w.release(1000)
		}
		synctest.Wait()
		short = false
		w.release(1000)
		synctest.Wait()
		if given < shortInFlight/1000 {
			t.Errorf("%d requests, as if memory were still short", given)
		}
	})
}

// Memory is short when the program is above its limit, and never without one.
func TestPressed(t *testing.T) {
	before := debug.SetMemoryLimit(1)
	short := pressed()
	debug.SetMemoryLimit(before)
	if !short || pressed() {
		t.Errorf("short of memory with a limit of one byte: %v, without: %v", short, pressed())
	}
}
