package analyze

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/interruptible"
	"cbdoctor/logline"
)

// programs are those whose lines say something of the database cluster.
var programs = []string{"postgres", "sfpool", "schema_builder", "dbcluster_watcher", "cli"}

// maxTranscript is how much text outside of log lines is kept of a file to look for the output of commands.
const maxTranscript = 1 << 20

// textFile is what was learnt of one text file.
type textFile struct {
	path    string
	group   string
	archive string // path of the outermost archive, or of the file itself
	modTime time.Time
	inTar   bool

	*logline.File
	recognised int64  // log lines, and lines of the output of commands
	unknown    string // first line that was not recognised
	unknownAt  int
	transcript []byte // lines that are no log lines
	lineOf     []int  // line number of each line in transcript
	logs       map[relay]*hostLog
	leapDay    bool // a 29 February without a year is in it
	leapWraps  int16
	taken      int64 // lines of the programs, and of outputs that are used
	year       int   // of the first line that prints none, found by dating
	problem    string
	damaged    bool

	take func(log *hostLog, n int, l *logline.Line, raw []byte)
}

// readText reads a file and takes every log line of the programs. When local names a file with the same bytes on disk, it
// is read at several places at once.
func (m *material) readText(ctx context.Context, f *bundle.File, r io.Reader, local string) *textFile {
	t := &textFile{path: f.Path, group: f.Group, modTime: f.ModTime, take: m.take, logs: map[relay]*hostLog{}}
	t.archive, t.inTar = archiveOf(f.Path)
	var err error
	if at, failed := os.Open(local); local != "" && failed == nil {
		defer at.Close()
		t.File, err = m.logs.ReadAt(interruptible.ReaderAt(ctx, at), t)
	} else {
		t.File, err = m.logs.Read(interruptible.Reader(ctx, r), t)
	}
	if err != nil {
		t.problem, t.damaged = err.Error(), true
	}
	t.recognised = t.Recognised
	return t
}

// Wanted takes a log line.
func (t *textFile) Wanted(n int, l *logline.Line, raw []byte) {
	log := t.relayed(l.Host, l.Relay)
	log.watch(&l.Stamp, n)
	t.taken++
	t.take(log, n, l, raw)
}

// Other remembers a line that is no log line: it may belong to the output of a command.
func (t *textFile) Other(n int, b []byte) {
	if len(t.transcript)+len(b) < maxTranscript && len(b) < 4096 {
		t.transcript = append(append(t.transcript, b...), '\n')
		t.lineOf = append(t.lineOf, n)
	}
	if t.unknown == "" && len(b) > 0 {
		t.unknown, t.unknownAt = string(b[:min(len(b), 200)]), n
	}
}

// archiveOf is the path of the outermost archive that holds a file, or the file's own.
func archiveOf(path string) (archive string, inside bool) {
	archive, _, inside = strings.Cut(path, "!")
	return archive, inside
}
