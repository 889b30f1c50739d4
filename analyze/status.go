package analyze

import (
	"strings"

	"cbdoctor/fact"
	"cbdoctor/lazyregexp"
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
	statusFields = lazyregexp.New(`(?i)\b(ERROR|Status|Nodes|Node in use|Interface|Certificates|Server Key|Server Certificate|Client Key|Client Certificate|CA Certificate|Last command)\s*:`)
	memberLine   = lazyregexp.New(`^\s*(\d+\.\d+\.\d+\.\d+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*[0-9a-fA-F])(\s*\(me\))?\s*:\s+(\S.*)$`)
	memberName   = lazyregexp.New(`^\s*([A-Za-z0-9][A-Za-z0-9._-]*)(\s*\(me\))?\s*:\s+(\S.*)$`) // between "Nodes:" and the next field
	memberInside = lazyregexp.New(`([0-9a-fA-F:.]*[.:][0-9a-fA-F:.]*[0-9a-fA-F])(\s*\(me\))?\s*:\s*([A-Za-z][A-Za-z ]*(?:\( *[A-Za-z ]+ *\))?)`)
	lastCommand  = lazyregexp.New(`^'?([^'(]*)'?\s*(?:\(([^)]*)\))?`)
	notedFile    = lazyregexp.New(`^(\S+)\s+\(?\s*(.*?)\s*\)?$`)
)

// statusText is one output found in a text, with the lines it stands on.
type statusText struct {
	fact.Status
	me      string // own address
	expired []expiredFile
}

// expiredFile is a certificate that the status itself calls expired (Cisco 216549 says that it does; the words are not known).
type expiredFile struct {
	key  string // in Certificates
	line int
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
	found, inNodes := false, false
	for i, raw := range lines {
		name, value, ok := strings.Cut(raw, ":")
		key, value := strings.ToLower(strings.Join(strings.Fields(name), " ")), strings.TrimSpace(value)
		if m := memberOf(raw, key, inNodes); m != nil {
			member := parseMember(m[1], m[2] != "", strings.TrimSpace(m[3]), lineOf[i])
			s.Members = append(s.Members, member)
			if member.Me {
				s.me = member.Address
			}
			continue
		}
		if !ok {
			continue
		}
		inNodes = key == "nodes"
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
				if m := notedFile.FindStringSubmatch(value); m != nil && strings.Contains(strings.ToLower(m[2]), "expired") {
					s.Certificates[c] = m[1]
					s.expired = append(s.expired, expiredFile{c, lineOf[i]})
				}
			}
		}
	}
	return s, found
}

// memberOf matches a line of the list of nodes: by its address, or by a name where the list is being read.
func memberOf(raw, key string, inNodes bool) []string {
	if m := memberLine.FindStringSubmatch(raw); m != nil {
		return m
	}
	if _, known := certificateKeys[key]; !inNodes || known || key == "node in use" || key == "interface" || key == "last command" || key == "certificates" {
		return nil
	}
	return memberName.FindStringSubmatch(raw)
}

// Words behind a node's address. Only "Connected" with a role and "( In Sync )" have a source; the others are what a version may print.
var (
	apartWords  = []string{"not connected", "fail", "disconnect", "unreachable", "down", "error", "refused", "timeout", "timed out", "lost", "offline", "no connection", "unknown"}
	behindWords = []string{"not in sync", "out of sync", "sync in progress", "syncing", "synchroni", "behind", "not synced", "initial", "joining", "copying", "restoring", "catching up"}
)

// parseMember reads what stands behind a node's address: "Connected Slave ( In Sync )", "Connection Failed", ...
func parseMember(address string, me bool, text string, line int) fact.Member {
	words := strings.Fields(strings.ToLower(strings.NewReplacer("(", " ", ")", " ", "-", " ", ",", " ").Replace(text)))
	all := strings.Join(words, " ")
	m := fact.Member{Address: address, Me: me, Text: text, Line: line, Role: fact.Unknown}
	for _, w := range words {
		if r, known := roleWords[w]; known {
			m.Role = r
			break
		}
	}
	behind := containsAny(all, behindWords)
	inSync := !behind && strings.Contains(all, "in sync")
	m.Connected = !containsAny(all, apartWords) && (strings.HasPrefix(all, "connected") || m.Role != fact.Unknown || behind || inSync)
	switch {
	case behind:
		m.InSync = "no"
	case inSync:
		m.InSync = "yes"
	case m.Role == fact.Replica && !m.Connected:
		m.InSync = "no"
	}
	return m
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
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
