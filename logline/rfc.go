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
