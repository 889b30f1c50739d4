package lazyregexp_test

import (
	"sync"
	"testing"

	"cbdoctor/lazyregexp"
)

func TestSeveralMayUseItFirst(t *testing.T) {
	t.Parallel()
	number := lazyregexp.New(`(\d+)`)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if found := number.FindStringSubmatch("node 17"); len(found) != 2 || found[1] != "17" {
				t.Errorf("found %q", found)
			}
		})
	}
	wait.Wait()
}

func TestWrongPatternIsToldAtFirstUse(t *testing.T) {
	t.Parallel()
	wrong := lazyregexp.New(`(`)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	wrong.MatchString("x")
}
