package analyze

import (
	"slices"
	"strings"

	"cbdoctor/certificate"
	"cbdoctor/lazyregexp"
)

// A transcript is text that is no log: one command's output alone, or a copied terminal session with prompts and the output of
// several commands, of one node or of several that were logged in to one after the other.

// section is the part of a transcript that one node wrote: from its first prompt to the first prompt of another node.
type section struct {
	host         string // from the prompts, "" when there are none
	statuses     []statusText
	addresses    []string // of the node itself: "ipv4 a", live.json
	versions     []string
	files        []string           // of "pki list"
	certificates []foundCertificate // of "pki inspect", or of a certificate file
}

func (f *section) empty() bool {
	return f.host == "" && len(f.statuses)+len(f.addresses)+len(f.versions)+len(f.files)+len(f.certificates) == 0
}

var (
	promptLine  = lazyregexp.New(`^([A-Za-z0-9][A-Za-z0-9._-]*)>{1,2} ?(.*)$`)
	quoted      = lazyregexp.New(`(?m)^(?:[>|] ?)+`) // an output that was pasted into a mail, which was answered
	statusBegin = lazyregexp.New(`(?i)^\s*(ERROR\s*:|Status\s*:)`)
	statusInRow = lazyregexp.New(`(?i)database cluster status\s+((?:ERROR|Status)\s*:.*)$`)
	versionLine = lazyregexp.New(`^\s*(\d+\.\d+(?:\.\d+)*(?:[_-]\w+)*)\s*$`)
	ipv4Address = lazyregexp.New(`^\s*address\s+(\d+\.\d+\.\d+\.\d+)\s*$`)
	ipv4Seen    = lazyregexp.New(`^(\d+\.\d+\.\d+\.\d+)/\d+\s*$`)
	pkiFile     = lazyregexp.New(`^[\w .()@+-]+\.(?:key|crt|cer|pem|der|csr|p7b)$`)
	pkiInspect  = lazyregexp.New(`^pki\s+inspect\s+(\S+)`)
	inspectName = lazyregexp.New(`(?i)pki[ _-]*inspect[ _-]*(.+?)(?:\.txt|\.log)?$`)
)

// typed undoes what word processors and mail programs make of plain text.
var typed = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2018", "'", "\u2019", "'", "\u201c", `"`, "\u201d", `"`)

// transcript reads the lines of a text that are no log lines.
type transcript struct {
	file    *textFile
	now     section
	done    []section
	command string // that was typed last
	used    int64  // lines that are understood
	passed  int64  // of these: output of commands that say nothing of the database
}

// readTranscript finds the output of commands, a section for each node.
func readTranscript(t *textFile) []section {
	text := typed.Replace(quoted.ReplaceAllString(string(t.transcript), ""))
	if s, ok := readDocument(text, t.path); ok {
		t.recognised, t.taken = t.Seen, t.Seen
		return []section{s}
	}
	r := &transcript{file: t}
	lines := strings.Split(text, "\n")
	lines = lines[:min(len(lines), len(t.lineOf))]
	for i := 0; i < len(lines); {
		i += r.read(lines[i:], t.lineOf[i:])
	}
	r.end()
	if r.used > 0 {
		t.recognised = min(t.recognised+r.used, t.Seen)
		t.taken += r.used - r.passed
	}
	return r.done
}

func (r *transcript) end() {
	if !r.now.empty() {
		r.done = append(r.done, r.now)
	}
}

// read takes one line, or the output that begins with it, and says how many lines that is.
func (r *transcript) read(lines []string, lineOf []int) int {
	line := strings.TrimRight(lines[0], " ")
	if line == "" {
		return 1
	}
	if m := promptLine.FindStringSubmatch(line); m != nil {
		r.prompt(m[1], strings.TrimSpace(m[2]), lineOf[0])
		return 1
	}
	if statusBegin.MatchString(line) && isStatusHere(lines) {
		end := statusEnd(lines)
		r.status(lines[:end], lineOf[:end])
		return end
	}
	if strings.TrimSpace(line) == "Certificate:" {
		if end := r.inspected(lines, lineOf); end > 0 {
			return end
		}
	}
	r.other(lines, line)
	return 1
}

// prompt takes "cms01> command". Some copies have the output behind the command on the same line.
func (r *transcript) prompt(host, command string, line int) {
	if r.now.host != "" && r.now.host != host {
		r.end()
		r.now = section{}
	}
	r.now.host, r.command = host, command
	r.used++
	if m := statusInRow.FindStringSubmatch(command); m != nil {
		r.command = "database cluster status"
		r.status([]string{m[1]}, []int{line})
		r.used-- // it is the same line
	}
}

func (r *transcript) status(lines []string, lineOf []int) {
	if s, ok := parseStatus(lines, lineOf, r.file.path); ok {
		r.now.statuses = append(r.now.statuses, s)
		for _, l := range lines {
			if strings.TrimSpace(l) != "" {
				r.used++
			}
		}
	}
}

// inspected takes what "pki inspect" printed of one certificate or of a chain, and says on how many lines.
func (r *transcript) inspected(lines []string, lineOf []int) int {
	end := 1
	for end < len(lines) && !promptLine.MatchString(lines[end]) {
		end++
	}
	found := certificate.ParseText(lines[:end])
	if len(found) == 0 {
		return 0
	}
	c := foundCertificate{from: "pki", line: lineOf[0]}
	for i := range found {
		c.chain = append(c.chain, found[i].Certificate)
	}
	if m := pkiInspect.FindStringSubmatch(r.command); m != nil {
		c.name = m[1]
	} else if m := inspectName.FindStringSubmatch(memberBase(r.file.path)); m != nil {
		c.name = m[1]
	} else {
		c.name = memberBase(r.file.path)
	}
	r.now.certificates = append(r.now.certificates, c)
	for _, l := range lines[:end] {
		if strings.TrimSpace(l) != "" {
			r.used++
		}
	}
	return end
}

// other takes a line of a command whose output has no beginning and no end of its own.
func (r *transcript) other(lines []string, line string) {
	switch {
	case ipv4Address.MatchString(line) && (strings.HasPrefix(r.command, "ipv4") || r.command == ""):
		r.now.addresses = appendOnce(r.now.addresses, ipv4Address.FindStringSubmatch(line)[1])
	case ipv4Seen.MatchString(line) && (strings.HasPrefix(r.command, "ipv4") || r.command == ""):
		r.now.addresses = appendOnce(r.now.addresses, ipv4Seen.FindStringSubmatch(line)[1])
	case versionLine.MatchString(line) && (r.command == "version" || r.command == "" && len(r.file.lineOf) <= 6):
		r.now.versions = appendOnce(r.now.versions, strings.TrimSpace(line))
	case strings.HasPrefix(line, "User supplied certificates and keys:"):
		r.command = "pki list"
	case r.command == "pki list" && pkiFile.MatchString(strings.TrimSpace(line)):
		r.now.files = appendOnce(r.now.files, strings.TrimSpace(line))
	case strings.HasPrefix(strings.TrimSpace(line), "IPv4 configuration"):
		r.command = "ipv4"
	case r.command != "": // the output of a command that says nothing of the database
		r.passed++
	default:
		return
	}
	r.used++
}

// isStatusHere keeps a line "Status : ..." of another command from being taken for the cluster's.
func isStatusHere(lines []string) bool {
	for i, l := range lines[:min(len(lines), 40)] {
		if i > 0 && promptLine.MatchString(l) {
			return false
		}
		if strings.Contains(l, "Nodes") || strings.Contains(l, "Last command") || strings.Contains(l, "Node in use") || strings.Contains(l, "atabase cluster") {
			return true
		}
	}
	return false
}

// statusEnd is the line after the output that begins with the first: its last field is "Last command", or a prompt follows.
func statusEnd(lines []string) int {
	for j := range lines {
		switch {
		case promptLine.MatchString(lines[j]), j > 80:
			return j
		case strings.HasPrefix(strings.TrimSpace(lines[j]), "Last command"):
			return j + 1
		case j > 1 && strings.HasPrefix(strings.TrimSpace(lines[j]), "Status") && statusBegin.MatchString(lines[j]):
			return j // the next output, where a copy has no prompts
		}
	}
	return len(lines)
}

func appendOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
