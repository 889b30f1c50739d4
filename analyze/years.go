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
	anchors := m.anchors()
	for _, t := range m.texts {
		switch {
		case t.LastBare.IsZero():
			continue
		case len(anchors) > 0:
			t.year = m.yearNear(t, anchors, false)
		default:
			t.year = m.yearNear(t, m.fileDates(t), true)
		}
		t.year = t.leapYear(t.year - int(t.LastBare.Wraps))
	}
}

// anchors are instants of the material whose year is printed.
func (m *material) anchors() (known []time.Time) {
	for _, t := range m.texts {
		if t.Year != 0 {
			known = append(known, at(m.opt.Timezone, t.LastDated.Year, t.LastDated))
		}
	}
	for _, c := range m.captures {
		if !c.Last.IsZero() {
			known = append(known, c.Last.T)
		}
	}
	return known
}

// firstYear: before CMS there was no such log, so an earlier date is none.
const firstYear = 2010

// fileDates is when the log was written: its own date in an archive, which tells when the node wrote the file and not when somebody copied
// it, else those of other logs in archives, else its own on disk, else those of the others.
func (m *material) fileDates(t *textFile) []time.Time {
	own := t.modTime.UTC().Year() >= firstYear
	var archived, all []time.Time
	for _, o := range m.texts {
		if !o.LastBare.IsZero() && o.modTime.UTC().Year() >= firstYear {
			all = append(all, o.modTime)
			if o.inTar {
				archived = append(archived, o.modTime)
			}
		}
	}
	switch {
	case own && (t.inTar || len(archived) == 0):
		return []time.Time{t.modTime}
	case len(archived) > 0:
		return archived
	}
	return all
}

// yearNear is the year that brings the file's last line nearest to one of the times; the date of
// a file lies after its lines, a day of clocks and zones aside.
func (m *material) yearNear(t *textFile, times []time.Time, ofFiles bool) int {
	best, distance := firstYear, time.Duration(1<<63-1)
	for _, a := range times {
		for y := a.Year() - 1; y <= a.Year()+1; y++ {
			d := at(m.opt.Timezone, int16(y), t.LastBare).Sub(a)
			if ofFiles && d > 24*time.Hour {
				continue
			}
			if d = d.Abs(); d < distance {
				best, distance = y, d
			}
		}
	}
	return best
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
