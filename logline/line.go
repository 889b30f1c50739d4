package logline

import (
	"bytes"
	"strconv"
)

// Line is one line of a log, split. Text points into the bytes that were split.
type Line struct {
	Stamp    Stamp
	Facility string // "local0"; empty where the form has none
	Severity string // "warning"; the line's own word, never the priority in front of it
	Host     string
	Tag      string // "postgres", "host:server"; empty in the event log of the Web Admin interface
	PID      int    // 0 when the line has none
	Text     []byte
}

// lineFormat is one form of a log line. To add one, add a row: the test splits every sample with it.
type lineFormat struct {
	name   string
	sample string
	split  func(b []byte) (Line, bool)
}

// lineFormats are tried in this order, line by line, because formats mix within a file. The numbers are those of the
// domain notes, section 2.1.
var lineFormats = []lineFormat{
	{"CMS, month first (1, 1b, 1c, 1e, 2, 2b, 2c)", `Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-7] #011SQL statement "INSERT INTO`, splitCMS},
	{"CMS, ISO 8601 (3)", `2024-03-05T16:50:25.736 user.info cms01 host:server: INFO : AV1 Video Codec Enabled for Content: 0`, splitCMS},
	{"CMS with priority (4)", `<11>Jan 16 04:25:44 user.info cms20 authp:  Using authentication server radius1`, splitCMS},
	{"Web Admin event log (5)", `2024-03-06  12:36:05.737  Info     call 49: becoming floor`, splitEventLog},
	{"RFC 5424", `<165>1 2024-03-05T16:50:25.736Z cms01 postgres 811 - - [5-1] LOG:  received fast shutdown request`, splitRFC5424},
	{"RFC 3164", `<134>Mar 30 12:39:04 cms01 postgres[20882]: [2-1] ERROR:  relation "x" does not exist`, splitRFC3164},
	{"CMS line behind the prefix of a central syslog server", `2024-03-05T16:50:26+00:00 10.48.36.61 Mar  5 16:50:25.736 user.info cms01 sfpool: Health check 10.48.36.61: error (up = 1): timeout expired|`, splitPrefixed},
	{"file of a syslog server", `Mar 30 12:39:04 cms01 postgres[20882]: [2-1] ERROR:  relation "x" does not exist`, splitTraditional},
}

// Split finds the form of a line and splits it; ok is false for what is no line of a log.
func Split(b []byte) (Line, bool) {
	if len(b) < 20 {
		return Line{}, false
	}
	if l, ok := splitCMS(b); ok {
		return l, true
	}
	for _, f := range lineFormats[3:] {
		if l, ok := f.split(b); ok {
			return l, true
		}
	}
	return Line{}, false
}

// splitCMS splits "[<PRI>]STAMP facility.severity host tag[pid]: text".
func splitCMS(b []byte) (l Line, ok bool) {
	if b[0] == '<' {
		end := bytes.IndexByte(b[:min(len(b), 6)], '>')
		if end < 2 {
			return l, false
		}
		b = b[end+1:] // the text's facility is trusted, not the priority: they contradict each other in real lines
	}
	stamp, rest, ok := parseStamp(b)
	if !ok {
		return l, false
	}
	l.Stamp = stamp
	word, rest := nextWord(rest)
	dot := bytes.IndexByte(word, '.')
	if dot <= 0 || !isSeverity(word[dot+1:]) {
		return l, false
	}
	l.Facility, l.Severity = string(word[:dot]), string(word[dot+1:])
	host, rest := nextWord(rest)
	if len(host) == 0 {
		return l, false
	}
	l.Host = string(host)
	l.Tag, l.PID, l.Text, ok = splitTag(rest)
	return l, ok
}

// splitTag splits "tag[pid]: text", "tag [pid]:  text" or "host:server: text".
func splitTag(b []byte) (tag string, pid int, text []byte, ok bool) {
	i := 0
	for i < len(b) && b[i] != ' ' && b[i] != '[' && (b[i] != ':' || i+1 < len(b) && b[i+1] != ' ') {
		i++
	}
	if i == 0 || i > 64 {
		return "", 0, nil, false
	}
	tag, rest := string(b[:i]), b[i:]
	rest = bytes.TrimLeft(rest, " ")
	if len(rest) > 0 && rest[0] == '[' {
		end := bytes.IndexByte(rest[:min(len(rest), 14)], ']')
		if end < 0 {
			return "", 0, nil, false
		}
		n, err := strconv.Atoi(string(rest[1:end]))
		if err != nil {
			return "", 0, nil, false
		}
		pid, rest = n, rest[end+1:]
	}
	if len(rest) == 0 || rest[0] != ':' {
		return "", 0, nil, false
	}
	return tag, pid, bytes.TrimLeft(rest[1:], " "), true
}

func nextWord(b []byte) (word, rest []byte) {
	b = bytes.TrimLeft(b, " ")
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], bytes.TrimLeft(b[i:], " ")
	}
	return b, nil
}

// severities of syslog as CMS prints them (RFC 5424 section 6.2.1).
var severities = [...]string{"emerg", "alert", "crit", "err", "error", "warning", "warn", "notice", "info", "debug", "panic"}

func isSeverity(b []byte) bool {
	for _, s := range severities {
		if string(b) == s {
			return true
		}
	}
	return false
}

// splitEventLog splits the Web Admin interface's event log: date, time, level and text, two spaces between.
func splitEventLog(b []byte) (l Line, ok bool) {
	if len(b) < 26 || b[4] != '-' || b[10] != ' ' {
		return l, false
	}
	joined := append(append(bytes.Clone(b[:10]), 'T'), bytes.TrimLeft(b[10:], " ")...)
	stamp, rest, ok := parseStamp(joined)
	if !ok {
		return l, false
	}
	level, rest := nextWord(rest)
	switch string(level) {
	case "Info", "Warning", "Error", "Debug", "Notice":
		l.Stamp, l.Severity, l.Text = stamp, string(bytes.ToLower(level)), rest
		return l, true
	}
	return l, false
}

// splitPrefixed finds a CMS line behind what stands before it: the prefix of a central syslog server, the quotation mark, number
// or indentation of a pasted copy, the file name that grep prints.
func splitPrefixed(b []byte) (l Line, ok bool) {
	stamped := b[0] == '<' || startsWithStamp(b)
	if outer, is := splitTraditional(b); is { // a line of its own: only a relayed line counts, not one that its text quotes
		return relayed(outer.Text)
	}
	for i := 1; i < min(len(b)-20, 160); i++ {
		switch {
		case b[i-1] != ' ' && b[i-1] != '\t' && b[i-1] != ':':
			continue
		case b[i] != '<' && (b[i] < '0' || b[i] > '9') && (b[i] < 'A' || b[i] > 'Z'):
			continue
		}
		if l, ok := splitCMS(b[i:]); ok && (stamped || plainPrefix(b[:i])) {
			return l, true
		}
	}
	return l, false
}

// startsWithStamp reports whether a line begins with a time, after which some servers write a tab.
func startsWithStamp(b []byte) bool {
	if _, _, ok := parseStamp(b); ok {
		return true
	}
	tab := bytes.IndexByte(b[:min(len(b), 40)], '\t')
	if tab < 0 {
		return false
	}
	_, _, ok := parseStamp(append(bytes.Clone(b[:tab]), ' '))
	return ok
}

// plainPrefix: signs and digits only, or one word with a colon behind it. Words before a quoted line make it a text about a log.
func plainPrefix(b []byte) bool {
	letters, spaces := false, false
	for _, c := range b {
		letters = letters || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		spaces = spaces || c == ' ' || c == '\t'
	}
	return !letters || !spaces && b[len(b)-1] == ':'
}

// splitTraditional splits "STAMP host tag[pid]: text", as syslog servers write to files; facility and severity are lost in it.
func splitTraditional(b []byte) (l Line, ok bool) {
	stamp, rest, ok := parseStamp(b)
	if !ok {
		return l, false
	}
	host, rest := nextWord(rest)
	if len(host) == 0 || host[len(host)-1] == ':' {
		return l, false
	}
	l.Stamp, l.Host = stamp, string(host)
	l.Tag, l.PID, l.Text, ok = splitTag(rest)
	return l, ok
}
