package analyze

import (
	"bytes"
	"slices"
	"strings"

	"cbdoctor/logline"
)

// checkEvent is one failed health check.
type checkEvent struct {
	stamp  logline.Stamp
	line   int
	wasUp  bool // the node counted as up when the check failed: the first failure of a run
	failed bool
	text   string
	sample string
}

// parseHealthCheck reads an sfpool line: "Health check 10.48.54.119: error (up = 1): could not connect to server: ...|". sfpool
// checks the health of every database node and logs what libpq says when one fails; it writes "|" for a line end. ok is false
// for what is not about a health check.
func parseHealthCheck(text []byte) (server string, e checkEvent, ok bool) {
	rest, ok := bytes.CutPrefix(text, []byte("Health check "))
	if !ok {
		return "", e, false
	}
	name, rest, ok := bytes.Cut(rest, []byte(": "))
	if !ok || len(name) == 0 || bytes.ContainsFunc(name, notOfAddress) {
		return "", e, false
	}
	word := rest[:min(len(rest), len(rest)-len(bytes.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzOK")))]
	if rest = rest[len(word):]; !slices.Contains(healthWords, string(word)) {
		return "", e, false
	}
	e.failed = string(word) == "error"
	if up, found := bytes.CutPrefix(rest, []byte(" (up = ")); found && len(up) >= 2 && up[1] == ')' {
		e.wasUp, rest = up[0] == '1', up[2:]
	}
	message, ok := bytes.CutPrefix(rest, []byte(":"))
	if !ok && len(rest) > 0 {
		return "", e, false
	}
	e.text = strings.Join(strings.Fields(strings.ReplaceAll(unescape(message), "|", " ")), " ")
	return string(name), e, true
}

// healthWords are the results of a check.
var healthWords = []string{"error", "ok", "OK", "success"}

// notOfAddress reports whether a character can't stand in an address or a host name.
func notOfAddress(c rune) bool {
	return !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == ':' || c == '-')
}
