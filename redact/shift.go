package redact

import (
	"bytes"
	"fmt"
	"time"

	"cbdoctor/lazyregexp"
)

// shift moves dates by whole days, so that the hours of the day and all distances stay what they were.
type shift struct {
	days   int
	anchor time.Time // some time of the material: dates without a year are taken for the nearest to it
}

// Forms of dates in text.
var (
	isoDate  = lazyregexp.New(`(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)`)
	longDate = lazyregexp.New(`(?P<name>[A-Z][a-z]{2}) (?P<day>[ \d]?\d) \d\d:\d\d:\d\d (?:[A-Z]{3,4} )?(?P<year>\d{4})\b`) // OpenSSL, date
	logDate  = lazyregexp.New(`^(?:<\d+>)?(?P<name>[A-Z][a-z]{2}) (?P<day>[ \d]?\d) \d\d:\d\d:\d\d`)
	// behind the prefix of a central syslog server
	innerDate = lazyregexp.New(` (?P<name>[A-Z][a-z]{2}) (?P<day>[ \d]?\d) \d\d:\d\d:\d\d(?:\.\d+)? [a-z0-9]+\.[a-z]+ `)
)

var weekday = lazyregexp.New(`^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun) `)

// text moves the dates of a line.
func (s shift) text(b []byte) []byte {
	if s.days == 0 {
		return b
	}
	b = s.each(b, isoDate)
	if longDate.Match(b) {
		return s.each(b, longDate)
	}
	return s.each(s.each(b, logDate), innerDate)
}

func (s shift) each(b []byte, form *lazyregexp.Regexp) []byte {
	m := form.FindAllSubmatchIndex(b, -1)
	for i := len(m) - 1; i >= 0; i-- { // from the end, for what follows moves when the length changes
		b = s.put(b, form, m[i])
	}
	return b
}

// put moves one date, of which the places of the groups are given.
func (s shift) put(b []byte, form *lazyregexp.Regexp, at []int) []byte {
	group := func(name string) (from, to int) {
		i := form.SubexpIndex(name)
		if i < 0 {
			return -1, -1
		}
		return at[2*i], at[2*i+1]
	}
	value := func(name string) string {
		if from, to := group(name); from >= 0 {
			return string(bytes.TrimSpace(b[from:to]))
		}
		return ""
	}
	layout, text := "2006-01-2", value("year")+"-"+value("month")+"-"+value("day")
	if name := value("name"); name != "" {
		layout, text = "2006-Jan-2", value("year")+"-"+name+"-"+value("day")
		if value("year") == "" {
			layout, text = "Jan-2", name+"-"+value("day")
		}
	}
	t, err := time.Parse(layout, text)
	if err != nil && value("year") == "" && text == "Feb-29" {
		t, err = time.Parse("2006-Jan-2", "2024-Feb-29")
	}
	if err != nil {
		return b
	}
	if value("year") == "" {
		t = nearest(t, s.anchor)
	}
	to := t.AddDate(0, 0, s.days)
	day := fmt.Sprint(to.Day())
	if from, end := group("day"); end-from == 2 { // a column of its own
		day = fmt.Sprintf("%2d", to.Day())
		if value("month") != "" || b[from] == '0' {
			day = fmt.Sprintf("%02d", to.Day())
		}
	}
	for _, g := range []struct{ name, text string }{{"year", to.Format("2006")}, {"day", day}, {"month", to.Format("01")}, {"name", to.Format("Jan")}} {
		from, end := group(g.name)
		if from < 0 || g.name != "day" && end-from != len(g.text) {
			continue
		}
		if g.name != "day" {
			copy(b[from:end], g.text)
		}
	}
	if from, end := group("day"); from >= 0 { // last: its length may change
		b = append(append(bytes.Clone(b[:from]), day...), b[end:]...)
	}
	if m := weekday.FindSubmatchIndex(b); m != nil {
		copy(b[m[2]:m[3]], to.Format("Mon"))
	}
	return b
}

// nearest puts a month and a day into the year in which they lie nearest to the anchor.
func nearest(t, anchor time.Time) time.Time {
	best := t
	for y := anchor.Year() - 1; y <= anchor.Year()+1; y++ {
		c := time.Date(y, t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
		if best.Year() == t.Year() && best.Equal(t) || c.Sub(anchor).Abs() < best.Sub(anchor).Abs() {
			best = c
		}
	}
	return best
}

// packet moves the time of a packet, in nanoseconds since 1970.
func (s shift) packet(ns int64) int64 { return ns + int64(s.days)*int64(24*time.Hour) }

// file moves the time of a file.
func (s shift) file(t time.Time) time.Time { return t.AddDate(0, 0, s.days) }

// Layouts of the dates in certificates (RFC 5280 section 4.1.2.5).
const (
	utcTime         = "060102150405Z"
	generalizedTime = "20060102150405Z"
)

// certificate moves a date of a certificate, in place.
func (s shift) certificate(b []byte, layout string) {
	if s.days == 0 || len(b) != len(layout) {
		return
	}
	if t, err := time.Parse(layout, string(b)); err == nil && t.Year() < 9999 { // 9999-12-31: no end (section 4.1.2.5)
		if moved := t.AddDate(0, 0, s.days); layout != utcTime || moved.Year() >= 1950 && moved.Year() < 2050 {
			copy(b, moved.Format(layout))
		}
	}
}
