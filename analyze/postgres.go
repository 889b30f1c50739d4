package analyze

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"cbdoctor/logline"
)

// PostgreSQL cuts a long message into chunks "[seq-chunk] text", one syslog line each; a short one is "[seq] text". With
// syslog_sequence_numbers or syslog_split_messages off (since 9.6) there is "[chunk] text" or only the text
// (src/backend/utils/error/elog.c, write_syslog).

// pgMessage is one message put together.
type pgMessage struct {
	host        string
	file        *textFile
	pid         int
	seq         int
	stamp       logline.Stamp
	line        int // of its first chunk that is there
	level       string
	text        string // primary message
	detail      string
	hint        string
	statement   string
	context     string
	sqlstate    string
	function    string // innermost PL/pgSQL function
	headMissing bool
	sample      string // the first line as it stands
	firstChunk  int
	chunks      []string
	lastStamp   logline.Stamp
	lastFile    *textFile // where that is, when the message was cut in two; else nil
}

// Bounds of messages that are being put together.
const (
	maxOpenMessages = 256
	maxMessageBytes = 64 << 10
)

// pgGroups puts chunks together. A message is complete when another one of the same process begins, or when chunks stop.
type pgGroups struct {
	open  map[pgKey]*pgMessage
	order []pgKey
	done  func(*pgMessage)
}

type pgKey struct {
	host string
	pid  int
	seq  int
}

func newPGGroups(done func(*pgMessage)) *pgGroups {
	return &pgGroups{open: map[pgKey]*pgMessage{}, done: done}
}

// numbered splits "[2-7] text", "[2] text" and text without a number.
func numbered(b []byte) (seq, chunk int, text []byte, form uint8) {
	if len(b) < 3 || b[0] != '[' {
		return 0, 0, b, 0
	}
	end := bytes.IndexByte(b[:min(len(b), 24)], ']')
	if end < 0 {
		return 0, 0, b, 0
	}
	left, right, two := strings.Cut(string(b[1:end]), "-")
	n, err := strconv.Atoi(left)
	if err != nil {
		return 0, 0, b, 0
	}
	text = b[end+1:]
	if len(text) > 0 && text[0] == ' ' {
		text = text[1:]
	}
	if !two {
		return n, 0, text, 1
	}
	c, err := strconv.Atoi(right)
	if err != nil {
		return 0, 0, b, 0
	}
	return n, c, text, 2
}

// add takes one line of postgres.
func (g *pgGroups) add(f *textFile, lineNo int, l *logline.Line, raw []byte) {
	seq, chunk, text, form := numbered(l.Text)
	body := unescape(text)
	if form == 1 && !startsMessage(body) && chunk == 0 && seq > 1 { // "[chunk] text": sequence numbers are off
		seq, chunk = 0, seq
	}
	if form != 2 && startsMessage(body) {
		chunk = 1
	}
	key := pgKey{l.Host, l.PID, seq}
	m := g.open[key]
	if m != nil && (chunk == 1 || form == 0 && startsMessage(body)) {
		g.close(key) // the numbers start again with another process of the same id, or nothing numbers them
		m = nil
	}
	if m == nil {
		g.closeOthers(l.Host, l.PID, seq)
		if len(g.order) >= maxOpenMessages {
			g.close(g.order[0])
		}
		m = &pgMessage{host: l.Host, file: f, pid: l.PID, seq: seq, stamp: l.Stamp, line: lineNo, firstChunk: chunk, sample: string(raw[:min(len(raw), 600)])}
		g.open[key] = m
		g.order = append(g.order, key)
	}
	if chunk < m.firstChunk {
		m.firstChunk, m.line, m.sample = chunk, lineNo, string(raw[:min(len(raw), 600)])
	}
	m.lastStamp = l.Stamp
	at := max(chunk-1, 0)
	if form != 2 && chunk == 0 {
		at = len(m.chunks)
	}
	if at > 400 {
		at = len(m.chunks)
	}
	for len(m.chunks) <= at {
		m.chunks = append(m.chunks, "")
	}
	if len(body) <= maxMessageBytes/8 || len(m.chunks) < 8 {
		m.chunks[at] = body
	}
}

// closeOthers ends the messages of the same process with lower numbers: a process logs one message after the other.
func (g *pgGroups) closeOthers(host string, pid, seq int) {
	for i := 0; i < len(g.order); i++ {
		if k := g.order[i]; k.host == host && k.pid == pid && k.seq != seq {
			g.close(k)
			i--
		}
	}
}

func (g *pgGroups) close(key pgKey) {
	m := g.open[key]
	delete(g.open, key)
	for i, k := range g.order {
		if k == key {
			g.order = append(g.order[:i], g.order[i+1:]...)
			break
		}
	}
	if m != nil {
		m.read()
		g.done(m)
	}
}

// flush ends all messages, oldest first.
func (g *pgGroups) flush() {
	for len(g.order) > 0 {
		g.close(g.order[0])
	}
}

// levels of PostgreSQL messages (elog.c, error_severity); translations are not made in CMS.
var levelPattern = regexp.MustCompile(`^(?:\S+ )?(DEBUG|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC):  ?(?:([0-9A-Z]{5}): )?`)

// startsMessage reports whether text is the beginning of a message or of its DETAIL, and so on.
func startsMessage(s string) bool { return levelPattern.MatchString(s) }

// fieldNames follow the primary message in this order (elog.c, send_message_to_server_log).
var fieldPattern = regexp.MustCompile(`^(?:LOCATION|DETAIL|HINT|QUERY|CONTEXT|STATEMENT|BACKTRACE):  ?`)

// pieces are the chunks, one field at most in each. A message that was not split has its fields on lines of their own; a line
// end within a field is followed by a tab (elog.c, append_with_tabs), so that no value can pretend to be a field.
func (m *pgMessage) pieces() []string {
	if len(m.chunks) != 1 || !strings.Contains(m.chunks[0], "\n") {
		return m.chunks
	}
	var out []string
	for _, line := range strings.Split(m.chunks[0], "\n") {
		if len(out) > 0 && strings.HasPrefix(line, "\t") {
			out[len(out)-1] += " " + strings.TrimLeft(line, "\t")
			continue
		}
		out = append(out, line)
	}
	return out
}

// read makes fields of the chunks.
func (m *pgMessage) read() {
	m.headMissing = true
	into := &m.context // what comes before any head is most likely a CONTEXT
	for i, c := range m.pieces() {
		if c == "" {
			continue
		}
		c = strings.TrimRight(c, "\n\r")
		if at := levelPattern.FindStringSubmatchIndex(c); at != nil && (i == 0 || m.headMissing) {
			m.level = c[at[2]:at[3]]
			if at[4] >= 0 {
				m.sqlstate = c[at[4]:at[5]]
			}
			m.headMissing = false
			into = &m.text
			c = c[at[1]:]
		} else if at := fieldPattern.FindStringIndex(c); at != nil {
			switch c[:strings.IndexByte(c, ':')] {
			case "DETAIL":
				into = &m.detail
			case "HINT":
				into = &m.hint
			case "CONTEXT":
				into = &m.context
			default:
				into = &m.statement
			}
			c = c[at[1]:]
		}
		if *into != "" {
			*into += " "
		}
		*into += strings.TrimLeft(c, "\t")
	}
	if found := schemaFunction.FindStringSubmatch(m.context); found != nil {
		m.function = found[1]
	}
	if m.headMissing && m.function == "" && m.context != "" && len(m.chunks) <= 1 {
		m.text, m.headMissing = m.context, m.firstChunk > 1 // a line without a level: take it as it is
	}
}

// unescape undoes rsyslog's "#ooo" of control characters, but only those that PostgreSQL and libpq write.
func unescape(b []byte) string {
	s := string(b)
	if strings.Contains(s, "#01") {
		s = strings.NewReplacer("#011", "\t", "#012", "\n", "#015", "").Replace(s)
	}
	return s
}
