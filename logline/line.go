package logline

import (
	"bytes"
	"net/netip"
)

// Line is one line of a log, split. Text points into the bytes that were split.
type Line struct {
	Stamp    Stamp
	Facility string // "local0"; empty where the form has none
	Severity string // "warning"; the line's own word, never the priority in front of it
	Host     string
	Tag      string // "postgres", "host:server"; empty in the event log of the Web Admin interface
	PID      int    // 0 when the line has none
	Relay    string // address that a central syslog server wrote before the line: of the host, or of a relay between
	Text     []byte
}

// fields are the same, all of them pointing into the line: nothing is allocated for a line that is only counted.
type fields struct {
	stamp                         Stamp
	facility, severity, host, tag []byte
	pid                           int
	relay                         []byte
	text                          []byte
}

// form is one form of a log line. To add one, add a row: the test splits every sample with it.
type form struct {
	name   string
	sample string
	split  func(b []byte) (fields, bool)
}

// forms are tried in this order, line by line, because they mix within a file; the first cmsForms of them at once. The numbers are
// those of the domain notes, section 2.1.
var forms = []form{
	{"CMS, month first (1, 1b, 1c, 1e, 2, 2b, 2c)", `Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-7] #011SQL statement "INSERT INTO`, splitCMS},
	{"CMS, ISO 8601 (3)", `2024-03-05T16:50:25.736 user.info cms01 host:server: INFO : AV1 Video Codec Enabled for Content: 0`, splitCMS},
	{"CMS with priority (4)", `<11>Jan 16 04:25:44 user.info cms20 authp:  Using authentication server radius1`, splitCMS},
	{"Web Admin event log (5)", `2024-03-06  12:36:05.737  Info     call 49: becoming floor`, splitEventLog},
	{"RFC 5424", `<165>1 2024-03-05T16:50:25.736Z cms01 postgres 811 - - [5-1] LOG:  received fast shutdown request`, splitRFC5424},
	{"RFC 3164", `<134>Mar 30 12:39:04 cms01 postgres[20882]: [2-1] ERROR:  relation "x" does not exist`, splitRFC3164},
	{"CMS line behind the prefix of a central syslog server", `2024-03-05T16:50:26+00:00 10.48.36.61 Mar  5 16:50:25.736 user.info cms01 sfpool: Health check 10.48.36.61: error (up = 1): timeout expired|`, splitPrefixed},
	{"file of a syslog server", `Mar 30 12:39:04 cms01 postgres[20882]: [2-1] ERROR:  relation "x" does not exist`, splitTraditional},
}

// cmsForms is how many rows of forms splitCMS splits, all of them in one go.
const cmsForms = 3

// minLine is the length of the shortest line of any form: a time and a few words.
const minLine = 20

// Split finds the form of a line and splits it; ok is false for what is no line of a log.
func Split(b []byte) (Line, bool) {
	f, ok := split(b)
	if !ok {
		return Line{}, false
	}
	return Line{Stamp: f.stamp, Facility: string(f.facility), Severity: string(f.severity), Host: string(f.host), Tag: string(f.tag), PID: f.pid, Relay: string(f.relay), Text: f.text}, true
}

func split(b []byte) (fields, bool) {
	if len(b) < minLine {
		return fields{}, false
	}
	if f, ok := splitCMS(b); ok {
		return f, true
	}
	for i := cmsForms; i < len(forms); i++ {
		if f, ok := forms[i].split(b); ok {
			return f, true
		}
	}
	return fields{}, false
}

// splitCMS splits "[<PRI>]STAMP facility.severity host tag[pid]: text".
func splitCMS(b []byte) (f fields, ok bool) {
	b = b[afterPriority(b):] // the text's facility is trusted, not the priority: they contradict each other in real lines
	stamp, rest, ok := parseStamp(b)
	if !ok {
		return f, false
	}
	f.stamp = stamp
	word, rest := nextWord(rest)
	dot := facilityEnd(word)
	if dot < 0 {
		return f, false
	}
	f.facility, f.severity = word[:dot], word[dot+1:]
	if f.host, rest = nextWord(rest); len(f.host) == 0 {
		return f, false
	}
	end, after, pid := scanTag(rest)
	if after < 0 {
		return f, false
	}
	f.tag, f.pid, f.text = rest[:end], pid, bytes.TrimLeft(rest[after:], " ")
	return f, true
}

// afterPriority is where the line goes on after "<PRI>", 0 when it has none.
func afterPriority(b []byte) int {
	if len(b) == 0 || b[0] != '<' {
		return 0
	}
	for i := 1; i < min(len(b), 5); i++ {
		if b[i] == '>' && i > 1 {
			return i + 1
		}
		if !digit(b[i]) {
			return 0
		}
	}
	return 0
}

// facilityEnd is where the dot of "facility.severity" is, -1 when it is no such word.
func facilityEnd(word []byte) int {
	dot := bytes.IndexByte(word, '.')
	if dot <= 0 || !isSeverity(word[dot+1:]) {
		return -1
	}
	return dot
}

// isSeverity knows the severities of syslog as CMS prints them (RFC 5424 section 6.2.1).
func isSeverity(b []byte) bool {
	switch string(b) {
	case "info", "warning", "err", "notice", "debug", "emerg", "alert", "crit", "error", "warn", "panic":
		return true
	}
	return false
}

// maxTag is the longest name of a program.
const maxTag = 64

// scanTag looks at "tag[pid]: text", "tag [pid]:  text" or "host:server: text": the name ends at end, what follows the colon
// begins at after, which is negative for anything else. It never looks beyond the end of the line.
func scanTag(b []byte) (end, after, pid int) {
	i := 0
	for ; i < len(b); i++ {
		if c := b[i]; c <= ' ' || c == '[' || c == ':' && (i+1 >= len(b) || b[i+1] == ' ' || b[i+1] == '\n') {
			break
		}
	}
	if end = i; end == 0 || end > maxTag {
		return 0, -1, 0
	}
	for i < len(b) && b[i] == ' ' {
		i++
	}
	if i < len(b) && b[i] == '[' {
		first := i + 1
		for i = first; i < len(b) && digit(b[i]) && i-first < 10; i++ {
			pid = pid*10 + int(b[i]-'0')
		}
		if i == first || i >= len(b) || b[i] != ']' {
			return 0, -1, 0
		}
		i++
	}
	if i >= len(b) || b[i] != ':' {
		return 0, -1, 0
	}
	return end, i + 1, pid
}

func nextWord(b []byte) (word, rest []byte) {
	b = bytes.TrimLeft(b, " ")
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], bytes.TrimLeft(b[i:], " ")
	}
	return b, nil
}

// splitEventLog splits the Web Admin interface's event log: date, time, level and text, two spaces between.
func splitEventLog(b []byte) (f fields, ok bool) {
	if len(b) < 26 || b[4] != '-' || b[10] != ' ' {
		return f, false
	}
	date, ok := parseDate(b)
	if !ok {
		return f, false
	}
	stamp, rest, ok := parseClock(date, bytes.TrimLeft(b[10:], " "))
	if !ok {
		return f, false
	}
	level, rest := nextWord(rest)
	for _, l := range eventLevels {
		if string(level) == l.word {
			f.stamp, f.severity, f.text = stamp, l.severity, rest
			return f, true
		}
	}
	return f, false
}

// eventLevels are the words of the event log and those of syslog.
var eventLevels = []struct {
	word     string
	severity []byte
}{{"Info", []byte("info")}, {"Warning", []byte("warning")}, {"Error", []byte("error")}, {"Debug", []byte("debug")}, {"Notice", []byte("notice")}}

// splitPrefixed finds a CMS line behind what stands before it: the prefix of a central syslog server, the quotation mark, number
// or indentation of a pasted copy, the file name that grep prints.
func splitPrefixed(b []byte) (f fields, ok bool) {
	if outer, is := splitTraditional(b); is { // a line of its own: only a relayed line counts, not one that its text quotes
		return relayed(outer.text, outer.host)
	}
	for i := 1; i < min(len(b)-minLine, 160); i++ {
		switch {
		case b[i-1] != ' ' && b[i-1] != '\t' && b[i-1] != ':':
			continue
		case b[i] != '<' && (b[i] < '0' || b[i] > '9') && (b[i] < 'A' || b[i] > 'Z'):
			continue
		}
		if f, ok := splitCMS(b[i:]); ok && (b[0] == '<' || plainPrefix(b[:i]) || startsWithStamp(b)) {
			f.relay = lastAddress(b[:i])
			return f, true
		}
	}
	return f, false
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
func splitTraditional(b []byte) (f fields, ok bool) {
	stamp, rest, ok := parseStamp(b)
	if !ok {
		return f, false
	}
	host, rest := nextWord(rest)
	if len(host) == 0 || host[len(host)-1] == ':' {
		return f, false
	}
	f.stamp, f.host = stamp, host
	if ok = tagAfter(rest, &f); !ok && isAddress(host) { // "STAMP 10.48.36.61 cms01 postgres[20882]: text" of a server that keeps both
		f.relay = host
		f.host, rest = nextWord(rest)
		ok = len(f.host) > 0 && tagAfter(rest, &f)
	}
	return f, ok
}

// tagAfter splits "tag[pid]: text" behind the host.
func tagAfter(b []byte, f *fields) bool {
	end, after, pid := scanTag(b)
	if after < 0 {
		return false
	}
	f.tag, f.pid, f.text = b[:end], pid, bytes.TrimLeft(b[after:], " ")
	return true
}

// lastAddress is the last word of a prefix that is an address.
func lastAddress(prefix []byte) (address []byte) {
	for word := range bytes.FieldsFuncSeq(prefix, func(c rune) bool { return c == ' ' || c == '\t' }) {
		if isAddress(word) {
			address = word
		}
	}
	return address
}

func isAddress(b []byte) bool {
	if len(b) < 3 || len(b) > 45 || bytes.IndexByte(b, '.') < 0 && bytes.IndexByte(b, ':') < 0 {
		return false
	}
	_, err := netip.ParseAddr(string(b))
	return err == nil
}
