package analyze

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cbdoctor/bundle"
	"cbdoctor/capture"
	"cbdoctor/capture/points"
	"cbdoctor/fact"
	"cbdoctor/logline"
	"cbdoctor/terminal"
)

// Options say how to read the material. The zero value reads port 5432 and takes times without a zone for UTC.
type Options struct {
	Port     uint16
	Timezone *time.Location            // of log times without a zone; nil is UTC
	Zones    map[string]*time.Location // the same for single nodes, by host name or address

	SameEvents []SameEvent // offsets of clocks by hand
	Hash       bool        // put the SHA-256 of every input into the facts
	Stdin      io.Reader   // what the path "-" means; nil is the program's own
	Limits     bundle.Limits
	Capture    capture.Options
	Ladders    bool // keep the ladders of decisive sessions of large captures too, which costs a second reading
}

// ErrNothingUsable says that the material had nothing that could be understood. Its text quotes the first unknown line.
var ErrNothingUsable = errors.New("nothing usable in the input")

// Run reads all material below the paths. Files that can't be read become inputs with a problem; the error is that of the
// context, or ErrNothingUsable.
func Run(ctx context.Context, paths []string, opt Options) (*fact.Set, error) {
	if opt.Port == 0 {
		opt.Port = 5432
	}
	if opt.Timezone == nil {
		opt.Timezone = time.UTC
	}
	opt.Capture.Port = opt.Port
	m := newMaterial(opt)
	if err := bundle.Walk(ctx, paths, opt.Stdin, opt.Limits, func(f *bundle.File, r io.Reader) error { return m.visit(ctx, f, r) }); err != nil {
		return nil, err
	}
	m.endOfFile()
	if err := m.comparePoints(ctx, paths); err != nil {
		return nil, err
	}
	set, err := m.facts()
	if err != nil {
		return nil, err
	}
	return set, m.usable()
}

// usable reports whether anything was understood.
func (m *material) usable() error {
	for _, c := range m.captures {
		if c.Packets > 0 || c.Problem == "" {
			return nil
		}
	}
	var unknown *textFile
	for _, t := range m.texts {
		if t.recognised > 0 {
			return nil
		}
		if unknown == nil && t.unknown != "" {
			unknown = t
		}
	}
	switch {
	case unknown != nil:
		return fmt.Errorf("%w: no line of %s is recognised; line %d is %q", ErrNothingUsable, unknown.path, unknown.unknownAt, unknown.unknown)
	case len(m.inputs) == 0:
		return fmt.Errorf("%w: there is no file", ErrNothingUsable)
	case m.inputs[0].Problem != "":
		return fmt.Errorf("%w: %s: %s", ErrNothingUsable, m.inputs[0].Path, m.inputs[0].Problem)
	}
	return fmt.Errorf("%w: %s is neither a log, a capture nor a status text", ErrNothingUsable, m.inputs[0].Path)
}

// material is what is known while reading.
type material struct {
	opt      Options
	logs     *logline.Reader
	inputs   []fact.Input
	inputOf  []*textFile // beside inputs: the text file, or nil
	texts    []*textFile
	captures []*capture.Result
	ladders  []capture.SessionLadder
	local    map[string]string // capture file -> where it lies on disk, for those that are no members of archives
	paths    []points.Path
	groups   map[string]string // capture file -> group
	postgres *pgGroups
	cut      cutMessages

	schemaLines []schemaLine

	checks        map[checkKey]*checkRun
	libpqTexts    map[string]libpqText // what was read of libpq's messages: few are different
	matches       map[string]match     // the same of PostgreSQL messages
	checkOrder    []checkKey
	messages      map[messageKey]*messageRun
	msgOrder      []messageKey
	checkGroups   []*checkGroup // the same when all is read, by machine
	messageGroups []*messageGroup
	commands      []command
	finds         []foundText

	collections []collection
	namedLines  []namedLine // that the user said to show the same event as another
	namedAt     []FileLine  // beside namedLines

	peers   map[peerKey]string // the client of a backend process, from "connection received"
	listens map[string]bool    // hosts whose PostgreSQL accepts connections here
	// databases are hosts with messages of PostgreSQL that say something of the cluster.
	databases map[string]bool
}

// foundText is what a transcript said, with its file.
type foundText struct {
	file *textFile
	section
}

type peerKey struct {
	group, host string // files of one group are of one machine
	pid         int
}

func newMaterial(opt Options) *material {
	m := &material{
		opt: opt, logs: logline.NewReader(programs), groups: map[string]string{}, local: map[string]string{},
		checks: map[checkKey]*checkRun{}, libpqTexts: map[string]libpqText{}, messages: map[messageKey]*messageRun{}, matches: map[string]match{},
		peers: map[peerKey]string{}, listens: map[string]bool{}, databases: map[string]bool{},
	}
	m.postgres = newPGGroups(m.message)
	return m
}

// visit reads one file according to its kind.
func (m *material) visit(ctx context.Context, f *bundle.File, r io.Reader) error {
	in := fact.Input{Path: f.Path, Kind: string(f.Kind), Bytes: max(f.Bytes, 0), Problem: f.Problem, Damaged: f.Damaged}
	var text *textFile
	switch {
	case f.Kind == bundle.PrivateKey:
		in.Problem = keyProblem
	case r == nil:
	case f.Kind == bundle.Capture:
		if err := m.capture(ctx, f, r, &in); err != nil {
			return err
		}
	case f.Kind == bundle.ManifestDoc:
		in.Problem = m.readManifest(f.Path, r)
	case f.Kind == bundle.Report:
		in.Problem = "a report of this program: what it quotes is not read again"
	case f.Kind == bundle.Other && f.Binary: // any other text may hold lines that are understood one by one
		in.Problem = "neither a log, a capture nor a status text: not used"
	default:
		var certs []foundCertificate
		if f.Kind == bundle.PKI {
			var b []byte
			b, r = head(r, maxCertificateFile)
			certs = m.certificates(f, b, &in)
		}
		restored, changed := terminal.Restore(r)
		grabbed, r := m.named(f.Path, restored)
		local := f.Local
		if changed || grabbed != nil {
			local = "" // its bytes are not all that is to be seen
		}
		text = m.readText(ctx, f, r, local)
		grabbed.keep(m, text)
		text.finish(m, f, &in, certs)
	}
	if m.opt.Hash && f.Local != "" && in.SHA256 == "" {
		in.SHA256 = hashFile(f.Local)
	}
	m.inputs, m.inputOf = append(m.inputs, in), append(m.inputOf, text)
	return ctx.Err()
}

func (t *textFile) finish(m *material, f *bundle.File, in *fact.Input, certs []foundCertificate) {
	m.endOfFile()
	sections := readTranscript(t)
	if len(certs) > 0 {
		sections = append(sections, section{certificates: certs})
	}
	for _, found := range sections {
		m.finds = append(m.finds, foundText{t, found})
		if len(found.statuses) > 0 && (in.Kind == string(bundle.Other) || in.Kind == string(bundle.PKI)) {
			in.Kind = string(bundle.Status)
		}
	}
	m.texts = append(m.texts, t)
	in.Problem, in.Damaged = cmp.Or(in.Problem, t.problem), t.damaged
	switch {
	case in.Problem != "":
	case t.TooLong > 0:
		in.Problem = fmt.Sprintf("a line of more than %d KiB was passed over", logline.MaxLine>>10)
		if t.TooLong > 1 {
			in.Problem = fmt.Sprintf("%d lines of more than %d KiB were passed over", t.TooLong, logline.MaxLine>>10)
		}
	case t.recognised == 0 && t.Seen > 0 && len(certs) == 0:
		in.Problem = fmt.Sprintf("no line is recognised; line %d is %q", t.unknownAt, t.unknown)
	}
	if len(certs) > 0 {
		t.recognised, t.taken = t.Seen, t.Seen
	}
}

// take sends a log line to whom its program belongs. The tag at its place decides, never a word in the text.
func (m *material) take(log *hostLog, n int, l *logline.Line, raw []byte) {
	switch l.Tag {
	case "postgres":
		m.postgres.add(log, n, l, raw)
	case "sfpool":
		m.check(log, n, l, raw)
	case "schema_builder", "dbcluster_watcher":
		m.schema(log, n, l, raw)
	case "cli":
		if c, ok := parseCommand(l.Text); ok && len(m.commands) < 20_000 {
			c.log, c.stamp, c.line, c.sample = log, l.Stamp, n, sample(raw)
			m.commands = append(m.commands, c)
		}
	}
}

// sample keeps the beginning of a line as evidence.
func sample(raw []byte) string {
	raw = raw[:min(len(raw), 400)]
	if utf8.Valid(raw) {
		return string(raw)
	}
	return string(bytes.ToValidUTF8(raw, []byte("\ufffd")))
}

// message takes a PostgreSQL message that is put together.
func (m *material) message(p *pgMessage) {
	const received = "connection received: host="
	if i := strings.Index(p.text, received); i >= 0 && len(m.peers) < 100_000 {
		m.peers[p.process()] = firstWord(p.text[i+len(received):])
		m.listens[p.log.host] = true
		return
	}
	if !m.cut.hold(p) {
		m.classified(p)
	}
}

// asServer are the classes that only a server says to which others connect.
var asServer = []string{"server-ready", "ssl-accept-failed", "client-cn-mismatch", "cert-auth-failed", "client-cert-required", "no-hba-entry", "auth-failed"}

// classified takes a whole message by what it says.
func (m *material) classified(p *pgMessage) {
	c := m.classify(p)
	if c.row == nil {
		return
	}
	args := c.args
	if c.row.class == "ssl-accept-failed" && strings.Contains(p.detail, "certificate verification failed") {
		args = maps.Clone(args)
		verifyArgs(p.detail, args)
	}
	key := messageKey{log: p.log, class: c.row.class, reason: c.reason, alert: c.alert, peer: c.peer, arg: args["authenticated"] + args["file"] + args["verify"] + args["subject"]}
	if key.peer == "" {
		key.peer = m.peers[p.process()]
	}
	m.databases[p.log.host] = true
	if slices.Contains(asServer, c.row.class) {
		m.listens[p.log.host] = true
	}
	m.note(p, key, c.row, args)
}

func firstWord(s string) string {
	if i := strings.IndexAny(s, " ,"); i >= 0 {
		return s[:i]
	}
	return s
}

func hashFile(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}
