package redact

import (
	"testing"
	"time"
)

func TestDatesMoveByWholeDays(t *testing.T) {
	s := shift{days: -31, anchor: time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)}
	for before, after := range map[string]string{
		"Mar 30 12:39:04 local0.warning DBMaster postgres[1]: x":            "Feb 27 12:39:04 local0.warning DBMaster postgres[1]: x",
		"<11>Jan 16 04:25:44 user.info cms20 authp: x":                      "<11>Dec 16 04:25:44 user.info cms20 authp: x",
		"Nov  6 09:51:50 user.info CMS1 x: y":                               "Oct  6 09:51:50 user.info CMS1 x: y",
		"Jul 3 15:01:22.811 user.info cms1 x: y":                            "Jun 2 15:01:22.811 user.info cms1 x: y",
		"2024-03-05T16:50:25.736 user.info cms01 x: y":                      "2024-02-03T16:50:25.736 user.info cms01 x: y",
		"            Not After : Mar 31 00:00:00 2026 GMT":                  "            Not After : Feb 28 00:00:00 2026 GMT",
		"Tue Mar 31 09:15:00 UTC 2026":                                      "Sat Feb 28 09:15:00 UTC 2026",
		"2024-03-05T16:50:26+00:00 10.48.36.61 Mar  5 16:50:25 user.info x": "2024-02-03T16:50:26+00:00 10.48.36.61 Feb  2 16:50:25 user.info x",
		"Health check 10.48.36.61: error (up = 1)":                          "Health check 10.48.36.61: error (up = 1)",
	} {
		if got := string(s.text([]byte(before))); got != after {
			t.Errorf("%q became %q, want %q", before, got, after)
		}
	}
	utc, general := []byte("260331000000Z"), []byte("99991231235959Z")
	s.certificate(utc, utcTime)
	s.certificate(general, generalizedTime)
	if string(utc) != "260228000000Z" || string(general) != "99991231235959Z" {
		t.Errorf("dates of certificates became %s and %s", utc, general)
	}
}
