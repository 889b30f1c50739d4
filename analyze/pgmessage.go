package analyze

import (
	"bytes"
	"strings"

	"cbdoctor/logline"
)

// pgMessage is one message put together.
type pgMessage struct {
	log         *hostLog
	pid         int
	seq         int // 0 when its lines have no such number
	stamp       logline.Stamp
	line        int // of its first chunk that is there
	level       string
	text        string // primary message
	detail      string
	hint        string
	statement   string // or the QUERY
	context     string
	sqlstate    string
	function    string // innermost PL/pgSQL function
	headMissing bool
	sample      string // the first line as it stands
	firstChunk  int
	chunks      []string
	lastStamp   logline.Stamp
	lastLog     *hostLog // where that is, when the message was cut in two; else nil
}

// process is the backend that wrote the message.
func (p *pgMessage) process() peerKey { return peerKey{p.log.file.group, p.log.host, p.pid} }

// levels of messages (elog.c, error_severity); CMS does not translate them.
var levels = []string{"LOG", "ERROR", "FATAL", "WARNING", "NOTICE", "PANIC", "INFO", "DEBUG"}

// level finds "ERROR:  " or "ERROR:  42P01: " (log_error_verbosity) at the beginning of a message, or behind one word of a
// log_line_prefix. length is that of all of it, 0 when there is none.
func level(s string) (name, sqlstate string, length int) {
	if n := linePrefix(s, levels); n > 0 {
		name, sqlstate, length = levelAt(s[n:])
		return name, sqlstate, length + n
	}
	if name, sqlstate, length = levelAt(s); length == 0 {
		if space := strings.IndexByte(s, ' '); space > 0 && s[space-1] != ':' {
			if name, sqlstate, length = levelAt(s[space+1:]); length > 0 {
				length += space + 1
			}
		}
	}
	return name, sqlstate, length
}

func levelAt(s string) (name, sqlstate string, length int) {
	for _, l := range levels {
		rest, ok := strings.CutPrefix(s, l)
		if !ok {
			continue
		}
		if rest, ok = strings.CutPrefix(rest, ": "); !ok {
			return "", "", 0
		}
		rest = strings.TrimPrefix(rest, " ")
		if len(rest) > 6 && rest[5:7] == ": " && isSQLState(rest[:5]) {
			sqlstate, rest = rest[:5], rest[7:]
		}
		return l, sqlstate, len(s) - len(rest)
	}
	return "", "", 0
}

// fieldNames are what follows the primary message.
var fieldNames = []string{"DETAIL", "HINT", "QUERY", "CONTEXT", "STATEMENT", "LOCATION", "BACKTRACE"}

// maxLinePrefix bounds what log_line_prefix may be: its default since PostgreSQL 10 is "%m [%p] ", a time and the process id.
const maxLinePrefix = 160

// linePrefix is the length of a log_line_prefix that begins with a time or in brackets and stands before one of the words, else 0.
// syslog gives time and process already, but the default stands in front of each level and field there too.
func linePrefix(s string, words []string) int {
	dated := len(s) > 11 && s[4] == '-' && s[7] == '-' && s[0] >= '0' && s[0] <= '9'
	if !dated && (s == "" || s[0] != '[') {
		return 0
	}
	head, best := s[:min(len(s), maxLinePrefix)], 0
	for _, w := range words {
		if at := strings.Index(head, " "+w+":  "); at > 0 && (best == 0 || at+1 < best) {
			best = at + 1
		}
	}
	return best
}

// isSQLState: five digits or capital letters (SQL standard; PostgreSQL appendix A).
func isSQLState(s string) bool {
	for i := range len(s) {
		if c := s[i]; !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z') {
			return false
		}
	}
	return true
}

// field is where a field of the message goes to that begins a chunk, in the order of elog.c, send_message_to_server_log. rest is
// what follows its name; into is nil when there is none.
func (m *pgMessage) field(s string) (into *string, rest string) {
	s = s[linePrefix(s, fieldNames):]
	name, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || rest[0] != ' ' {
		return nil, s
	}
	switch name {
	case "DETAIL":
		into = &m.detail
	case "HINT":
		into = &m.hint
	case "CONTEXT":
		into = &m.context
	case "QUERY", "STATEMENT", "LOCATION", "BACKTRACE":
		into = &m.statement
	default:
		return nil, s
	}
	return into, strings.TrimLeft(rest, " ")
}

// chunkLimit is the length of a chunk that was cut within a word (elog.c, PG_SYSLOG_LIMIT); a letter of several bytes is not cut.
const (
	chunkLimit  = 900
	longestRune = 4
)

// joiner puts a field together that is longer than one line.
type joiner struct {
	into   *string
	whole  []byte // what it is so far, once it has a second piece
	joined bool
}

// to goes on with another field.
func (j *joiner) to(field *string) {
	if j.joined {
		*j.into, j.joined = string(j.whole), false
	}
	j.into = field
}

// add puts a piece behind the others.
func (j *joiner) add(piece string, space bool) {
	switch {
	case *j.into == "":
		*j.into = piece
		return
	case !j.joined:
		j.whole, j.joined = append(j.whole[:0], *j.into...), true
	}
	if space {
		j.whole = append(j.whole, ' ')
	}
	j.whole = append(j.whole, piece...)
}

// read makes fields of the chunks.
func (m *pgMessage) read(j *joiner) {
	m.headMissing = true
	j.to(&m.context) // what comes before any head is most likely a CONTEXT
	before := 0      // length of the chunk before
	for _, chunk := range m.chunks {
		first := true
		for line := range strings.SplitSeq(chunk, "\n") {
			begins := first
			first = false
			if line = strings.TrimRight(line, "\r"); line == "" {
				continue
			}
			text := line
			if name, sqlstate, length := level(line); length > 0 && m.headMissing && *j.into == "" {
				m.level, m.sqlstate, m.headMissing = name, sqlstate, false
				j.to(&m.text)
				text = line[length:]
			} else if field, rest := m.field(line); field != nil {
				j.to(field)
				text = rest
			}
			bare := strings.TrimLeft(text, "\t ")
			withinWord := begins && before > chunkLimit-longestRune && len(bare) == len(text)
			j.add(bare, !withinWord)
		}
		before = len(chunk)
	}
	j.to(nil)
	m.function = functionIn(m.context)
	if m.headMissing && m.function == "" && m.context != "" && len(m.chunks) <= 1 {
		m.text, m.context, m.headMissing = m.context, "", m.firstChunk > 1 // a line without a level: take it as it is
	}
}

// unescape undoes rsyslog's "#ooo" of control characters, but only those that PostgreSQL and libpq write: tab and line end; a
// carriage return is dropped.
func unescape(b []byte) string {
	at := bytes.Index(b, []byte("#01"))
	if at < 0 {
		return string(b)
	}
	out := append(make([]byte, 0, len(b)), b[:at]...)
	for i := at; i < len(b); i++ {
		if b[i] == '#' && i+3 < len(b) && b[i+1] == '0' && b[i+2] == '1' {
			switch b[i+3] {
			case '1':
				out, i = append(out, '\t'), i+3
				continue
			case '2':
				out, i = append(out, '\n'), i+3
				continue
			case '5':
				i += 3
				continue
			}
		}
		out = append(out, b[i])
	}
	return string(out)
}
