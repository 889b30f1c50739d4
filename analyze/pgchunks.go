package analyze

import (
	"bytes"

	"cbdoctor/logline"
)

// PostgreSQL cuts a message that is long or has several lines into chunks of at most 900 bytes, one syslog line each:
// "[seq-chunk] text"; a short one is "[seq] text". seq counts the messages of a process. With syslog_sequence_numbers off
// (since 9.6) a chunk is "[chunk] text" and a short message only text; with syslog_split_messages off every message is one line
// (src/backend/utils/error/elog.c, write_syslog). Lines of several processes interleave, and a log server may change their order.

// numbering is the form in which a line tells where it belongs.
type numbering uint8

const (
	plain    numbering = iota // no number
	single                    // "[n] text": message n, or chunk n of a message that has no number
	sequence                  // "[seq-chunk] text"
)

// numbered splits off the number of a line.
func numbered(b []byte) (form numbering, seq, chunk int, text []byte) {
	if len(b) < 3 || b[0] != '[' {
		return plain, 0, 0, b
	}
	seq, rest := number(b[1:])
	form = single
	if rest != nil && rest[0] == '-' {
		form = sequence
		chunk, rest = number(rest[1:])
	}
	if rest == nil || rest[0] != ']' {
		return plain, 0, 0, b
	}
	return form, seq, chunk, bytes.TrimPrefix(rest[1:], []byte(" "))
}

// number reads at most nine digits; rest is nil when there are none, or nothing behind them.
func number(b []byte) (n int, rest []byte) {
	i := 0
	for ; i < len(b) && i < 9 && b[i] >= '0' && b[i] <= '9'; i++ {
		n = n*10 + int(b[i]-'0')
	}
	if i == 0 || i == len(b) {
		return 0, nil
	}
	return n, b[i:]
}

// pgKey is a message of a process.
type pgKey struct {
	host string
	pid  int
	seq  int // 0 where messages have no number
}

// Bounds of messages that are being put together.
const (
	maxOpenMessages = 1000
	maxChunks       = 400 // of one message: 350 KB
)

// pgGroups puts chunks together. A message is complete when the clock of its host has gone on (together), when another one
// takes its number, or when the file ends.
type pgGroups struct {
	hosts map[string]*pgHost
	open  int
	done  func(*pgMessage)

	joiner joiner
	chunks [][]string // room for those of messages to come
}

// pgHost is the messages of one host that are open, oldest first.
type pgHost struct{ open []*pgMessage }

func newPGGroups(done func(*pgMessage)) *pgGroups {
	return &pgGroups{hosts: map[string]*pgHost{}, done: done}
}

// add takes one line of postgres.
func (g *pgGroups) add(log *hostLog, lineNo int, l *logline.Line, raw []byte) {
	if g.open >= maxOpenMessages {
		g.flush()
	}
	h := g.hosts[l.Host]
	if h == nil {
		h = &pgHost{}
		g.hosts[l.Host] = h
	}
	for len(h.open) > 0 && l.Stamp.Since(h.open[0].lastStamp).Abs() > together {
		g.close(h, 0)
	}
	form, seq, chunk, text := numbered(l.Text)
	body := unescape(text)
	begins := h.begins(l.PID, form, seq, body)
	another := false
	switch {
	case form == sequence:
	case begins && (form == plain || seq == 1): // "[1] LOG: ..." is message 1, or the first chunk of one without a number
		seq, chunk, another = 0, 1, true
	case begins:
		chunk = 1
	case form == single:
		seq, chunk = 0, seq
	}
	at := h.find(l.PID, seq)
	if at >= 0 && (another || h.open[at].has(chunk)) {
		if seq > 0 && h.open[at].repeats(l.Stamp, chunk, body) {
			return
		}
		g.close(h, at)
		at = -1
	}
	if at < 0 {
		at = len(h.open)
		m := &pgMessage{log: log, pid: l.PID, seq: seq, stamp: l.Stamp, lastStamp: l.Stamp, line: lineNo, firstChunk: chunk, sample: sample(raw)}
		if last := len(g.chunks) - 1; last >= 0 {
			m.chunks, g.chunks = g.chunks[last], g.chunks[:last]
		}
		h.open = append(h.open, m)
		g.open++
	}
	m := h.open[at]
	if chunk > 0 && chunk < m.firstChunk {
		m.firstChunk, m.line, m.sample = chunk, lineNo, sample(raw)
	}
	if l.Stamp.Since(m.lastStamp) > 0 {
		m.lastStamp = l.Stamp
	}
	m.put(chunk, body)
}

// begins reports whether a line has the head of a message. A level behind another word may be that of a log_line_prefix, or be in
// the next chunk of a text that quotes an error.
func (h *pgHost) begins(pid int, form numbering, n int, body string) bool {
	if _, _, length := levelAt(body); length > 0 {
		return true
	}
	if _, _, length := level(body); length == 0 {
		return false
	}
	before := h.find(pid, 0)
	return form != single || before < 0 || !h.open[before].has(n-1)
}

// find is the place of an open message, -1 when there is none.
func (h *pgHost) find(pid, seq int) int {
	for i := len(h.open) - 1; i >= 0; i-- {
		if m := h.open[i]; m.pid == pid && m.seq == seq {
			return i
		}
	}
	return -1
}

// put stores a chunk at its place; what has no number comes behind the others.
func (m *pgMessage) put(chunk int, body string) {
	at := chunk - 1
	if chunk < 1 || chunk > maxChunks {
		at = min(len(m.chunks), maxChunks)
	}
	for len(m.chunks) <= at {
		m.chunks = append(m.chunks, "")
	}
	if m.chunks[at] == "" {
		m.chunks[at] = body
	}
}

// has reports whether a chunk is there already.
func (m *pgMessage) has(chunk int) bool {
	return chunk >= 1 && chunk <= len(m.chunks) && m.chunks[chunk-1] != ""
}

// repeats reports whether a chunk is there already, word for word, and of the same moment: some relays deliver lines twice.
func (m *pgMessage) repeats(at logline.Stamp, chunk int, body string) bool {
	return m.has(chunk) && m.chunks[chunk-1] == body && at.Since(m.lastStamp) <= 0
}

func (g *pgGroups) close(h *pgHost, at int) {
	m := h.open[at]
	h.open = append(h.open[:at], h.open[at+1:]...)
	g.open--
	m.read(&g.joiner)
	if m.chunks != nil {
		clear(m.chunks)
		g.chunks, m.chunks = append(g.chunks, m.chunks[:0]), nil
	}
	g.done(m)
}

// flush ends all messages.
func (g *pgGroups) flush() {
	for _, name := range sortedKeys(g.hosts) {
		for h := g.hosts[name]; len(h.open) > 0; {
			g.close(h, 0)
		}
	}
	clear(g.hosts)
}
