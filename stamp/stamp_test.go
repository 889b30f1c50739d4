package stamp_test

import (
	"testing"
	"time"

	"cbdoctor/stamp"
)

func TestTimePrintsTheDigitsOfItsSource(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 30, 8, 5, 9, 1_020_030, time.FixedZone("", 7200))
	for digits, want := range map[int]string{0: "2026-03-30T06:05:09Z", 1: "2026-03-30T06:05:09.0Z", 3: "2026-03-30T06:05:09.001Z", 6: "2026-03-30T06:05:09.001020Z", 9: "2026-03-30T06:05:09.001020030Z"} {
		if got := stamp.New(at, digits).String(); got != want {
			t.Errorf("%d digits: %s, want %s", digits, got, want)
		}
	}
	if got := (stamp.Time{}).String(); got != "" {
		t.Errorf("an unknown time prints %q", got)
	}
}
