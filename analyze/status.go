package analyze

import (
	"regexp"
	"strings"

	"cbdoctor/fact"
)

// `database cluster status` has been printed in two vocabularies and several layouts (tech note 210530, Japanese and English
// editions). The parser goes by the names before the colons and takes everything else as it comes.

// roleWords gives today's word for a role.
var roleWords = map[string]string{"master": fact.Primary, "primary": fact.Primary, "slave": fact.Replica, "replica": fact.Replica, "client": fact.Client}

// certificateKeys are the lines of the certificate block.
var certificateKeys = map[string]string{
	"server key": "server_key", "server certificate": "server_certificate", "client key": "client_key",
	"client certificate": "client_certificate", "ca certificate": "ca_certificate",
}

var (
	// a collapsed copy has everything on one line: a new field begins at one of these names
	statusFields = regexp.MustCompile(`(?i)\b(ERROR|Status|Nodes|Node in use|Interface|Certificates|Server Key|Server Certificate|Client Key|Client Certificate|CA Certificate|Last command)\s*:`)
	memberLine   = regexp.MustCompile(`^\s*([0-9a-fA-F:.]+[0-9a-fA-F])(\s*\(me\))?\s+:\s*(.*)$|^\s*(\d+\.\d+\.\d+\.\d+)(\s*\(me\))?\s*:\s*(.*)$`)
	memberInside = regexp.MustCompile(`(\d+\.\d+\.\d+\.\d+)(\s*\(me\))?\s*:\s*([A-Za-z][A-Za-z ]*(?:\( *[A-Za-z ]+ *\))?)`)
	lastCommand  = regexp.MustCompile(`^'?([^'(]*)'?\s*(?:\(([^)]*)\))?`)
)

// statusText is one output found in a text, with the lines it stands on.
type statusText struct {
	fact.Status
	me   string // own address
	host string // from the prompt before it, when there is one
}

// parseStatus reads the lines of one output. firstLine numbers lines[0] in its file.
func parseStatus(lines []string, lineOf []int, file string) (statusText, bool) {
	s := statusText{Status: fact.Status{Certificates: map[string]string{}}}
	if len(lines) > 0 {
		s.Source = fact.Source{File: file, Line: lineOf[0]}
	}
	if joined := strings.Join(lines, " "); len(lines) <= 2 && len(statusFields.FindAllString(joined, -1)) >= 3 {
		lines, lineOf = expand(joined, lineOf[0])
	}
	found := false
	for i, raw := range lines {
		if m := memberLine.FindStringSubmatch(raw); m != nil {
			address, me, text := m[1]+m[4], m[2]+m[5], strings.TrimSpace(m[3]+m[6])
			member := parseMember(address, me != "", text, lineOf[i])
			s.Members = append(s.Members, member)
			if member.Me {
				s.me = address
			}
			continue
		}
		name, value, ok := strings.Cut(raw, ":")
		if !ok {
			continue
		}
		key, value := strings.ToLower(strings.Join(strings.Fields(name), " ")), strings.TrimSpace(value)
		switch key {
		case "status":
			s.Status.Status, found = value, true
			s.Source.Line, s.Source.Text = lineOf[i], strings.Join(strings.Fields(raw), " ")
		case "error":
			s.Error = value
		case "node in use":
			s.NodeInUse = value
		case "interface":
			s.Interface, _, _ = strings.Cut(value, " ") // in a collapsed copy the heading "Certificates" follows
		case "last command":
			if m := lastCommand.FindStringSubmatch(value); m != nil {
				s.LastCommand, s.LastResult = strings.TrimSpace(m[1]), strings.ToLower(strings.TrimSpace(m[2]))
			}
		default:
			if c, known := certificateKeys[key]; known && value != "" {
				s.Certificates[c] = value
			}
		}
	}
	return s, found
}

// parseMember reads what stands behind a node's address: "Connected Slave ( In Sync )", "Connection Failed", ...
func parseMember(address string, me bool, text string, line int) fact.Member {
	words := strings.Fields(strings.ToLower(strings.NewReplacer("(", " ", ")", " ", "-", " ").Replace(text)))
	all := strings.Join(words, " ")
	m := fact.Member{Address: address, Me: me, Text: text, Line: line, Role: fact.Unknown}
	for _, w := range words {
		if r, known := roleWords[w]; known {
			m.Role = r
			break
		}
	}
	m.Connected = strings.HasPrefix(all, "connected") || m.Role == fact.Primary && !strings.Contains(all, "not connected") && !strings.Contains(all, "fail")
	switch {
	case strings.Contains(all, "not in sync"), strings.Contains(all, "out of sync"), strings.Contains(all, "syncing"), strings.Contains(all, "behind"), strings.Contains(all, "not synced"), strings.Contains(all, "initial"):
		m.InSync = "no"
	case strings.Contains(all, "in sync"):
		m.InSync = "yes"
	case m.Role == fact.Replica && !m.Connected:
		m.InSync = "no"
	}
	return m
}

// expand puts a collapsed output back on lines.
func expand(s string, line int) (lines []string, lineOf []int) {
	at := statusFields.FindAllStringIndex(s, -1)
	for i, a := range at {
		end := len(s)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		part := s[a[0]:end]
		if strings.HasPrefix(part, "Nodes") {
			lines = append(lines, "Nodes:")
			for _, m := range memberInside.FindAllStringSubmatch(part, -1) {
				lines = append(lines, m[1]+m[2]+" : "+strings.TrimSpace(m[3]))
			}
			continue
		}
		lines = append(lines, part)
	}
	for range lines {
		lineOf = append(lineOf, line)
	}
	return lines, lineOf
}
