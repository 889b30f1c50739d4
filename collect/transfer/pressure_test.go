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

var garbage []byte

// Memory is short when the program is above its limit, and never without one.
func TestPressed(t *testing.T) {
	percent, before := debug.SetGCPercent(-1), debug.SetMemoryLimit(1<<40)
	defer debug.SetGCPercent(percent)
	defer debug.SetMemoryLimit(before)
	if pressed() {
		t.Error("short of memory far below the limit")
	}
	garbage = make([]byte, usual+2*tolerance)
	garbage = nil
	debug.SetMemoryLimit(1)
	short := pressed() // before the collector is through
	if debug.SetMemoryLimit(before); !short {
		t.Error("not short of memory with garbage above the limit")
	}
}
