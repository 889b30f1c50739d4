package logline

import (
	"bytes"
	"strconv"
	"time"

	"github.com/influxdata/go-syslog/v3"
	"github.com/influxdata/go-syslog/v3/rfc3164"
	"github.com/influxdata/go-syslog/v3/rfc5424"
)

// True RFC lines, as relays and other devices write them, are parsed by the syslog library. They are rare, so it may be slow.

// splitRFC5424 splits "<PRI>1 STAMP host app procid msgid [data] text".
func splitRFC5424(b []byte) (l Line, ok bool) {
	end := bytes.IndexByte(b[:min(len(b), 8)], '>')
	if b[0] != '<' || end < 2 || !bytes.HasPrefix(b[end+1:], []byte("1 ")) {
		return l, false
	}
	m, _ := rfc5424.NewParser(rfc5424.WithBestEffort()).Parse(b)
	if parsed, is := m.(*rfc5424.SyslogMessage); is {
		return fromRFC(&parsed.Base)
	}
	return l, false
}

// splitRFC3164 splits "<PRI>STAMP host tag[pid]: text".
func splitRFC3164(b []byte) (l Line, ok bool) {
	if b[0] != '<' {
		return l, false
	}
	m, _ := rfc3164.NewParser(rfc3164.WithBestEffort(), rfc3164.WithYear(rfc3164.Year{YYYY: 2000})).Parse(b)
	if parsed, is := m.(*rfc3164.SyslogMessage); is {
		if l, ok = fromRFC(&parsed.Base); l.Facility != "" {
			return l, ok // a CMS line was in it
		}
		l.Stamp.Year, l.Stamp.UTC = 0, false
		// The library takes a bracket in the text, as PostgreSQL's "[2-1]", for the process id.
		if at := bytes.Index(b, []byte(" "+l.Host+" ")); ok && at >= 0 {
			l.Tag, l.PID, l.Text, ok = splitTag(b[at+len(l.Host)+2:])
			if inner, is := relayed(l.Text); is {
				return inner, true
			}
		}
	}
	return l, ok
}

// fromRFC takes over what the library found. A message without a time, a host or a program is no line of a CMS.
func fromRFC(m *syslog.Base) (l Line, ok bool) {
	if m.Timestamp == nil || m.Hostname == nil || m.Appname == nil {
		return l, false
	}
	l.Stamp, l.Host, l.Tag = rawFrom(*m.Timestamp), *m.Hostname, *m.Appname
	if m.ProcID != nil {
		l.PID, _ = strconv.Atoi(*m.ProcID)
	}
	if s := m.SeverityShortLevel(); s != nil {
		l.Severity = *s
	}
	if m.Message != nil {
		l.Text = []byte(*m.Message)
		if inner, is := relayed(l.Text); is {
			return inner, true
		}
	}
	return l, true
}

// relayed: a relay may wrap the whole line of a CMS. A text that only quotes one has words before it.
func relayed(text []byte) (Line, bool) {
	text = bytes.TrimLeft(text, " ")
	if len(text) < 20 {
		return Line{}, false
	}
	return splitCMS(text)
}

func rawFrom(t time.Time) Stamp {
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
