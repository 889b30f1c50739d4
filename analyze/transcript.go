package analyze

import (
	"encoding/json"
	"encoding/xml"
	"regexp"
	"strings"

	"cbdoctor/fact"
)

// transcript finds the output of commands in text that is no log: one command's output alone, or a copied terminal session
// with prompts and several commands.

// transcriptFacts is what one file's text says.
type transcriptFacts struct {
	statuses  []statusText
	addresses []string // of the node itself: "ipv4 a", live.json
	names     []string // host names in prompts
	versions  []string
}

var (
	promptLine  = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)>{1,2} ?(.*)$`)
	statusBegin = regexp.MustCompile(`(?i)^\s*(ERROR\s*:|Status\s*:)`)
	versionLine = regexp.MustCompile(`^\s*(\d+\.\d+(?:\.\d+)*(?:[_-]\w+)*)\s*$`)
	ipv4Address = regexp.MustCompile(`^\s*address\s+(\d+\.\d+\.\d+\.\d+)\s*$`)
	ipv4Seen    = regexp.MustCompile(`^(\d+\.\d+\.\d+\.\d+)/\d+\s*$`)
)

// readTranscript looks through the lines that are no log lines.
func readTranscript(t *textFile) (out transcriptFacts) {
	text := string(t.transcript)
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") {
		out.addresses = liveJSON(trimmed)
		return out
	} else if strings.HasPrefix(trimmed, "<") {
		if s, ok := restDatabase(trimmed, t.path); ok {
			out.statuses = append(out.statuses, s)
		}
		return out
	}
	lines := strings.Split(text, "\n")
	lines = lines[:min(len(lines), len(t.lineOf))]
	host, used := "", 0
	inIPv4, last := false, ""
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		if m := promptLine.FindStringSubmatch(l); m != nil {
			host, last = m[1], strings.TrimSpace(m[2])
			out.names = appendOnce(out.names, host)
			inIPv4 = false
			used++
			continue
		}
		switch {
		case statusBegin.MatchString(l) && isStatusHere(lines[i:]):
			end := statusEnd(lines, i)
			if s, ok := parseStatus(lines[i:end], t.lineOf[i:end], t.path); ok {
				s.host = host
				out.statuses = append(out.statuses, s)
				used += end - i
				i = end - 1
			}
		case strings.HasPrefix(strings.TrimSpace(l), "IPv4 configuration"):
			inIPv4 = true
			used++
		case inIPv4 && ipv4Address.MatchString(l):
			out.addresses = appendOnce(out.addresses, ipv4Address.FindStringSubmatch(l)[1])
			used++
		case ipv4Seen.MatchString(l):
			out.addresses = appendOnce(out.addresses, ipv4Seen.FindStringSubmatch(l)[1])
			used++
		case versionLine.MatchString(l) && (last == "version" || len(strings.Fields(text)) <= 4):
			out.versions = appendOnce(out.versions, strings.TrimSpace(l))
			used++
		case inIPv4:
			used++
		}
	}
	if used > 0 { // the file is understood as a whole: its other lines belong to those outputs
		t.recognised = t.seen
	}
	return out
}

// isStatusHere keeps a line "Status : ..." of another command from being taken for the cluster's.
func isStatusHere(lines []string) bool {
	for _, l := range lines[:min(len(lines), 40)] {
		if strings.Contains(l, "Nodes") || strings.Contains(l, "Last command") || strings.Contains(l, "Node in use") || strings.Contains(l, "atabase cluster") {
			return true
		}
	}
	return false
}

// statusEnd is the line after the output that begins at i: its last field is "Last command", or a prompt follows.
func statusEnd(lines []string, i int) int {
	for j := i; j < len(lines); j++ {
		if promptLine.MatchString(lines[j]) {
			return j
		}
		if strings.HasPrefix(strings.TrimSpace(lines[j]), "Last command") {
			return j + 1
		}
		if j > i+80 {
			return j
		}
	}
	return len(lines)
}

// liveJSON finds the addresses of the interfaces: "ipv4": {"module": {"interfaces": {"eth4": {"address": "..."}}}}.
func liveJSON(text string) (addresses []string) {
	var doc struct {
		IPv4 map[string]struct {
			Interfaces map[string]struct {
				Address string `json:"address"`
				Enabled string `json:"enabled"`
			} `json:"interfaces"`
		} `json:"ipv4"`
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		return nil
	}
	for _, module := range sortedKeys(doc.IPv4) {
		interfaces := doc.IPv4[module].Interfaces
		for _, name := range sortedKeys(interfaces) {
			if a := interfaces[name]; a.Address != "" && a.Enabled != "false" {
				addresses = appendOnce(addresses, a.Address)
			}
		}
	}
	return addresses
}

// restDatabase reads the REST document system/database; values stand in attributes or in elements.
func restDatabase(text, path string) (statusText, bool) {
	type node struct {
		Hostname  string `xml:"hostname"`
		HostnameA string `xml:"hostname,attr"`
		Up        string `xml:"up"`
		UpA       string `xml:"up,attr"`
		Master    string `xml:"master"`
		MasterA   string `xml:"master,attr"`
		Behind    string `xml:"syncBehind"`
		BehindA   string `xml:"syncBehind,attr"`
	}
	var doc struct {
		XMLName    xml.Name `xml:"database"`
		Clustered  string   `xml:"clustered"`
		ClusteredA string   `xml:"clustered,attr"`
		Nodes      []node   `xml:"cluster>node"`
	}
	if xml.Unmarshal([]byte(text), &doc) != nil {
		return statusText{}, false
	}
	s := statusText{Status: fact.Status{Status: doc.Clustered + doc.ClusteredA, Certificates: map[string]string{}, Source: fact.Source{File: path, Line: 1}}}
	for _, n := range doc.Nodes {
		m := fact.Member{Address: n.Hostname + n.HostnameA, Role: fact.Replica, Connected: n.Up+n.UpA == "true", Line: 1, InSync: "yes"}
		if n.Master+n.MasterA == "true" {
			m.Role, m.InSync = fact.Primary, ""
		} else if b := n.Behind + n.BehindA; b != "" && b != "0" && b != "false" {
			m.InSync = "no"
		}
		s.Members = append(s.Members, m)
	}
	return s, true
}

func appendOnce(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}
