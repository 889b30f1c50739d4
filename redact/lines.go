package redact

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync"

	"cbdoctor/lazyregexp"
	"cbdoctor/logline"
)

// removed stands where something was left out.
const removed = "(removed)"

// programs are those whose log lines the diagnosis reads, and whose words are known. The text of every other program may hold
// anything that people say or are called; of their lines the head alone is kept.
var programs = map[string]bool{"postgres": true, "sfpool": true, "schema_builder": true, "dbcluster_watcher": true, "cli": true}

// harmless are the MMP commands whose arguments are kept in the audit lines of cli and in terminal sessions.
var harmless = lazyregexp.New(`^\s*(database|pcap|version|ipv4|ipv6|pki|iface|ntp|date|uptime|hostname|reboot|shutdown|syslog|callbridge|help)\b`)

var auditCommand = lazyregexp.New(`^(.*issued command\s*<\s*)(.*?)(\s*>.*)?$`)

// transcriptLines are the lines of command output that are kept; a new command is a row here.
var transcriptLines = sync.OnceValue(func() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`^\s*$`),
		regexp.MustCompile(`(?i)^\s*(error|status|nodes|node in use|interface|certificates|server key|server certificate|client key|client certificate|ca certificate|last command)\s*(:.*)?$`),
		regexp.MustCompile(`(?i)\bstatus\s*:.*\bnodes\s*:`), // a status on one line
		regexp.MustCompile(`^\s*[0-9a-fA-F:.]+(\s*\(me\))?\s*:\s*[A-Za-z][A-Za-z ()-]*$`),
		regexp.MustCompile(`^\s*\d+\.\d+(\.\d+)*([_-]\w+)*\s*$`), // version
		regexp.MustCompile(`(?i)^\s*(ipv[46] (configuration|observed values)|addresses|routes)\s*:?\s*$`),
		regexp.MustCompile(`(?i)^\s*(address|default|dhcp|enabled|gateway|macaddress|prefixlen|mtu|source\s+destination)\b[\s\w:./-]*$`),
		regexp.MustCompile(`^\s*[0-9a-fA-F:.]+(/\d+)?(\s+[0-9a-fA-F:./]+)*(\s+(true|false|yes|no))?\s*$`),
		regexp.MustCompile(`^User supplied certificates and keys:|^\s*\S+\.(key|cer|crt|pem|der|csr)\s*$`),
		regexp.MustCompile(`(?i)^\s*(checking|certificate|data|version|serial number|signature algorithm|issuer|validity|not before|not after|subject|subject public key info|public key algorithm|(rsa )?public-key|x509v3 [\w ]+|dns|ca|digital signature.*|tls web .*|critical|file (not )?found|filename)\s*:?.*$`),
		regexp.MustCompile(`(?i)^\s*(mon|tue|wed|thu|fri|sat|sun)\w* \w+ +\d+ .*\d{4}\s*$`), // date
		regexp.MustCompile(`(?i)^\s*(system time|local time|uptime|up \d).*$`),
		regexp.MustCompile(`^\s*(SUCCESS|FAILURE): [\w ,.-]*$`),
		regexp.MustCompile(`(?i)^\s*<\?xml|^\s*</?(database|clustered|cluster|node|hostname|up|master|syncbehind)\b[^<>]*/?>`),
	}
})

var prompt = lazyregexp.New(`^([A-Za-z0-9][A-Za-z0-9._-]*)(>{1,2} ?)(.*)$`)

// line decides what of a line is kept, and cuts it down to that. learn gets what names the machine beside the general places. known is
// false where the line was understood by none of the forms.
func line(b []byte, learn func(host string)) (kept []byte, known bool) {
	if l, ok := logline.Split(b); ok {
		if l.Host != "" {
			learn(l.Host)
		}
		if programs[l.Tag] {
			if m := auditCommand.FindSubmatch(b); l.Tag == "cli" && m != nil && !harmless.Match(m[2]) {
				return fmt.Appendf(nil, "%s%s%s", m[1], removed, m[3]), true
			}
			return b, true
		}
		return append(b[:len(b)-len(l.Text):len(b)-len(l.Text)], removed...), true
	}
	if m := prompt.FindSubmatch(b); m != nil {
		learn(string(m[1]))
		if !harmless.Match(m[3]) && len(m[3]) > 0 {
			return fmt.Appendf(nil, "%s%s%s", m[1], m[2], removed), true
		}
		return b, true
	}
	for _, p := range transcriptLines() {
		if p.Match(b) {
			return b, true
		}
	}
	return []byte(removed), false
}

// maxLine bounds a line that is read; longer ones are left out.
const maxLine = 256 << 10

// lineCount says how many lines a text has and how many of them were left out whole.
type lineCount struct{ all, leftOut int }

// eachLine calls take for each line of a text with what is kept of it.
func (r *Redactor) eachLine(src io.Reader, take func(line []byte) error) (n lineCount, err error) {
	in := bufio.NewReaderSize(src, maxLine)
	for {
		b, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
			b = nil
			n.all++
			n.leftOut++
			if err := take([]byte(removed)); err != nil {
				return n, err
			}
		}
		if len(b) > 0 {
			n.all++
			kept, known := line(bytes.TrimRight(b, "\r\n"), r.words.learnHost)
			if !known {
				n.leftOut++
			}
			if err := take(kept); err != nil {
				return n, err
			}
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// learnLines is the first pass over a text.
func (r *Redactor) learnLines(src io.Reader) error {
	_, err := r.eachLine(src, func(b []byte) error {
		r.learnText(b)
		return nil
	})
	return err
}

// writeLines is the second pass.
func (r *Redactor) writeLines(dst io.Writer, src io.Reader) (n lineCount, err error) {
	out := bufio.NewWriter(dst)
	n, err = r.eachLine(src, func(b []byte) error {
		b = append(r.shift.text(r.text(bytes.Clone(b))), '\n')
		_, err := out.Write(b)
		return err
	})
	return n, errors.Join(err, out.Flush())
}
