package collect

import (
	"strconv"
	"strings"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/lazyregexp"
)

// clocks are the forms in which a date command prints a time; what is in parentheses is year, month, day, time, am or pm, zone.
// There is no document that says how a CMS prints it, so all are taken that its relatives print.
var clocks = []*lazyregexp.Regexp{
	// 2026-03-31T08:00:10.500Z, 2026-03-31 17:00:10 +0900, 2026/03/31 08:00:10 UTC
	form(`year[-/]month[-/]day[T ]+time(?: ?ampm)?(?: ?zone)?`),
	// Tue Mar 31 08:00:10 UTC 2026, Tue Mar 31 08:00:10 2026, Tue Mar 31 05:00:10 PM JST 2026
	form(`name +day time(?: ampm)?(?: zone)? year`),
	// Tue 31 Mar 08:00:10 UTC 2026
	form(`day name time(?: ampm)?(?: zone)? year`),
	// Tue, 31 Mar 2026 08:00:10 GMT, 31-Mar-2026 08:00:10, Tue 31 Mar 2026 05:00:10 PM JST
	form(`day[ -]name[ -]year,? +time(?: ?ampm)?(?: zone)?`),
}

// form makes a pattern of one in which the parts of a time are words.
func form(words string) *lazyregexp.Regexp {
	return lazyregexp.New(`\b` + strings.NewReplacer(
		"year", `(?P<year>\d{4})`, "month", `(?P<month>\d\d)`, "name", `(?P<month>[A-Z][a-z]{2})`, "day", `(?P<day>\d{1,2})`,
		"time", `(?P<time>\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?)`, "ampm", `(?P<half>[AP]M)`, "zone", `(?P<zone>Z|[+-]\d\d:?\d\d|[A-Z]{3,5})\b`,
	).Replace(words))
}

// abbreviations are the hours east of UTC of zones whose short names mean one thing; CST, IST and BST mean several.
var abbreviations = map[string]float64{
	"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "SAST": 2, "PKT": 5, "HKT": 8, "SGT": 8, "AWST": 8,
	"JST": 9, "KST": 9, "ACST": 9.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "HST": -10,
}

// saysUTC and saysLocal are what stands before a time where a command prints more than one.
var (
	saysUTC   = lazyregexp.New(`(?i)\b(utc|gmt|universal|system)\b`)
	saysLocal = lazyregexp.New(`(?i)\blocal\b`)
)

// clockOf compares the answer of "date" with the time here. zone is that of a time which names none; nil when it is not known, and
// then that is UTC. Of several times the one counts whose zone is known best.
func clockOf(answer string, zone *time.Location, asked time.Time, took time.Duration) *bundle.Clock {
	var best nodeTime
	for line := range strings.SplitSeq(answer, "\n") {
		if t, ok := timeOf(line, zone); ok && t.sure > best.sure {
			best = t
		}
	}
	if best.sure == 0 {
		return nil
	}
	offset := best.at.Add(best.digits / 2).Sub(asked.Add(took / 2))
	return &bundle.Clock{Offset: round(offset), Uncertainty: round(took/2 + best.digits/2)}
}

// nodeTime is a time that a node printed.
type nodeTime struct {
	at     time.Time
	digits time.Duration // its last digit
	sure   int           // 3: it names its zone; 2: what it is called does; 1: its zone is the node's; 0: it is of no use
}

// timeOf reads the first time of a line.
func timeOf(line string, zone *time.Location) (nodeTime, bool) {
	for _, c := range clocks {
		where := c.FindStringSubmatchIndex(line)
		if where == nil {
			continue
		}
		part := func(name string) string {
			if i := 2 * c.SubexpIndex(name); i > 0 && where[i] >= 0 {
				return line[where[i]:where[i+1]]
			}
			return ""
		}
		t := nodeTime{digits: time.Second, sure: 3}
		clock := strings.Replace(part("time"), ",", ".", 1)
		if strings.Contains(clock, ".") {
			t.digits = time.Millisecond
		}
		text, layout := part("year")+" "+part("month")+" "+part("day")+" "+clock, "2006 01 2 15:04:05.999999999"
		if !strings.ContainsAny(part("month"), "0123456789") {
			layout = strings.Replace(layout, "01", "Jan", 1)
		}
		if half := part("half"); half != "" {
			text, layout = text+" "+half, strings.Replace(layout, "15:", "3:", 1)+" PM"
		}
		in, known := zoneOf(part("zone"), zone)
		label := line[:where[0]]
		switch {
		case part("zone") != "" && !known:
			return t, false
		case part("zone") != "":
		case saysUTC.MatchString(label):
			in, t.sure = time.UTC, 2
		case zone == nil && saysLocal.MatchString(label):
			return t, false
		case zone == nil:
			in, t.sure = time.UTC, 1
		default:
			in, t.sure = zone, 1
		}
		var err error
		t.at, err = time.ParseInLocation(layout, text, in)
		return t, err == nil
	}
	return nodeTime{}, false
}

var numericZone = lazyregexp.New(`^([+-])(\d\d):?(\d\d)$`)

// zoneOf is a zone as a time names it. The node's own zone knows what its short names mean.
func zoneOf(name string, own *time.Location) (*time.Location, bool) {
	if m := numericZone.FindStringSubmatch(name); m != nil {
		hours, _ := strconv.Atoi(m[2]) // digits
		minutes, _ := strconv.Atoi(m[3])
		east := hours*3600 + minutes*60
		if m[1] == "-" {
			east = -east
		}
		return time.FixedZone(name, east), true
	}
	if hours, known := abbreviations[name]; known {
		return time.FixedZone(name, int(hours*3600)), true
	}
	if own != nil {
		year := time.Now().Year()
		for _, month := range []time.Month{time.January, time.July} { // of winter and summer
			t := time.Date(year, month, 1, 0, 0, 0, 0, own)
			if short, east := t.Zone(); short == name {
				return time.FixedZone(name, east), true
			}
		}
	}
	return nil, false
}

func round(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
