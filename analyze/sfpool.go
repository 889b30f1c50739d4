package analyze

import (
	"regexp"
	"strings"

	"cbdoctor/logline"
)

// sfpool checks the health of every database node and logs what libpq says when one fails; it writes "|" for a line end.
var healthCheck = regexp.MustCompile(`^Health check ([0-9a-fA-F.:]+|[A-Za-z0-9.-]+): (error|ok|OK|success)(?: \(up = (\d)\))?(?:: ?(.*))?$`)

// checkEvent is one failed health check.
type checkEvent struct {
	stamp  logline.Stamp
	line   int
	wasUp  bool // the node counted as up when the check failed: the first failure of a run
	failed bool
	text   string
	sample string
}

// parseHealthCheck reads an sfpool line. ok is false for what is not about a health check.
func parseHealthCheck(text []byte) (server string, e checkEvent, ok bool) {
	m := healthCheck.FindSubmatch(text)
	if m == nil {
		return "", e, false
	}
	message := strings.ReplaceAll(unescape(m[4]), "|", "\n")
	fields := strings.Fields(message)
	return string(m[1]), checkEvent{wasUp: string(m[3]) == "1", failed: string(m[2]) == "error", text: strings.Join(fields, " ")}, true
}
