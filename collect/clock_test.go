package collect

import (
	"testing"
	"time"
)

// Whatever form a node's date command has, the time is found and brought to UTC, or it is not used. It is 9.5 s ahead everywhere.
func TestClock(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 3, 31, 8, 0, 0, 0, time.UTC)
	const ahead = 9.5
	for _, c := range []struct {
		answer, zone string
		want         float64 // 0: it tells nothing
	}{
		{"Tue Mar 31 08:00:10 UTC 2026\n", "Asia/Tokyo", ahead},
		{"Tue Mar 31 17:00:10 JST 2026", "", ahead},
		{"Tue Mar  31 17:00:10 2026", "Asia/Tokyo", ahead},
		{"Tue Mar 31 05:00:10 PM JST 2026", "", ahead},
		{"Tue 31 Mar 10:00:10 CEST 2026", "", ahead},
		{"Tue 31 Mar 2026 08:00:10 AM UTC", "Asia/Tokyo", ahead},
		{"Tue, 31 Mar 2026 17:00:10 +0900", "", ahead},
		{"Tue, 31 Mar 2026 08:00:10 GMT", "Asia/Tokyo", ahead},
		{"31-Mar-2026 08:00:10", "", ahead},
		{"2026-03-31T08:00:10Z", "Asia/Tokyo", ahead},
		{"2026-03-31T17:00:10+09:00", "", ahead},
		{"2026/03/31 08:00:10 UTC", "Asia/Tokyo", ahead},
		{"System time: 2026-03-31 17:00:10.500 +0900", "", ahead + 0.0005},
		{"2026-03-31 08:00:10,500", "", ahead + 0.0005},
		{"Local: 2026-03-31 17:00:10", "Asia/Tokyo", ahead},
		{"System time: 2026-03-31 08:00:10\nLocal time:  2026-03-31 17:00:10", "Asia/Tokyo", ahead},
		{"Local time:  2026-03-31 17:00:10\nSystem time: 2026-03-31 08:00:10", "", ahead},
		{"      Local time: Tue 2026-03-31 17:00:10 JST\n  Universal time: Tue 2026-03-31 08:00:10 UTC\n        RTC time: n/a", "", ahead},
		{"Tue Mar 31 13:30:10 IST 2026", "Asia/Kolkata", ahead},
		// it may be India's, Israel's or Ireland's
		{"Tue Mar 31 13:30:10 IST 2026", "", 0},
		{"Local time: 2026-03-31 17:00:10", "", 0},
		{"the time is unknown", "", 0},
		{"2026-13-45 99:99:99", "", 0},
		{"", "", 0},
	} {
		var zone *time.Location
		if c.zone != "" {
			var err error
			if zone, err = time.LoadLocation(c.zone); err != nil {
				t.Fatal(err)
			}
		}
		got := clockOf(c.answer, zone, asked, 2*time.Second)
		if (got == nil) != (c.want == 0) || got != nil && (got.Offset < c.want-0.01 || got.Offset > c.want+0.01 || got.Uncertainty < 1) {
			t.Errorf("%q in %q: %+v, want %v", c.answer, c.zone, got, c.want)
		}
	}
}
