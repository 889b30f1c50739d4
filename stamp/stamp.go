// Package stamp holds a point in time together with the precision its source gave it.
//
// Logs print whole seconds or milliseconds, captures micro- or nanoseconds. A report must show as many digits as the
// source has, neither more (which would claim a precision nobody measured) nor fewer. It knows nothing of the other packages.
package stamp

import (
	"fmt"
	"strings"
	"time"
)

// Time is an instant in UTC and the number of fractional digits (0 to 9) that its source printed.
// The zero value means "not known" and is left out of JSON (omitzero).
type Time struct {
	T      time.Time
	Digits uint8
}

// New returns t in UTC with the given number of fractional digits, at most 9.
func New(t time.Time, digits int) Time {
	return Time{T: t.UTC(), Digits: uint8(min(max(digits, 0), 9))}
}

// IsZero reports whether the time is not known.
func (t Time) IsZero() bool { return t.T.IsZero() }

// String is RFC 3339 in UTC with the digits of the source, or "" when the time is not known.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return string(t.Append(make([]byte, 0, len("2006-01-02T15:04:05.000000000Z"))))
}

// Append appends the form of [Time.String] to b. Reports of large captures hold hundreds of thousands of times.
func (t Time) Append(b []byte) []byte {
	if t.IsZero() {
		return b
	}
	b = t.T.UTC().AppendFormat(b, time.RFC3339) // which package time writes by hand, other layouts piece by piece
	if t.Digits == 0 {
		return b
	}
	b[len(b)-1] = '.' // in place of the Z
	fraction := t.T.Nanosecond()
	for unit := 100_000_000; unit > 0; unit /= 10 {
		b = append(b, byte('0'+fraction/unit%10))
	}
	return append(b[:len(b)-9+int(t.Digits)], 'Z')
}

// MarshalJSON writes the form of [Time.String].
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalJSON reads what MarshalJSON wrote, so that a saved report can be shown again with the same digits.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "" || s == "null" {
		*t = Time{}
		return nil
	}
	parsed, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return fmt.Errorf("read time %q: %w", s, err)
	}
	_, fraction, _ := strings.Cut(s, ".")
	*t = New(parsed, len(fraction)-len(strings.TrimLeft(fraction, "0123456789")))
	return nil
}

// Before reports whether t is earlier than u; an unknown time is before nothing.
func (t Time) Before(u Time) bool { return !t.IsZero() && !u.IsZero() && t.T.Before(u.T) }

// Earlier returns the earlier of two times, ignoring unknown ones.
func Earlier(a, b Time) Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// Later returns the later of two times, ignoring unknown ones.
func Later(a, b Time) Time {
	if a.IsZero() || a.Before(b) {
		return b
	}
	return a
}
