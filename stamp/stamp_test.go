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

func TestTimeReadsBackWithItsDigits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"2026-03-30T06:05:09Z"`: "2026-03-30T06:05:09Z", `"2026-03-30T06:05:09.120Z"`: "2026-03-30T06:05:09.120Z",
		`"2026-03-30T08:05:09.120+02:00"`: "2026-03-30T06:05:09.120Z", `""`: "", `null`: "",
	} {
		var got stamp.Time
		if err := got.UnmarshalJSON([]byte(text)); err != nil || got.String() != want {
			t.Errorf("%s is read as %q (%v), want %q", text, got, err, want)
		}
	}
	if err := new(stamp.Time).UnmarshalJSON([]byte(`"yesterday"`)); err == nil {
		t.Error("what is no time is read as one")
	}
}

func TestAnUnknownTimeIsNeitherEarlierNorLater(t *testing.T) {
	t.Parallel()
	one, two := stamp.New(time.Unix(1, 0), 0), stamp.New(time.Unix(2, 0), 0)
	for _, c := range []struct{ a, b, earlier, later stamp.Time }{{one, two, one, two}, {two, one, one, two}, {one, stamp.Time{}, one, one}, {stamp.Time{}, one, one, one}} {
		if got := stamp.Earlier(c.a, c.b); got != c.earlier {
			t.Errorf("the earlier of %q and %q is %q", c.a, c.b, got)
		}
		if got := stamp.Later(c.a, c.b); got != c.later {
			t.Errorf("the later of %q and %q is %q", c.a, c.b, got)
		}
	}
}
