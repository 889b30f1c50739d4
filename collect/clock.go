package collect

import (
	"regexp"
	"strings"
	"time"

	"cbdoctor/bundle"
)

// clocks are the forms in which a date command prints a time.
var clocks = []struct {
	pattern *regexp.Regexp
	layout  string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)`), "2006-01-02T15:04:05.999999999Z07:00"},
	{regexp.MustCompile(`[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (UTC|GMT) \d{4}`), "Mon Jan _2 15:04:05 MST 2006"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?`), "2006-01-02T15:04:05.999999999"},
	{regexp.MustCompile(`[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}`), "Mon Jan _2 15:04:05 2006"},
}

// bareOffset is a zone without its colon, such as +0900.
var bareOffset = regexp.MustCompile(`([+-]\d\d)(\d\d)$`)

// clockOf compares the answer of "date" with the time here. zone is that of a time which names none.
func clockOf(answer string, zone *time.Location, asked time.Time, took time.Duration) *bundle.Clock {
	for _, c := range clocks {
		text := c.pattern.FindString(answer)
		if text == "" {
			continue
		}
		if c.layout[4] == '-' {
			text = bareOffset.ReplaceAllString(strings.TrimSuffix(strings.Replace(text, " ", "T", 1), " UTC"), "$1:$2")
		}
		at, err := time.ParseInLocation(c.layout, text, zone)
		if err != nil {
			continue
		}
		digits := time.Second
		if strings.Contains(text, ".") {
			digits = time.Millisecond
		}
		offset := at.Add(digits / 2).Sub(asked.Add(took / 2))
		return &bundle.Clock{Offset: round(offset), Uncertainty: round(took/2 + digits/2)}
	}
	return nil
}

func round(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
