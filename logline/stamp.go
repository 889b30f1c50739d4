package logline

import "time"

// Stamp is a time as a log prints it: most have no year and none a zone. Which instant it is shows only when the whole
// file is known.
type Stamp struct {
	Year   int16 // 0 when the line has none
	Wraps  int16 // how many New Years lie between the file's first line and this one
	Month  uint8 // from 1; 0 is no time
	Day    uint8
	Digits uint8 // of the fraction
	UTC    bool  // the line says which zone it means; this is that time in UTC
	Again  bool  // the clock was set back, and this hour comes a second time; whoever reads several lines finds that out
	OfDay  time.Duration
}

// IsZero reports whether there is no time.
func (r Stamp) IsZero() bool { return r.Month == 0 }

// The length of the months when February has 29 days: a year that is not known may have them.
var daysBefore = [13]int64{0, 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335}

// key orders the times of one form within a file, in microseconds. Every year counts 366 days, so that two times are never
// farther apart than they seem.
func (r Stamp) key() int64 {
	days := (int64(r.Year)+int64(r.Wraps))*366 + daysBefore[r.Month] + int64(r.Day)
	return days*int64(24*time.Hour/time.Microsecond) + int64(r.OfDay/time.Microsecond)
}

// Since is how much later r is than o, both printed by the same clock; a year that is not known counts as a leap year, and as that of
// the other when only one is known.
func (r Stamp) Since(o Stamp) time.Duration {
	if (r.Year == 0) != (o.Year == 0) {
		r.Year, r.Wraps, o.Year, o.Wraps = 0, 0, 0, 0
	}
	return time.Duration(r.key()-o.key()) * time.Microsecond
}

// month finds a month by its three letters.
func month(a, b, c byte) uint8 {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	for i := 0; i < len(names); i += 3 {
		if names[i] == a && names[i+1] == b && names[i+2] == c {
			return uint8(i/3 + 1)
		}
	}
	return 0
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func two(b []byte) int {
	if !digit(b[0]) || !digit(b[1]) {
		return -1
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

// parseStamp reads the time at the beginning of a line: "Mar 30 12:39:04[.867] ", with the day padded, with a space, a zero
// or not at all, or "2024-03-05T16:50:25[.736][Z] ".
func parseStamp(b []byte) (r Stamp, rest []byte, ok bool) {
	if len(b) < 15 {
		return r, nil, false
	}
	if digit(b[0]) {
		return parseISO(b)
	}
	r.Month = month(b[0], b[1], b[2])
	if r.Month == 0 || b[3] != ' ' {
		return r, nil, false
	}
	i := 4
	if b[i] == ' ' {
		i++
	}
	day := 0
	for i < len(b) && digit(b[i]) && day < 32 {
		day = day*10 + int(b[i]-'0')
		i++
	}
	if day < 1 || day > 31 || i >= len(b) || b[i] != ' ' {
		return r, nil, false
	}
	r.Day = uint8(day)
	return parseClock(r, b[i+1:])
}

func parseISO(b []byte) (r Stamp, rest []byte, ok bool) {
	if len(b) < 19 || b[10] != 'T' && b[10] != ' ' {
		return r, nil, false
	}
	if r, ok = parseDate(b); !ok {
		return r, nil, false
	}
	return parseClock(r, b[11:])
}

// parseDate reads "2024-03-05".
func parseDate(b []byte) (r Stamp, ok bool) {
	if b[4] != '-' || b[7] != '-' {
		return r, false
	}
	century, year, mon, day := two(b), two(b[2:]), two(b[5:]), two(b[8:])
	if century < 0 || year < 0 || mon < 1 || mon > 12 || day < 1 || day > 31 {
		return r, false
	}
	r.Year, r.Month, r.Day = int16(century*100+year), uint8(mon), uint8(day)
	return r, true
}

// parseClock reads "12:39:04[.867][Z|+00:00] ".
func parseClock(r Stamp, b []byte) (Stamp, []byte, bool) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return r, nil, false
	}
	h, m, s := two(b), two(b[3:]), two(b[6:])
	if h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60 {
		return r, nil, false
	}
	r.OfDay = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	b = b[8:]
	if len(b) > 1 && (b[0] == '.' || b[0] == ',') && digit(b[1]) {
		unit := time.Second
		b = b[1:]
		for len(b) > 0 && digit(b[0]) && r.Digits < 9 {
			unit /= 10
			r.OfDay += time.Duration(b[0]-'0') * unit
			r.Digits++
			b = b[1:]
		}
	}
	switch {
	case len(b) > 0 && b[0] == 'Z':
		r.UTC = true
		b = b[1:]
	case len(b) >= 6 && (b[0] == '+' || b[0] == '-') && (b[3] == ':' || digit(b[3])): // "+01:00" or "+0100"
		colon := 1
		if digit(b[3]) {
			colon = 0
		}
		hours, minutes := two(b[1:]), two(b[3+colon:])
		if hours < 0 || minutes < 0 {
			return r, nil, false
		}
		offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
		if b[0] == '+' {
			offset = -offset
		}
		r.UTC = true
		if r.OfDay += offset; r.OfDay < 0 || r.OfDay >= 24*time.Hour { // another day in UTC
			t := time.Date(max(int(r.Year), 2000), time.Month(r.Month), int(r.Day), 0, 0, 0, 0, time.UTC).Add(r.OfDay)
			r.Month, r.Day = uint8(t.Month()), uint8(t.Day())
			if r.Year != 0 {
				r.Year = int16(t.Year())
			}
			r.OfDay = t.Sub(t.Truncate(24 * time.Hour))
		}
		b = b[5+colon:]
	}
	if len(b) == 0 || b[0] != ' ' {
		return r, nil, false
	}
	return r, b[1:], true
}
