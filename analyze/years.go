package analyze

import (
	"cmp"
	"time"

	"cbdoctor/logline"
	"cbdoctor/stamp"
)

// dating works out the years of logs that print none: from logs with years and captures of the same material, else from the
// date of the file. It never uses the current time: the same input gives the same report.
func (m *material) dating() {
	var anchors []time.Time
	for _, t := range m.texts {
		if t.Year != 0 {
			anchors = append(anchors, at(m.opt.Timezone, t.LastDated.Year, t.LastDated))
		}
	}
	for _, c := range m.captures {
		if !c.Last.IsZero() {
			anchors = append(anchors, c.Last.T)
		}
	}
	for _, t := range m.texts {
		if !t.LastBare.IsZero() {
			t.year = t.leapYear(m.yearOf(t, anchors))
		}
	}
}

// yearOf is the year of the file's first line.
func (m *material) yearOf(t *textFile, anchors []time.Time) int {
	if len(anchors) > 0 {
		best, distance := 0, time.Duration(1<<63-1)
		for _, a := range anchors {
			for y := a.Year() - 1; y <= a.Year()+1; y++ {
				d := at(m.opt.Timezone, int16(y), t.LastBare).Sub(a).Abs()
				if d < distance {
					best, distance = y, d
				}
			}
		}
		return best - int(t.LastBare.Wraps)
	}
	year := t.modTime.UTC().Year()
	if t.modTime.IsZero() || year < 2010 {
		year = 2010 // before CMS there was no such log: plainly no real date
	} else if at(m.opt.Timezone, int16(year), t.LastBare).After(t.modTime.Add(24 * time.Hour)) {
		year--
	}
	return year - int(t.LastBare.Wraps)
}

// leapYear: a file that has a 29 February is of a year that has one.
func (t *textFile) leapYear(year int) int {
	for t.leapDay && !leap(year+int(t.leapWraps)) {
		year--
	}
	return year
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// at is the instant of a stamp. Where a clock was set back, an hour comes twice: Again says that it is the second time.
func at(zone *time.Location, year int16, r logline.Stamp) time.Time {
	if r.UTC {
		zone = time.UTC
	}
	d := r.OfDay
	at := time.Date(int(year), time.Month(r.Month), int(r.Day), int(d/time.Hour), int(d/time.Minute)%60, int(d/time.Second)%60, int(d%time.Second), zone)
	shift := -time.Hour // time.Date may give either of the two
	if r.Again {
		shift = time.Hour
	}
	if other := at.Add(shift); other.Hour() == at.Hour() {
		at = other
	}
	return at.UTC()
}

// when dates a line of a log.
func (m *material) when(l *hostLog, r logline.Stamp) stamp.Time {
	if r.IsZero() || l == nil {
		return stamp.Time{}
	}
	year := r.Year
	if year == 0 {
		year = int16(l.file.year) + r.Wraps
	}
	return stamp.New(at(cmp.Or(l.zone, m.opt.Timezone), year, r), int(r.Digits))
}
