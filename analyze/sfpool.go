package analyze

import (
	"bytes"
	"slices"
	"strings"

	"cbdoctor/fact"
	"cbdoctor/logline"
)

// checkEvent is one failed health check.
type checkEvent struct {
	stamp  logline.Stamp
	line   int
	wasUp  bool // the node counted as up when the check failed: the first failure of a run
	sample string
}

// libpqText is what a message of libpq says.
type libpqText struct{ text, reason, alert string }

// maxLibpqTexts bounds how many messages are remembered.
const maxLibpqTexts = 4096

// check takes a line of sfpool.
func (m *material) check(log *hostLog, n int, l *logline.Line, raw []byte) {
	c, ok := parseHealthCheck(l.Text)
	if !ok || !c.failed {
		return
	}
	f := m.libpqText(c.message)
	key := checkKey{log, string(c.server), f.reason}
	run := m.checks[key]
	if run == nil {
		if len(m.checks) >= maxRuns {
			return
		}
		run = &checkRun{key: key}
		m.checks[key] = run
		m.checkOrder = append(m.checkOrder, key)
	}
	run.alert, run.text = f.alert, f.text
	if n := len(run.events); n >= maxEvents || n > 0 && l.Stamp.Digits >= 3 && l.Stamp == run.events[n-1].stamp {
		return // one server is not checked twice in a millisecond: some relays deliver lines twice
	}
	e := checkEvent{stamp: l.Stamp, line: n, wasUp: c.wasUp}
	if len(run.events) < fact.SourceLimit {
		e.sample = sample(raw)
	}
	run.events = append(run.events, e)
}

// libpqText reads libpq's message, in which sfpool writes "|" for a line end.
func (m *material) libpqText(message []byte) libpqText {
	f, known := m.libpqTexts[string(message)]
	if !known {
		f.text = strings.Join(strings.Fields(strings.ReplaceAll(unescape(message), "|", " ")), " ")
		f.reason, f.alert = reasonOf(f.text)
		if len(m.libpqTexts) < maxLibpqTexts {
			m.libpqTexts[string(message)] = f
		}
	}
	return f
}

// healthCheck is a line of sfpool, which checks every database node and logs what libpq says when one fails.
type healthCheck struct {
	server  []byte
	failed  bool
	wasUp   bool
	message []byte // of libpq
}

// parseHealthCheck reads "Health check 10.48.54.119: error (up = 1): could not connect to server: ...|". ok is false for what is
// not about a health check.
func parseHealthCheck(text []byte) (c healthCheck, ok bool) {
	rest, ok := bytes.CutPrefix(text, []byte("Health check "))
	if !ok {
		return c, false
	}
	c.server, rest, ok = bytes.Cut(rest, []byte(": "))
	if !ok || len(c.server) == 0 || bytes.ContainsFunc(c.server, notOfAddress) {
		return c, false
	}
	word := rest[:len(rest)-len(bytes.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzOK"))]
	if rest = rest[len(word):]; !slices.Contains(healthWords, string(word)) {
		return c, false
	}
	c.failed = string(word) == "error"
	if up, found := bytes.CutPrefix(rest, []byte(" (up = ")); found && len(up) >= 2 && up[1] == ')' {
		c.wasUp, rest = up[0] == '1', up[2:]
	}
	c.message, ok = bytes.CutPrefix(rest, []byte(":"))
	return c, ok || len(rest) == 0
}

// healthWords are the results of a check.
var healthWords = []string{"error", "ok", "OK", "success"}

// notOfAddress reports whether a character can't stand in an address or a host name.
func notOfAddress(c rune) bool {
	return !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == ':' || c == '-')
}
