package measure

import (
	"testing"
	"time"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"512M": 512 << 20, "1g": 1 << 30, "64K": 64 << 10, "100": 100, "": 0, "M": 0, "-1M": 0, "12X": 0} {
		if got, err := ParseSize(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestSummaryIsOfThePairs(t *testing.T) {
	t.Parallel()
	ms := func(a, b int) Pair {
		return Pair{Sample{Wall: time.Duration(a) * time.Millisecond, Memory: 5, CPU: 30}, Sample{Wall: time.Duration(b) * time.Millisecond, CPU: 10}}
	}
	if s := Summarise([]Pair{ms(10, 10), ms(400, 200), ms(30, 60)}); s.Ratio != 1 || s.Least != 0.5 || s.Most != 2 || s.Tool != 30 || s.Memory != 5 || s.CPU != 3 {
		t.Errorf("%+v", s)
	}
}
