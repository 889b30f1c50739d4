package main

import (
	"testing"

	"cbdoctor/fixtures/biglog"
)

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
