package logline

import (
	"bytes"
	"strconv"
	"time"

	"github.com/influxdata/go-syslog/v3"
	"github.com/influxdata/go-syslog/v3/rfc3164"
	"github.com/influxdata/go-syslog/v3/rfc5424"
)

// True RFC lines, as relays and other devices write them, are parsed by the syslog library, which takes a microsecond; but for the
// plain ones, of which a central server may write gigabytes.

// splitRFC5424 splits "<PRI>1 STAMP host app procid msgid [data] text", also with the length in front that syslog over TCP has
// (RFC 6587 section 3.4.1), or without the priority.
func splitRFC5424(b []byte) (f fields, ok bool) {
	if length, rest, found := bytes.Cut(b, []byte(" ")); found && len(length) <= 6 && len(rest) > 0 && rest[0] == '<' && bytes.Trim(length, "0123456789") == nil {
		b = rest
	}
	if bytes.HasPrefix(b, []byte("1 2")) {
		b = append([]byte("<14>"), b...)
	}
	if after := afterPriority(b); after == 0 || !bytes.HasPrefix(b[after:], []byte("1 ")) {
		return f, false
	}
	if f, ok = plainRFC5424(b); ok {
		return f, true
	}
	return parseRFC5424(b)
}

// plainRFC5424 splits a message without structured data. ok is false for what the library has to look at.
func plainRFC5424(b []byte) (f fields, ok bool) {
	severity, rest := priority(b)
	if severity == nil {
		return f, false
	}
	b = rest[2:]                                                                                                                           // behind the version
	if f.stamp, rest, ok = parseStamp(b); !ok || !f.stamp.UTC || f.stamp.Year == 0 || f.stamp.Digits > 6 || b[10] != 'T' || b[17] == '6' { // section 6.2.3: no leap seconds
		return f, false
	}
	if day, _ := parseDate(b); day.Day > 28 && time.Date(int(day.Year), time.Month(day.Month), int(day.Day), 0, 0, 0, 0, time.UTC).Day() != int(day.Day) {
		return f, false // 30 February
	}
	for ns := f.stamp.OfDay % time.Second; f.stamp.Digits > 0 && ns%placeOf[f.stamp.Digits] == 0; { // as the library, which counts no zeros at the end
		f.stamp.Digits--
	}
	// host, program, process, message id, structured data (section 6)
	var words [5][]byte
	for i, limit := range [5]int{255, 48, 128, 32, 1} {
		end := bytes.IndexByte(rest[:min(len(rest), limit+1)], ' ')
		if end <= 0 {
			return f, false
		}
		words[i], rest = rest[:end], rest[end+1:]
		if bytes.ContainsFunc(words[i], func(c rune) bool { return c <= ' ' || c > '~' }) {
			return f, false
		}
	}
	f.host, f.tag, f.text = words[0], words[1], rest
	if none := []byte("-"); !bytes.Equal(words[4], none) || bytes.Equal(f.host, none) || bytes.Equal(f.tag, none) || len(rest) == 0 || bytes.HasPrefix(rest, byteOrderMark) {
		return f, false
	}
	f.pid, _ = strconv.Atoi(string(words[2]))
	f.severity = severity
	if inner, is := relayed(f.text, f.host); is {
		return inner, true
	}
	return f, true
}

// placeOf is what one is worth in the last of so many digits of a second, times ten.
var placeOf = [7]time.Duration{0, time.Second, time.Second / 10, time.Second / 100, time.Millisecond, time.Millisecond / 10, time.Millisecond / 100}

// severities are the words of RFC 5424 section 6.2.1, by number, as the library has them.
var severities = [8][]byte{[]byte("emerg"), []byte("alert"), []byte("crit"), []byte("err"), []byte("warning"), []byte("notice"), []byte("info"), []byte("debug")}

func parseRFC5424(b []byte) (f fields, ok bool) {
	m, _ := rfc5424.NewParser(rfc5424.WithBestEffort()).Parse(b)
	if parsed, is := m.(*rfc5424.SyslogMessage); is {
		f, ok = fromRFC(&parsed.Base)
		f.text = bytes.TrimPrefix(f.text, byteOrderMark) // that the text is UTF-8 (section 6.4)
		return f, ok
	}
	return f, false
}

// splitRFC3164 splits "<PRI>STAMP host tag[pid]: text".
func splitRFC3164(b []byte) (f fields, ok bool) {
	if b[0] != '<' {
		return f, false
	}
	if f, ok = plainRFC3164(b); ok {
		return f, true
	}
	return parseRFC3164(b)
}

// plainRFC3164 splits a message with nothing unusual before its text. ok is false for what the library has to look at.
func plainRFC3164(b []byte) (f fields, ok bool) {
	severity, b := priority(b)
	if severity == nil {
		return f, false
	}
	stamp, rest, ok := parseStamp(b)
	if !ok || stamp.Year != 0 || stamp.Digits != 0 || stamp.UTC || len(b)-len(rest) != len("Mar 30 12:39:04 ") || b[13] == '6' {
		return f, false
	}
	end := bytes.IndexByte(rest, ' ')
	if end <= 0 || end > 255 || rest[0] == '-' || bytes.ContainsFunc(rest[:end], notOfName) {
		return f, false
	}
	f.stamp, f.host, f.severity = stamp, rest[:end], severity
	if !tagAfter(rest[end+1:], &f) {
		return f, false
	}
	if inner, is := relayed(f.text, f.host); is {
		return inner, true
	}
	return f, true
}

// notOfName: host names and addresses have letters, digits, dots and hyphens.
func notOfName(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-')
}

// priority takes "<PRI>" off; the severity is nil when there is none that the RFCs allow.
func priority(b []byte) (severity, rest []byte) {
	after := afterPriority(b)
	if after == 0 || b[1] == '0' && after > 3 {
		return nil, b
	}
	n, err := strconv.ParseUint(string(b[1:after-1]), 10, 8)
	if err != nil || n > 191 {
		return nil, b
	}
	return severities[n&7], b[after:]
}

func parseRFC3164(b []byte) (f fields, ok bool) {
	m, _ := rfc3164.NewParser(rfc3164.WithBestEffort(), rfc3164.WithYear(rfc3164.Year{YYYY: 2000})).Parse(b)
	if parsed, is := m.(*rfc3164.SyslogMessage); is {
		if f, ok = fromRFC(&parsed.Base); len(f.facility) > 0 {
			return f, ok // a CMS line was in it
		}
		f.stamp.Year, f.stamp.UTC = 0, false
		// The library takes a bracket in the text, as PostgreSQL's "[2-1]", for the process id.
		if at := bytes.Index(b, []byte(" "+string(f.host)+" ")); ok && at >= 0 {
			ok = tagAfter(b[at+len(f.host)+2:], &f)
			if inner, is := relayed(f.text, f.host); is {
				return inner, true
			}
		}
	}
	return f, ok
}

// fromRFC takes over what the library found. A message without a time, a host or a program is no line of a CMS.
func fromRFC(m *syslog.Base) (f fields, ok bool) {
	if m.Timestamp == nil || m.Hostname == nil || m.Appname == nil {
		return f, false
	}
	f.stamp, f.host, f.tag = stampOf(*m.Timestamp), []byte(*m.Hostname), []byte(*m.Appname)
	if m.ProcID != nil {
		f.pid, _ = strconv.Atoi(*m.ProcID)
	}
	if s := m.SeverityShortLevel(); s != nil {
		f.severity = []byte(*s)
	}
	if m.Message != nil {
		f.text = []byte(*m.Message)
		if inner, is := relayed(f.text, f.host); is {
			return inner, true
		}
	}
	return f, true
}

// relayed: a relay may wrap the whole line of a CMS. A text that only quotes one has words before it. from is whom the relay got it
// from.
func relayed(text, from []byte) (f fields, ok bool) {
	text = bytes.TrimLeft(text, " ")
	if len(text) < minLine {
		return f, false
	}
	if f, ok = splitCMS(text); isAddress(from) {
		f.relay = from
	}
	return f, ok
}

func stampOf(t time.Time) Stamp {
	u := t.UTC()
	digits := uint8(0)
	for ns, d := u.Nanosecond(), uint8(9); ns > 0; d-- {
		if ns%10 != 0 {
			digits = d
			break
		}
		ns /= 10
	}
	return Stamp{
		Year: int16(u.Year()), Month: uint8(u.Month()), Day: uint8(u.Day()), UTC: true, Digits: digits,
		OfDay: time.Duration(u.Hour())*time.Hour + time.Duration(u.Minute())*time.Minute + time.Duration(u.Second())*time.Second + time.Duration(u.Nanosecond()),
	}
}
