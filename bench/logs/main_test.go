package main

import (
	"testing"
	"time"

	"cbdoctor/fixtures/biglog"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"512M": 512 << 20, "1g": 1 << 30, "64K": 64 << 10, "100": 100, "": 0, "M": 0, "-1M": 0, "12X": 0} {
		if got, err := parseSize(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestWrongCountsAreTold(t *testing.T) {
	t.Parallel()
	truth := newCounts()
	truth.addTruth(&biglog.Truth{Lines: 7, Checks: map[string]int{"refused": 3, "tls-alert": 1}, Messages: map[string]int{"schema-error": 2}})
	for report, want := range map[string]string{
		`{"findings":[{"id":"health-check-refused","count":3},{"id":"schema-error","count":2},{"id":"other","count":9}],"coverage":{"lines":{"recognised":7}}}`: "",
		`{"findings":[{"id":"health-check-refused","count":3},{"id":"schema-error","count":2}],"coverage":{"lines":{"recognised":6}}}`:                          "6 of 7 lines",
		`{"findings":[{"id":"health-check-refused","count":4},{"id":"schema-error","count":2}],"coverage":{"lines":{"recognised":7}}}`:                          "health-check-refused 4 times instead of 3",
	} {
		said, err := counted([]byte(report))
		if err != nil {
			t.Fatal(err)
		}
		if got := truth.differs(said); got != want {
			t.Errorf("%s: %q, want %q", report, got, want)
		}
	}
}

func TestSummaryIsOfThePairs(t *testing.T) {
	t.Parallel()
	ms := func(a, b int) pair {
		return pair{sample{time.Duration(a) * time.Millisecond, 5}, sample{time.Duration(b) * time.Millisecond, 0}}
	}
	if s := summarise([]pair{ms(10, 10), ms(400, 200), ms(30, 60)}); s.ratio != 1 || s.least != 0.5 || s.most != 2 || s.tool != 30 || s.memory != 5 {
		t.Errorf("%+v", s)
	}
}
