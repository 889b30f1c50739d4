package bundle

import (
	"bytes"
	"encoding/binary"
	"slices"

	"cbdoctor/lazyregexp"
)

// sniffLen is how much of a file is looked at to tell what it is.
const sniffLen = 64 << 10

// magic tells containers and captures by their first bytes. To add a format, add a row.
var magics = []struct {
	name   string
	offset int
	bytes  string
}{
	{"gzip", 0, "\x1f\x8b"},
	{"zstd", 0, "\x28\xb5\x2f\xfd"},
	{"bzip2", 0, "BZh"},
	{"lz4", 0, "\x04\x22\x4d\x18"},
	{"zip", 0, "PK\x03\x04"},
	{"zip", 0, "PK\x05\x06"},
	{"tar", 257, "ustar"},
	{"capture", 0, "\xa1\xb2\xc3\xd4"},
	{"capture", 0, "\xd4\xc3\xb2\xa1"},
	{"capture", 0, "\xa1\xb2\x3c\x4d"},
	{"capture", 0, "\x4d\x3c\xb2\xa1"},
	{"capture", 0, "\xa1\xb2\xcd\x34"},
	{"capture", 0, "\x34\xcd\xb2\xa1"},
	{"capture", 0, "\x0a\x0d\x0d\x0a"},
	{"xz", 0, "\xfd7zXZ\x00"},
	{"7z", 0, "7z\xbc\xaf\x27\x1c"},
	{"rar", 0, "Rar!"},
}

func container(head []byte) string {
	for _, m := range magics {
		if len(head) >= m.offset+len(m.bytes) && string(head[m.offset:m.offset+len(m.bytes)]) == m.bytes {
			return m.name
		}
	}
	return ""
}

// textKinds tells texts apart, first match wins. Lines of a log are told by package analyze; here it is enough to know that
// a file is text.
var textKinds = []struct {
	kind Kind
	// words: every such text has one of them, which spares most texts the pattern.
	words   []string
	pattern *lazyregexp.Regexp
}{
	{ManifestDoc, []string{"cbdoctor/manifest"}, lazyregexp.New(`^\s*\{[\s\S]{0,200}"schema"\s*:\s*"cbdoctor/manifest`)},
	{Report, []string{"cbdoctor/report"}, lazyregexp.New(`^\s*\{\s*"schema"\s*:\s*"cbdoctor/report`)},
	{PrivateKey, []string{"PRIVATE KEY-----"}, lazyregexp.New(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)},
	{PKI, []string{"CERTIFICATE-----", "User supplied", "Not After"}, lazyregexp.New(`-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----|(?m)^User supplied certificates and keys:|(?m)^\s*Not After\s*:`)},
	{Status, []string{"Status", "database cluster status", "system/database"}, lazyregexp.New(`(?m)Status\s*:\s*\w[\s\S]*?(Nodes|Node in use|Last command)\s*:|database cluster status|"?system/database`)},
	{LiveJSON, []string{`"ipv4"`, `"module"`, `"interfaces"`}, lazyregexp.New(`^\s*\{[\s\S]*"(ipv4|module|interfaces)"\s*:`)},
	{Version, []string{"."}, lazyregexp.New(`^\s*(\S+> version\s+)?\d+\.\d+(\.\d+)*\s*$`)},
}

// Sniff says what a file is by the beginning of its content.
func Sniff(head []byte) Kind {
	if container(head) == "capture" {
		return Capture
	}
	if len(head) > 4 && head[0] == 0x30 && (head[1] == 0x82 && binary.BigEndian.Uint16(head[2:]) > 200 || head[1] == 0x81 && head[2] > 100) {
		return PKI // DER: a certificate, or a key
	}
	text := withoutHoles(utf8Text(head))
	if isBinary(text) {
		return Other
	}
	if len(text) > sniffLen/8 && looksLikeLog(text) {
		return Syslog // a long log may quote anything
	}
	for _, k := range textKinds {
		if slices.ContainsFunc(k.words, func(word string) bool { return bytes.Contains(text, []byte(word)) }) && k.pattern.Match(text) {
			return k.kind
		}
	}
	if looksLikeLog(text) {
		return Syslog
	}
	return Other
}

var logLine = lazyregexp.New(`(?m)^(<\d{1,3}>)?(\d+ )?([A-Z][a-z]{2} {1,2}\d{1,2} |\d{4}-\d\d-\d\d[T ] ?)\d\d:\d\d:\d\d`)

// withoutHoles is the text of a log without the zeros that it has where its machine lost power before all of it was written. What
// does not begin with a line of a log is passed on as it is.
func withoutHoles(text []byte) []byte {
	if bytes.IndexByte(text, 0) < 0 || !startsAsLog(bytes.TrimLeft(text, "\x00")) {
		return text
	}
	return bytes.ReplaceAll(text, []byte{0}, nil)
}

func startsAsLog(text []byte) bool {
	at := logLine.FindIndex(text)
	return at != nil && at[0] == 0
}

func looksLikeLog(text []byte) bool { return logLine.Match(text) }

// isBinary: a text of any encoding met here has no zero byte and few control characters.
func isBinary(b []byte) bool {
	if bytes.IndexByte(b, 0) >= 0 {
		return true
	}
	control := 0
	for _, c := range b[:min(len(b), 4096)] {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != 0x1b && c != '\f' && c != '\b' {
			control++
		}
	}
	return control > 40
}
